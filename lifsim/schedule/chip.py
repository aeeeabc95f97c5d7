"""What schedules read of an architecture."""

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
    """What of each buffer may be filled (half of a double-buffered one)."""

    weight: int
    spike_in: int
    spike_out: int
    membrane: int
    psum: int

    def for_inputs(self, size: int) -> BufferBytes:
        """The same for layers that run timestep by timestep, whose inputs take so many bytes together: a buffer that
        holds all of them is as good as any larger one."""
        return replace(self, spike_in=min(self.spike_in, size))


@dataclass(frozen=True)
class Overlap:
    """What goes on while the array works on a tile. prefetches: the weights of the next one come; drains: the spikes of
    the last one go. weight_rate: bytes of weights that come at most in a cycle; None where nobody waits for them."""

    prefetches: bool = False
    drains: bool = False
    weight_rate: Fraction | None = None

    @property
    def narrows(self) -> bool:
        """Whether tiles of a timestep-major layer are the better, the fewer filters they have."""
        return self.prefetches and self.drains

    def first_weights(self, size: Ints) -> Ints:
        """[n] cycles that the `size` [n] bytes of the first tile's weights take at least, on which all others come
        under its work; 0 where no others do."""
        if not self.prefetches or self.weight_rate is None:
            return np.zeros_like(size)
        return -(-size * self.weight_rate.denominator // self.weight_rate.numerator)


@dataclass(frozen=True)
class TileRoom:
    """What cuts the tiles of a tick-batched layer. cols: of the array; weight, spike_in, spike_out: bytes of these
    buffers that a tile may fill. pass_cycles: of LIF units that serve under the array's work; 0: none do."""

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
    """The array, its precisions, the room of its buffers, and its LIF units. overlap: what buffers that are
    double-buffered let go on beside the work. optimizer: how it changes weights."""

    shape: ArrayShape
    dataflow: Dataflow
    precision: Precision
    room: BufferBytes
    lif: LifUnits
    overlap: Overlap = Overlap()
    optimizer: OptimizerPart = PLAIN_SGD

    @classmethod
    def of(cls, arch: Arch) -> Chip:
        """That of an architecture."""
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
        """Cheap: chips that are looked at beside each other mostly differ in these."""
        return hash((self.room, self.shape))

    @property
    def psums(self) -> PsumStore:
        """Where partial sums wait."""
        return PsumStore(self.dataflow, self.shape, self.precision.psum_bits, self.room.psum)

    def membranes_of(self, layer: Layer, channels: int, chains: Chains | None) -> MembraneRoom | None:
        """Where those of `layer` live, tick-batched, `channels` groups of whose channels share them; None where the
        registers of the array hold them whatever the tile."""
        room = ArrayMembranes(self.dataflow, self.shape, self.precision.membrane_bits, self.room.membrane)
        found = MembraneRoom.of(layer, channels, chains, room)
        return found if found.matters(layer) else None

    def ways_of(self, layer: Layer, channels: int) -> tuple[Way, ...]:
        """In which `layer`, `channels` groups of whose channels share a state in turn, may be tick-batched."""
        return _ways_of(self, layer, channels)

    def held_bytes(self, layer: Layer, tiling: Tiling) -> int:
        """Of membranes that a tile of `layer` has beside the registers."""
        return bytes_of(tiling.held.most * layer.state_variables * self.precision.membrane_bits)

    def pass_cycles(self, channels: int) -> int:
        """Of a pass of the LIF units, `channels` groups of channels sharing one; 0 where the array waits for all."""
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
    """At the memory's peak, or through the buffer's ports."""
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
