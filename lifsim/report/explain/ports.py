"""A layer's waits for the ports of its buffers, and the ports that are busiest."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from lifsim.config.arch import Arch
from lifsim.report.explain.line import Line
from lifsim.simulate.books import Cycles
from lifsim.simulate.buffer_use import PortUse


def port_lines(used: Mapping[str, PortUse], arch: Arch, cycles: Cycles) -> Iterator[Line]:
    """One line for each side of a buffer that is waited for, one for the busiest ports of all."""
    for name, use in used.items():
        for waited, side in ((use.port_stall_cycles, "array"), (use.fill_stall_cycles, "DRAM")):
            if waited:
                why = f"of the stalls: for the ports of {name} on the {side}'s side"
                yield Line(f"{name} ports, {side}", str(waited), waited, "cycles", why)
    words = {(name, "read"): use.read_words for name, use in used.items()}
    words |= {(name, "write"): use.write_words for name, use in used.items()}
    name, port = max(words, key=lambda key: words[key] / getattr(arch.buffers, key[0]).banks)
    banks = getattr(arch.buffers, name).banks
    share = words[name, port] / (banks * cycles.total)
    why = f"the busiest: {share:.1%} of {cycles.total:,} cycles of {banks} ports"
    yield Line(f"{name} {port} words", str(words[name, port]), words[name, port], "words", why)
