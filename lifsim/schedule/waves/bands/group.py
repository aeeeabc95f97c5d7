"""Groups in bands of columns (`lifsim.schedule.waves.bands.bands`): what they move, with the cost of cutting rows.

On chip are TW*(h + P) pieces of rows of state, w columns each. At a border of bands what of every row the first
timestep has begun and the last one not ended waits: so many rows of it as there is room for beside the pieces stay, the
others go to DRAM with the layer that has called on them last and come with the one that calls next.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field, replace
from functools import cached_property
from itertools import product
from math import inf

import numpy as np

from lifsim.lazy_dataclass import dataclass
from lifsim.model.network import Layer
from lifsim.schedule.facts import LayerFacts
from lifsim.schedule.tensors.products import gemm_of
from lifsim.schedule.tensors.psums import spilled_bytes
from lifsim.schedule.tensors.rows import Ints, row_tiles
from lifsim.schedule.tensors.storage import element_bits, map_shape
from lifsim.schedule.timestep.step_cut import VisitShape, step_cut
from lifsim.schedule.timestep.strips import Relay
from lifsim.schedule.traffic import Held
from lifsim.schedule.waves.bands.bands import Banded, Sweep
from lifsim.schedule.waves.bands.floors import BandFloors
from lifsim.schedule.waves.bands.reads import BandReads
from lifsim.schedule.waves.bands.spikes import BandSpikes
from lifsim.schedule.waves.cost import LayerTiles, StateSplit
from lifsim.schedule.waves.cut import first_starts
from lifsim.schedule.waves.fused_rows import GroupRows
from lifsim.schedule.waves.heights import SAMPLES, Heights
from lifsim.schedule.waves.skewed import SkewedGroup
from lifsim.schedule.waves.turns import Turns
from lifsim.schedule.waves.waves import Waves
from lifsim.schedule.weights.residency import WeightSplit

Floored = tuple[int, int, int, int]
"""What a height and a width do not go below, these, and the rows of the borders that stay."""


@dataclass(frozen=True, eq=False)
class BandGroup(SkewedGroup):
    """across: its layers column by column; beside: as a relay of columns."""

    across: GroupRows
    beside: Relay
    _known: dict[tuple[int, int], BandSpikes] = field(default_factory=dict, init=False, repr=False, compare=False)
    _by_width: dict[int, tuple[Ints, list[int]]] = field(default_factory=dict, init=False, repr=False, compare=False)

    @property
    def columns(self) -> int:
        """Of the state."""
        return self.beside.rows

    @property
    def pixel_bytes(self) -> int:
        """Of a neuron's state in all channels."""
        return self.relay.state_row_bytes // self.columns

    def banded(self, height: int, width: int, kept_rows: int = 0) -> Banded:
        """Strips of so many rows and columns."""
        sweep = Sweep(self.rows.first, width, self.columns, self.beside.lags)
        return Banded(self.rows.first, height, self.relay.rows, self.relay.lags, sweep, kept_rows)

    @cached_property
    def candidates(self) -> tuple[Waves, ...]:
        """Strips of all heights by bands of all widths of which the pieces of rows fit, first the lowest by the
        narrowest for each number of them; as many rows of the borders stay as have room."""
        found = (one for lowest in (True, False) for one in self.floored(inf, lowest=lowest))
        return tuple(waves for _, waves in (*found, *self.higher(inf)))

    def columns_abreast(self, most: int) -> Heights:
        """Bands of one to so many columns, side by side."""
        widths, lags = np.arange(1, most + 1), self.beside.lags
        return Heights(widths, np.full_like(widths, lags[-1]), self.columns, lags)

    def floored(self, limit: float, *, lowest: bool) -> list[tuple[int, Waves]]:
        """With what moves of membranes, which is known. Of the many there are only those below `limit` are made."""
        first = BandFloors.lowest(self)
        found = list(first.below(limit))
        if not lowest:
            known = set(product(first.tall.heights.tolist(), first.wide.heights.tolist()))
            offered = self.abreast.some(self.abreast.heights <= self.relay.rows)
            every = (one for part in BandFloors.every(self, offered) for one in part.exactly_below(limit))
            found = self._that_fit([one for one in every if one[1:3] not in known])
        return [(floor, self.banded(height, width, kept)) for floor, height, width, kept in found]

    def higher(self, limit: float) -> list[tuple[int, Waves]]:
        """Strips higher than the map. The highest have one wave for each timestep of a band: none of as wide bands move
        less where these have room, and read every row of a band once."""
        higher = self.abreast.some(self.abreast.heights > self.relay.rows)
        twice = np.full((1, len(self.layers)), 2 * self.chunks.count * self.facts.timesteps)  # of two bands or more
        if not higher.heights.size or int(self.fetched_at_least(twice)[0]) + self.fixed + self.enters >= limit:
            return []
        every = [one for part in BandFloors.every(self, higher) for one in part.exactly_below(limit)]
        highest = int(higher.heights[-1])
        found = self._that_fit([one for one in every if one[1] == highest])
        best = {width for _, _, width, _ in found if self._highest_is_best(width)}
        found += self._that_fit([one for one in every if one[1] < highest and one[2] not in best])
        return [(floor, self.banded(height, width, kept)) for floor, height, width, kept in found]

    def _highest_is_best(self, width: int) -> bool:
        tensors = [facts.layer.input for facts in self.layers]
        outside = [one for one in tensors if self.facts.tensors[one.name].producer not in self.rows.members]
        if any(tensor.timesteps == 1 for tensor in outside):  # of which timesteps in one wave share rows
            return False
        highest = self.banded(int(self.abreast.heights[-1]), width)
        return self.has_room(highest) and all(reads.min() == reads.max() for reads in self.outside(highest)[0])

    def _that_fit(self, found: Sequence[Floored]) -> list[Floored]:
        """Those for some waves of which spike_out has room."""
        asked = zip(found, self._asked_by(found), strict=True)
        return [one for one, size in asked if size <= self.buffers.spike_out]

    def _asked_by(self, found: Sequence[Floored]) -> list[int]:
        """Bytes of spike_out that some waves of each need."""
        longest, heights = max(self.windows), sorted({height for _, height, *_ in found})
        sampled = self.abreast.some(np.isin(self.abreast.heights, heights)).sampled(self.rows.first, longest)
        turns, asked = Turns(self.rows, sampled, longest), dict[tuple[int, int], int]()
        for width in {width for _, _, width, _ in found}:
            waiting = self.chunks.images * self._spikes(width, longest).waiting(turns)
            most = waiting.reshape(len(heights), SAMPLES).max(axis=1).tolist()
            asked.update({(height, width): size for height, size in zip(heights, most, strict=True)})
        return [asked[height, width] for _, height, width, _ in found]

    @property
    def least_waiting(self) -> int:
        """As of all groups in waves, first of those of which some waves need the least."""
        every = [one for part in BandFloors.every(self, self.abreast) for one in part.below(inf)]
        asked = sorted(zip(self._asked_by(every), every, strict=True))
        return self.fewest((size, self.banded(*one[1:])) for size, one in asked)

    def input_row(self, layer: Layer, timesteps: int) -> int:
        """Of the columns that any window holds."""
        lines = timesteps if layer.input.timesteps > 1 else 1
        columns = row_tiles(self.across.facts.layers[layer.index].rows.axis).covered
        return lines * (columns * map_shape(layer.input.shape)[0] * element_bits(layer.input, self.facts.reals) // 8)

    def at_work(self, waves: Waves, images: int) -> int:
        """Bytes of the pieces of rows of state that are on chip at once, of so many images."""
        banded = _bands(waves)
        return images * banded.state_rows(max(self.windows)) * banded.width * self.pixel_bytes

    @property
    def least_membranes(self) -> int:
        """Of strips of one row and one column."""
        return self.at_work(self.banded(1, 1), self.chunks.images)

    def has_room(self, waves: Waves) -> bool:
        """First at the borders of bands, whatever the waves in them, and of these first at some."""
        width, images = _bands(waves).width, self.chunks.images
        if self._asked_at_borders.get(width, 0) > self.buffers.spike_out:
            return False
        borders = images * max(self._spikes(width, timesteps).at_borders for timesteps in self.windows)
        return borders <= self.buffers.spike_out and self.waiting(waves, every_row=False) <= self.buffers.spike_out

    def waiting(self, waves: Waves, *, every_row: bool) -> int:  # noqa: ARG002 (fused ones ask for it)
        """Of the pieces of rows at work, and at the borders of their band."""
        banded = _bands(waves)
        return self.chunks.images * max(
            self._spikes(banded.width, timesteps).most_waiting(banded.in_band) for timesteps in self.windows
        )

    @cached_property
    def _asked_at_borders(self) -> dict[int, int]:
        """Bytes of spike_out that some borders need, by width, of the narrowest bands for each number of them."""
        longest = max(self.windows)
        wide = self.columns_abreast(self.columns - 1).lowest(longest)
        spikes = BandSpikes(self.rows, self.across, wide.sampled(self.rows.first, longest), longest)
        most = spikes.behind_bands.reshape(wide.heights.size, SAMPLES).max(axis=1)
        return dict(zip(wide.heights.tolist(), (self.chunks.images * most).tolist(), strict=True))

    def _spikes(self, width: int, timesteps: int) -> BandSpikes:
        key = width, timesteps
        if key not in self._known:
            self._known[key] = BandSpikes(self.rows, self.across, self.banded(1, width).sweep, timesteps)
        return self._known[key]

    def reads(self, waves: Waves, timesteps: int, images: int) -> BandReads:
        """From outside."""
        return BandReads(self.rows, self.across, _bands(waves), timesteps, self.buffers.spike_in, images)

    def outside(self, waves: Waves) -> tuple[list[Ints], Ints]:
        """Turn by turn, whatever spike_in takes whole."""
        reads = [np.zeros(1 + facts.tile_counts.size, np.int64) for facts in self.layers]
        residual = np.zeros(len(self.layers), np.int64)
        for images, chunks in self.chunks.sizes:
            for timesteps, count in self.windows.items():
                found, times = self.reads(waves, timesteps, images), chunks * count * images
                for index, facts in enumerate(self.layers):
                    counts = np.concatenate([facts.tile_counts[:1], facts.tile_counts])
                    reads[index] += times * found.inputs(self.rows.first + index, counts)
                    residual[index] += times * found.residual(self.rows.first + index)
        return reads, residual

    def row_visits(self, waves: Waves, index: int) -> int:
        """Pieces of rows, in all bands."""
        return self.chunks.batch * self.relay.rows * self._cut(waves)[1][index]

    def psums(self, waves: Waves) -> tuple[Ints, Ints]:
        """[layers] that spill, of pieces of a row and the fewest filters; no currents wait."""
        spilled = self._cut(waves)[0]
        return spilled, spilled

    def _cut(self, waves: Waves) -> tuple[Ints, list[int]]:
        """What follows from a band's width alone: [layers] psums that spill, and pieces of a row."""
        width = _bands(waves).width
        if width not in self._by_width:
            pieces = [self._pieces(waves, index) for index in range(len(self.layers))]
            each = [self._spilled(facts, of) for facts, of in zip(self.layers, pieces, strict=True)]
            spilled = self.chunks.batch * self.relay.rows * np.array(each, np.int64)
            self._by_width[width] = spilled, [sum(of.values()) for of in pieces]
        return self._by_width[width]

    def _pieces(self, waves: Waves, index: int) -> dict[int, int]:
        """By their columns, bands of all timesteps in which a layer has work."""
        found: dict[int, int] = {}
        for timesteps, count in self.windows.items():
            for columns, often in _bands(waves).sweep.sizes(self.rows.first + index, timesteps).items():
                found[columns] = found.get(columns, 0) + count * often
        return found

    def _spilled(self, facts: LayerFacts, pieces: Mapping[int, int]) -> int:
        """Bytes that these pieces of a row spill, by their columns."""
        store, gemm = self.facts.psums.of(facts.layer), gemm_of(facts.layer)
        if store.dataflow.sums_in_pes:
            return 0
        whole, rest = divmod(facts.layer.group_filters, int(facts.tile_filters[0]))
        parts = [(int(facts.tile_filters[0]), whole), (rest, 1)] if rest else [(int(facts.tile_filters[0]), whole)]
        return sum(
            often * count * spilled_bytes(gemm.tile(columns, filters), store, 1)
            for columns, often in pieces.items()
            for filters, count in parts
        )

    def tiles(self, waves: Waves, split: WeightSplit, *, every_row: bool) -> tuple[LayerTiles, ...]:  # noqa: ARG002
        """By layer, those of a band of all its columns at the first timestep."""
        banded, tiled = _bands(waves), []
        for index, facts in enumerate(self.layers):
            largest = max(int(split.tile[index]) - 1, 0)
            alike = facts.tile_filters[largest + 1 - int(split.alike[index]) : largest + 1]
            tiles = tuple((alike if self.overlaps else alike[::-1]).tolist())
            starts = banded.in_band.starts(facts.layer.index)
            if split.tile[index] == 0:  # weights stream under each piece of a row
                starts = tuple(range(self.relay.rows))
            whole = gemm_of(facts.layer)
            piece = whole.tile(self.relay.rows * banded.width, whole.filters)
            visit = VisitShape(piece, starts, banded.width, tiles, int(facts.tile_filters[0]))
            found = step_cut(visit, self.facts.psums.of(facts.layer), self.buffers.psum)
            together = max(found.into.pixel_tiles(piece)) // banded.width
            starts = first_starts(banded, facts.layer.index, self.columns, together)
            tiled.append(LayerTiles(found.filters, replace(found.into, starts=starts), Held(0, 0)))
        return tuple(tiled)

    def stays(self, waves: Waves, tiles: Sequence[LayerTiles], images: int) -> dict[str, int]:  # noqa: ARG002 (fused ones ask)
        """All, or what there is room for beside the pieces of rows at work and the rows of a border that stay."""
        size, room = images * self.state.bytes, self.buffers.membrane
        return {self.state.name: size if size <= room else room - min(size, self.on_chip(_bands(waves), images))}

    def handed_over(self, waves: Waves, timesteps: int, chunk: int, images: int) -> tuple[Ints, Ints]:
        """Of the rows of a border that do not stay, where the state of the chunk does not."""
        banded = _bands(waves)
        moves = 0 if chunk * self.state.bytes <= self.buffers.membrane else self.relay.rows - banded.kept_rows
        taken, left = banded.handed_over(timesteps)
        return images * moves * self.pixel_bytes * taken, images * moves * self.pixel_bytes * left

    def states(self, waves: Waves, tiles: Sequence[LayerTiles]) -> StateSplit:
        """Of the rows of a border that do not stay all moves; between windows what does not stay beside the others."""
        banded, trips = _bands(waves), len(self.window.spans(self.facts.timesteps)) - 1
        read, written = np.zeros((2, len(self.layers)), np.int64)
        found = list[tuple[int, int]]()
        for images, chunks in self.chunks.sizes:
            size, stays = images * self.state.bytes, self.stays(waves, tiles, images)[self.state.name]
            at_work = 0 if stays == size and trips else min(size, self.on_chip(banded, images))
            found.append((stays if trips else 0, at_work))
            moved = chunks * trips * (size - stays)
            read[0] += moved
            written[-1] += moved
            for timesteps, count in self.windows.items():
                taken, left = self.handed_over(waves, timesteps, images, images)
                read += chunks * count * taken
                written += chunks * count * left
        permanent, at_work = found[0]
        return StateSplit({self.state.name: permanent}, at_work, 0, read, written)

    def on_chip(self, waves: Banded, images: int) -> int:
        """Bytes of state: the pieces of rows at work, and the rows of a border that stay."""
        border = images * waves.kept_rows * waves.waits(max(self.windows)) * self.pixel_bytes
        return self.at_work(waves, images) + border


def _bands(waves: Waves) -> Banded:
    if not isinstance(waves, Banded):
        raise TypeError(f"{waves} must have bands")
    return waves
