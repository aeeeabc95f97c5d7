"""A layer of a timestep-major group in one of its turns: filter tiles with their part of the bytes that the plan has.

docs/model.md, "Steps", says which visit and tile pays for what.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import NamedTuple

import numpy as np

from lifsim.hardware.pipeline.kinds import Kind
from lifsim.lazy_dataclass import dataclass
from lifsim.model.network import Layer, Tensor
from lifsim.schedule.chains import calls_taken
from lifsim.schedule.facts import LayerFacts, StateFacts
from lifsim.schedule.input_reads import strip_windows
from lifsim.schedule.moves import REPLAY, Moves, Visit, all_shares, shares
from lifsim.schedule.rows import Ints, single_windows
from lifsim.schedule.storage import Reals, filter_region, rows_of, step_row_bytes
from lifsim.schedule.traffic import Tiling
from lifsim.schedule.unrolled import LayerStep

PSUMS, STATE, INPUT = 1, 2, 3
"""Where these are among the regions of a visit; its weights are the first."""

MAX_TILES = 64
"""Filter tiles of a visit that are told apart; narrower ones are joined."""


@dataclass(frozen=True)
class Turn:
    """When a layer is visited: chunk, of which so many images run, timestep, which of its strips, which begin at these
    output rows of all `rows`."""

    chunk: int
    images: int
    timestep: int
    strip: int
    starts: tuple[int, ...]
    rows: int

    @property
    def strips(self) -> int:
        """How many there are."""
        return len(self.starts)

    @property
    def first_row(self) -> int:
        """The strip's first output row."""
        return self.starts[self.strip]

    @property
    def end_row(self) -> int:
        """The one behind its last."""
        return (*self.starts, self.rows)[self.strip + 1]

    def before(self, total: int) -> int:
        """What the rows above take of `total`."""
        return total * self.first_row // self.rows

    def part(self, total: int) -> int:
        """What these rows take of `total`."""
        return total * self.end_row // self.rows - self.before(total)


