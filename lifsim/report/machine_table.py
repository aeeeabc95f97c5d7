"""An architecture as it is printed: its parts, the price of every access, and the source of each price."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from lifsim.accounting.price_list import Priced, PriceList
from lifsim.csv_text import csv_text
from lifsim.model.arch import Arch
from lifsim.report.energy_table import LABELS
from lifsim.simulate.api import Name, given_arch, texts_of
from lifsim.units import counted, format_si

if TYPE_CHECKING:
    import pandas as pd
    from rich.table import Table

    from lifsim.report.terminal import Terminal

PIECES = LABELS | {"pe_array": "PE array", "sram": "SRAM"}
"""The parts of the area in words."""


def prices(arch: Arch | Name, overrides: Sequence[str] = ()) -> pd.DataFrame:
    """The prices of the architecture `arch`, a name, path or object, as `lifsim arch show` lists them: one row per kind
    of access, with the part, a description, the number of pieces, pj per access of one piece, leakage_mw and area_mm2
    of all pieces, standing_mw of a DRAM in a state, and the source. Raises InputError with every fault."""
    import pandas as pd

    found = PriceList(given_arch(arch, texts_of(overrides)).what)
    return pd.DataFrame(map(asdict, found.rows), columns=list(Priced.__dataclass_fields__))


def machine_tree(prices: PriceList) -> dict[str, Any]:
    """Plain data, units in the names of keys."""
    arch = prices.arch
    return {
        "arch": arch.name,
        "description": arch.description,
        "components_of": arch.components_of,
        "pes": arch.array.pes,
        "lif_units": prices.bank.units,
        "membrane_registers": prices.bank.registers,
        "peak_macs_per_s": prices.peak_macs_per_s,
        "peak_lif_updates_per_s": prices.peak_lif_updates_per_s,
        "peak_dram_bytes_per_s": prices.peak_dram_bytes_per_s,
        "balanced_macs_per_byte": prices.balanced_macs_per_byte,
        "leakage_mw": prices.leakage_mw,
        "area_mm2": asdict(prices.area) | {"total": prices.area.total},
        "prices": [asdict(row) for row in prices.rows],
    }


def machine_json(prices: PriceList) -> str:
    """`machine_tree` as text."""
    return json.dumps(machine_tree(prices), indent=2)


def machine_csv(prices: PriceList) -> str:
    """A line an access."""
    return csv_text(list(Priced.__dataclass_fields__), map(asdict, prices.rows)).rstrip("\n")


def print_machine(prices: PriceList, console: Terminal) -> None:
    """Its figures in words, then a table of the prices, then the sources that this counts."""
    arch, told = prices.arch, figures(prices)
    width = max(map(len, told)) + 2
    console.print_line(arch.brief.title + (f": {arch.description}" if arch.description else ""), style="bold")
    for name, text in told.items():
        console.print_line(text, label=name, width=width)
    sources = list(dict.fromkeys(row.source for row in prices.rows if row.source))
    console.print_table(_table(prices, sources), keys=2)
    for number, source in enumerate(sources, 1):
        console.print_line(" ".join(source.split()), label=f"[{number}]", width=5)


def figures(prices: PriceList) -> dict[str, str]:
    """The main figures, with units."""
    arch, bank = prices.arch, prices.bank
    peak, bend = prices.peak_dram_bytes_per_s, prices.balanced_macs_per_byte
    units = counted(bank.units, "unit")
    pace = f"{format_si(prices.peak_lif_updates_per_s, 'updates/s')} at most" if prices.peak_lif_updates_per_s else ""
    area = {PIECES[name]: value for name, value in asdict(prices.area).items() if value}
    lines = dict(arch.brief.figures) | {
        "LIF": ", ".join(filter(None, (f"{units}, {counted(bank.registers, 'membrane register')}, unshared", pace))),
        "peak": f"{format_si(prices.peak_macs_per_s, 'MACs/s')}, a PE one a cycle",
        "DRAM peak": "unlimited: this memory takes no time" if peak is None else format_si(peak, "B/s"),
        "balance": "" if bend is None else f"{bend:.3g} MACs for each byte from DRAM; below, the array waits for it",
        "leakage": f"{prices.leakage_mw:.4g} mW, without DRAM and with nothing switched off",
        "area": f"{prices.area.total:.4g} mm2: " + ", ".join(f"{name} {value:.4g}" for name, value in area.items()),
        "accounting": "" if arch.accounting == Arch.model_fields["accounting"].default else arch.accounting,
        "components": "" if arch.components_of is None else f"none of its own: those of {arch.components_of}",
    }
    return {name: text for name, text in lines.items() if text}


def _table(prices: PriceList, sources: list[str]) -> Table:
    from rich import box
    from rich.table import Table

    table = Table(title="prices", title_justify="left", title_style="bold", box=box.SIMPLE_HEAD)
    for heading in ("part", "access"):
        table.add_column(heading, no_wrap=True)
    for heading in ("pJ", "mW", "mm2", "pieces"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("what it is")
    table.add_column("source", justify="right", no_wrap=True)
    before = ""
    for row in prices.rows:
        own = row.part != before
        power = row.standing_mw if row.leakage_mw is None else row.leakage_mw
        table.add_row(
            row.part if own else "",
            row.access or "-",
            *("" if value is None else f"{value:.4g}" for value in (row.pj, power, row.area_mm2)),
            f"{row.number:,}" if own else "",
            row.what if own else "",
            f"[{sources.index(row.source) + 1}]" if row.source else "-",
        )
        before = row.part
    table.caption = "pJ of one access of one piece; mW (leakage, of a DRAM what it draws) and mm2 of all pieces"
    return table
