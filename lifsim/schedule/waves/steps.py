"""The steps of layers that run in waves: for each chunk, window and wave, for each layer, its strips under its filter
tiles; with the bytes that the plan counts for the layer.

docs/model.md, "Steps", says which of them pays for what.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property
from itertools import accumulate, chain, pairwise
from operator import itemgetter

import numpy as np

from lifsim.lazy_dataclass import dataclass
from lifsim.schedule.chip import Chip
from lifsim.schedule.chunks import at_ends
from lifsim.schedule.facts import NetworkFacts
from lifsim.schedule.plan import GroupPlan
from lifsim.schedule.tensors.deal import Deal, Sums, added, times
from lifsim.schedule.tensors.moves import REPLAY, Moves, Visit
from lifsim.schedule.tensors.rows import Ints
from lifsim.schedule.timestep.layer import MAX_TILES
from lifsim.schedule.waves.bands.bands import Banded
from lifsim.schedule.waves.bands.moves import band_moves
from lifsim.schedule.waves.layer import WaveLayer
from lifsim.schedule.waves.moves import wave_moves

When = tuple[int, int, int, int]
"""(first image, window, wave, layer): visits are in this order."""


def wave_visits(facts: NetworkFacts, chip: Chip, batch: int, group: GroupPlan) -> list[Visit]:
    """Every visit of the layers of `group`, in order; the bytes of a layer's visits add up to those of its plan."""
    return WaveParts(facts, chip, batch, group, (range(-(-batch // group.images)),)).part(0)


def wave_ends(facts: NetworkFacts, chip: Chip, batch: int, group: GroupPlan) -> Iterator[Visit]:
    """Some of these, whose images do not exit, which touch every tensor as far as all do."""
    ends = at_ends(-(-batch // group.images))
    edges = sorted({one + behind for one in ends for behind in (0, 1)})
    parts = WaveParts(facts, chip, batch, group, tuple(range(*each) for each in pairwise(edges)))
    return chain.from_iterable(parts.part(edges.index(one)) for one in ends)


@dataclass(frozen=True, eq=False)
class WaveParts:
    """The visits of `group`, some chunks at a time, none of which is kept. chunks: all of them in order, those of each
    part."""

    facts: NetworkFacts
    chip: Chip
    batch: int
    group: GroupPlan
    chunks: tuple[range, ...]

    @classmethod
    def of_chunks(cls, facts: NetworkFacts, chip: Chip, batch: int, group: GroupPlan, chunks: int) -> WaveParts:
        """With so many at a time."""
        every = range(-(-batch // group.images))
        return cls(facts, chip, batch, group, tuple(every[first : first + chunks] for first in every[::chunks]))

    @classmethod
    def of_few(cls, facts: NetworkFacts, chip: Chip, batch: int, group: GroupPlan, steps: int) -> WaveParts:
        """With about so many steps at a time."""
        chunks = max(1, steps // most_steps(facts, group.images, group))
        return cls.of_chunks(facts, chip, batch, group, chunks)

    @property
    def count(self) -> int:
        """Parts."""
        return len(self.chunks)

    def part(self, number: int) -> list[Visit]:
        """The visits of one of them."""
        found: list[tuple[When, Visit]] = []
        for place in range(len(self.group.layers)):
            found += _visits(self._layer(place, self.chunks[number], self._deal(place, number)))
        return [visit for _, visit in sorted(found, key=itemgetter(0))]

    def _layer(self, place: int, chunks: range, deal: Deal) -> WaveLayer:
        index, traffic = self.group.indices[place], self.group.layers[place]
        return WaveLayer(self.facts, self.chip, self.batch, self.group, traffic, index, chunks, deal)

    def _deal(self, place: int, number: int) -> Deal:
        if self.count == 1:
            return Deal()
        sums = self._sums[place]
        return Deal(sums[-1], sums[number - 1] if number else None)

    @cached_property
    def _sums(self) -> list[list[Sums]]:
        """[layers][parts] of each part and all before it."""
        return [
            list(accumulate((self._sums_of(place, chunks) for chunks in self.chunks), added))
            for place in range(len(self.group.layers))
        ]

    def _sums_of(self, place: int, chunks: range) -> Sums:
        """Of images that exit all are gone through, of others the first chunk, which is like those behind it, and the
        last one, which may be smaller."""
        if self.group.exits is not None:
            return self._gone_through(place, chunks)
        first, last = self._of_ends[place]
        ends = chunks[-1] == self._last
        many = times(first, len(chunks) - ends)
        return added(many, last) if ends else many

    @property
    def _last(self) -> int:
        return self.chunks[-1][-1]

    @cached_property
    def _of_ends(self) -> list[tuple[Sums, Sums]]:
        """[layers] of the first chunk, and of the last one."""
        ends = range(1), range(self._last, self._last + 1)
        places = range(len(self.group.layers))
        return [(self._gone_through(place, ends[0]), self._gone_through(place, ends[1])) for place in places]

    def _gone_through(self, place: int, chunks: range) -> Sums:
        deal = Deal()
        moves_in_waves(self._layer(place, chunks, deal))
        return deal.own


def most_steps(facts: NetworkFacts, batch: int, group: GroupPlan) -> int:
    """Of all visits of `group`, as many as there are at the most."""
    chunks, waves, steps = -(-batch // group.images), group.in_waves, 0
    for first, end in group.window.spans(facts.timesteps):
        strips = waves.count(end - first) * (end - first if waves.skewed else 1)
        for index, traffic in zip(group.indices, group.layers, strict=True):
            tiles = traffic.tiling.filter_tiles * facts.layers[index].layer.groups
            steps += chunks * strips * min(tiles, MAX_TILES)
    return steps


def moves_in_waves(wave: WaveLayer) -> tuple[tuple[str, ...], Moves]:
    """Names of regions, and what all steps move, counted through all visits."""
    waves = wave.group.in_waves
    return band_moves(wave, waves) if isinstance(waves, Banded) else wave_moves(wave)


def _visits(wave: WaveLayer) -> Iterator[tuple[When, Visit]]:
    """Of one layer. Where timesteps differ within a visit, every step says its own."""
    names, moves = moves_in_waves(wave)
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
