"""What bounds a run, how busy its buffers are, and what would shorten it.

Arithmetic on its cycles and bytes, no second simulation.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from fractions import Fraction
from math import ceil

from lifsim.accounting.books import Cycles
from lifsim.accounting.counts import LayerCounts
from lifsim.accounting.prices import BUFFERS
from lifsim.hardware.sram_ports import PortStalls
from lifsim.hardware.stores import Stores
from lifsim.lazy_dataclass import dataclass
from lifsim.model.arch import Arch
from lifsim.schedule.chip import BufferBytes

STALLS = {
    "weights": "stall_weights",
    "spikes": "stall_spikes",
    "membranes": "stall_membrane",
    "writeback": "stall_writeback",
}
STALLED = {"weights": ("weight",), "spikes": ("spike_in",), "membranes": ("membrane",), "writeback": ("spike_out",)}


WORTH_SAYING = 0.0005
"""Share of the cycles from which on waits are worth a remedy."""


def bound(cycles: Cycles) -> str:
    """What most cycles are spent on: `compute` (array, fill_drain), `lif`, or waits for `weights`, `spikes`,
    `membranes` or `writeback`."""
    parts = {"compute": cycles.array + cycles.fill_drain, "lif": cycles.lif}
    parts |= {name: getattr(cycles, field) for name, field in STALLS.items()}
    return max(parts, key=lambda name: parts[name])


def bound_words(cycles: Cycles, pe_utilisation: float) -> str:
    """`bound_by`, with a remark if the working array is mostly empty. pe_utilisation: of the running array."""
    busy = f", {pe_utilisation:.1%} of its PEs busy" if bound(cycles) == "compute" else ""
    return f"{bound_by(cycles)}{busy}"


def bound_by(cycles: Cycles) -> str:
    """`bound` in words."""
    return in_words(bound(cycles))


def in_words(name: str) -> str:
    """A value of `bound` in words."""
    match name:
        case "compute":
            return "array work"
        case "lif":
            return "LIF units"
        case waited_for:
            return f"waiting for {waited_for}"


def stalls(cycles: Cycles) -> dict[str, int]:
    """Waiting cycles by cause, the most first, without causes of 0 cycles."""
    found = {name: getattr(cycles, field) for name, field in STALLS.items()}
    return {name: found[name] for name in sorted(found, key=lambda name: -found[name]) if found[name]}


@dataclass(frozen=True)
class Relief:
    """What a run waits for, in array cycles.

    waiting: all stalls. ports: those for the ports of buffers on the array's side; fills: those for ports on the DRAM's
    side that are slower than the DRAM. overlappable: of the rest, stalls that a DRAM of this bandwidth could hide under
    the work of the same layer. bandwidth: factor by which the bytes of the remaining layers exceed what the DRAM moves
    while they work; 1 if there are none. reuse: factor on the images per fetch of the weights that would bring
    `bandwidth` to 1; None if none would.
    """

    waiting: int
    ports: PortStalls
    fills: PortStalls
    overlappable: int
    bandwidth: float
    reuse: int | None


def relief(counts: Sequence[LayerCounts], bytes_per_cycle: Fraction) -> Relief:
    """What causes the stalls of these layers, on a DRAM that moves `bytes_per_cycle` of the array.

    A layer whose bytes take D cycles and whose work takes C cannot take less than max(C, D): of its stalls,
    max(0, D - C) need more bandwidth or fewer bytes, the rest a load that starts earlier.
    """
    waiting = short = needed = worked = weights = 0
    for layer in counts:
        stalled = sum(stalls(layer.cycles).values())
        for_dram = stalled - layer.port_stalls.total - layer.fill_stalls.total
        work = layer.cycles.total - stalled + layer.port_stalls.total
        moving = ceil(layer.dram_bytes.total / bytes_per_cycle)
        waiting += stalled
        if for_dram and moving > work:
            short += min(for_dram, moving - work)
            needed, worked = needed + moving, worked + work
            weights += ceil(layer.dram_bytes.weights / bytes_per_cycle)
    others = needed - weights
    ports = sum((layer.port_stalls for layer in counts), PortStalls())
    fills = sum((layer.fill_stalls for layer in counts), PortStalls())
    return Relief(
        waiting=waiting,
        ports=ports,
        fills=fills,
        overlappable=waiting - ports.total - fills.total - short,
        bandwidth=needed / worked if worked else 1.0,
        reuse=ceil(weights / (worked - others)) if weights > 0 and others < worked else None,
    )


@dataclass(frozen=True)
class Remedy:
    """What would shorten a run. share: upper bound of the cycles that it saves, as a share; says: its words in a line
    with others; brief: its words alone, what to do first."""

    share: float
    says: str
    brief: str


def advice(counts: Sequence[LayerCounts], cycles: Cycles, arch: Arch, bytes_per_cycle: Fraction) -> str:
    """One line: what the array waits for, and what would shorten that."""
    found = remedies(counts, cycles, arch, bytes_per_cycle)
    return "; ".join([waits_words(cycles), *(remedy.says for remedy in found)])


def waits_words(cycles: Cycles, *, ideal: bool = False) -> str:
    """How long the array waits, and for what mostly. ideal: whether the memory takes no time."""
    if ideal:
        return "an ideal memory takes no time"
    waited = stalls(cycles)
    if not waited:
        return "the array never waits for memory"
    worst, most = next(iter(waited.items()))
    share = sum(waited.values()) / cycles.total
    if share < WORTH_SAYING:
        return f"less than 0.1% of the cycles wait, most for {worst}"
    return f"{share:.1%} of the cycles wait, {most / cycles.total:.1%} for {worst}"


def remedies(
    counts: Sequence[LayerCounts], cycles: Cycles, arch: Arch, bytes_per_cycle: Fraction
) -> tuple[Remedy, ...]:
    """The remedies worth mentioning: for ports, then for their DRAM side, then for what could overlap, then for the
    DRAM itself."""
    found = relief(counts, bytes_per_cycle)
    return tuple(_remedies(found, cycles, arch)) if found.waiting else ()


def lif_remedies(cycles: Cycles, units: int, pes: int, *, overlapped: bool) -> tuple[Remedy, ...]:
    """The remedy if the array of `pes` waits for its LIF units, `units` of them: more than one per PE have no work, and
    units that are `overlapped` already cannot be overlapped. None if the waits are short, or nothing is left to do."""
    share = cycles.lif / cycles.total if cycles.total else 0.0
    ways = [f"more LIF units ({units:,} now)"] * (units < pes) + ["overlapped calls"] * (not overlapped)
    if share < WORTH_SAYING or not ways:
        return ()
    how = " or ".join(ways)
    return (Remedy(share, f"{share:.1%} for LIF units ({how})", f"{how}: {share:.1%} of the cycles"),)


def _remedies(found: Relief, cycles: Cycles, arch: Arch) -> Iterator[Remedy]:
    wider = "wider ports or more banks"
    for name, waited in _most_first(found.ports, cycles):
        share = waited / cycles.total
        says = f"{share:.1%} for the ports of {name} ({wider})"
        yield Remedy(share, says, f"widen the ports of {name}, or more banks: {share:.1%} of the cycles")
    for name, waited in _most_first(found.fills, cycles):
        share = waited / cycles.total
        more = "" if getattr(arch.buffers, name).double_buffered else ", or double-buffer it"
        says = f"{share:.1%} for DRAM behind the ports of {name}, which are slower ({wider}{more})"
        how = f"widen the ports of {name}, or more banks" if not more else f"double-buffer {name}, or widen its ports"
        yield Remedy(share, says, f"{how}: {share:.1%} of the cycles")
    share = found.overlappable / cycles.total
    if share >= WORTH_SAYING:
        worst = next(iter(stalls(cycles)))
        single = [name for name in STALLED[worst] if not getattr(arch.buffers, name).double_buffered]
        how = f"double-buffer {single[0]}" if single else "load in smaller tiles"
        says = f"{share:.1%} could hide under work ({how})"
        yield Remedy(share, says, f"{how}: {share:.1%} of the cycles could hide under work")
    if found.bandwidth > 1:
        share = (found.waiting - found.ports.total - found.fills.total - found.overlappable) / cycles.total
        more = f"{found.bandwidth:.3g}x the DRAM bandwidth"
        says, brief = more, more
        if found.reuse:
            says += f" or {found.reuse}x the images on one fetch of the weights"
            brief += f", or {found.reuse}x the images on a fetch of weights"
        yield Remedy(share, f"{says} would keep the layers that wait for it at work", brief)


def _most_first(waits: PortStalls, cycles: Cycles) -> list[tuple[str, int]]:
    """(buffer, cycles) of those worth mentioning, the most first."""
    found = sorted(asdict(waits).items(), key=lambda buffer: -buffer[1])
    return [(name, waited) for name, waited in found if waited >= WORTH_SAYING * cycles.total]


@dataclass(frozen=True)
class PortUse:
    """read_words, write_words: words of a port's width, on the array's and the DRAM's side. read_utilisation,
    write_utilisation: words / (cycles x banks), with one read and one write port per bank. port_stall_cycles,
    fill_stall_cycles: cycles in which the array waits for the ports, on its own side and on the DRAM's."""

    read_words: int
    write_words: int
    read_utilisation: float
    write_utilisation: float
    port_stall_cycles: int
    fill_stall_cycles: int


@dataclass(frozen=True)
class BufferUse(PortUse):
    """peak_bytes: the most that the schedule keeps at a time; usable_bytes: the most that it may keep (half of a
    double-buffered buffer)."""

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
    words = [layer.words(name, getattr(stores, name).port_bits) for layer in counts]
    reads, writes = sum(each.reads for each in words), sum(each.writes for each in words)
    most = cycles * getattr(stores, name).banks
    return PortUse(
        read_words=reads,
        write_words=writes,
        read_utilisation=reads / most,
        write_utilisation=writes / most,
        port_stall_cycles=sum(getattr(layer.port_stalls, name) for layer in counts),
        fill_stall_cycles=sum(getattr(layer.fill_stalls, name) for layer in counts),
    )
