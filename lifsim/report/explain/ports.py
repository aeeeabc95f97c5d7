"""A layer's waits for the ports of its buffers, and its busiest ports."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from lifsim.accounting.books import Cycles
from lifsim.model.arch import Arch
from lifsim.play.bound import PortUse
from lifsim.report.explain.line import Line, total
from lifsim.units import counted, noun_of


def port_lines(used: Mapping[str, PortUse], arch: Arch, cycles: Cycles) -> Iterator[Line]:
    """One line for the waits for ports, if there are any, and one for the busiest ports."""
    waits = {f"{name} for the array": use.port_stall_cycles for name, use in used.items()}
    waits |= {f"{name} for DRAM": use.fill_stall_cycles for name, use in used.items()}
    waits = {side: waited for side, waited in waits.items() if waited}
    if waits:
        yield total("ports", list(waits.values()), "cycles", f"of the stalls: {', '.join(waits)}")
    words = {(name, "read"): use.read_words for name, use in used.items()}
    words |= {(name, "write"): use.write_words for name, use in used.items()}
    name, port = max(words, key=lambda key: words[key] / getattr(arch.buffers, key[0]).banks)
    banks = getattr(arch.buffers, name).banks
    share = words[name, port] / (banks * cycles.total)
    why = f"the busiest: {share:.1%} of {counted(cycles.total, 'cycle')} of {banks} {noun_of(banks, 'port')}"
    yield Line(f"{name} {port} words", str(words[name, port]), words[name, port], "words", why)
