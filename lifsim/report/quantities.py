"""The rows of all tables of runs: groups, names and units, defined once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from lifsim.accounting.energy import KINDS
from lifsim.lazy_dataclass import dataclass
from lifsim.report.energy_table import LABELS
from lifsim.simulate.options import Options
from lifsim.simulate.result import Totals
from lifsim.units import format_bytes, format_si

KEPT = "LIF memory"
"""The group that is shown even where it is nothing: nothing kept is an answer."""

CAUSES = {
    "array": "array at work",
    "fill_drain": "array filling and draining",
    "lif": "LIF units, array waits",
    "stall_weights": "waiting for weights",
    "stall_spikes": "waiting for spikes",
    "stall_membrane": "waiting for membranes",
    "stall_writeback": "waiting for writeback",
}
"""The parts of `cycles` in words."""

_BUFFER_LABELS = {"membrane_fill": "membrane, by DRAM"}


class Ran(Protocol):
    """A run, be it just made or read back."""

    @property
    def options(self) -> Options:
        """Its options."""

    @property
    def totals(self) -> Totals:
        """Its figures."""


@dataclass(frozen=True)
class Quantity:
    """One row. group: cycles, time, operations, DRAM, accesses, energy, LIF update, area or LIF memory; unit: '' of
    counts, `share`, s, B, pJ, `pJ each` of what one event costs, or mm2; key: of `Totals.figures`, '' of sums that
    have none."""

    group: str
    name: str
    value: float
    unit: str = ""
    key: str = ""

    @property
    def label(self) -> str:
        """Where no group stands before it: `energy, idle`."""
        return self.name if self.group == "time" else f"{self.group}, {self.name}"

    @property
    def text(self) -> str:
        """The value with its unit: `12.3 mJ`, `1,024`."""
        return text_of(self.value, self.unit)


def text_of(value: float, unit: str) -> str:
    """A value of one of the units of `Quantity`."""
    match unit:
        case "":
            return f"{value:,.0f}"
        case "share":
            return f"{value:.1%}"
        case "B":
            return format_bytes(value)
        case "pJ" | "pJ each":
            return format_si(value * 1e-12, "J")
        case "mm2":
            return f"{value:.4g} mm2"
        case _:
            return format_si(value, unit)


MAIN = (
    "cycles.total",
    "time_s",
    "pe_utilisation",
    "pe_utilisation_overall",
    "energy_pj.total",
    *(f"energy_pj.total.{kind}" for kind in KINDS),
    "dram_bytes.total",
    "lif_memory_bytes.forward",
    "lif_memory_bytes.backward",
    "area_mm2",
)
"""Keys of what an architect looks at first."""


def quantities(run: Ran) -> tuple[Quantity, ...]:
    """All rows of a run, those that are zero too, in the order in which they are shown."""
    return tuple(_rows(run.totals, run.options.bptt if run.options.mode == "training" else None))


def _rows(t: Totals, bptt: str | None) -> Iterator[Quantity]:
    """bptt: of a training run."""
    yield Quantity("cycles", "total", t.cycles.total, key="cycles.total")
    for name, value in vars(t.cycles).items():
        if name != "total":
            yield Quantity("cycles", CAUSES[name], value, key=f"cycles.{name}")
    yield Quantity("time", "latency", t.time_s, "s", "time_s")
    yield Quantity("time", "PE utilisation", t.pe_utilisation, "share", "pe_utilisation")
    yield Quantity("time", "PE utilisation, overall", t.pe_utilisation_overall, "share", "pe_utilisation_overall")
    yield Quantity("operations", "MACs, dense", t.ops.macs_dense, key="ops.macs_dense")
    yield Quantity("operations", "MACs, effective", t.ops.macs_effective, key="ops.macs_effective")
    yield Quantity("operations", "LIF updates", t.ops.lif_updates, key="ops.lif_updates")
    multiplied, divided = t.ops.optimizer_multiply_adds, t.ops.optimizer_divisions
    yield Quantity("operations", "optimizer, multiply-adds", multiplied, key="ops.optimizer_multiply_adds")
    yield Quantity("operations", "optimizer, divisions", divided, key="ops.optimizer_divisions")
    for name, value in t.dram_bytes.shown().items():
        if name != "total":
            yield Quantity("DRAM", name.replace("_", " "), value, "B", f"dram_bytes.{name}")
    yield Quantity("DRAM", "total", t.dram_bytes.total, "B", "dram_bytes.total")
    for name, accesses in vars(t.sram_accesses).items():
        yield Quantity("accesses", _BUFFER_LABELS.get(name, name.replace("_", " ")), accesses.reads + accesses.writes)
    registers = t.membrane_registers
    yield Quantity("accesses", "membrane registers", registers.reads + registers.writes)
    yield from _energy(t)
    yield from _lif_update(t)
    yield Quantity("area", "LIF units", t.area.lif, "mm2", "area_parts_mm2.lif")
    yield Quantity("area", "membrane registers", t.area.membrane_registers, "mm2", "area_parts_mm2.membrane_registers")
    yield Quantity("area", "optimizer", t.area.optimizer, "mm2", "area_parts_mm2.optimizer")
    yield Quantity("area", "total", t.area_mm2, "mm2", "area_mm2")
    kept = t.lif_memory_bytes
    yield Quantity(KEPT, "forward", kept.forward, "B", "lif_memory_bytes.forward")
    if bptt is not None:
        paper = "paper's convention: shared reversed, unshared stored"
        yield Quantity(KEPT, f"backward, {bptt}", kept.backward, "B", "lif_memory_bytes.backward")
        yield Quantity(KEPT, paper, kept.paper_backward, "B", "lif_memory_bytes.paper_backward")


def _energy(t: Totals) -> Iterator[Quantity]:
    energy = t.energy_pj
    for name, logic in vars(energy.compute).items():
        yield Quantity("energy", LABELS[name], logic.total, "pJ", f"energy_pj.compute.{name}")
        if name == "lif":
            toggles, gated = energy.lif_if.toggles.total, energy.lif_if.clock_gated.total
            yield Quantity("energy", "LIF units, idle ones toggling", toggles, "pJ", "energy_pj.lif_if.toggles")
            yield Quantity("energy", "LIF units, idle ones clock-gated", gated, "pJ", "energy_pj.lif_if.clock_gated")
    yield Quantity("energy", "SRAM", energy.sram.total, "pJ", "energy_pj.sram")
    yield Quantity("energy", "DRAM", energy.dram.total, "pJ", "energy_pj.dram")
    yield Quantity("energy", "total", energy.total.total, "pJ", "energy_pj.total")
    for kind in KINDS:
        yield Quantity("energy", f"total, {kind}", getattr(energy.total, kind), "pJ", f"energy_pj.total.{kind}")


def _lif_update(t: Totals) -> Iterator[Quantity]:
    each, prefix = t.lif_update_pj, "lif_update_pj"
    yield Quantity("LIF update", "work", each.work, "pJ each", f"{prefix}.work")
    yield Quantity("LIF update", "all in, idle units toggling", each.toggling, "pJ each", f"{prefix}.toggling")
    yield Quantity("LIF update", "all in, clock-gated", each.clock_gated, "pJ each", f"{prefix}.clock_gated")
