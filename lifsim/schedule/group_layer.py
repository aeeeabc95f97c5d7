"""A layer of a timestep-major group in one of its turns: filter tiles with their part of the bytes that the plan has.

docs/model.md, "Steps", says which visit and tile pays for what.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property

import numpy as np

from lifsim.hardware.pipeline.kinds import Kind
from lifsim.lazy_dataclass import dataclass
from lifsim.model.network import Layer, Tensor
from lifsim.schedule.chains import calls_taken
from lifsim.schedule.facts import LayerFacts, StateFacts
from lifsim.schedule.input_reads import strip_windows
from lifsim.schedule.moves import REPLAY, Moves, Visit, moves_of, shares
from lifsim.schedule.rows import Ints, single_windows
from lifsim.schedule.storage import Reals, filter_region, rows_of, step_row_bytes
from lifsim.schedule.traffic import Tiling
from lifsim.schedule.unrolled import LayerStep

PSUMS, STATE, INPUT = 1, 2, 3
"""Where these are among the regions of a visit; its weights are the first."""

NOTHING = moves_of(Kind.WEIGHTS, 0, np.zeros(0, np.int64), 0, np.zeros(0, np.int64))

MAX_TILES = 64
"""Filter tiles of a visit that are told apart; narrower ones are joined."""


@dataclass(frozen=True)
class Turn:
    """When a layer is visited: chunk, of which so many images run, timestep, strip after strip, which begin at these
    output rows of all `rows`."""

    chunk: int
    images: int
    timestep: int
    starts: tuple[int, ...]
    rows: int

    @property
    def strips(self) -> int:
        """How many there are."""
        return len(self.starts)

    @cached_property
    def first_row(self) -> Ints:
        """[strips] first output row."""
        return np.array(self.starts, np.int64)

    @cached_property
    def end_row(self) -> Ints:
        """[strips] the one behind the last."""
        return np.append(self.first_row[1:], self.rows)

    def before(self, total: int) -> Ints:
        """[strips] what the rows above take of `total`."""
        return _multiple(total, self.first_row) // self.rows

    def part(self, total: int) -> Ints:
        """[strips] what its rows take of `total`."""
        return _multiple(total, self.end_row) // self.rows - self.before(total)


@dataclass(frozen=True)
class PlannedLayer:
    """One layer, whose LIFs work on `state`, of a group that works on so many `images` of the `batch` at a time."""

    facts: LayerFacts
    state: StateFacts | None
    timesteps: int
    reals: Reals
    batch: int
    images: int
    tiling: Tiling

    def __hash__(self) -> int:
        return self._hash

    @cached_property
    def _hash(self) -> int:
        """Of all tiles: added up once, not for each visit."""
        return hash((self.facts, self.state, self.timesteps, self.batch, self.images, self.tiling))

    @property
    def layer(self) -> Layer:
        return self.facts.layer

    @property
    def tiles(self) -> int:
        """Steps of a visit."""
        return self._tile_filters.size

    def visits(self, turn: Turn, step: LayerStep) -> list[Visit]:
        """Each strip of `turn` with its part, by rows, of what the layer moves in its timestep; of its input, of the
        rows needed."""
        names, tiles = self._regions[0], self._tile_filters
        rows = turn.end_row - turn.first_row
        made = turn.images * np.multiply.outer(rows, tiles)
        moves = Moves.joined(self._moved(tiles, turn, step))
        edges = np.searchsorted(moves.step, np.arange(turn.strips + 1) * tiles.size).tolist()
        columns = replace(moves, step=moves.step % tiles.size)
        return [
            Visit(self.layer.index, self._round(turn), one, columns.only(slice(first, end)), names, turn.timestep)
            for one, first, end in zip(made, edges, edges[1:], strict=False)
        ]

    def _moved(self, tiles: Ints, turn: Turn, step: LayerStep) -> Iterator[Moves]:
        """Of all strips, whose steps are counted through."""
        moved, (_, residuals, outputs) = step.dram, self._regions
        yield self._filters(tiles, moved.filters, turn)
        yield self._input(tiles, step, turn)
        for kind, tensors, size in (
            (Kind.RESIDUAL, residuals, moved.residual), (Kind.SPIKES_OUT, outputs, moved.spikes_out),
        ):  # fmt: skip
            for (region, tensor), part in zip(tensors.items(), self._split(tensors, turn.part(size)).T, strict=True):
                yield _dealt(kind, region, part, tiles, self._plane(tensor, turn))
        for kind, size in ((Kind.PSUM_READ, moved.psum_read), (Kind.PSUM_WRITE, moved.psum_write)):
            yield _dealt(kind, PSUMS, turn.part(size), tiles, turn.before(size))
        yield from self._membranes(tiles, step, turn)

    def _round(self, turn: Turn) -> int:
        when = self.facts.when
        if when == "every":
            return turn.timestep
        return REPLAY if when == "first" and turn.timestep > 0 else 0

    @cached_property
    def _regions(self) -> tuple[tuple[str, ...], dict[int, Tensor], dict[int, Tensor]]:
        """Names; where the residual operands and the outputs are among them."""
        layer = self.layer
        state = layer.name if self.state is None else self.state.name
        names = [filter_region(layer), f"psums:{layer.name}", f"state:{state}", f"tensor:{layer.input.name}"]
        residuals = {len(names) + i: tensor for i, tensor in enumerate(layer.residuals)}
        names += [f"tensor:{tensor.name}" for tensor in layer.residuals]
        outputs = {len(names) + i: tensor for i, tensor in enumerate(layer.outputs)}
        names += [f"tensor:{tensor.name}" for tensor in layer.outputs]
        return tuple(names), residuals, outputs

    @cached_property
    def _tile_filters(self) -> Ints:
        """Filters of each tile, those of one visit."""
        layer, tiling = self.layer, self.tiling
        tile = np.full(tiling.filter_tiles, tiling.filters)
        tile[-1] = layer.group_filters - tiling.filters * (tiling.filter_tiles - 1)
        every = np.tile(tile, layer.groups)
        joined = -(-every.size // MAX_TILES)
        return np.add.reduceat(every, np.arange(0, every.size, joined))

    def _filters(self, tiles: Ints, size: int, turn: Turn) -> Moves:
        """What stays comes once, with the first strip that computes; every strip fetches its part of the rest. Of a
        second operand nothing stays."""
        stored = self.facts.filter_bytes * tiles
        begin = np.cumsum(stored) - stored
        stays = np.clip(self.tiling.resident_weight_bytes - begin, 0, stored)
        computes_first = self.timesteps - 1 if self.facts.when == "last" else 0
        newly = turn.chunk == 0 and turn.timestep == computes_first
        again = _multiple(size - int(stays.sum()) * newly, np.arange(turn.strips + 1)) // turn.strips
        comes = _cut(np.diff(again), stored - stays if (stored > stays).any() else stored)
        pinned = np.zeros_like(comes)
        pinned[0] = stays * newly
        if self.layer.operand is not None:
            return self._operand(self.layer.operand, begin, comes, turn)
        return moves_of(Kind.WEIGHTS, 0, _steps(comes), begin + stays - pinned, comes + pinned)

    def _operand(self, operand: Tensor, begin: Ints, comes: Ints, turn: Turn) -> Moves:
        """Every tile brings its part of each image; parts that differ count as one extent."""
        images = turn.images
        alike = comes % images == 0
        offset, pitch = self._image(operand, turn) + begin, self._step_bytes(operand)
        extent_bytes, extents = np.where(alike, comes // images, comes), np.where(alike, images, 1)
        return moves_of(Kind.WEIGHTS, 0, _steps(comes), offset, extent_bytes, extents, pitch)

    def _membranes(self, tiles: Ints, step: LayerStep, turn: Turn) -> Iterator[Moves]:
        """First what streams, then what stays from a state's first call to its last: each where its neurons always are.
        They come with the tile that begins their chains, and go with the one that ends them."""
        state = self.state
        if state is None:
            return
        begun, ended = self._chains
        read, written = step.dram.membrane_read, step.dram.membrane_write
        for kind, size, chains in ((Kind.MEMBRANE_READ, read, begun), (Kind.MEMBRANE_WRITE, written, ended)):
            streams = min(size - step.again, step.streams)
            through = size - step.again - streams
            yield _dealt(kind, STATE, turn.part(streams), chains, turn.before(streams))
            yield _dealt(kind, STATE, turn.part(through), chains, step.streams + turn.before(through))
            yield _dealt(kind, STATE, turn.part(step.again), tiles, turn.before(step.again))

    @cached_property
    def _chains(self) -> tuple[Ints, Ints]:
        """[tiles] chains of calls that begin with each, and that end."""
        if self.state is None:
            raise ValueError(f"{self.layer.name} must have a LIF")
        tiles, channels = self._tile_filters, self.state.channels
        calls, begin = calls_taken(self.layer, channels), np.cumsum(tiles) - tiles
        begun, ended = (np.add.reduceat(calls == call, begin, dtype=np.int64) for call in (0, channels - 1))
        return begun, ended

    def _input(self, tiles: Ints, step: LayerStep, turn: Turn) -> Moves:
        """The first tile brings the rows in, as far as they are not on chip; the others what is read again."""
        size = step.dram.first_operand
        windows, newly = strip_windows(self.facts, step.images, step.resident, turn.starts)
        distinct = newly if step.whole else windows
        part = shares(size, distinct)
        again = np.maximum(0, part - distinct) * (tiles.size > 1)
        each = np.column_stack([part - again, _cut(again, np.ones(tiles.size - 1, np.int64))])
        return moves_of(Kind.SPIKES_IN, INPUT, _steps(each), self._window(turn)[:, None], each)

    def _window(self, turn: Turn) -> Ints:
        """[strips] where each finds the first row of the input that it needs."""
        tensor, axis = self.layer.input, self.facts.rows.axis
        first = single_windows(axis)[0][turn.first_row]
        place: Ints = self._image(tensor, turn) + self._step_bytes(tensor) * turn.images * first // axis.rows_in
        return place

    def _split(self, tensors: dict[int, Tensor], sizes: Ints) -> Ints:
        """[strips, tensors] `sizes` [strips] bytes over several tensors, by what each stores in a timestep."""
        return _cut(sizes, np.array([self._step_bytes(tensor) for tensor in tensors.values()], np.int64))

    def _image(self, tensor: Tensor, turn: Turn) -> int:
        """Where a turn finds its first image of a tensor: timesteps one behind the other, in each the images."""
        timestep = turn.timestep if tensor.timesteps > 1 else 0
        return (timestep * self.batch + turn.chunk * self.images) * self._step_bytes(tensor)

    def _plane(self, tensor: Tensor, turn: Turn) -> Ints:
        """[strips] where each finds its rows of a tensor."""
        rows_out = self.facts.rows.axis.rows_out
        return self._image(tensor, turn) + self._step_bytes(tensor) * turn.images * turn.first_row // rows_out

    def _step_bytes(self, tensor: Tensor) -> int:
        return rows_of(tensor.shape) * step_row_bytes(tensor, self.reals)


def _dealt(kind: Kind, region: int, sizes: Ints, tiles: Ints, start: Ints) -> Moves:
    """`sizes` [strips] bytes from `start` [strips] on, dealt to the tiles by their filters, or what else is counted of
    them."""
    if not sizes.any():
        return NOTHING
    part = _cut(sizes, tiles)
    return moves_of(kind, region, _steps(part), start[:, None] + np.cumsum(part, axis=1) - part, part)


def _steps(part: Ints) -> Ints:
    """Of what is [strips, tiles]."""
    return np.arange(part.size).reshape(part.shape)


def _cut(sizes: Ints, weights: Ints) -> Ints:
    """[n, k] each of `sizes` [n] cut by `weights` [k] into whole numbers, as `shares` does it."""
    if sizes.size == 1:
        return shares(int(sizes[0]), weights)[None]
    most, summed = int(sizes.max(initial=0)), int(weights.sum())
    if most * summed >= 1 << 62:
        return np.stack([shares(size, weights) for size in sizes.tolist()])
    edges = np.multiply.outer(sizes, np.cumsum(weights)) // max(summed, 1)
    return np.diff(edges, axis=1, prepend=0) if weights.size else edges


def _multiple(total: int, times: Ints) -> Ints:
    """`total` times each of `times` [n], however large."""
    return total * (times if total * int(times.max(initial=1)) < 1 << 62 else times.astype(object))
