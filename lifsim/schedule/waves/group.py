"""One group of layers in waves: the bytes that a choice of waves moves, with all else chosen for the fewest."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Sequence
from functools import cached_property

import numpy as np

from lifsim.lazy_dataclass import dataclass
from lifsim.model.network import Layer, Tensor
from lifsim.schedule.chip import BufferBytes
from lifsim.schedule.facts import LayerFacts, NetworkFacts
from lifsim.schedule.tensors.begun import has_windows
from lifsim.schedule.tensors.rows import Ints, row_tiles
from lifsim.schedule.tensors.storage import packed_row_bytes, packed_rows, rows_of
from lifsim.schedule.timestep.group import Chunks
from lifsim.schedule.waves.cost import LayerTiles, StateSplit, WaveCost
from lifsim.schedule.waves.fused_rows import GroupRows
from lifsim.schedule.waves.reads import OutsideReads, reads_once
from lifsim.schedule.waves.spikes import most_waiting
from lifsim.schedule.waves.turns import Turns
from lifsim.schedule.waves.waves import Waves
from lifsim.schedule.weights.demand import WeightDemand
from lifsim.schedule.weights.overflow import fetched_at_least
from lifsim.schedule.weights.residency import WeightSplit, best_weights
from lifsim.schedule.window import Window

AT_ANY_PRICE = 1 << 30
"""How often a byte comes that must not stream: oftener than any that may."""


@dataclass(frozen=True, eq=False)
class WaveGroup(ABC):
    """Layers of a network that run in waves, the batch in chunks, each in windows. overlaps: as in `plan_group`."""

    rows: GroupRows
    buffers: BufferBytes
    chunks: Chunks
    window: Window
    overlaps: bool

    @property
    def facts(self) -> NetworkFacts:
        """Of the network."""
        return self.rows.facts

    @property
    @abstractmethod
    def layers(self) -> tuple[LayerFacts, ...]:
        """As they are worked off."""

    @property
    @abstractmethod
    def candidates(self) -> tuple[Waves, ...]:
        """Those that there are, of the fewest waves first."""

    @abstractmethod
    def psums(self, waves: Waves) -> tuple[Ints, Ints]:
        """[layers] bytes that come and go, the whole batch."""

    @abstractmethod
    def states(self, waves: Waves, tiles: Sequence[LayerTiles]) -> StateSplit:
        """What stays of membranes."""

    @abstractmethod
    def stays(self, waves: Waves, tiles: Sequence[LayerTiles], images: int) -> dict[str, int]:
        """By state, bytes of a chunk of so many images that stay from window to window."""

    def handed_over(self, waves: Waves, timesteps: int, chunk: int, images: int) -> tuple[Ints, Ints]:  # noqa: ARG002 (bands ask for them)
        """[layers] bytes of membranes that come and go within a window of so many timesteps, of so many of the images
        of a chunk."""
        none = np.zeros(len(self.layers), np.int64)
        return none, none

    @abstractmethod
    def tiles(self, waves: Waves, split: WeightSplit, *, every_row: bool) -> tuple[LayerTiles, ...] | None:
        """By layer; None where the array cannot work off any. every_row: whether rows that have begun have room behind
        every row, not behind every visit alone."""

    @abstractmethod
    def whole_tiles(self, *, every_row: bool) -> frozenset[int]:
        """Layers of which no filter tile may stream through its region."""

    @property
    def least_membranes(self) -> int:
        """Bytes of the membrane buffer that the lowest waves need."""
        return 0

    @property
    @abstractmethod
    def most_images(self) -> int:
        """So many a chunk may have at the most: of more, not even what the lowest waves need has room."""

    @cached_property
    def windows(self) -> Counter[int]:
        """Timesteps of a window, and how many windows have so many."""
        return Counter(end - first for first, end in self.window.spans(self.facts.timesteps))

    def turns(self, waves: Waves, timesteps: int) -> Turns:
        """Of a window of so many timesteps."""
        return Turns(self.rows, waves, timesteps)

    def fetched_at_least(self, visits: Ints) -> Ints:
        """[n] bytes of weights where each layer's are needed so often [n, layers]."""
        sizes = np.array([facts.weight_bytes for facts in self.layers])
        return fetched_at_least(visits, sizes, self.buffers.weight)

    @abstractmethod
    def floored(self, limit: float, *, lowest: bool) -> list[tuple[int, Waves]]:
        """Candidates with floors below `limit`, in their order: the lowest strips for each number of waves, or all
        others."""

    def higher(self, limit: float) -> list[tuple[int, Waves]]:  # noqa: ARG002 (skewed ones may have some)
        """The same of strips that are higher than the map; none unless they have any."""
        return []

    def cost(self, waves: Waves, limit: float) -> WaveCost | None:
        """Bytes in these waves; None where spikes between layers, or membranes, have no room, or not below `limit`."""
        if not self.has_room(waves):
            return None
        every_row = not self.windowed or self.waiting(waves, every_row=True) <= self.buffers.spike_out
        whole = self.whole_tiles(every_row=every_row)
        reads, residual = self.outside(waves)
        split = best_weights(self._demand(waves, reads, whole))
        if any(split.tile[index] == 0 for index in whole):
            return None
        read, written = self.psums(waves)
        if split.moved + int((self._out + residual + read + written).sum()) >= limit:
            return None
        tiles = self.tiles(waves, split, every_row=every_row)
        if tiles is None:
            return None
        return WaveCost(waves, split, residual, self._out, read, written, tiles, self.states(waves, tiles))

    def has_room(self, waves: Waves) -> bool:
        """Whether spike_out takes what waits between the layers. What waits at least is looked at first, where that is
        sooner known."""
        return self.waiting(waves, every_row=False) <= self.buffers.spike_out

    def waiting(self, waves: Waves, *, every_row: bool) -> int:
        """Bytes of spike_out that rows between the layers take at the most; every_row: with those that have begun
        behind every row, not behind every visit alone."""
        turns = (self.turns(waves, timesteps) for timesteps in self.windows)
        return self.chunks.images * max(most_waiting(one, every_row=every_row) for one in turns)

    @property
    def least_waiting(self) -> int:
        """Bytes of spike_out that those candidates need that need the least."""
        return min(self.waiting(waves, every_row=False) for waves in self.candidates)

    @cached_property
    def windowed(self) -> frozenset[int]:
        """Layers with windows behind them."""
        steps = self.facts.steps[self.rows.first : self.rows.last + 1]
        return frozenset(index for index, behind in enumerate(steps) if has_windows(behind))

    @cached_property
    def enters(self) -> int:
        """Bytes of inputs from outside, each row once a window."""
        return self.chunks.batch * sum(count * self.enters_in(length) for length, count in self.windows.items())

    def enters_in(self, timesteps: int) -> int:
        """The same of an image, in a window of so many timesteps."""
        found: dict[str, int] = {}
        for facts in self.layers:
            name, axis = facts.layer.input.name, facts.rows.axis
            if self.facts.tensors[name].producer not in self.rows.members:
                covered = row_tiles(axis).covered * self.input_row(facts.layer, timesteps)
                found[name] = max(found.get(name, 0), covered)
        return sum(found.values())

    def input_row(self, layer: Layer, timesteps: int) -> int:
        """Bytes of a row of its input, in a window of so many timesteps."""
        if self.apart:
            lines = timesteps if layer.input.timesteps > 1 else 1
            return lines * packed_rows(layer, self.facts.reals, 1).row_bytes
        return packed_rows(layer, self.facts.reals, timesteps).row_bytes

    @cached_property
    def fixed(self) -> int:
        """Bytes that no choice within the group changes: outputs that leave."""
        return int(self._out.sum())

    @cached_property
    def _out(self) -> Ints:
        """[layers] of tensors that others read, or nobody does."""
        return np.array([sum(map(self.put_out, facts.layer.outputs)) for facts in self.layers], np.int64)

    def put_out(self, tensor: Tensor) -> int:
        """Bytes of an output that leave, the whole batch."""
        facts, members = self.facts.tensors[tensor.name], self.rows.members
        if facts.readers and all(reader in members for reader in facts.readers):
            return 0
        lengths = self.windows if facts.when == "every" else Counter([1])
        moved = 0
        for length, count in lengths.items():
            lines, packed = (length, 1) if self.apart else (1, length)
            moved += count * lines * packed_row_bytes(tensor, self.facts.reals, packed)
        return self.chunks.batch * rows_of(tensor.shape) * moved

    def visits_in(self, waves: Waves) -> list[int]:
        """How often each layer's weights are needed: chunks, windows, waves."""
        return [
            self.chunks.count
            * sum(
                count * waves.visits(layer, timesteps if facts.when == "every" else 1)
                for timesteps, count in self.windows.items()
            )
            for layer, facts in enumerate(self.layers, self.rows.first)
        ]

    def outside(self, waves: Waves) -> tuple[list[Ints], Ints]:
        """[layers][1 + m] bytes of inputs, [layers] of operands of adds."""
        reads = [np.zeros(1 + facts.tile_counts.size, np.int64) for facts in self.layers]
        residual = np.zeros(len(self.layers), np.int64)
        for images, chunks in self.chunks.sizes:
            for timesteps, count in self.windows.items():
                outside = OutsideReads(self.turns(waves, timesteps), self.buffers.spike_in, images)
                times = chunks * count * images
                if outside.whole:
                    inputs, operands = reads_once(outside.turns)
                    residual += times * np.array(operands)
                    for mine, size in zip(reads, inputs, strict=True):
                        mine += times * size
                    continue
                for index, facts in enumerate(self.layers):
                    counts = np.concatenate([facts.tile_counts[:1], facts.tile_counts])
                    reads[index] += times * outside.inputs(self.rows.first + index, counts)
                    residual[index] += times * outside.residual(self.rows.first + index)
        return reads, residual

    def _demand(self, waves: Waves, reads: list[Ints], whole: frozenset[int]) -> WeightDemand:
        rows = [self.row_visits(waves, one) for one in range(len(self.layers))]
        rows = [AT_ANY_PRICE if index in whole else times for index, times in enumerate(rows)]
        return WeightDemand(
            layers=self.layers,
            visits=tuple(self.visits_in(waves)),
            row_visits=tuple(rows),
            absent=(0,) * len(rows),
            strips=(1,) * len(rows),
            asked=tuple(tuple(each.tolist()) for each in reads),
            buffer=self.buffers.weight,
        )

    def row_visits(self, waves: Waves, index: int) -> int:  # noqa: ARG002 (bands ask for them)
        """How often a row of a layer is worked off, or a piece of one, of all rows and images."""
        return self.chunks.batch * self.rounds(index) * self.layers[index].rows.axis.rows_out

    @property
    @abstractmethod
    def apart(self) -> bool:
        """Whether the timesteps of a window lie apart in DRAM."""

    @abstractmethod
    def rounds(self, index: int) -> int:
        """How often a row of a layer, all that lies together, is worked off for an image."""


@dataclass(frozen=True)
class WaveWalk:
    """A group with the waves that were chosen for it, and what it moves so."""

    group: WaveGroup
    cost: WaveCost
