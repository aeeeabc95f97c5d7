"""Training on the accelerator: what moves, what collects, what gradient units cost."""

from __future__ import annotations

from tests.mutants.fault import Fault

CARRIED = ("tests/simulate/test_training_buffers.py", "-k", "gradients_of_membranes")
WAITING = ("tests/simulate/test_training_buffers.py", "-k", "wait_for_two_products")
WALKED = ("tests/schedule/test_way_back.py", "-k", "walking_them_does")
COLLECTED = ("tests/simulate/test_training_buffers.py", "-k", "collect or wait_for_their_folds")
CARRYING = ("tests/simulate/test_gradient_units.py",)
UNITS = ("tests/simulate/test_training.py", "-k", "gradient_unit")
GRADIENT_STATES = "lifsim/training/gradient_states.py"
NESTS = "lifsim/training/nests.py"
ORDERS = "lifsim/training/orders.py"
GROUP_ORDERS = "lifsim/training/group_orders.py"
STAGES = "lifsim/training/traffic.py"
TRAINING = "lifsim/accounting/own/stages.py"
GRADIENT_UNITS = "lifsim/accounting/own/gradient_units.py"
PRICING = "lifsim/accounting/prices.py"

FAULTS = (
    Fault(
        "membrane gradients: the first one is read",
        GRADIENT_STATES,
        "reads_from, writes_until = 1 if call.first else 0,",
        "reads_from, writes_until = 0,",
        CARRIED,
    ),
    Fault(
        "membrane gradients: no recomputed membrane beside them",
        "lifsim/training/carried.py",
        "precision.of_gradients) + (state.row_bytes if states else 0)",
        "precision.of_gradients)",
        CARRIED,
    ),
    Fault(
        "membrane gradients: what is transient moves at every call",
        GRADIENT_STATES,
        "through = min(moving, transient)",
        "through = 0",
        CARRIED,
    ),
    Fault(
        "waiting gradients: in another buffer",
        ORDERS,
        "products.made(1, layer.rounds, layer.groups), products.chip.room.spike_out",
        "products.made(1, layer.rounds, layer.groups), products.chip.room.spike_in",
        WAITING,
    ),
    Fault(
        "waiting gradients: those of all images wait where each is updated in turn",
        ORDERS,
        "batch * min(image, waits) if in_turn else",
        "min(batch * image, waits) if in_turn else",
        WAITING,
    ),
    Fault(
        "waiting gradients: some wait on chip for updates afterwards",
        GROUP_ORDERS,
        "waiting = products.layer.rounds * products.made(products.batch, 1, 1)",
        "waiting = absent",
        WAITING,
    ),
    Fault(
        "waiting gradients: the update does not read them",
        STAGES,
        "gradients_read=orders.update.sums + orders.waiting",
        "gradients_read=orders.update.sums",
        WAITING,
    ),
    Fault(
        "backward product: gradients come once for all tiles",
        NESTS,
        "once[:, None] + np.multiply.outer(fetched(nest, nest.batch, stays), nest.filter_tiles)",
        "once[:, None] + np.multiply.outer(fetched(nest, nest.batch, stays), np.ones_like(nest.filter_tiles))",
        WALKED,
    ),
    Fault(
        "backward product: rows lie as without a stride",
        "lifsim/schedule/tensors/rows.py",
        "first = np.clip(-(-top // axis.apart), 0, axis.rows_in)",
        "first = np.clip(top, 0, axis.rows_in)",
        WALKED,
    ),
    Fault(
        "update: sums go out behind the last visit, too",
        NESTS,
        "sums = [cost.weights - nest.all_filters * nest.filter_bytes for cost in costs]",
        "sums = [cost.weights for cost in costs]",
        WALKED,
    ),
    Fault(
        "updates in turn: their sums take no room from weights",
        GROUP_ORDERS,
        "divided(self._asked, self.chunks, self.products[0].chip.room.weight - taken)",
        "divided(self._asked, self.chunks, self.products[0].chip.room.weight)",
        WAITING,
    ),
    Fault(
        "psums of the update: every sum is added to one that is there",
        TRAINING,
        "psum=Accesses(work.psum_reads + work.finished - layer.weights, work.psum_writes + work.finished)",
        "psum=Accesses(work.psum_reads + work.finished, work.psum_writes + work.finished)",
        COLLECTED,
    ),
    Fault(
        "psums of the update: sums are not written back",
        TRAINING,
        "layer.weights, work.psum_writes + work.finished)",
        "layer.weights, work.psum_writes)",
        COLLECTED,
    ),
    Fault(
        "psums of the backward stage: the wrong way round",
        TRAINING,
        "psum=Accesses(work.psum_reads, work.psum_writes),",
        "psum=Accesses(work.psum_writes, work.psum_reads),",
        COLLECTED,
    ),
    Fault(
        "gradient units: what they carry is in registers, timestep-major too",
        GRADIENT_UNITS,
        "carried = self._carried if self.tick_batched else NO_ACCESSES",
        "carried = self._carried",
        CARRYING,
    ),
    Fault(
        "gradient units: statistics without calls take no cycles",
        GRADIENT_UNITS,
        "return self.cycles if self.layer.lif else self.norm_cycles",
        "return self.cycles",
        CARRYING,
    ),
    Fault(
        "gradient units: no area",
        PRICING,
        "lif=bank.datapaths * costs.lif.area_mm2",
        "lif=bank.datapaths * costs.lif.calls.area_mm2",
        UNITS,
    ),
    Fault(
        "gradient units: every gradient is multiplied",
        PRICING,
        "LogicWork(bank.datapaths, updates + norms, multiplied + norms, cycles)",
        "LogicWork(bank.datapaths, updates + norms, updates + norms, cycles)",
        UNITS,
    ),
)
