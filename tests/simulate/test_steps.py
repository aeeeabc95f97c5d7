"""Have the steps of a run the cycles of their rounds, and is what it would take refused where there is no room?"""

from __future__ import annotations

import numpy as np
import pytest

from lifsim import room
from lifsim.accounting.books import Accesses, Cycles, Operations, SramAccesses
from lifsim.accounting.counts import ElementBits, LayerCounts, TimestepCounts
from lifsim.errors import InputError
from lifsim.hardware.pipeline.kinds import Kind
from lifsim.hardware.stores import Store, Stores
from lifsim.play.dram import EXTENT_RECORD_BYTES, dram_extents
from lifsim.play.steps import RunSteps, run_steps
from lifsim.schedule.tensors.moves import Visit, moves_of
from lifsim.schedule.traffic import DramBytes


def made() -> RunSteps:
    """One layer at two timesteps of 8 and 40 cycles, in two steps each, which put out 1 and 3 elements, 2 and 2; the
    first step reads 7 rows of 4 bytes."""
    none = Accesses(0, 0)
    counts = LayerCounts(
        "one", Cycles(48, 48, 0, 0, 0, 0, 0, 0), Operations(0, 0, 0, 0, 0), DramBytes(),
        SramAccesses(none, none, none, none, none), none, ElementBits(8, 1, 1, 8, 16), 0.0, "",
        tuple(TimestepCounts(timestep, cycles, 0, 0.0, 0, 0, 0, 0) for timestep, cycles in enumerate((8, 40))),
        0,
    )  # fmt: skip
    rows = moves_of(Kind.SPIKES_IN, 0, np.array([0]), 0, np.array([4]), 7, 16)
    still = moves_of(Kind.SPIKES_IN, 0, np.zeros(0, np.int64), 0, np.zeros(0, np.int64))
    visits = [
        Visit(0, timestep, np.array(outputs), moves, ("tensor:x",), timestep)
        for timestep, (outputs, moves) in enumerate((([1, 3], rows), ([2, 2], still)))
    ]
    store = Store(1 << 20, 1, 64, double_buffered=False)
    return run_steps(Stores(store, store, store, store, store), visits, [counts])


def test_cycles_of_a_round_are_dealt_to_its_steps_by_their_outputs() -> None:
    assert made().program.step_cycles.tolist() == [2, 6, 20, 20]


def test_extents_that_this_machine_cannot_hold_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "memory_bytes", lambda: 7 * EXTENT_RECORD_BYTES)
    assert dram_extents(made(), 1 << 20).bytes.tolist() == [4] * 7
    monkeypatch.setattr(room, "memory_bytes", lambda: 7 * EXTENT_RECORD_BYTES - 1)
    with pytest.raises(InputError, match=r"dram\.model: 7 extents of addresses, .* must fit into"):
        dram_extents(made(), 1 << 20)
