"""Figures of memory: of a network, and of one that shares its LIF neurons."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from lifsim.config import defaults
from lifsim.model.arch import Arch
from lifsim.model.network import Network
from lifsim.model.sharing import Sharing
from lifsim.report.figures.drawn import Drawn
from lifsim.report.figures.sheet import Sheet
from lifsim.report.figures.subject import Subject
from lifsim.report.memory_inputs import MemoryInputs, read_memory_inputs
from lifsim.report.memory_table import MemoryRow, memory_rows
from lifsim.report.plot.drawing import Asked, Name, Out, drawn
from lifsim.report.plot.study import spike_rates
from lifsim.units import counted
from lifsim.watch import Watch, unwatched

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def fig1(
    workload: Network | Name = defaults.MEMORY_WORKLOAD,
    *,
    arch: Arch | Name = defaults.ARCH,
    overrides: Sequence[str] = (),
    timesteps: int | None = None,
    batch: int = 1,
    out: Out = None,
    force: bool = False,
    style: str = "paper",
    size: str | None = None,
    watch: Watch = unwatched,
) -> Figure:
    """The memory of a network in inference and in training: weights, LIF membranes, activations.

    arch: sets the precisions. timesteps: None is the workload's.
    """
    from lifsim.report.figures import fig1 as figure_1
    from lifsim.report.figures.style import Key, canvas, headline, legend_below

    page, inputs = Asked(out, force, style, size).page_beside(
        lambda: read_memory_inputs([workload], ["none"], arch, overrides, timesteps, batch)
    )
    rows = memory_rows(inputs.networks, inputs.sharings, inputs.arch, inputs.batch, watch)
    table = figure_1.table(rows, figure_1.SHOWN)

    def draw(sheet: Sheet) -> Drawn:
        figure, (axes,) = canvas(sheet, 1, 3.0)
        figure_1.draw(table, axes)
        headline(figure, _title(rows, inputs))
        legend_below(figure, Key.of(axes))
        return Drawn(figure, table)

    return drawn(draw, page)


def fig7(
    study: Name | None = None,
    *,
    workload: Network | Name = defaults.MEMORY_WORKLOAD,
    sharings: Sequence[Sharing | str] = defaults.FIG7_SHARINGS,
    arch: Arch | Name = defaults.TRAINING_ARCH,
    overrides: Sequence[str] = (),
    timesteps: int | None = None,
    batch: int = 1,
    out: Out = None,
    force: bool = False,
    style: str = "paper",
    size: str | None = None,
    watch: Watch = unwatched,
) -> Figure:
    """Memory in inference (forward) and in training (backward) under each sharing; of a `study`, the folder that
    `lifsim study` wrote, the spike rates of its trained networks instead."""
    asked = Asked(out, force, style, size)
    if study is not None:
        return spike_rates(Path(study), asked)
    named = list(dict.fromkeys(["none", *map(str, sharings)]))
    page, inputs = asked.page_beside(lambda: read_memory_inputs([workload], named, arch, overrides, timesteps, batch))
    rows = memory_rows(inputs.networks, inputs.sharings, inputs.arch, inputs.batch, watch)
    return drawn(lambda sheet: _by_sharing(rows, inputs, sheet), page)


def _title(rows: Sequence[MemoryRow], inputs: MemoryInputs) -> str:
    """What is drawn, and how wide its values are."""
    bits, first = inputs.arch.precision, rows[0]
    widths = f"weights of {counted(bits.weight_bits, 'bit')}, membranes of {bits.membrane_bits}"
    return Subject([first.workload], inputs.arch.name, [first.timesteps], [first.batch]).title(widths)


def _by_sharing(rows: Sequence[MemoryRow], inputs: MemoryInputs, sheet: Sheet) -> Drawn:
    """Bars of every phase at the architecture's precisions, and the backward pass's membranes by their bits."""
    import pandas as pd
    from matplotlib.figure import Figure

    from lifsim.report.figures import fig7_memory
    from lifsim.report.figures.style import Key, headline, legend_below

    membrane_bits = inputs.arch.precision.membrane_bits
    table, widths = fig7_memory.table(rows, membrane_bits), fig7_memory.by_bits(rows)
    figure = Figure(figsize=sheet.inches(2, 7.4), layout="constrained")
    places = figure.add_gridspec(3, 6)
    panels = [figure.add_subplot(places[0, 2 * column : 2 * column + 2]) for column in range(3)]
    panels += [figure.add_subplot(places[1, 3 * column : 3 * column + 3]) for column in range(2)]
    fig7_memory.draw(table, panels)
    last = figure.add_subplot(places[2, :])
    fig7_memory.draw_by_bits(widths, {row.sharing: row.shares_nothing for row in rows}, last)
    headline(figure, _title(rows, inputs))
    parts, ways = Key.of(panels[0]), Key.of(last)
    legend_below(
        figure,
        Key([*parts.handles, *ways.handles], [*parts.labels, *ways.labels]),
        "below the bars: how many times less LIF memory than unshared, in the same panel; -: one of them keeps nothing",
    )
    frame = pd.concat([table, widths[widths["membrane_bits"] != membrane_bits]], ignore_index=True)
    counts = [name for name in map(str, frame) if name.endswith("_bytes")]
    return Drawn(figure, frame.astype(dict.fromkeys(counts, "Int64")))
