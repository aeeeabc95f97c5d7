"""The steps of layers that run in waves: for each chunk, window and wave, for each layer, its strips under its filter
tiles; with the bytes that the plan counts for the layer.

docs/model.md, "Steps", says which of them pays for what.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from operator import itemgetter

import numpy as np

from lifsim.schedule.band_moves import band_moves
from lifsim.schedule.banded import Banded
from lifsim.schedule.chip import Chip
from lifsim.schedule.facts import NetworkFacts
from lifsim.schedule.group_layer import MAX_TILES
from lifsim.schedule.moves import REPLAY, Visit
from lifsim.schedule.plan import GroupPlan
from lifsim.schedule.rows import Ints
from lifsim.schedule.wave_layer import WaveLayer
from lifsim.schedule.wave_moves import wave_moves

When = tuple[int, int, int, int]
"""(first image, window, wave, layer): visits are in this order."""


def wave_visits(facts: NetworkFacts, chip: Chip, batch: int, group: GroupPlan) -> list[Visit]:
    """Every visit of the layers of `group`, in order; the bytes of a layer's visits add up to those of its plan."""
    found: list[tuple[When, Visit]] = []
    for index, traffic in zip(group.indices, group.layers, strict=True):
        found += _visits(WaveLayer(facts, chip, batch, group, traffic, index))
    return [visit for _, visit in sorted(found, key=itemgetter(0))]


def most_steps(facts: NetworkFacts, batch: int, group: GroupPlan) -> int:
    """Of all visits of `group`, as many as there are at the most."""
    chunks, waves, steps = -(-batch // group.images), group.in_waves, 0
    for first, end in group.window.spans(facts.timesteps):
        strips = waves.count(end - first) * (end - first if waves.skewed else 1)
        for index, traffic in zip(group.indices, group.layers, strict=True):
            tiles = traffic.tiling.filter_tiles * facts.layers[index].layer.groups
            steps += chunks * strips * min(tiles, MAX_TILES)
    return steps


def _visits(wave: WaveLayer) -> Iterator[tuple[When, Visit]]:
    """Of one layer. Where timesteps differ within a visit, every step says its own."""
    waves = wave.group.in_waves
    names, moves = band_moves(wave, waves) if isinstance(waves, Banded) else wave_moves(wave)
    strips, tiles = wave.strips, wave.tiles.size
    visit, begin = np.unique(strips.visit, return_index=True)
    edges = np.append(begin, strips.count) * tiles
    order, cuts = np.argsort(wave.step, axis=None), np.searchsorted(moves.step, edges)
    outputs = np.multiply.outer(strips.work, wave.tiles).ravel()[order]
    work = wave.work.ravel()[order]
    rounds, timestep = (np.repeat(column, tiles)[order] for column in (_rounds(wave), strips.timestep))
    for number, first in zip(visit.tolist(), begin.tolist(), strict=True):
        steps, mine = slice(*edges[number : number + 2]), slice(*cuts[number : number + 2])
        moved = moves.only(np.arange(mine.start, mine.stop))
        yield (
            (int(strips.image[first]), int(strips.window[first]), int(strips.wave[first]), wave.index),
            Visit(
                layer=wave.index,
                round=rounds[steps] if wave.skewed else int(rounds[steps.start]),
                outputs=outputs[steps],
                moves=replace(moved, step=moved.step - int(steps.start)),
                regions=names,
                timestep=timestep[steps] if wave.skewed else None,
                work=work[steps],
            ),
        )


def _rounds(wave: WaveLayer) -> Ints:
    """[strips] the round of each: its first timestep, or, of what is computed once in every window, the number of
    that."""
    strips, layer = wave.strips, wave.layer
    if layer.rounds == layer.timesteps:
        return strips.timestep
    return np.where(wave.computes == 0, REPLAY, strips.window)
