"""Training on the accelerator: what moves, what collects, what gradient units cost."""

from __future__ import annotations

from tests.mutants.fault import Fault

CARRIED = ("tests/simulate/test_training_buffers.py", "-k", "gradients_of_membranes")
OVERFLOW = ("tests/simulate/test_training_buffers.py", "-k", "overflow_their_buffers")
COLLECTED = ("tests/simulate/test_training_buffers.py", "-k", "collect or wait_for_their_folds")
UNITS = ("tests/simulate/test_training.py", "-k", "gradient_unit")
GRADIENT_STATES = "lifsim/training/gradient_states.py"
SIZES = "lifsim/training/sizes.py"
STAGES = "lifsim/training/traffic.py"
TRAINING = "lifsim/accounting/own/stages.py"
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
        GRADIENT_STATES,
        "beside = 2 if keeping.carries_states else 1",
        "beside = 1",
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
        "overflow: of another buffer",
        SIZES,
        "return times * max(0, one - self.chip.room.spike_out)",
        "return times * max(0, one - self.chip.room.spike_in)",
        OVERFLOW,
    ),
    Fault(
        "overflow: all timesteps wait, whatever the schedule",
        SIZES,
        "if group.tick_batched else (1, self.batch * layer.rounds)",
        "if group.tick_batched else (layer.rounds, self.batch)",
        OVERFLOW,
    ),
    Fault(
        "overflow: membrane gradients as wide as weights",
        SIZES,
        "one = bytes_of(steps * elements * self.chip.precision.psum_bits)",
        "one = bytes_of(steps * elements * self.chip.precision.weight_bits)",
        OVERFLOW,
    ),
    Fault(
        "overflow: weight gradients go out behind the last visit too",
        STAGES,
        "excess = (visits - 1) * sizes.weight_gradient_overflow(layer)",
        "excess = visits * sizes.weight_gradient_overflow(layer)",
        OVERFLOW,
    ),
    Fault(
        "overflow: the update does not read it",
        STAGES,
        "gradients_read=excess + sizes.membrane_gradient_overflow(layer, group)",
        "gradients_read=excess",
        OVERFLOW,
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
        "gradient units: no area",
        PRICING,
        "lif=bank.datapaths * (costs.lif.calls.area_mm2 + costs.lif.gradients.area_mm2)",
        "lif=bank.datapaths * costs.lif.calls.area_mm2",
        UNITS,
    ),
    Fault(
        "gradient units: every gradient is multiplied",
        PRICING,
        "LogicWork(bank.datapaths, ops.pgu_updates * counts.datapaths, ops.pgu_multiplications, cycles)",
        "LogicWork(bank.datapaths, ops.pgu_updates * counts.datapaths, ops.pgu_updates, cycles)",
        UNITS,
    ),
)
