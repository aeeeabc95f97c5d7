"""The steps of a layer alone, window after window: in each those of a tick-batched layer of so many timesteps, with the
membranes that come from the window before and go to the next.

docs/model.md, "Time windows", says which tile pays for what.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from lifsim.hardware.pipeline.kinds import Kind
from lifsim.model.network import Layer, Tensor
from lifsim.schedule.chip import Chip, TileRoom
from lifsim.schedule.facts import NetworkFacts
from lifsim.schedule.moves import Moves, Visit, moves_of, shares
from lifsim.schedule.plan import GroupPlan
from lifsim.schedule.products import gemm_of
from lifsim.schedule.psums import spilled_by
from lifsim.schedule.rows import Ints
from lifsim.schedule.storage import Reals, images_together, tensor_bytes
from lifsim.schedule.tick_nest import nest_of, pinned_spikes
from lifsim.schedule.tick_steps import tick_visit
from lifsim.schedule.traffic import DramBytes, LayerTraffic, Tiling
from lifsim.schedule.ways import Way
from lifsim.schedule.window import StateRoom, layers_of


def window_visits(facts: NetworkFacts, chip: Chip, batch: int, group: GroupPlan) -> list[Visit]:
    """For each chunk of a group of one layer, for each window, all tiles."""
    windows = _Windows(facts, chip, batch, group)
    return [
        windows.visit(first, number) for first in range(0, batch, group.images) for number in range(len(windows.layers))
    ]


@dataclass(frozen=True)
class _Windows:
    """Of one layer."""

    facts: NetworkFacts
    chip: Chip
    batch: int
    group: GroupPlan

    @property
    def layer(self) -> Layer:
        return self.facts.layers[self.group.first].layer

    @property
    def layers(self) -> list[Layer]:
        """As it is in each of its windows."""
        return layers_of(self.layer, self.group.window)

    @property
    def tiling(self) -> Tiling:
        return self.group.layers[0].tiling

    def visit(self, first: int, number: int) -> Visit:
        """Images from `first` on in window `number`: every step with its share of the array's cycles by the timesteps
        that it works on."""
        images, layer = min(self.group.images, self.batch - first), self.layers[number]
        tiling = tiling_within(layer, self.facts.reals, self.chip.tiles, images, self.tiling)
        spilled = images * spilled_by(
            gemm_of(layer, tiling.cut.chains), tiling.cut, self.chip.psums.of(layer, tiling.cut.chains), layer.rounds
        )
        moved = DramBytes(psum_read=spilled, psum_write=spilled)
        visit = tick_visit(
            layer,
            self.facts.reals,
            self.chip.tiles,
            images,
            LayerTraffic(layer.name, moved, tiling),
            lasts=first > 0 or number > 0,
        )
        begin = np.array([self._begin(name, first, number) for name in visit.regions], np.int64)
        moves = replace(visit.moves, offset=visit.moves.offset + begin[visit.moves.region])
        timestep = sum(one.timesteps for one in self.layers[:number])
        computed = timestep if self.layer.rounds == self.layer.timesteps else number
        state = self._membranes(visit, images, number)
        return replace(
            visit,
            round=computed,
            outputs=visit.outputs * layer.timesteps,
            moves=Moves.joined([moves, *state]),
            regions=(*visit.regions, f"state:{self._state or layer.name}"),
        )

    def _begin(self, region: str, first: int, number: int) -> int:
        """Where a window of a chunk finds its first byte of a tensor: windows one behind the other, each with all
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

    def _membranes(self, visit: Visit, images: int, number: int) -> list[Moves]:
        """What does not stay between windows comes with the tiles that need it, and goes behind them."""
        state = self.facts.state_of(self.layer.index)
        if state is None:
            return []
        room = StateRoom.of(state, self.chip.room.membrane)
        at_work = np.array([self.chip.held_bytes(self.layer, self.tiling)])
        moving = images * state.bytes - int(room.stays(images, at_work)[0])
        part: Ints = shares(moving, visit.outputs)
        offset, step, region = np.cumsum(part) - part, np.arange(visit.steps), len(visit.regions)
        found = [moves_of(Kind.MEMBRANE_READ, region, step, offset, part)] if number else []
        if number < len(self.layers) - 1:
            found.append(moves_of(Kind.MEMBRANE_WRITE, region, step, offset, part))
        return found


def tiling_within(layer: Layer, reals: Reals, room: TileRoom, images: int, tiling: Tiling) -> Tiling:
    """`tiling` with the rows that stay of so many images in a window, `layer` being as it is in it."""
    nest = nest_of(layer, reals, room, images_together(layer, images), Way(tiling.cut.chains))
    row = int(np.searchsorted(nest.rows.heights, tiling.rows))
    return replace(tiling, resident_spike_bytes=int(pinned_spikes(nest, tiling.order)[row]))


def _tensor(layer: Layer, name: str) -> Tensor | None:
    tensors = (*layer.reads, *layer.residuals, *layer.outputs)
    return next((tensor for tensor in tensors if tensor.name == name), None)
