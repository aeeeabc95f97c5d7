"""One turn of a layer in a timestep-major group: its filter tiles, with their share of the bytes in the plan.

docs/model.md, "Steps", says which visit and tile pays for what.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from lifsim.hardware.pipeline.kinds import Kind
from lifsim.lazy_dataclass import dataclass
from lifsim.model.network import Layer, Tensor
from lifsim.schedule.facts import LayerFacts, StateFacts
from lifsim.schedule.tensors.chains import calls_taken
from lifsim.schedule.tensors.input_reads import strip_windows
from lifsim.schedule.tensors.moves import REPLAY, Moves, Visit, all_shares, dealt, shares
from lifsim.schedule.tensors.rows import Ints, single_windows
from lifsim.schedule.tensors.storage import Reals, filter_region, rows_of, step_row_bytes
from lifsim.schedule.timestep.unrolled import LayerStep
from lifsim.schedule.traffic import Tiling

PSUMS, STATE, INPUT = 1, 2, 3
"""Indices of these among the regions of a visit; weights are the first."""

MAX_TILES = 64
"""The most filter tiles of a visit that are distinguished; narrower ones are joined."""


@dataclass(frozen=True)
class Turn:
    """When a layer is visited: the chunk, how many of its images run, the timestep, and its strips, by the first output
    row of each (of `rows` in all)."""

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
    def edges(self) -> Ints:
        """[strips + 1] the first output row of each strip, then the end."""
        return np.array((*self.starts, self.rows), np.int64)

    def dealt(self, total: int) -> tuple[Ints, Ints]:
        """([strips], [strips]) the share of `total` of the rows above each strip, and that of its own rows."""
        edges = _portions(total, self.edges, self.rows)
        return edges[:-1], edges[1:] - edges[:-1]


class _Part(NamedTuple):
    """Bytes of one kind that the tiles of each strip move. size: [strips] bytes to be divided among the tiles in
    proportion to `by` [tiles]; held: further bytes of each tile. They lie from `start` on, divided bytes one behind the
    other if `in_line`, each tile's in `extents` extents, `pitch` apart. Arrays are [strips, tiles], either axis perhaps
    of length 1."""

    kind: Kind
    region: int
    size: Ints
    by: Ints
    start: Ints
    in_line: bool = True
    held: int | Ints = 0
    extents: int | Ints = 1
    pitch: int = 0


@dataclass(frozen=True)
class PlannedLayer:
    """One layer, whose LIFs use `state`, of a group that works on `images` images of the `batch` at a time."""

    facts: LayerFacts
    state: StateFacts | None
    timesteps: int
    reals: Reals
    batch: int
    images: int
    tiling: Tiling

    def __hash__(self) -> int:
        """A cheap hash of the fields in which layers usually differ."""
        return hash((self.facts, self.images, self.tiling.filters, self.tiling.resident_weight_bytes))

    @property
    def layer(self) -> Layer:
        return self.facts.layer

    def visits(self, turn: Turn, step: LayerStep) -> list[Visit]:
        """The visits of `turn`, one for each strip, with the share of what the layer moves in the timestep, in
        proportion to the strip's rows; of its input, in proportion to the rows needed."""
        names, _, _ = self._regions
        made = turn.images * np.multiply.outer(np.diff(turn.edges), self._tile_filters)
        parts = sorted(self._parts(turn, step), key=lambda part: part.kind)
        return [
            Visit(self.layer.index, self._round(turn), outputs, moves, names, turn.timestep)
            for outputs, moves in zip(made, _joined(parts, made.shape), strict=True)
        ]

    def _round(self, turn: Turn) -> int:
        when = self.facts.when
        if when == "every":
            return turn.timestep
        return REPLAY if when == "first" and turn.timestep > 0 else 0

    def _parts(self, turn: Turn, step: LayerStep) -> Iterator[_Part]:
        """The parts of a step that may move bytes."""
        moved, tiles = step.dram, self._tile_filters
        _, residuals, outputs = self._regions
        yield self._filters(moved.filters, turn)
        yield self._input(step, turn)
        for kind, tensors, size in (
            (Kind.RESIDUAL, residuals, moved.residual), (Kind.SPIKES_OUT, outputs, moved.spikes_out),
        ):  # fmt: skip
            if size:
                of_tensors = self._split(tensors, turn.dealt(size)[1]).T
                for (region, tensor), part in zip(tensors.items(), of_tensors, strict=True):
                    yield _Part(kind, region, part, tiles, self._plane(tensor, turn))
        for kind, size in ((Kind.PSUM_READ, moved.psum_read), (Kind.PSUM_WRITE, moved.psum_write)):
            if size:
                above, part = turn.dealt(size)
                yield _Part(kind, PSUMS, part, tiles, above[:, None])
        yield from self._membranes(step, turn)

    @cached_property
    def _regions(self) -> tuple[tuple[str, ...], Mapping[int, Tensor], Mapping[int, Tensor]]:
        """Names of the regions; and the indices of residual operands and of outputs among them."""
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
        """([tiles], [tiles], [tiles]) offset of the filters of each tile, their bytes, and how many of these stay on
        chip."""
        stored = self.facts.filter_bytes * self._tile_filters
        begin = np.cumsum(stored) - stored
        return begin, stored, np.clip(self.tiling.resident_weight_bytes - begin, 0, stored)

    def _filters(self, size: int, turn: Turn) -> _Part:
        """Weights that stay are loaded once, with the first strip that computes; every strip fetches its share of the
        others. Second operands never stay."""
        begin, stored, stays = self._stored
        computes_first = self.timesteps - 1 if self.facts.when == "last" else 0
        newly = turn.chunk == 0 and turn.timestep == computes_first
        again = size - int(stays.sum()) * newly
        comes = np.diff(_portions(again, np.arange(turn.strips + 1), turn.strips))
        by = stored - stays if (stored > stays).any() else stored
        if self.layer.operand is not None:
            return self._operand(self.layer.operand, begin, dealt(comes, by), turn)
        pinned = np.zeros((turn.strips, stays.size), np.int64)
        pinned[0] = stays * newly
        return _Part(Kind.WEIGHTS, 0, comes, by, begin + stays - pinned, in_line=False, held=pinned)

    def _operand(self, operand: Tensor, begin: Ints, comes: Ints, turn: Turn) -> _Part:
        """Every tile loads its part of each image; parts of different sizes count as one extent."""
        images = turn.images
        alike = comes % images == 0
        offset, pitch = self._image(operand, turn) + begin, self._step_bytes(operand)
        extent_bytes, extents = np.where(alike, comes // images, comes), np.where(alike, images, 1)
        none = np.zeros(turn.strips, np.int64)
        return _Part(Kind.WEIGHTS, 0, none, begin, offset, False, extent_bytes, extents, pitch)

    @cached_property
    def _chains(self) -> tuple[Ints, Ints]:
        """([tiles], [tiles]) how many of each tile's calls begin, and how many end, a chain of its state."""
        tiles, channels = self._tile_filters, 1 if self.state is None else self.state.channels
        calls, begin = calls_taken(self.layer, channels), np.cumsum(tiles) - tiles
        begun, ended = (np.add.reduceat(calls == call, begin, dtype=np.int64) for call in (0, channels - 1))
        return begun, ended

    def _membranes(self, step: LayerStep, turn: Turn) -> Iterator[_Part]:
        """Membranes that stream, then those that stay from a state's first call to its last, at fixed addresses by
        neuron. They are loaded with the tile that begins their chains, and stored with the one that ends them."""
        if self.state is None:
            return
        begun, ended = self._chains
        read, written = step.dram.membrane_read, step.dram.membrane_write
        for kind, size, chains in ((Kind.MEMBRANE_READ, read, begun), (Kind.MEMBRANE_WRITE, written, ended)):
            streams = min(size - step.again, step.streams)
            through = size - step.again - streams
            for total, by, start in (
                (streams, chains, 0), (through, chains, step.streams), (step.again, self._tile_filters, 0),
            ):  # fmt: skip
                if total:
                    above, part = turn.dealt(total)
                    yield _Part(kind, STATE, part, by, start + above[:, None])

    def _input(self, step: LayerStep, turn: Turn) -> _Part:
        """The first tile loads the rows that are not on chip; the others load what is read again."""
        windows, newly = strip_windows(self.facts, step.images, step.resident, turn.starts)
        distinct = newly if step.whole else windows
        part = shares(step.dram.first_operand, distinct)
        others = (np.arange(self._tile_filters.size) > 0).astype(np.int64)
        again = np.maximum(0, part - distinct) * others.any()
        first, at = np.multiply.outer(part - again, 1 - others), self._window(turn)
        return _Part(Kind.SPIKES_IN, INPUT, again, others, at, in_line=False, held=first)

    @cached_property
    def _first_rows(self) -> Ints:
        """[rows_out] the first row of the input that each row needs."""
        return single_windows(self.facts.rows.axis)[0]

    def _window(self, turn: Turn) -> Ints:
        """[strips, 1] offset of the first row of the input that each strip needs."""
        tensor, axis = self.layer.input, self.facts.rows.axis
        first = self._first_rows[turn.edges[:-1], None]
        return self._image(tensor, turn) + _portions(self._step_bytes(tensor) * turn.images, first, axis.rows_in)

    def _split(self, tensors: Mapping[int, Tensor], sizes: Ints) -> Ints:
        """[strips, tensors] `sizes` [strips] bytes, divided among several tensors in proportion to what each stores per
        timestep."""
        return dealt(sizes, np.array([self._step_bytes(tensor) for tensor in tensors.values()], np.int64))

    def _image(self, tensor: Tensor, turn: Turn) -> int:
        """Offset of a turn's first image in a tensor, which is stored timestep by timestep, each with all images."""
        timestep = turn.timestep if tensor.timesteps > 1 else 0
        return (timestep * self.batch + turn.chunk * self.images) * self._step_bytes(tensor)

    def _plane(self, tensor: Tensor, turn: Turn) -> Ints:
        """[strips, 1] offset of each strip's rows of a tensor."""
        rows_out = self.facts.rows.axis.rows_out
        above = _portions(self._step_bytes(tensor) * turn.images, turn.edges[:-1, None], rows_out)
        return self._image(tensor, turn) + above

    def _step_bytes(self, tensor: Tensor) -> int:
        return rows_of(tensor.shape) * step_row_bytes(tensor, self.reals)


def visit_tiles(layer: Layer, tiling: Tiling) -> int:
    """Tiles of a visit of `layer`: its steps."""
    every = layer.groups * tiling.filter_tiles
    return -(-every // _joined_tiles(every))


def _joined_tiles(tiles: int) -> int:
    """How many filter tiles are joined into one, of this many."""
    return -(-tiles // MAX_TILES)


def _portions(total: int, numerators: Ints, denominator: int) -> Ints:
    """`total` x each of `numerators` // `denominator`, without overflow."""
    if total * int(numerators.max(initial=1)) >= 1 << 62:
        return (total * numerators.astype(object) // denominator).astype(np.int64)
    return total * numerators // denominator


def _joined(parts: Sequence[_Part], shape: tuple[int, ...]) -> list[Moves]:
    """What the tiles of each strip move, each tile's moves in the order of the parts, without empty ones. shape:
    (strips, tiles)."""
    parts = [part for part in parts if part.size.any() or np.any(part.held)]
    if not parts:
        return [NOTHING] * shape[0]
    of_tiles = all_shares(np.array([part.size for part in parts]), np.array([part.by for part in parts]))
    behind = np.cumsum(of_tiles, axis=2) - of_tiles
    columns = np.empty((len(NAMES), len(parts), *shape), np.int64)
    columns[0] = np.arange(shape[1])
    for place, part in enumerate(parts):
        columns[1, place], columns[2, place] = part.kind, part.region
        columns[3, place] = part.start + behind[place] if part.in_line else part.start
        columns[4, place] = of_tiles[place] + part.held
        columns[5, place], columns[6, place] = part.extents, part.pitch
    table = columns.transpose(0, 2, 3, 1).reshape(len(NAMES), shape[0], -1)
    moves = table[4] > 0
    if shape[0] == 1:
        return [Moves(*table[:, moves])]
    ends = np.cumsum(moves.sum(axis=1)).tolist()
    table = table[:, moves]
    return [Moves(*table[:, begin:end]) for begin, end in pairwise([0, *ends])]


NAMES = tuple(Moves.__dataclass_fields__)
NOTHING = Moves(*np.zeros((len(NAMES), 0), np.int64))
