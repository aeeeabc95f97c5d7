"""The steps of a single layer, window after window: in each window those of a tick-batched layer with as many
timesteps, with the membranes that come from the window before and go to the next one.

docs/model.md, "Time windows", says which tile pays for what.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property
from itertools import product

import numpy as np

from lifsim.hardware.pipeline.kinds import Kind
from lifsim.lazy_dataclass import dataclass
from lifsim.model.network import Layer, Tensor
from lifsim.schedule.chip import Chip, TileRoom
from lifsim.schedule.chunks import at_ends
from lifsim.schedule.exits import Exits, of_last_bytes
from lifsim.schedule.facts import NetworkFacts
from lifsim.schedule.plan import GroupPlan
from lifsim.schedule.tensors.moves import Moves, Visit, moves_of, shares
from lifsim.schedule.tensors.products import gemm_of
from lifsim.schedule.tensors.psums import spilled_by
from lifsim.schedule.tensors.rows import Ints, RowTiles
from lifsim.schedule.tensors.storage import Reals, images_together, tensor_bytes
from lifsim.schedule.tick.nest import nest_of, pinned_spikes
from lifsim.schedule.tick.steps import tick_ends, tick_visit
from lifsim.schedule.tick.tiles import tiles_of
from lifsim.schedule.tick.ways import Way
from lifsim.schedule.timestep.unrolled import LayerStep
from lifsim.schedule.traffic import DramBytes, LayerTraffic, Tiling
from lifsim.schedule.window import StateRoom, layers_of


def window_visits(facts: NetworkFacts, chip: Chip, batch: int, group: GroupPlan) -> Iterator[Visit]:
    """The visits of a group of one layer: for each chunk, for each window in which any of its images run, all tiles."""
    windows = _Windows(facts, chip, batch, group)
    return (windows.visit(*which) for which in windows.run)


def window_ends(facts: NetworkFacts, chip: Chip, batch: int, group: GroupPlan) -> Iterator[Visit]:
    """The first and the last of these visits, of images that do not exit: they touch as much of each tensor as all."""
    windows = _Windows(facts, chip, batch, group, at_ends=True)
    for chunk, number in product(at_ends(-(-batch // group.images)), at_ends(len(windows.spans))):
        yield windows.visit(chunk * group.images, number)


def unroll_windows(facts: NetworkFacts, chip: Chip, group: GroupPlan, exits: Exits) -> Iterator[LayerStep]:
    """What the visits of a group of one layer move in each window of each chunk, under these exits."""
    windows = _Windows(facts, chip, len(exits.steps), replace(group, exits=exits))
    for first, number in windows.run:
        visit, (begin, _) = windows.visit(first, number), windows.spans[number]
        images = len(windows.running(first, number))
        yield LayerStep(first // group.images, images, begin, group.first, _moved(windows.layer, visit.moves))


def _moved(layer: Layer, moves: Moves) -> DramBytes:
    filters, spikes = moves.total(Kind.WEIGHTS), moves.total(Kind.SPIKES_IN)
    operand = filters if layer.operand is not None else 0
    return DramBytes(
        weights=filters - operand,
        spikes_in=spikes + operand,
        spikes_out=moves.total(Kind.SPIKES_OUT),
        residual=moves.total(Kind.RESIDUAL),
        membrane_read=moves.total(Kind.MEMBRANE_READ),
        membrane_write=moves.total(Kind.MEMBRANE_WRITE),
        psum_read=moves.total(Kind.PSUM_READ),
        psum_write=moves.total(Kind.PSUM_WRITE),
        operand=operand,
    )


@dataclass(frozen=True)
class _Windows:
    """The windows of a group of one layer. at_ends: only the first and the last image of a chunk count."""

    facts: NetworkFacts
    chip: Chip
    batch: int
    group: GroupPlan
    at_ends: bool = False

    @property
    def layer(self) -> Layer:
        return self.facts.layers[self.group.first].layer

    @cached_property
    def layers(self) -> list[Layer]:
        """The layer as it is within each of its windows."""
        return layers_of(self.layer, self.group.window)

    @cached_property
    def spans(self) -> list[tuple[int, int]]:
        """(first timestep, last + 1) of each window."""
        return self.group.window.spans(self.layer.timesteps)

    @property
    def run(self) -> Iterator[tuple[int, int]]:
        """(first image of a chunk, index of a window) in order, without those in which no image runs."""
        for first in range(0, self.batch, self.group.images):
            yield from ((first, number) for number in range(len(self.spans)) if self.running(first, number))

    def running(self, first: int, number: int) -> tuple[int, ...]:
        """Indices of a chunk's images that run in a window; none run in the one behind the last."""
        here = self.exits.of_images(first, self.group.images)
        return here.running(self.spans[number][0]) if number < len(self.spans) else ()

    @cached_property
    def exits(self) -> Exits:
        """The exits of all images of the batch."""
        return self.group.exits or Exits.never(self.batch, self.layer.timesteps)

    @property
    def tiling(self) -> Tiling:
        return self.group.layers[0].tiling

    def visit(self, first: int, number: int) -> Visit:
        """The visit of images from `first` on in window `number`; a step's share of the array's cycles is by its
        timesteps."""
        images, layer = len(self.running(first, number)), self.layers[number]
        tiling = tiling_within(layer, self.facts.reals, self.chip.tiles, images, self.tiling)
        spilled = images * spilled_by(
            gemm_of(layer, tiling.cut.chains), tiling.cut, self.chip.psums.of(layer, tiling.cut.chains), layer.rounds
        )
        moved = DramBytes(psum_read=spilled, psum_write=spilled)
        asked = layer, self.facts.reals, self.chip.tiles, images, LayerTraffic(layer.name, moved, tiling)
        lasts = first > 0 or number > 0
        if self.at_ends:
            tiles = tiles_of(*asked)
            visit = next(tick_ends(tiles, tiles.end, lasts=lasts))
        else:
            visit = tick_visit(*asked, lasts=lasts)
        begin = np.array([self._begin(name, first, number) for name in visit.regions], np.int64)
        moves = replace(visit.moves, offset=visit.moves.offset + begin[visit.moves.region])
        timestep = sum(one.timesteps for one in self.layers[:number])
        computed = timestep if self.layer.rounds == self.layer.timesteps else number
        names, beside = self._beside(visit, first, number)
        return replace(
            visit,
            round=computed,
            outputs=visit.outputs * layer.timesteps,
            moves=Moves.joined([moves, *beside]),
            regions=(*visit.regions, *names),
        )

    def _beside(self, visit: Visit, first: int, number: int) -> tuple[list[str], list[Moves]]:
        """Regions that follow those of `visit`, and moves in them: membranes, and tensors put out once for all
        timesteps by images that exit before the last window."""
        names, moves = [f"state:{self._state or self.layer.name}"], self._membranes(visit, first, number)
        done = len(self.running(first, number)) - len(self.running(first, number + 1))
        once = [tensor for tensor in self.layer.outputs if tensor.timesteps != self.layer.timesteps]
        for tensor in once if number + 1 < len(self.spans) else ():
            part: Ints = shares(done * tensor_bytes(tensor, self.facts.reals), visit.outputs)
            at = first * tensor_bytes(tensor, self.facts.reals) + np.cumsum(part) - part
            moves.append(moves_of(Kind.SPIKES_OUT, len(visit.regions) + len(names), np.arange(visit.steps), at, part))
            names.append(f"tensor:{tensor.name}")
        return names, moves

    def _begin(self, region: str, first: int, number: int) -> int:
        """Offset of the first byte of a chunk in a window of a tensor, which is stored window by window, each with all
        images."""
        kind, _, name = region.partition(":")
        if kind != "tensor":
            return 0
        before = [_tensor(one, name) for one in self.layers[: number + 1]]
        sizes = [0 if tensor is None else tensor_bytes(tensor, self.facts.reals) for tensor in before]
        tensor = _tensor(self.layer, name)
        packed = sizes[:-1] if tensor is not None and tensor.timesteps == self.layer.timesteps else []
        return self.batch * sum(packed) + first * sizes[-1]

    @property
    def _state(self) -> str:
        return next((state.name for state in self.facts.states if self.layer.index in state.layers), "")

    def _membranes(self, visit: Visit, first: int, number: int) -> list[Moves]:
        """Membranes that do not stay between windows are loaded with the tiles that need them, and stored behind these
        for images that run in the next window."""
        state = self.facts.state_of(self.layer.index)
        if state is None:
            return []
        images = min(self.group.images, self.batch - first)
        room = StateRoom.of(state, self.chip.room.membrane)
        at_work = np.array([self.chip.held_bytes(self.layer, self.tiling)])
        moving = images * state.bytes - int(room.stays(images, at_work)[0])
        step, region = np.arange(visit.steps), len(visit.regions)
        now, later = self.running(first, number) if number else (), self.running(first, number + 1)
        found = list[Moves]()
        for kind, chosen in ((Kind.MEMBRANE_READ, now), (Kind.MEMBRANE_WRITE, later)):
            part: Ints = shares(of_last_bytes(moving, state.bytes, images, chosen), visit.outputs)
            found.append(moves_of(kind, region, step, np.cumsum(part) - part, part))
        return found


def tiling_within(layer: Layer, reals: Reals, room: TileRoom, images: int, tiling: Tiling) -> Tiling:
    """`tiling` with the rows that stay in a window of this many images; `layer` is as it is within the window."""
    nest = nest_of(layer, reals, room, images_together(layer, images), Way(tiling.cut.chains))
    cut = replace(nest, rows=RowTiles(nest.rows.axis, np.array([tiling.rows])))
    return replace(tiling, resident_spike_bytes=int(pinned_spikes(cut, tiling.order)[0]))


def _tensor(layer: Layer, name: str) -> Tensor | None:
    tensors = (*layer.reads, *layer.residuals, *layer.outputs)
    return next((tensor for tensor in tensors if tensor.name == name), None)
