"""Whole training runs: what their stages, units and ways to keep membranes may be charged too little or too much, and
gradients of the engine."""

from __future__ import annotations

from tests.mutants.fault import Fault

COUNTED = ("tests/training_networks/test_training_networks.py",)
SUMS = ("tests/schedule/test_norm_sums.py",)
KEPT = ("tests/schedule/test_keeping.py", "tests/schedule/test_lif_memory.py", "tests/simulate/test_training.py")
STEPS = ("tests/schedule/test_training_steps.py",)
RECOMPUTED = "tests/simulate/test_recomputed.py"
NORM_SUMS = "lifsim/training/norm_sums.py"
TRAFFIC = "lifsim/training/traffic.py"
STAGES = "lifsim/accounting/own/stages.py"

FAULTS = (
    Fault(
        "trained: residual operands are not asked for again",
        TRAFFIC,
        "residual=sum(sizes.once(tensor, group) for tensor in layer.residuals),",
        "residual=0,",
        COUNTED,
    ),
    Fault(
        "trained: what runs again for all images is updated in turn",
        "lifsim/training/group_orders.py",
        "parted=again is None",
        "parted=True",
        (RECOMPUTED, "-k", "behind_them"),
    ),
    Fault(
        "trained: a product that runs again finds the room of its own pass",
        "lifsim/training/group_orders.py",
        "return Together(products, chunks, facts).orders()",
        "return Together(products, chunks, {}).orders()",
        (RECOMPUTED, "-k", "shares_the_weight_buffer"),
    ),
    Fault(
        "trained: currents are not replayed again",
        TRAFFIC,
        "psum_read=inference.psum_read,\n        psum_write=inference.psum_write,",
        "psum_read=0,\n        psum_write=0,",
        (RECOMPUTED, "-k", "replayed"),
    ),
    Fault(
        "trained: sums that are recomputed twice are read, too",
        NORM_SUMS,
        "second_read=0 if recomputed_twice else back,",
        "second_read=back,",
        COUNTED,
    ),
    Fault(
        "trained: a round trip is one way",
        NORM_SUMS,
        "trip = away if kept else 2 * away",
        "trip = away",
        SUMS,
    ),
    Fault(
        "trained: sums that are handed on have one gradient",
        NORM_SUMS,
        "return sum(self.sizes.gradients_of(tensor) for tensor in self.layer.outputs)",
        "return 1",
        SUMS,
    ),
    Fault(
        "trained: a row that fits together with what is on chip streams",
        "lifsim/training/nests.py",
        "0 if one_map <= nest.spike_buffer + held else overflow",
        "0 if one_map <= held else overflow",
        ("tests/schedule/test_way_back.py", "-k", "no_order"),
    ),
    Fault(
        "trained: rounds one at a time share a load of weights",
        "lifsim/training/products.py",
        "if tiles.together < layer.rounds:",
        "if tiles.together > layer.rounds:",
        ("tests/schedule/test_backward_rounds.py",),
    ),
    Fault(
        "trained: what streams for a second run, streams once a visit",
        "lifsim/training/run_again.py",
        "rows = group.chunks.batch * self.layer.rounds * self._facts.rows.axis.rows_out",
        "rows = group.chunks.batch * self.layer.rounds",
        SUMS,
    ),
    Fault(
        "trained: spikes that a pool hides are not written",
        "lifsim/training/sizes.py",
        "return self.own_spikes(layer) if self.keeping.reads_spikes and hidden else 0",
        "return 0",
        COUNTED,
    ),
    Fault(
        "trained: the second pass of a norm takes as many multiply-adds as the first",
        "lifsim/accounting/own/norm_work.py",
        "FORWARD, AGAIN, FIRST_PASS, SECOND_PASS = 3, 1, 3, 2",
        "FORWARD, AGAIN, FIRST_PASS, SECOND_PASS = 3, 1, 3, 3",
        COUNTED,
    ),
    Fault(
        "trained: zeros of membrane gradients are those of firing gradients",
        STAGES,
        "products = round((1 - zeros.membrane_sparsity) * map_products(layer)",
        "products = round((1 - zeros.firing_sparsity) * map_products(layer)",
        COUNTED,
    ),
    Fault(
        "trained: a state's first layer starts the way back from zero",
        STAGES,
        "first = frozenset(state.layers[-1] for state in plan.facts.states)",
        "first = frozenset(state.layers[0] for state in plan.facts.states)",
        ("tests/simulate/test_training_buffers.py", "-k", "start_from_zero"),
    ),
    Fault(
        "trained: master weights are read as narrow ones",
        "lifsim/training/optimizer.py",
        "return cls(0, weights, kept + all_filters(MASTER_BITS))",
        "return cls(weights, weights, kept + all_filters(MASTER_BITS))",
        COUNTED,
    ),
    Fault(
        "trained: no copy behind the last call",
        "lifsim/keeping/reversed.py",
        "states[-1, -1] += calls.count % every != 0",
        "states[-1, -1] += 0",
        KEPT,
    ),
    Fault(
        "trained: timesteps begin with the state that they leave",
        "lifsim/keeping/recomputed.py",
        "begins[1:, 0] = kept.bits[:-1, -1]",
        "begins[:-1, 0] = kept.bits[:-1, -1]",
        (RECOMPUTED, *STEPS, *KEPT),
    ),
    Fault(
        "trained: u' in flight takes no registers where it finds no room",
        "lifsim/training/undone.py",
        "return 0 if fits else values",
        "return values if fits else 0",
        (RECOMPUTED,),
    ),
    Fault(
        "trained: the engine's norm forgets the slope's mean",
        "lifsim/engine/training/norm_passes.py",
        "(grad[n, p, c] - offset[n, c] - normal * slope[n, c]) * factor[n, c]",
        "(grad[n, p, c] - offset[n, c]) * factor[n, c]",
        (
            "tests/engine/test_norm.py",
            "tests/engine/test_norm_statistics.py",
            "tests/engine/test_operation_gradients.py",
        ),
    ),
    Fault(
        "trained: the engine copies no state between calls that it undoes",
        "lifsim/engine/training/membranes.py",
        "return reversible_calls(node.neuron) if self.grid is None else self.grid.copy_every",
        "return 1 << 30",
        ("tests/engine/test_training.py", "tests/engine/test_state_grid.py", "tests/engine/test_gradients.py"),
    ),
)
