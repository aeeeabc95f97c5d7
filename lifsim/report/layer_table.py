"""A run layer by layer: the figures of each layer, and what bounds it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lifsim.accounting.books import Cycles
from lifsim.model.network import Layer
from lifsim.play.bound import bound, stalls
from lifsim.simulate.result import Result
from lifsim.units import format_bytes, format_si

if TYPE_CHECKING:
    from rich.table import Table

    from lifsim.report.terminal import Terminal

HEADINGS = ("cycles", "PEs busy", "waits", "DRAM", "energy")


def print_layers(result: Result, console: Terminal) -> None:
    """Print the table with as much space as fits."""
    from lifsim.report.narrow import natural_width

    table = layer_table(result)
    console.print_table(table if natural_width(table, console) <= console.width else layer_table(result, gap=0))


def layer_table(result: Result, gap: int = 1) -> Table:
    """One row per layer, with the totals below: cycles, share of busy PEs while the array runs, share of waiting
    cycles, DRAM bytes, energy, what bounds the layer."""
    from rich import box
    from rich.table import Table

    totals = result.totals
    table = Table(box=box.SIMPLE_HEAD, padding=(0, gap, 0, 0), show_edge=False, pad_edge=False, show_footer=True)
    table.header_style = table.footer_style = "bold"
    table.add_column("layer", "total")
    table.add_column("output, kernel")
    sums = _cells(totals.cycles, totals.pe_utilisation, totals.dram_bytes.total, totals.energy_pj.total.total)
    for heading, whole in zip(HEADINGS, sums, strict=True):
        table.add_column(heading, whole, justify="right", no_wrap=True)
    table.add_column("bound", bound(totals.cycles))
    shapes = {layer.name: _shape(layer) for layer in result.network.layers}
    for record in result.records:
        counts = record.counts
        cells = _cells(counts.cycles, counts.pe_utilisation, counts.dram_bytes.total, record.energy_pj.total.total)
        table.add_row(counts.name, shapes[counts.name], *cells, bound(counts.cycles))
    return table


def _cells(cycles: Cycles, busy: float, dram_bytes: int, energy_pj: float) -> tuple[str, ...]:
    waiting = sum(stalls(cycles).values()) / max(1, cycles.total)
    spent = format_si(energy_pj * 1e-12, "J")
    return f"{cycles.total:,}", f"{busy:.1%}", f"{waiting:.1%}", format_bytes(dram_bytes), spent


def _shape(layer: Layer) -> str:
    """`64x32x32 3x3/2`: what comes out, and the window and its stride where they are more than one pixel."""
    out = "x".join(map(str, layer.out_shape[:1] if layer.flat else layer.out_shape))
    if layer.flat or layer.kernel == layer.stride == (1, 1):
        return out
    stride = "" if layer.stride == (1, 1) else f"/{_window(layer.stride)}"
    return f"{out} {'x'.join(map(str, layer.kernel))}{stride}"


def _window(pair: tuple[int, int]) -> str:
    return str(pair[0]) if pair[0] == pair[1] else f"{pair[0]}x{pair[1]}"
