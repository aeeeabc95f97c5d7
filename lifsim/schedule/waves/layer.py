"""A layer that runs in waves: its strips, the filter tiles under which each is worked off, and how its steps are
numbered.

A step is a strip under a filter tile. In a visit every tile has all strips, one behind the other, before the next tile.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property

import numpy as np

from lifsim.distinct import distinct
from lifsim.hardware.array import dense_cycles
from lifsim.lazy_dataclass import dataclass
from lifsim.model.network import Layer, Tensor
from lifsim.schedule.chip import Chip
from lifsim.schedule.exits import Exits
from lifsim.schedule.facts import LayerFacts, NetworkFacts, StateFacts
from lifsim.schedule.plan import GroupPlan
from lifsim.schedule.tensors.deal import Deal
from lifsim.schedule.tensors.products import gemm_of
from lifsim.schedule.tensors.rows import Ints
from lifsim.schedule.timestep.layer import MAX_TILES
from lifsim.schedule.traffic import LayerTraffic
from lifsim.schedule.waves.cut import rows_of_tile
from lifsim.schedule.waves.strips import Strips, strips_of_layer
from lifsim.schedule.window import layers_of


@dataclass(frozen=True, eq=False)
class WaveLayer:
    """Layer `index` of `group`, which moves `traffic` for the batch. chunks: those that are looked at; deal: how bytes
    of the batch are dealt to them."""

    facts: NetworkFacts
    chip: Chip
    batch: int
    group: GroupPlan
    traffic: LayerTraffic
    index: int
    chunks: range
    deal: Deal

    @property
    def own(self) -> LayerFacts:
        """What is known of it."""
        return self.facts.layers[self.index]

    @property
    def layer(self) -> Layer:
        """With the rounds that it is computed in."""
        return self.group.as_run(self.own.layer)

    @property
    def skewed(self) -> bool:
        """Whether its strips are of one timestep each."""
        return self.group.in_waves.skewed

    @property
    def state(self) -> StateFacts | None:
        """Of its LIFs."""
        return self.facts.state_of(self.index)

    @cached_property
    def strips(self) -> Strips:
        """All that it works on."""
        images = self.group.images
        chunks = [(chunk * images, min(images, self.batch - chunk * images)) for chunk in self.chunks]
        timesteps = self.layer.timesteps
        exits = self.group.exits or Exits.never(self.batch, timesteps)
        return strips_of_layer(self.group.in_waves, self.layer, self.group.window, exits, chunks)

    @property
    def windows(self) -> list[Layer]:
        """As it is in each of its windows."""
        return layers_of(self.own.layer, self.group.window)

    @property
    def replays(self) -> bool:
        """Whether what the array computes once in a window waits for the other timesteps of that."""
        return self.skewed and self.layer.rounds < self.layer.timesteps

    @cached_property
    def computes(self) -> Ints:
        """[strips] 1 where the array computes them, 0 where it has before."""
        return np.where(self.replays & ~self.strips.opens, 0, 1)

    # Tiles and steps

    @cached_property
    def every_tile(self) -> Ints:
        """Filters of each tile of the weights, of one group, or of each of those that take turns; set after set."""
        layer, tiling = self.layer, self.traffic.tiling
        tile = np.full(tiling.filter_tiles, tiling.filters)
        tile[-1] = layer.group_filters - tiling.filters * (tiling.filter_tiles - 1)
        return np.tile(tile, tiling.group_sets(layer.groups))

    @property
    def in_turn(self) -> int:
        """Groups of its convolution whose tiles take turns."""
        return self.layer.groups // self.traffic.tiling.group_sets(self.layer.groups)

    @property
    def member_pitch(self) -> int:
        """Bytes of weights from one of these groups to the next."""
        return self.own.filter_bytes * self.layer.filters // self.in_turn

    @property
    def joined(self) -> Ints:
        """The first one of each tile that is told apart, of more than MAX_TILES some together."""
        every = self.every_tile.size
        return np.arange(0, every, -(-every // MAX_TILES))

    @cached_property
    def tiles(self) -> Ints:
        """[tiles] filters of each tile that is told apart, of all its groups."""
        return self.in_turn * np.add.reduceat(self.every_tile, self.joined)

    @cached_property
    def step(self) -> Ints:
        """[strips, tiles] number of each step, counted through all visits."""
        visit = self.strips.visit
        count = np.bincount(visit)
        before = np.cumsum(count) - count
        place = np.arange(visit.size) - before[visit]
        first = before[visit] * self.tiles.size + place
        step: Ints = first[:, None] + np.arange(self.tiles.size) * count[visit][:, None]
        return step

    @property
    def work(self) -> Ints:
        """[strips, tiles] cycles of the array for each step of a round, all its images, when every operand takes its
        cycle."""
        strips, widths = self.strips, distinct(self.every_tile)
        shapes = np.stack([strips.rows, strips.right - strips.left], axis=1)
        parts, which = np.unique(shapes, axis=0, return_inverse=True)
        steps = self.strips.steps if self.layer.rounds == self.layer.timesteps else np.ones_like(self.strips.steps)
        found = np.zeros((strips.count, self.every_tile.size), np.int64)
        for rounds in distinct(steps).tolist():
            each = np.array([[self._cycles(part, wide, rounds) for wide in widths.tolist()] for part in parts.tolist()])
            by_tile = each[:, np.searchsorted(widths, self.every_tile)]
            mine = steps == rounds
            found[mine] = by_tile[which.ravel()[mine]]
        work: Ints = np.add.reduceat(found, self.joined, axis=1) * (strips.images * self.computes)[:, None]
        return work

    def _cycles(self, shape: tuple[int, int], filters: int, rounds: int) -> int:
        """Of so many rows and columns."""
        layer, into, (rows, columns) = self.layer, self.traffic.tiling.cut, shape
        store = self.chip.psums.of(layer, into.chains)
        tile = replace(gemm_of(layer, into.chains), groups=1).tile(rows * columns, filters)
        together = rows_of_tile(layer, self.traffic.tiling, self.group.in_waves) * columns
        part = replace(into, starts=tuple(range(0, tile.pixels, together)), filters=min(into.filters, filters))
        return sum(
            count * dense_cycles(store.dataflow, one, store.shape, rounds, tick_batched=not self.skewed).total
            for one, count in part.tiles(tile)
        )

    # Tensors

    def from_outside(self, tensors: tuple[Tensor, ...]) -> list[Tensor]:
        """Those that no layer of the group makes."""
        return [tensor for tensor in tensors if self.facts.tensors[tensor.name].producer not in self.group.indices]

    def to_outside(self, tensors: tuple[Tensor, ...]) -> list[Tensor]:
        """Those that others read than layers of the group, or nobody."""
        found = ((tensor, self.facts.tensors[tensor.name].readers) for tensor in tensors)
        return [
            tensor for tensor, readers in found if not readers or any(one not in self.group.indices for one in readers)
        ]
