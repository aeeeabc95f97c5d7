"""How busy the ports of each buffer are, and how full it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from lifsim.accounting.counts import LayerCounts
from lifsim.accounting.prices import BUFFERS, accesses_of
from lifsim.hardware.energy import port_accesses
from lifsim.hardware.stores import Stores
from lifsim.schedule.chip import BufferBytes


@dataclass(frozen=True)
class PortUse:
    """read_words, write_words: of the ports' width, on the array's side and the DRAM's. read_utilisation,
    write_utilisation: words over cycles x banks, one read and one write port each. port_stall_cycles,
    fill_stall_cycles: that the array waits for the ports, on its own side and on the DRAM's."""

    read_words: int
    write_words: int
    read_utilisation: float
    write_utilisation: float
    port_stall_cycles: int
    fill_stall_cycles: int


@dataclass(frozen=True)
class BufferUse(PortUse):
    """peak_bytes: the most that the schedule keeps at once; usable_bytes: what it may (half of a double-buffered
    buffer)."""

    peak_bytes: int
    usable_bytes: int


def buffer_use(counts: Sequence[LayerCounts], stores: Stores, peak: BufferBytes) -> dict[str, BufferUse]:
    """By buffer, over these layers and all their cycles."""
    return {
        name: BufferUse(**asdict(use), peak_bytes=getattr(peak, name), usable_bytes=getattr(stores, name).usable_bytes)
        for name, use in port_use(counts, stores).items()
    }


def port_use(counts: Sequence[LayerCounts], stores: Stores) -> dict[str, PortUse]:
    """By buffer, over these layers and all their cycles."""
    cycles = sum(layer.cycles.total for layer in counts)
    return {name: _use(name, counts, stores, cycles) for name in BUFFERS}


def _use(name: str, counts: Sequence[LayerCounts], stores: Stores, cycles: int) -> PortUse:
    words = [_words(name, layer, stores) for layer in counts]
    reads, writes = sum(read for read, _ in words), sum(write for _, write in words)
    most = cycles * getattr(stores, name).banks
    return PortUse(
        read_words=reads,
        write_words=writes,
        read_utilisation=reads / most,
        write_utilisation=writes / most,
        port_stall_cycles=sum(getattr(layer.port_stalls, name) for layer in counts),
        fill_stall_cycles=sum(getattr(layer.fill_stalls, name) for layer in counts),
    )


def _words(name: str, layer: LayerCounts, stores: Stores) -> tuple[int, int]:
    """Words read and written of one layer: streams are packed, what the array reads of spike_in goes by address."""
    accesses, port_bits = accesses_of(layer, name), getattr(stores, name).port_bits
    reads, writes = (port_accesses(n, getattr(layer.bits, name), port_bits) for n in (accesses.reads, accesses.writes))
    return layer.input_words if name == "spike_in" else reads, writes
