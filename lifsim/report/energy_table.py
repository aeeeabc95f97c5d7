"""The energy of a run by component and kind: work, idle, standing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from lifsim.accounting.energy import KINDS, DramEnergy, Energy, EnergyPj, LifIf, LogicEnergy
from lifsim.units import format_si

if TYPE_CHECKING:
    from rich.table import Table

LABELS = {
    "spike_mac": "spike MAC",
    "lif": "LIF units",
    "membrane_registers": "membrane registers",
    "spad": "scratchpads",
    "optimizer": "optimizer",
}
"""Of the parts of `energy_pj.compute`."""


def energy_table(energy: EnergyPj) -> Table:
    """One row a component that costs anything: joules by what they are spent on, and its share of all."""
    from rich.table import Table

    table = Table(title="energy", title_justify="left", title_style="bold", header_style="bold")
    table.add_column("")
    for heading in (*KINDS, "total", "of all"):
        table.add_column(heading, justify="right")
    for name, spent in _rows(energy):
        if spent.total:
            share = spent.total / energy.total.total
            table.add_row(name, *(_joule(getattr(spent, kind)) for kind in (*KINDS, "total")), f"{share:.1%}")
    table.add_section()
    spent_on = (_joule(getattr(energy.total, kind)) for kind in (*KINDS, "total"))
    table.add_row("total", *spent_on, "")
    return table


def parts_of(energy: EnergyPj) -> Iterator[tuple[str, Energy | LogicEnergy | DramEnergy]]:
    """The components by what they are called: they add up to the total."""
    for name, spent in vars(energy.compute).items():
        yield LABELS[name], spent
    for name, spent in vars(energy.buffers).items():
        yield f"{name} buffer", spent
    yield "DRAM", energy.dram


def _rows(energy: EnergyPj) -> Iterator[tuple[str, Energy | LogicEnergy | DramEnergy]]:
    for name, spent in parts_of(energy):
        yield name, spent
        if spent is energy.compute.lif:
            yield from _otherwise(energy.compute.lif, energy.lif_if)


def _otherwise(lif: LogicEnergy, lif_if: LifIf) -> Iterator[tuple[str, Energy]]:
    """The LIF units under what is not assumed of them."""
    if lif_if.toggles.total != lif.total:
        yield "  were they to toggle", lif_if.toggles
    if lif_if.clock_gated.total != lif.total:
        yield "  were they clock-gated", lif_if.clock_gated


def _joule(pj: float) -> str:
    return format_si(pj * 1e-12, "J") if pj else "-"
