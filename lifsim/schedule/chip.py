"""The part of an architecture that schedules depend on."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from functools import lru_cache

import numpy as np

from lifsim.hardware.array import ArrayShape, Chains, Dataflow, dataflow_of, shape_of
from lifsim.hardware.lif_unit import lif_bank
from lifsim.hardware.memory import MEMORIES
from lifsim.lazy_dataclass import dataclass
from lifsim.model.arch import PLAIN_SGD, Arch, LifUnits, OptimizerPart, Precision
from lifsim.model.buffers import Buffers
from lifsim.model.network import Layer
from lifsim.schedule.tensors.psums import PsumStore
from lifsim.schedule.tensors.rows import Ints
from lifsim.schedule.tensors.storage import bytes_of
from lifsim.schedule.tick.held import ArrayMembranes, MembraneRoom
from lifsim.schedule.tick.ways import Way, chains_of
from lifsim.schedule.traffic import Tiling


@dataclass(frozen=True)
class BufferBytes:
    """Bytes of each buffer that a schedule may fill (half of a double-buffered one)."""

    weight: int
    spike_in: int
    spike_out: int
    membrane: int
    psum: int

    def for_inputs(self, size: int) -> BufferBytes:
        """The same for layers that run timestep by timestep, with spike_in cut down to the bytes of all their inputs: a
        larger buffer would not change a plan."""
        return replace(self, spike_in=min(self.spike_in, size))


@dataclass(frozen=True)
class Overlap:
    """What overlaps with the array's work on a tile. prefetches: loading the weights of the next tile; drains: storing
    the spikes of the last one. weight_rate: the most bytes of weights that are loaded per cycle; None if loading takes
    no time."""

    prefetches: bool = False
    drains: bool = False
    weight_rate: Fraction | None = None

    @property
    def narrows(self) -> bool:
        """Whether tiles of a timestep-major layer had better have few filters."""
        return self.prefetches and self.drains

    def first_weights(self, size: Ints) -> Ints:
        """[n] the least cycles in which the first tile's weights, `size` [n] bytes, are loaded, if the weights of all
        later tiles are prefetched; else 0."""
        if not self.prefetches or self.weight_rate is None:
            return np.zeros_like(size)
        return -(-size * self.weight_rate.denominator // self.weight_rate.numerator)


@dataclass(frozen=True)
class TileRoom:
    """What limits the tiles of a tick-batched layer. cols: columns of the array; weight, spike_in, spike_out: bytes of
    these buffers that a tile may fill. pass_cycles: cycles of a pass of the LIF units, if it overlaps with the array's
    work; else 0."""

    cols: int
    weight_bits: int
    weight: int
    spike_in: int
    spike_out: int
    psums: PsumStore
    overlap: Overlap = Overlap()
    pass_cycles: int = 0


@dataclass(frozen=True)
class Chip:
    """The array, its precisions, the room in its buffers, and its LIF units. overlap: the transfers that
    double-buffering lets run beside the array's work. optimizer: how weights are updated in training."""

    shape: ArrayShape
    dataflow: Dataflow
    precision: Precision
    room: BufferBytes
    lif: LifUnits
    overlap: Overlap = Overlap()
    optimizer: OptimizerPart = PLAIN_SGD

    @classmethod
    def of(cls, arch: Arch) -> Chip:
        """The chip of an architecture."""
        array, buffers = arch.array, arch.buffers
        return cls(
            shape=shape_of(array),
            dataflow=dataflow_of(array),
            precision=arch.precision,
            room=buffer_bytes(buffers),
            lif=arch.lif,
            overlap=Overlap(buffers.weight.double_buffered, buffers.spike_out.double_buffered, _rate(arch)),
            optimizer=arch.optimizer,
        )

    def __hash__(self) -> int:
        """A cheap hash of the parts in which the chips of a sweep usually differ."""
        return hash((self.room, self.shape))

    @property
    def psums(self) -> PsumStore:
        """Where partial sums wait."""
        return PsumStore(self.dataflow, self.shape, self.precision.psum_bits, self.room.psum)

    def membranes_of(self, layer: Layer, channels: int, chains: Chains | None) -> MembraneRoom | None:
        """Where the membranes of `layer`, shared by `channels` groups of its channels, live under tick batching; None
        if the array's registers hold them whatever the tile."""
        room = ArrayMembranes(self.dataflow, self.shape, self.precision.membrane_bits, self.room.membrane)
        found = MembraneRoom.of(layer, channels, chains, room)
        return found if found.matters(layer) else None

    def ways_of(self, layer: Layer, channels: int) -> tuple[Way, ...]:
        """The ways in which `layer` may be tick-batched, `channels` groups of its channels using one state in turn."""
        return _ways_of(self, layer, channels)

    def held_bytes(self, layer: Layer, tiling: Tiling) -> int:
        """Bytes of the membranes of a tile of `layer` that the registers do not hold."""
        return bytes_of(tiling.held.most * layer.state_variables * self.precision.membrane_bits)

    def pass_cycles(self, channels: int) -> int:
        """Cycles of a pass of the LIF units, `channels` groups of channels sharing one; 0 if the array waits for each
        pass."""
        return lif_bank(self.lif, self.shape.pes, channels).pass_cycles if self.lif.overlapped else 0

    @property
    def tiles(self) -> TileRoom:
        """The room for tiles of one layer alone."""
        room, bits = self.room, self.precision.weight_bits
        return TileRoom(self.shape.cols, bits, room.weight, room.spike_in, room.spike_out, self.psums, self.overlap)


@lru_cache(1 << 12)
def _ways_of(chip: Chip, layer: Layer, channels: int) -> tuple[Way, ...]:
    return tuple(
        Way(chains, chip.membranes_of(layer, channels, chains))
        for chains in chains_of(layer, channels, chip.dataflow, chip.shape)
    )


def _rate(arch: Arch) -> Fraction | None:
    """Bytes per cycle: the lower of the memory's peak and of the buffer's ports."""
    peak, weight = MEMORIES[arch.dram.model].peak_bytes_per_cycle(arch.dram, arch.clock_hz), arch.buffers.weight
    return None if peak is None else min(peak, Fraction(weight.banks * weight.port_bits, 8))


def buffer_bytes(buffers: Buffers) -> BufferBytes:
    """What a schedule may fill of each buffer."""
    return BufferBytes(
        weight=buffers.weight.usable_bytes,
        spike_in=buffers.spike_in.usable_bytes,
        spike_out=buffers.spike_out.usable_bytes,
        membrane=buffers.membrane.usable_bytes,
        psum=buffers.psum.usable_bytes,
    )
