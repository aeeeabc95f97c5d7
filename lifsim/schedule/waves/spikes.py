"""Spikes between the layers of a group in waves: rows that later layers, or later waves, still need, in spike_out.

A row is there from the turn that ends it until the last one that needs it. Of a node whose windows are cut by a turn
the rows that have begun (`lifsim.schedule.tensors.begun`) wait there, too.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache

import numpy as np

from lifsim.schedule.tensors.begun import begun_bytes, has_windows
from lifsim.schedule.tensors.rows import Ints
from lifsim.schedule.waves.fused_rows import GroupRows, Need
from lifsim.schedule.waves.turns import Turns


@lru_cache(maxsize=1 << 12)
def most_waiting(turns: Turns, *, every_row: bool = False) -> int:
    """Bytes of an image that spike_out must hold at the most, in a window. every_row: rows that have begun are looked
    at behind every row of a visit, not at its end alone."""
    return int(_waiting(_alike(turns), every_row=every_row).max())


def _alike(turns: Turns) -> Turns:
    """Their equals, which go with all that they have found: what a cache keeps would hold it for long."""
    return replace(turns)


def most_at_any_turn(turns: Turns) -> Ints:
    """[waves] the same of each wave."""
    most: Ints = _waiting(turns, every_row=False).max(axis=0)
    return most


@lru_cache(maxsize=1 << 12)
def most_by_height(rows: GroupRows, timesteps: int, *, every_row: bool) -> Ints:
    """[heights] the same of fused waves of all heights side by side, in a window of so many timesteps."""
    every = rows.side_by_side
    waiting = _waiting(Turns(rows, every, timesteps), every_row=every_row).max(axis=0)
    most: Ints = np.maximum.reduceat(waiting, every.begins[:-1])
    return most


Step = tuple[int, Ints]
"""The place of a layer in its group, and [waves] what waits from its turn on, until the next step."""


def _waiting(turns: Turns, *, every_row: bool) -> Ints:
    """[layers, waves] bytes, turn by turn."""
    rows, found = turns.rows, list[tuple[int, list[Step]]]()
    by_node: dict[str, list[Need]] = {}
    for need in rows.needs:
        by_node.setdefault(need.tensor.name, []).append(need)
    for needs in by_node.values():
        found.append((turns.row_bytes(needs[0].tensor), _of_rows(turns, needs)))
    for layer in rows.members:
        sizes = {step.name: turns.row_bytes(step.tensor) for step in rows.facts.steps[layer]}
        found.append((1, _of_begun(turns, layer, sizes, every_row=every_row)))
    return added_up(turns, found)


def added_up(turns: Turns, every: Iterable[tuple[int, list[Step]]]) -> Ints:
    """[layers, waves] of what waits so often, turn by turn: what changes is added up, and the changes of all turns."""
    changes = np.zeros((len(turns.rows.members) + 1, turns.waves.count(turns.timesteps)), np.int64)
    for often, steps in every:
        before: Ints | int = 0
        for place, waits in steps:
            changes[place] += often * (waits - before)
            before = waits
    return np.cumsum(changes[:-1], axis=0)


@lru_cache(maxsize=1 << 12)
def rows_waiting(turns: Turns) -> dict[str, list[list[Step]]]:
    """By node, the same as rows, those of all lines, and rows that have begun."""
    turns = _alike(turns)
    rows, found = turns.rows, dict[str, list[list[Step]]]()
    for layer in rows.members:
        for step in rows.facts.steps[layer]:
            needs = rows.needs_by_node.get(step.name, ())
            found[step.name] = [_of_rows(turns, needs)] if needs else []
            found[step.name].append(_of_begun(turns, layer, {step.name: 1}, every_row=False))
    return found


def _of_rows(turns: Turns, needs: Sequence[Need]) -> list[Step]:
    """The rows of one node that are there. In its readers' turns they still are what these have needed since their
    last."""
    rows, of = turns.rows, needs[0].of
    made = needs[0].made
    there = made[turns.before[of]], made[turns.done[of]]
    gone = [(need.layer, need.gone[turns.before[need.layer]], need.gone[turns.done[need.layer]]) for need in needs]
    found = list[Step]()
    for first in [rows.first, of, *sorted({need.layer + 1 for need in needs})]:
        least = np.minimum.reduce([behind if layer < first else before for layer, before, behind in gone])
        found.append((first - rows.first, np.maximum(there[first >= of] - least, 0).sum(axis=0)))
    return found


def _of_begun(turns: Turns, layer: int, sizes: Mapping[str, int], *, every_row: bool) -> list[Step]:
    steps, rows = turns.rows.facts.steps[layer], turns.rows.rows(layer)
    if not has_windows(steps):
        return []
    begun = begun_bytes(steps, rows, sizes)
    before, behind = begun[turns.before[layer]].sum(axis=0), begun[turns.done[layer]].sum(axis=0)
    within = _within(turns, layer, begun) if every_row else np.maximum(before, behind)
    here = layer - turns.rows.first
    return [(0, before), (here, within), (here + 1, behind)]


def _within(turns: Turns, layer: int, begun: Ints) -> Ints:
    """[waves] the most that has begun behind any row of a visit, of each line."""
    most = [
        [begun[first : end + 1].max() for first, end in zip(*line, strict=True)]
        for line in zip(turns.before[layer].tolist(), turns.done[layer].tolist(), strict=True)
    ]
    summed: Ints = np.array(most, np.int64).sum(axis=0)
    return summed
