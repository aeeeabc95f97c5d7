"""The basis of the prices of an architecture: technology node, transistors and temperature of each, and where prices
are extrapolated.

Only the prices of SRAM follow `technology_nm`. Logic is priced from one synthesis, whose source states its clock, but
neither node nor temperature; a simulated DRAM has the currents of its data sheet.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from lifsim.accounting.prices import BUFFERS
from lifsim.hardware.components import SYNTHESIS_CLOCK_HZ
from lifsim.hardware.sram import CACTI, TEMPERATURE_K, TRANSISTORS, beyond_table
from lifsim.lazy_dataclass import dataclass
from lifsim.model.arch import Arch
from lifsim.note import Note
from lifsim.units import format_bytes, format_si

FAR = 16
"""Factor beyond the table that counts as far: the extrapolated slope was taken from a factor of four."""

ONLY_SRAM_FOLLOWS = "only the SRAM's prices follow technology_nm; those of logic and DRAM stay as they are"


def nodes_of(nodes: Iterable[int]) -> str:
    """In words."""
    return f"{', '.join(map(str, sorted(nodes)))} nm"


@dataclass(frozen=True)
class PriceBasis:
    """The basis of the dynamic and leakage prices of one part. None: not stated by its source."""

    source: str
    technology_nm: int | None = None
    transistors: str | None = None
    temperature_k: int | None = None

    @property
    def words(self) -> str:
        """In a line."""
        if self.technology_nm is None:
            return f"node, transistors and temperature not stated by its source ({self.source})"
        return f"{self.technology_nm} nm, {self.transistors} transistors, {self.temperature_k} K ({self.source})"


def price_bases(arch: Arch) -> dict[str, PriceBasis]:
    """The basis of each part: SRAM (from CACTI, or buffers that state their own costs), logic, DRAM."""
    buffers = {name: getattr(arch.buffers, name) for name in BUFFERS}
    own = {
        f"SRAM {name}": PriceBasis(buffer.source or "")
        for name, buffer in buffers.items()
        if buffer.read_pj is not None
    }
    bases = {}
    if len(own) < len(buffers):
        bases["SRAM"] = PriceBasis(CACTI, arch.technology_nm, TRANSISTORS, TEMPERATURE_K)
    logic = f"SATA_Sim's synthesis at {format_si(SYNTHESIS_CLOCK_HZ, 'Hz')}"
    dram = f"the currents of {arch.dram.simulated.name}" if arch.dram.charges_device else arch.dram.source or ""
    return {**bases, **own, "logic": PriceBasis(logic), "DRAM": PriceBasis(dram)}


def prices_line(arch: Arch) -> str:
    """All of them in words; for the DRAM, only its source."""
    bases = price_bases(arch)
    said = [f"{part} {basis.words}" for part, basis in bases.items() if part != "DRAM"]
    return "; ".join([*said, f"DRAM {bases['DRAM'].source}"])


def stretched(arch: Arch) -> Iterator[str]:
    """One line for each price that is used beyond the range of its source."""
    for name in BUFFERS:
        buffer = getattr(arch.buffers, name)
        reach = beyond_table(buffer, arch.technology_nm)
        if reach is not None:
            least, most = (format_bytes(size) for size in reach)
            factor = max(buffer.size_bytes / reach[1], reach[0] / buffer.size_bytes)
            times = f"{factor:,.0f}" if factor > 100 else f"{factor:.4g}"
            lie = (
                f"lie {'far ' if factor > FAR else ''}outside the SRAM table, {least} to {most}, by a factor of {times}"
            )
            said = f"buffers.{name}: {format_bytes(buffer.size_bytes)} {lie}: its prices are extrapolated"
            far = f"the prices of buffers.{name} are extrapolated far, by a factor of {times}"
            yield Note(said, far if factor > FAR else "")
    pes, units = arch.array.pes, arch.lif.units or 0
    if units > pes:
        idle = f"{units - pes:,} of them have no work, and are charged for their area and energy"
        more = f"lif.units: {units:,} are more than the {pes:,} PEs whose outputs they take"
        yield Note(f"{more}: {idle}", more)
    if arch.clock_hz > SYNTHESIS_CLOCK_HZ:
        clock, synthesis = (format_si(hertz, "Hz") for hertz in (arch.clock_hz, SYNTHESIS_CLOCK_HZ))
        why = "whether it meets that timing, and at which power, is not known"
        above = f"clock_hz: {clock} are above the {synthesis} at which the logic was synthesised"
        yield Note(f"{above}: {why}", f"clock_hz: {clock} are above the {synthesis} of the logic's synthesis")
    for component in arch.components:
        adds = component.kernel in ("adder", "subtractor") and component.tag in ("spike_mac", "lif")
        if adds and component.width_bits < arch.precision.psum_bits:
            bits = f"{component.width_bits} bits are fewer than psum_bits, {arch.precision.psum_bits}"
            yield f"components.{component.name}: {bits}: sums are priced as if it added them"
