"""The counts of one layer of a run, in whole numbers: no prices, no seconds."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import field

from lifsim.accounting.books import Accesses, BooksError, Cycles, Operations, SramAccesses
from lifsim.hardware.dram.counts import DramWork
from lifsim.hardware.energy import port_accesses
from lifsim.hardware.sram_ports import PortStalls
from lifsim.lazy_dataclass import dataclass
from lifsim.schedule.traffic import DramBytes


@dataclass(frozen=True)
class ElementBits:
    """Bits of one element in each buffer."""

    weight: int
    spike_in: int
    spike_out: int
    membrane: int
    psum: int


@dataclass(frozen=True)
class TimestepCounts:
    """The counts of one layer at one timestep, for the whole batch. A layer that runs once per image does so at
    timestep 0.

    pe_utilisation: of the running array at this timestep.
    """

    timestep: int
    array_cycles: int
    fill_drain_cycles: int
    pe_utilisation: float
    macs_effective: int
    input_reads: int
    weight_reads: int
    output_writes: int


def occupying(counts: Iterable[LayerCounts], *, skips: bool) -> int:
    """Multiply-accumulates of layers that take a PE's cycle, of an array that `skips` zeros or none."""
    return sum(layer.occupying(skips=skips) for layer in counts)


@dataclass(frozen=True)
class LayerCounts:
    """One weight layer with its LIF over all timesteps and images.

    registers: membrane registers in the PEs. pe_utilisation: dense MACs (under `skip`, effective ones) / PE-cycles of
    the running array. tiling: how the schedule cut it, in words. timesteps: the same work by timestep. input_words:
    words of a port's width that the array reads from spike_in. port_stalls: the part of all stalls that waits for ports
    of buffers on the array's side; fill_stalls: on the DRAM's side. dram: its share of what a simulated DRAM did, else
    None. datapaths: of a LIF unit, that each update uses. timed_macs: the MACs on which the cycles are based, if an
    accounting counts others in `ops`.
    """

    name: str
    cycles: Cycles
    ops: Operations
    dram_bytes: DramBytes
    sram_accesses: SramAccesses
    registers: Accesses
    bits: ElementBits
    pe_utilisation: float
    tiling: str
    timesteps: tuple[TimestepCounts, ...]
    input_words: int
    port_stalls: PortStalls = field(default_factory=PortStalls)
    fill_stalls: PortStalls = field(default_factory=PortStalls)
    dram: DramWork | None = None
    datapaths: int = 1
    timed_macs: int | None = None

    array_bytes = 0  # (no field: none of it is an array)

    def __post_init__(self) -> None:
        stalled = self.cycles.stalled
        if self.port_stalls.total + self.fill_stalls.total > stalled:
            raise BooksError(f"{self.name}: more waits for ports than waits: {self.port_stalls}, {self.fill_stalls}")

    def __hash__(self) -> int:
        """Cheap, and still distinctive: layers of different runs mostly differ in these fields."""
        return hash((self.name, self.cycles.total))

    def occupying(self, *, skips: bool) -> int:
        """MACs that take a PE's cycle."""
        return self.ops.occupying(skips=skips) if self.timed_macs is None else self.timed_macs

    def accesses(self, buffer: str) -> Accesses:
        """Elements that pass the buffer `name`, on the array's side and the DRAM's."""
        accesses: Accesses = getattr(self.sram_accesses, buffer)
        if buffer != "membrane":
            return accesses
        fill = self.sram_accesses.membrane_fill
        return Accesses(accesses.reads + fill.reads, accesses.writes + fill.writes)

    def words(self, buffer: str, port_bits: int) -> Accesses:
        """Words of `port_bits` that pass the buffer: they occupy its ports, and its energy is charged for them. Streams
        are packed; the array reads spike_in by address."""
        accesses, bits = self.accesses(buffer), getattr(self.bits, buffer)
        reads, writes = (port_accesses(elements, bits, port_bits) for elements in (accesses.reads, accesses.writes))
        return Accesses(self.input_words if buffer == "spike_in" else reads, writes)
