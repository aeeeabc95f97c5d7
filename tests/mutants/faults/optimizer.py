"""The optimizer: what it keeps, moves and computes; gradients that are zero."""

from __future__ import annotations

from tests.mutants.fault import Fault

MOVED = ("tests/simulate/test_optimizer.py", "-k", "once_a_batch or megabytes")
WORKED = ("tests/simulate/test_optimizer.py", "-k", "operations or cycles")
PASSED = ("tests/simulate/test_optimizer.py", "-k", "passes_the_weight_buffer")
SAID = ("tests/simulate/test_gradient_notes.py", "-k", "half_and_twice")
UPDATE = "lifsim/training/optimizer.py"
NOTES = "lifsim/play/gradient_notes.py"

FAULTS = (
    Fault(
        "optimizer: narrow weights are read beside master weights",
        UPDATE,
        "return cls(0, weights, kept + all_filters(MASTER_BITS))",
        "return cls(weights, weights, kept + all_filters(MASTER_BITS))",
        MOVED,
    ),
    Fault(
        "optimizer: what it keeps is as wide as weights",
        UPDATE,
        "* all_filters(part.state_bits)",
        "* all_filters(weight_bits)",
        MOVED,
    ),
    Fault(
        "optimizer: its state is not read",
        "lifsim/training/traffic.py",
        "update_reads=update.weights_read + update.state,",
        "update_reads=update.weights_read,",
        MOVED,
    ),
    Fault(
        "optimizer: a unit with one lane less",
        UPDATE,
        "ceil_div(max(products, quotients), part.lanes)",
        "ceil_div(max(products, quotients), max(1, part.lanes - 1))",
        WORKED,
    ),
    Fault(
        "optimizer: Adam squares the gradient for nothing",
        "lifsim/optimizers/adam.py",
        "multiply_adds = 6",
        "multiply_adds = 5",
        WORKED,
    ),
    Fault(
        "optimizer: its unit does not leak",
        "lifsim/accounting/logic.py",
        "LogicWork(self.lanes, count, 0, cycles)",
        "LogicWork(self.lanes, count, 0, 0)",
        WORKED,
    ),
    Fault(
        "optimizer: its state does not pass the weight buffer",
        "lifsim/accounting/own/stages.py",
        "changed += moved.optimizer_state * 8 // bits",
        "changed += 0",
        PASSED,
    ),
    Fault(
        "gradients: twice as many that are not zero are more than all",
        NOTES,
        "return min(factor, 1 / left) - 1 if left else 0.0",
        "return factor - 1 if left else 0.0",
        SAID,
    ),
    Fault(
        "gradients: scratchpads do not follow their zeros",
        NOTES,
        "s.energy_pj.compute.spike_mac.operation + s.energy_pj.compute.spad.operation",
        "s.energy_pj.compute.spike_mac.operation",
        SAID,
    ),
)