class _Part(NamedTuple):
    """Bytes of one kind that the tiles of a visit move. size: those that are dealt to them, `by` [tiles] numbers; held:
    those that each has beside. They lie from `start` on, those that are dealt one behind the other if they are
    `in_line`; each in `extents`, `pitch` apart."""

    kind: Kind
    region: int
    size: int
    by: Ints
    start: int | Ints
    in_line: bool = True
    held: int | Ints = 0
    extents: int | Ints = 1
    pitch: int = 0


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
        """Cheap: layers that are looked at beside each other mostly differ in these."""
        return hash((self.facts, self.images, self.tiling.filters, self.tiling.resident_weight_bytes))

    @property
    def layer(self) -> Layer:
        return self.facts.layer

    def visit(self, turn: Turn, step: LayerStep) -> Visit:
        """`turn` with its part, by rows, of what the layer moves in its timestep; of its input, of the rows needed."""
        names, _, _ = self._regions
        tiles = self._tile_filters
        made = (turn.end_row - turn.first_row) * turn.images * tiles
        parts = sorted(self._parts(turn, step), key=lambda part: part.kind)
        return Visit(self.layer.index, self._round(turn), made, _joined(parts, tiles.size), names, turn.timestep)

    def _round(self, turn: Turn) -> int:
        when = self.facts.when
        if when == "every":
            return turn.timestep
        return REPLAY if when == "first" and turn.timestep > 0 else 0

    def _parts(self, turn: Turn, step: LayerStep) -> Iterator[_Part]:
        moved, tiles = step.dram, self._tile_filters
        _, residuals, outputs = self._regions
        yield self._filters(moved.filters, turn)
        yield self._input(step, turn)
        for kind, tensors, size in (
            (Kind.RESIDUAL, residuals, moved.residual), (Kind.SPIKES_OUT, outputs, moved.spikes_out),
        ):  # fmt: skip
            for (region, tensor), part in zip(tensors.items(), self._split(tensors, turn.part(size)), strict=True):
                yield _Part(kind, region, part, tiles, self._plane(tensor, turn))
        for kind, size in ((Kind.PSUM_READ, moved.psum_read), (Kind.PSUM_WRITE, moved.psum_write)):
            yield _Part(kind, PSUMS, turn.part(size), tiles, turn.before(size))
        yield from self._membranes(step, turn)

    @cached_property
    def _regions(self) -> tuple[tuple[str, ...], Mapping[int, Tensor], Mapping[int, Tensor]]:
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
        return np.add.reduceat(every, np.arange(0, every.size, _joined_tiles(every.size)))

    @cached_property
    def _stored(self) -> tuple[Ints, Ints, Ints]:
        """([tiles], [tiles], [tiles]) where the filters of each tile begin, their bytes, and those of them that stay on
        chip."""
        stored = self.facts.filter_bytes * self._tile_filters
        begin = np.cumsum(stored) - stored
        return begin, stored, np.clip(self.tiling.resident_weight_bytes - begin, 0, stored)

    def _filters(self, size: int, turn: Turn) -> _Part:
        """What stays comes once, with the first strip that computes; every strip fetches its part of the rest. Of a
        second operand nothing stays."""
        begin, stored, stays = self._stored
        computes_first = self.timesteps - 1 if self.facts.when == "last" else 0
        newly = turn.chunk == 0 and turn.timestep == computes_first
        again = size - int(stays.sum()) * newly
        comes = again * (turn.strip + 1) // turn.strips - again * turn.strip // turn.strips
        by = stored - stays if (stored > stays).any() else stored
        if self.layer.operand is not None:
            return self._operand(self.layer.operand, begin, shares(comes, by), turn)
        pinned = stays if newly and turn.strip == 0 else np.zeros_like(stays)
        return _Part(Kind.WEIGHTS, 0, comes, by, begin + stays - pinned, in_line=False, held=pinned)

    def _operand(self, operand: Tensor, begin: Ints, comes: Ints, turn: Turn) -> _Part:
        """Every tile brings its part of each image; parts that differ count as one extent."""
        images = turn.images
        alike = comes % images == 0
        offset, pitch = self._image(operand, turn) + begin, self._step_bytes(operand)
        extent_bytes, extents = np.where(alike, comes // images, comes), np.where(alike, images, 1)
        return _Part(Kind.WEIGHTS, 0, 0, begin, offset, in_line=False, held=extent_bytes, extents=extents, pitch=pitch)

    @cached_property
    def _chains(self) -> tuple[Ints, Ints]:
        """([tiles], [tiles]) calls that begin, and that end, the chains of its state."""
        tiles, channels = self._tile_filters, 1 if self.state is None else self.state.channels
        calls, begin = calls_taken(self.layer, channels), np.cumsum(tiles) - tiles
        begun, ended = (np.add.reduceat(calls == call, begin, dtype=np.int64) for call in (0, channels - 1))
        return begun, ended

    def _membranes(self, step: LayerStep, turn: Turn) -> Iterator[_Part]:
        """First what streams, then what stays from a state's first call to its last: each where its neurons always are.
        They come with the tile that begins their chains, and go with the one that ends them."""
        if self.state is None:
            return
        begun, ended = self._chains
        read, written = step.dram.membrane_read, step.dram.membrane_write
        for kind, size, chains in ((Kind.MEMBRANE_READ, read, begun), (Kind.MEMBRANE_WRITE, written, ended)):
            streams = min(size - step.again, step.streams)
            through = size - step.again - streams
            yield _Part(kind, STATE, turn.part(streams), chains, turn.before(streams))
            yield _Part(kind, STATE, turn.part(through), chains, step.streams + turn.before(through))
            yield _Part(kind, STATE, turn.part(step.again), self._tile_filters, turn.before(step.again))

    def _input(self, step: LayerStep, turn: Turn) -> _Part:
        """The first tile brings the rows in, as far as they are not on chip; the others what is read again."""
        windows, newly = strip_windows(self.facts, step.images, step.resident, turn.starts)
        distinct = (newly if step.whole else windows).tolist()
        part = _share(step.dram.first_operand, distinct, turn.strip)
        tiles = self._tile_filters.size
        again = max(0, part - distinct[turn.strip]) if tiles > 1 else 0
        others = (np.arange(tiles) > 0).astype(np.int64)
        at = self._window(turn)
        return _Part(Kind.SPIKES_IN, INPUT, again, others, at, in_line=False, held=(part - again) * (1 - others))

    @cached_property
    def _first_rows(self) -> Ints:
        """[rows_out] the first row of the input that each row needs."""
        return single_windows(self.facts.rows.axis)[0]

    def _window(self, turn: Turn) -> int:
        """Where a turn finds the first row of the input that it needs."""
        tensor, axis = self.layer.input, self.facts.rows.axis
        first = int(self._first_rows[turn.first_row])
        return self._image(tensor, turn) + self._step_bytes(tensor) * turn.images * first // axis.rows_in

    def _split(self, tensors: Mapping[int, Tensor], size: int) -> list[int]:
        """`size` bytes over several tensors, by what each stores in a timestep."""
        stored = [self._step_bytes(tensor) for tensor in tensors.values()]
        return [_share(size, stored, index) for index in range(len(stored))]

    def _image(self, tensor: Tensor, turn: Turn) -> int:
        """Where a turn finds its first image of a tensor: timesteps one behind the other, in each the images."""
        timestep = turn.timestep if tensor.timesteps > 1 else 0
        return (timestep * self.batch + turn.chunk * self.images) * self._step_bytes(tensor)

    def _plane(self, tensor: Tensor, turn: Turn) -> int:
        """Where a turn finds its rows of a tensor."""
        rows_out = self.facts.rows.axis.rows_out
        return self._image(tensor, turn) + self._step_bytes(tensor) * turn.images * turn.first_row // rows_out

    def _step_bytes(self, tensor: Tensor) -> int:
        return rows_of(tensor.shape) * step_row_bytes(tensor, self.reals)


def visit_tiles(layer: Layer, tiling: Tiling) -> int:
    """Tiles of a visit of `layer`: its steps."""
    every = layer.groups * tiling.filter_tiles
    return -(-every // _joined_tiles(every))


def _joined_tiles(tiles: int) -> int:
    """Filter tiles that are told as one, of so many."""
    return -(-tiles // MAX_TILES)


def _share(total: int, weights: list[int], index: int) -> int:
    """One of `shares`."""
    before, summed = sum(weights[:index]), max(sum(weights), 1)
    return total * (before + weights[index]) // summed - total * before // summed


def _joined(parts: list[_Part], tiles: int) -> Moves:
    """What the tiles move, in the order of the parts each; what has no bytes left out."""
    parts = [part for part in parts if part.size or isinstance(part.held, np.ndarray)]
    if not parts:
        return NOTHING
    dealt = all_shares([part.size for part in parts], np.array([part.by for part in parts]))
    behind = np.cumsum(dealt, axis=1) - dealt
    columns = np.empty((len(Moves.__dataclass_fields__), len(parts), tiles), np.int64)
    columns[0] = np.arange(tiles)
    for place, part in enumerate(parts):
        columns[1, place], columns[2, place] = part.kind, part.region
        columns[3, place] = part.start + behind[place] if part.in_line else part.start
        columns[4, place] = dealt[place] + part.held
        columns[5, place], columns[6, place] = part.extents, part.pitch
    table = columns.swapaxes(1, 2).reshape(len(columns), -1)
    return Moves(*table[:, table[4] > 0])


NOTHING = Moves(*np.zeros((len(Moves.__dataclass_fields__), 0), np.int64))
