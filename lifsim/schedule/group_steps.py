"""The steps of a timestep-major group: for each chunk and timestep, for each layer (in strips: for each strip), its
filter tiles; with the bytes that the plan counts for the layer.

docs/model.md, "Steps", says which visit and tile pays for what.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from lifsim.hardware.pipeline.kinds import Kind
from lifsim.lazy_dataclass import dataclass
from lifsim.memo import Memo
from lifsim.model.network import Layer, Tensor
from lifsim.schedule.chains import calls_taken
from lifsim.schedule.exits import Exits
from lifsim.schedule.facts import LayerFacts, NetworkFacts, StateFacts
from lifsim.schedule.group import Walk
from lifsim.schedule.input_reads import strip_windows
from lifsim.schedule.moves import REPLAY, Moves, Visit, moves_of, shares
from lifsim.schedule.plan import GroupPlan
from lifsim.schedule.rows import Ints, single_windows
from lifsim.schedule.spike_store import Timestep
from lifsim.schedule.storage import Reals, filter_region, rows_of, step_row_bytes
from lifsim.schedule.traffic import Tiling
from lifsim.schedule.unrolled import LayerStep, unroll

PSUMS, STATE, INPUT = 1, 2, 3
"""Where these are among the regions of a visit; its weights are the first."""

NOTHING = moves_of(Kind.WEIGHTS, 0, np.zeros(0, np.int64), 0, np.zeros(0, np.int64))

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


@dataclass(frozen=True)
class _PlannedGroup:
    """What a group does that works on so many `images` of the `batch` at a time, whatever in the buffers made it so.
    order: of the visits of a timestep, (layer, which of its strips, the first output rows of all of them); tilings: of
    its layers; steps: in order."""

    facts: NetworkFacts
    batch: int
    images: int
    order: tuple[tuple[int, int, tuple[int, ...]], ...]
    tilings: tuple[Tiling, ...]
    steps: tuple[LayerStep, ...]


def group_visits(
    facts: NetworkFacts, batch: int, group: GroupPlan, memo: Memo, *, keeps_spikes: bool = False
) -> list[Visit]:
    """Every visit of the layers of `group`, in order; the bytes of a layer's visits add up to those of its plan.

    memo: keeps them for runs beside this one, whose plans are alike but here and there. keeps_spikes: for a backward
    pass; the spikes that the group hands over on chip are written, too.
    """
    walk = group.walked
    steps = memo.of(_unrolled, walk, group.exits)
    planned = _PlannedGroup(
        facts,
        batch,
        group.images,
        tuple(walk.group.turns(walk.cost.heights)),
        tuple(traffic.tiling for traffic in group.layers),
        tuple(_with_all_spikes(step, facts) for step in steps) if keeps_spikes else steps,
    )
    return list(memo.of(_visits, planned, memo))


def _unrolled(walk: Walk, exits: Exits | None) -> tuple[LayerStep, ...]:
    return tuple(unroll(walk, exits))


def _visits(group: _PlannedGroup, memo: Memo) -> tuple[Visit, ...]:
    facts = group.facts
    steps = {(step.chunk, step.timestep, step.layer): step for step in group.steps}
    planned = {
        index: _PlannedLayer(
            facts.layers[index],
            facts.state_of(index),
            facts.timesteps,
            facts.reals,
            group.batch,
            group.images,
            tiling,
        )
        for index, tiling in enumerate(group.tilings, min(layer for layer, _, _ in group.order))
    }
    return tuple(
        memo.of(_PlannedLayer.visit, planned[layer], turn, steps[turn.chunk, turn.timestep, layer])
        for layer, turn in _turns(group)
    )


def _with_all_spikes(step: LayerStep, facts: NetworkFacts) -> LayerStep:
    now = Timestep(first=step.timestep == 0, last=step.timestep == facts.timesteps - 1)
    outputs = [facts.tensors[tensor.name] for tensor in facts.layers[step.layer].layer.outputs]
    written = step.images * sum(made.bytes for made in outputs if now.has(made.when))
    return replace(step, dram=replace(step.dram, spikes_out=written))


def _turns(group: _PlannedGroup) -> Iterator[tuple[int, Turn]]:
    """(layer, when) in order of execution."""
    facts = group.facts
    running = {(step.chunk, step.timestep): step.images for step in group.steps}
    for (chunk, timestep), images in running.items():
        for layer, strip, starts in group.order:
            if _is_visited(facts.layers[layer], timestep, facts.timesteps):
                yield layer, Turn(chunk, images, timestep, strip, starts, facts.layers[layer].rows.axis.rows_out)


def _is_visited(layer: LayerFacts, timestep: int, timesteps: int) -> bool:
    """What is computed once is computed at the first timestep, and replayed to its LIFs at the others; what is behind
    a mean over time, at the last."""
    if layer.when == "every":
        return True
    return timestep == timesteps - 1 if layer.when == "last" else timestep == 0 or layer.layer.lif is not None


@dataclass(frozen=True)
class _PlannedLayer:
    """One layer, whose LIFs work on `state`, of a group that works on so many `images` of the `batch` at a time."""

    facts: LayerFacts
    state: StateFacts | None
    timesteps: int
    reals: Reals
    batch: int
    images: int
    tiling: Tiling

    @property
    def layer(self) -> Layer:
        return self.facts.layer

    def visit(self, turn: Turn, step: LayerStep) -> Visit:
        """`turn` with its part, by rows, of what the layer moves in its timestep; of its input, of the rows needed."""
        moved = step.dram
        names, residuals, outputs = self._regions()
        tiles = self._tile_filters()
        parts = [self._filters(tiles, moved.filters, turn), self._input(tiles, step, turn)]
        for kind, tensors, size in (
            (Kind.RESIDUAL, residuals, moved.residual), (Kind.SPIKES_OUT, outputs, moved.spikes_out),
        ):  # fmt: skip
            for (region, tensor), part in zip(tensors.items(), self._split(tensors, turn.part(size)), strict=True):
                parts.append(_dealt(kind, region, part, tiles, self._plane(tensor, turn)))
        for kind, size in ((Kind.PSUM_READ, moved.psum_read), (Kind.PSUM_WRITE, moved.psum_write)):
            parts.append(_dealt(kind, PSUMS, turn.part(size), tiles, turn.before(size)))
        parts += self._membranes(tiles, step, turn)
        rows = turn.end_row - turn.first_row
        made = rows * turn.images * tiles
        return Visit(self.layer.index, self._round(turn), made, Moves.joined(parts), names, turn.timestep)

    def _round(self, turn: Turn) -> int:
        when = self.facts.when
        if when == "every":
            return turn.timestep
        return REPLAY if when == "first" and turn.timestep > 0 else 0

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
        again = size - int(stays.sum()) * newly
        comes = shares(
            again * (turn.strip + 1) // turn.strips - again * turn.strip // turn.strips,
            stored - stays if (stored > stays).any() else stored,
        )
        pinned = stays if newly and turn.strip == 0 else np.zeros_like(stays)
        if self.layer.operand is not None:
            return self._operand(self.layer.operand, begin, comes, turn)
        return moves_of(Kind.WEIGHTS, 0, np.arange(tiles.size), begin + stays - pinned, comes + pinned)

    def _operand(self, operand: Tensor, begin: Ints, comes: Ints, turn: Turn) -> Moves:
        """Every tile brings its part of each image; parts that differ count as one extent."""
        images = turn.images
        alike = comes % images == 0
        offset, pitch = self._image(operand, turn) + begin, self._step_bytes(operand)
        extent_bytes, extents = np.where(alike, comes // images, comes), np.where(alike, images, 1)
        return moves_of(Kind.WEIGHTS, 0, np.arange(begin.size), offset, extent_bytes, extents, pitch)

    def _membranes(self, tiles: Ints, step: LayerStep, turn: Turn) -> Iterator[Moves]:
        """First what streams, then what stays from a state's first call to its last: each where its neurons always are.
        They come with the tile that begins their chains, and go with the one that ends them."""
        state = self.state
        if state is None:
            return
        calls, begin = calls_taken(self.layer, state.channels), np.cumsum(tiles) - tiles
        begun = np.add.reduceat(calls == 0, begin, dtype=np.int64)
        ended = np.add.reduceat(calls == state.channels - 1, begin, dtype=np.int64)
        read, written = step.dram.membrane_read, step.dram.membrane_write
        for kind, size, chains in ((Kind.MEMBRANE_READ, read, begun), (Kind.MEMBRANE_WRITE, written, ended)):
            streams = min(size - step.again, step.streams)
            through = size - step.again - streams
            yield _dealt(kind, STATE, turn.part(streams), chains, turn.before(streams))
            yield _dealt(kind, STATE, turn.part(through), chains, step.streams + turn.before(through))
            yield _dealt(kind, STATE, turn.part(step.again), tiles, turn.before(step.again))

    def _input(self, tiles: Ints, step: LayerStep, turn: Turn) -> Moves:
        """The first tile brings the rows in, as far as they are not on chip; the others what is read again."""
        size = step.dram.first_operand
        windows, newly = strip_windows(self.facts, step.images, step.resident, turn.starts)
        distinct = newly if step.whole else windows
        part = int(shares(size, distinct)[turn.strip])
        again = max(0, part - int(distinct[turn.strip])) if tiles.size > 1 else 0
        each = np.concatenate([[part - again], shares(again, np.ones(tiles.size - 1, np.int64))])
        return moves_of(Kind.SPIKES_IN, INPUT, np.arange(tiles.size), self._window(turn), each)

    def _window(self, turn: Turn) -> int:
        """Where a turn finds the first row of the input that it needs."""
        tensor, axis = self.layer.input, self.facts.rows.axis
        first = int(single_windows(axis)[0][turn.first_row])
        return self._image(tensor, turn) + self._step_bytes(tensor) * turn.images * first // axis.rows_in

    def _split(self, tensors: dict[int, Tensor], size: int) -> list[int]:
        """`size` bytes over several tensors, by what each stores in a timestep."""
        stored = np.array([self._step_bytes(tensor) for tensor in tensors.values()], np.int64)
        return shares(size, stored).tolist() if stored.size else []

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


def _dealt(kind: Kind, region: int, size: int, tiles: Ints, start: int) -> Moves:
    """`size` bytes from `start` on, dealt to the tiles by their filters, or what else is counted of them."""
    if not size:
        return NOTHING
    part = shares(size, tiles)
    return moves_of(kind, region, np.arange(tiles.size), start + np.cumsum(part) - part, part)
