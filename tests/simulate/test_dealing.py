"""Are the cycles of layers dealt to steps, however many at a time, as a plain loop over them deals?"""

from __future__ import annotations

from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from lifsim.play.dealing import Dealer, StepWork, WorkSums

LAYERS, ROUNDS = 3, 3

Step = tuple[int, int, int, int]
"""Layer, round, outputs, tiles."""


def counts_of(amounts: list[int], scale: int) -> Any:
    """Of a layer: cycles of LIFs, of waits for ports, of the array in each round."""
    lif, waits, *rounds = (amount * scale for amount in amounts)
    cycles = SimpleNamespace(total=lif + waits + sum(rounds), array=sum(rounds), fill_drain=0, lif=lif)
    return SimpleNamespace(
        cycles=cycles, timesteps=[SimpleNamespace(array_cycles=each, fill_drain_cycles=0) for each in rounds]
    )


def dealt_one_by_one(counts: list[Any], steps: list[Step]) -> list[int]:
    """What of each total the steps up to one take, rounded down, less what those before it do."""

    def share(total: int, mine: list[tuple[int, int]], at: int) -> int:
        every, before = sum(size for _, size in mine), sum(size for step, size in mine if step < at)
        after = before + sum(size for step, size in mine if step == at)
        return total * after // max(every, 1) - total * before // max(every, 1)

    found = []
    for at, (layer, number, _, _) in enumerate(steps):
        own = [(step, *what[1:]) for step, what in enumerate(steps) if what[0] == layer]
        cycles, outputs = counts[layer].cycles, [(step, out) for step, _, out, _ in own]
        waits = cycles.total - cycles.array - cycles.lif
        computed = sorted({one for _, one, _, _ in own if one >= 0})
        behind = next((one for one in computed if one > number), ROUNDS)
        running = sum(one.array_cycles for one in counts[layer].timesteps[number:behind]) if number >= 0 else 0
        tiles = [(step, tile) for step, one, _, tile in own if one == number]
        found.append(share(cycles.lif, outputs, at) + share(waits, outputs, at) + share(running, tiles, at))
    return found


STEPS = st.lists(
    st.tuples(st.integers(0, LAYERS - 1), st.integers(-1, ROUNDS - 1), st.integers(0, 5), st.integers(0, 5)), min_size=1
)


@given(
    STEPS,
    st.lists(st.lists(st.integers(0, 40), min_size=2 + ROUNDS, max_size=2 + ROUNDS), min_size=LAYERS, max_size=LAYERS),
    st.sampled_from([1, 1 << 40]),
    st.sampled_from([1, 1 << 20]),
    st.sets(st.integers(1, 30)),
)
def test_cycles_are_dealt_as_one_by_one(
    steps: list[Step], amounts: list[list[int]], cycles: int, work: int, cuts: set[int]
) -> None:
    steps = [(layer, number, out * work, tile * work) for layer, number, out, tile in steps]
    counts = [counts_of(each, cycles) for each in amounts]
    edges = [0, *sorted(cut for cut in cuts if cut < len(steps)), len(steps)]
    parts = [StepWork(*np.array(steps[first:end]).T) for first, end in pairwise(edges)]
    sums = WorkSums()
    for part in parts:
        sums.add(part)
    dealer = Dealer(counts, sums)
    assert np.concatenate([dealer.of(part) for part in parts]).tolist() == dealt_one_by_one(counts, steps)
