"""The points of a sweep as a table on the terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.table import Table

from lifsim.accounting.basis import ONLY_SRAM_FOLLOWS, nodes_of
from lifsim.errors import Fault, InputError, did_you_mean
from lifsim.report.terminal import Terminal
from lifsim.report.width import terminal_columns
from lifsim.sweeps.export import columns_of

MAIN = ("cycles.total", "energy_pj.total", "energy_pj.total.work", "dram_bytes.total", "area_mm2")
FIRST_FIGURE = "cycles.total"


def print_table(
    rows: Sequence[Mapping[str, Any]], sort: str, *, descending: bool, top: int, columns: Sequence[str] | None
) -> None:
    """The first `top` points by `sort`. Raises InputError where a column is none of the store."""
    names = columns_of(rows)
    unknown = [name for name in (sort, *(columns or ())) if name not in names]
    if unknown:
        raise InputError([Fault(f"{n!r} must be a column of the store{did_you_mean(n, names)}") for n in unknown])
    good = [row for row in rows if row["error"] is None]
    good = sorted((row for row in good if row[sort] is not None), key=lambda row: _order(row[sort]), reverse=descending)
    shown = list(dict.fromkeys([*varying(rows), *(columns or MAIN), sort]))
    table = Table(header_style="bold")
    for name in shown:
        table.add_column(name, justify="right", no_wrap=True)
    for row in good[:top]:
        table.add_row(*(_cell(row[name]) for name in shown))
    console = Terminal(width=terminal_columns())
    console.print_table(table, keys=len(varying(rows)))
    across = across_nodes(good)
    if across:
        console.print(f"note: {across}", highlight=False)
    console.print(f"{min(top, len(good)):,} of {len(rows):,} points, {len(rows) - len(good):,} failed", highlight=False)


def varying(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """The settings that differ from point to point."""
    return [name for name in settings_of(rows) if len({repr(row[name]) for row in rows}) > 1]


def settings_of(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """The columns before the figures: one per axis of the sweep."""
    names = columns_of(rows)
    return names[: names.index(FIRST_FIGURE)] if FIRST_FIGURE in names else names[:-1]


def across_nodes(rows: Sequence[Mapping[str, Any]]) -> str:
    """What a comparison of these points must say if their SRAMs are of several nodes; else empty."""
    nodes = {row["sram_technology_nm"] for row in rows if row.get("sram_technology_nm") is not None}
    return f"SRAMs of {nodes_of(nodes)}: {ONLY_SRAM_FOLLOWS}" if len(nodes) > 1 else ""


def _order(value: object) -> tuple[str, Any]:
    """Numbers among each other by value, texts by the alphabet."""
    return ("", value) if isinstance(value, int | float) else ("text", str(value))


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f"{value:,.6g}"
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)
