"""Does a request enter the queue behind the step that frees its space, by hand?"""

from __future__ import annotations

import numpy as np
import pytest

from lifsim.config.dram import load_dram
from lifsim.hardware.pipeline import timing
from lifsim.hardware.pipeline.kinds import STORES, Kind
from lifsim.hardware.pipeline.program import START, Halves, Program, program


def made(kind: Kind, steps: list[int], *, double: bool) -> Program:
    """Six steps, at `steps` of which a request of `kind` is needed or put out."""
    step, ones = np.array(steps), np.ones(len(steps), np.int64)
    halves = Halves((double,) * len(Kind), (64,) * len(Kind))
    return program(np.full(6, 10), step, ones * kind, ones * 8, ones * START, halves)


@pytest.mark.parametrize(("double", "gates"), [(False, [START, 1, 2, 4]), (True, [START, START, 1, 2])])
def test_a_load_waits_until_what_lies_in_its_place_is_done_with(double: bool, gates: list[int]) -> None:
    """Weights come for steps 0, 2, 3 and 5, and serve until the next ones are needed: to the ends of steps 1, 2, 4."""
    found = made(Kind.WEIGHTS, [0, 2, 3, 5], double=double)
    assert found.requests.step.tolist() == [0, 2, 3, 5]
    assert found.requests.gate.tolist() == gates


@pytest.mark.parametrize("store", STORES)
@pytest.mark.parametrize(("double", "room"), [(False, [-1, -1, 0, 1, -1, 2]), (True, [-1, -1, -1, 0, -1, 1])])
def test_a_step_that_writes_waits_for_the_store_before_it(store: Kind, double: bool, room: list[int]) -> None:
    """Of stores at steps 0, 2, 3 and 5; of two halves the one before that."""
    found = made(store, [0, 2, 3, 5], double=double).room
    column = STORES.index(store)
    assert found[:, column].tolist() == room
    assert (np.delete(found, column, axis=1) == -1).all()


def test_what_the_next_step_needs_goes_before_the_weights_of_the_one_after() -> None:
    """At the end of step 0 there is room for the weights of step 2 (of two halves one is free) and, once its own have
    left, for the membranes of step 1. They and the spikes that leave stood behind those weights."""
    kinds = (Kind.WEIGHTS, Kind.MEMBRANE_READ, Kind.SPIKES_OUT, Kind.MEMBRANE_WRITE)
    step, kind = (part.ravel() for part in np.meshgrid(np.arange(3), np.array(kinds)))
    halves = Halves(tuple(each == Kind.WEIGHTS for each in Kind), (64,) * len(Kind))
    found = program(np.full(3, 10), step, kind, np.full(12, 8), np.full(12, START), halves).requests
    behind = [
        (Kind(kind), step) for kind, step, gate in zip(found.kind, found.step, found.gate, strict=True) if gate == 0
    ]
    assert behind == [
        (Kind.SPIKES_OUT, 0), (Kind.MEMBRANE_WRITE, 0), (Kind.MEMBRANE_READ, 1), (Kind.WEIGHTS, 2)
    ]  # fmt: skip


class PlayedError(Exception):
    """Its arguments are what would be played."""


def test_a_request_to_a_simulated_dram_knows_its_own_extents(monkeypatch: pytest.MonkeyPatch) -> None:
    def seen(memory: np.ndarray, steps: np.ndarray, requests: np.ndarray, *_: object) -> None:
        raise PlayedError(requests["first_block"].tolist(), requests["end_block"].tolist())

    monkeypatch.setattr(timing, "_play", seen)
    extents = timing.Extents(np.arange(6) * 64, np.full(6, 8), np.array([0, 2, 5, 6]))
    with pytest.raises(PlayedError) as played:
        timing.play_dram(made(Kind.WEIGHTS, [0, 2, 3], double=False), 400_000_000, load_dram("ddr4_2400"), extents)
    assert played.value.args == ([0, 2, 5], [2, 5, 6])
