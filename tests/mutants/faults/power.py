"""Power: what components burn without work, membrane registers, buffers that hold nothing."""

from __future__ import annotations

from tests.mutants.fault import Fault

WALKED = ("tests/hardware/test_power_states.py",)
RUNS = ("tests/simulate/test_power_states.py",)
ENERGY = "lifsim/hardware/energy.py"
COMPONENTS = "lifsim/hardware/components.py"
PRICING = "lifsim/accounting/prices.py"

FAULTS = (
    Fault(
        "toggling components: all of what they burn is idle",
        ENERGY,
        "(work.slots - work.used_slots) * bill.toggling_pj",
        "work.slots * bill.toggling_pj",
        WALKED,
    ),
    Fault(
        "power gates: the multiplier leaks with every operation",
        ENERGY,
        "min(work.multibit, work.slots)",
        "min(work.operations, work.slots)",
        WALKED,
    ),
    Fault(
        "the clock of LIF units runs while the array does",
        PRICING,
        "ops, cycles = counts.ops, counts.cycles.total",
        "ops, cycles = counts.ops, counts.cycles.array + counts.cycles.fill_drain",
        RUNS,
    ),
    Fault(
        "clock-gated units: those with a power gate lose it",
        COMPONENTS,
        'if component.idle == "toggles" else component',
        'if component.idle != "clock_gated" else component',
        WALKED,
    ),
    Fault(
        "gated buffers: off whether they hold something or not",
        PRICING,
        "costs.gated.intersection(unused_buffers(counts))",
        "costs.gated",
        RUNS,
    ),
)
