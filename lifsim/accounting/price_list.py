"""The energy of each access of a machine, its leakage and area, and the source of the figures: the list behind a run's
energy.

It holds for the machine without a network: unshared LIF units of one datapath, and a register for every membrane that
the array then holds. Channel sharing, and neurons with larger states, change their number (`lifsim.hardware.lif_unit`).
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

from lifsim.accounting.machine import Machine
from lifsim.accounting.prices import BUFFERS, Area, area_of, costs_of
from lifsim.hardware.array import dataflow_of, shape_of
from lifsim.hardware.components import SOURCE as SYNTHESIS
from lifsim.hardware.components import price_of
from lifsim.hardware.dram.counts import DramWork
from lifsim.hardware.dram.energy import energy_pj
from lifsim.hardware.lif_unit import LifBank, lif_bank
from lifsim.hardware.sram import CACTI, TEMPERATURE_K, TRANSISTORS, beyond_table, sram_cost
from lifsim.lazy_dataclass import dataclass
from lifsim.model.arch import Arch, Component
from lifsim.model.buffers import Buffer
from lifsim.model.dram import DramSpec
from lifsim.model.dram_energy import IddEnergy, PerBitEnergy
from lifsim.units import counted, format_bytes


@dataclass(frozen=True)
class Priced:
    """One row of the list: one kind of access of a part, or its standing power.

    part: its name in the architecture; what: a description; number: how many the machine has. access: the priced
    access, '' for none; pj: per access and piece. leakage_mw, area_mm2: of all pieces, only in the first row of a part,
    so that columns add up. standing_mw: of a DRAM in that state. source: of the figures.
    """

    part: str
    what: str
    number: int
    access: str = ""
    pj: float | None = None
    leakage_mw: float | None = None
    area_mm2: float | None = None
    standing_mw: float | None = None
    source: str = ""


@dataclass(frozen=True)
class PriceList:
    """The prices of `arch`, and totals of the machine."""

    arch: Arch

    @cached_property
    def rows(self) -> tuple[Priced, ...]:
        """The rows: components in the order of the file, then buffers, then the DRAM."""
        return (*self._components(), *self._buffers(), *_dram(self.arch))

    @cached_property
    def bank(self) -> LifBank:
        """LIF units and membrane registers, unshared."""
        array = self.arch.array
        held = dataflow_of(array).membrane_registers(shape_of(array))
        return lif_bank(self.arch.lif, array.pes, 1, held_states=held)

    @cached_property
    def area(self) -> Area:
        """Area of everything but the DRAM."""
        return area_of(self.arch, costs_of(self.arch), self.bank)

    @property
    def leakage_mw(self) -> float:
        """Leakage of everything but the DRAM, mW, with nothing switched off."""
        return sum(row.leakage_mw or 0.0 for row in self.rows)

    @property
    def peak_macs_per_s(self) -> int:
        """MACs per second with every PE at work in every cycle."""
        return self.arch.array.pes * self.arch.clock_hz

    @property
    def peak_lif_updates_per_s(self) -> float | None:
        """LIF updates per second if every unit starts calls as often as it can; None if a call takes no time."""
        interval = self.arch.lif.initiation_interval_cycles
        return self.bank.units * self.arch.clock_hz / interval if interval else None

    @property
    def peak_dram_bytes_per_s(self) -> float | None:
        """Bytes per second; None for an ideal memory."""
        per_cycle = Machine.of(self.arch).dram_bytes_per_cycle
        return None if per_cycle is None else float(per_cycle * self.arch.clock_hz)

    @property
    def balanced_macs_per_byte(self) -> float | None:
        """MACs per DRAM byte from which on the array no longer waits for DRAM: the ridge point of the roofline."""
        return self.peak_macs_per_s / self.peak_dram_bytes_per_s if self.peak_dram_bytes_per_s else None

    def _components(self) -> Iterator[Priced]:
        for component in self.arch.components:
            price, number = price_of(component), component.count * self._pieces(component)
            size = f"{counted(component.width_bits, 'bit')}" + (
                "" if component.depth is None else f" x {component.depth}"
            )
            yield Priced(
                f"{component.tag}.{component.name}",
                f"{component.kernel}, {size}",
                number,
                _occasion(component),
                price.dynamic_pj,
                number * price.leakage_mw,
                number * price.area_mm2,
                source=SYNTHESIS,
            )

    def _pieces(self, component: Component) -> int:
        match component.tag:
            case "spike_mac" | "spad":
                return self.arch.array.pes
            case "membrane":
                return self.bank.registers
            case "optimizer" | "optimizer_divider":
                return self.arch.optimizer.lanes
            case _:
                return self.bank.datapaths

    def _buffers(self) -> Iterator[Priced]:
        for name in BUFFERS:
            buffer: Buffer = getattr(self.arch.buffers, name)
            if buffer.size_bytes == 0:
                yield Priced(f"buffers.{name}", "none", 0)
                continue
            cost = sram_cost(buffer, self.arch.technology_nm, name)
            what = f"SRAM, {format_bytes(buffer.size_bytes)}, {buffer.banks} x {counted(buffer.port_bits, 'bit')}"
            source = buffer.source if buffer.read_pj is not None else self._cacti(buffer)
            part, word = f"buffers.{name}", f"of {counted(buffer.port_bits, 'bit')}"
            yield Priced(
                part, what, 1, f"read {word}", cost.read_pj, cost.leakage_mw, cost.area_mm2, source=source or ""
            )
            yield Priced(part, what, 1, f"write {word}", cost.write_pj, source=source or "")

    def _cacti(self, buffer: Buffer) -> str:
        made = f"{CACTI}, {TRANSISTORS}, {TEMPERATURE_K} K, {self.arch.technology_nm} nm"
        if (sizes := beyond_table(buffer, self.arch.technology_nm)) is not None:
            least, most = map(format_bytes, sizes)
            return f"{made}; beyond its table of {least} to {most}: its slope goes on"
        return made


def _occasion(component: Component) -> str:
    if component.idle == "toggles":
        return "cycle"
    if component.tag == "membrane":
        return "membrane written"
    if component.multibit_only:
        return "operation on several bits"
    return {"optimizer": "multiply-add", "optimizer_divider": "quotient or root"}.get(component.tag, "operation")


def _dram(arch: Arch) -> Iterator[Priced]:
    dram = arch.dram
    if dram.charges_device:
        yield from _device(dram.simulated)
        return
    what = dram.model if dram.device is None else f"{dram.device.name}, simulated"
    yield Priced("dram", what, 1, "bit moved", dram.energy_pj_per_bit, source=dram.source or "")


def _device(spec: DramSpec) -> Iterator[Priced]:
    """The rows of a simulated DRAM: commands of one rank, and its standing power."""
    price, organisation = spec.energy, spec.organisation
    ranks, burst = organisation.channels * organisation.ranks, f"burst of {organisation.burst_bytes} bytes"
    if isinstance(price, PerBitEnergy):
        yield Priced("dram", spec.name, ranks, "bit moved", price.pj_per_bit, source=spec.source)
        return
    source = spec.source if isinstance(price, IddEnergy) else price.source
    source = f"the currents of {price.borrowed_from}: {source}" if price.borrowed_from else source
    commands = {
        "row activated and closed": DramWork(1, 0, 0, 0, 0, 0, 0),
        f"{burst} read": DramWork(0, 1, 0, 0, 0, 0, 0),
        f"{burst} written": DramWork(0, 0, 1, 0, 0, 0, 0),
        "refresh": DramWork(0, 0, 0, 0, 1, 0, 0),
    }
    for access, work in commands.items():
        yield Priced("dram", spec.name, ranks, access, energy_pj(spec, work).total, source=source)
    states = {
        "standing by, a row open": DramWork(0, 0, 0, 0, 0, 1, 0),
        "standing by, precharged": DramWork(0, 0, 0, 0, 0, 0, 1),
        "power-down, a row open": DramWork(0, 0, 0, 0, 0, 1, 0, active_power_down_rank_cycles=1),
        "power-down, precharged": DramWork(0, 0, 0, 0, 0, 0, 1, precharge_power_down_rank_cycles=1),
        "self-refresh": DramWork(0, 0, 0, 0, 0, 0, 1, self_refresh_rank_cycles=1),
    }
    known = {"power-down, a row open": "IDD3P", "power-down, precharged": "IDD2P", "self-refresh": "IDD6"}
    for access, work in states.items():
        if access in known and any(getattr(supply, known[access]) is None for supply in price.supplies):
            continue
        standing = ranks * energy_pj(spec, work).total / spec.timing.tCK_ns
        yield Priced("dram", spec.name, ranks, access, standing_mw=standing, source=source)
