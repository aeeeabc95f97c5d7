"""The faults: of each kind that the tests did not see, one or several."""

from __future__ import annotations

from tests.mutants.faults import engine, exits, explain, machine, optimizer, power, trained, training

FAULTS = (
    *engine.FAULTS, *training.FAULTS, *machine.FAULTS, *power.FAULTS, *explain.FAULTS, *optimizer.FAULTS,
    *trained.FAULTS, *exits.FAULTS,
)  # fmt: skip
