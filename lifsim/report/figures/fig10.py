"""fig10, our own: DRAM bytes under every kind of schedule and sharing; and which wins on which membrane buffer.

Above, a panel a data set and batch: a line a kind of schedule, a mark a sharing, over what the unshared network moves
tick-batched. Beneath, over sizes of the membrane buffer: the best named kind for each sharing, the best of all starred.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Rectangle

from lifsim.report.figures.fig9_dram import DATASETS, NETWORK
from lifsim.report.figures.palette import COLOURS
from lifsim.report.figures.sheet import Sheet
from lifsim.report.figures.style import MARKERS, Key, headline, legend_below, points
from lifsim.report.figures.text_size import short, short_names
from lifsim.report.figures.tick_names import by_lines
from lifsim.report.schedule_kinds import KINDS, MACHINE, MAP
from lifsim.units import format_bytes

if TYPE_CHECKING:
    import pandas as pd

TOP_IN, MAP_ROW_IN, MAP_IN = 1.6, 0.44, 0.75
"""Height on paper of a row of panels; of a sharing's cells, and of what is around them."""
APART = 0.16
"""Between the marks of two sharings on the line of a kind."""
KIND_COLOURS = {
    "tick": "#A6D5F2", "timestep": "#E7BFD4", "windows": "#F5CE80", "fused": "#80CFB9", "skewed": "#F7F2A0",
}  # fmt: skip
NAME, SHARING, LINE = 16, 32, 16
"""Characters of a network's name, of a sharing's, `layer+channel2-where-possible` among them, and of a line of that."""


def named(networks: Sequence[str]) -> list[str]:
    """What a title calls them: EfficientLIF-Net's VGG-16 if they are its."""
    return [NETWORK] if set(networks) <= set(DATASETS) else list(networks)


def drawn(frame: pd.DataFrame, title: str, sheet: Sheet) -> Figure:
    """Both parts."""
    sharings = list(dict.fromkeys(frame["sharing"]))
    batches = sorted(set(frame["batch"]))
    above = TOP_IN * len(batches) + 0.3
    beneath = MAP_ROW_IN * len(sharings) + MAP_IN + 0.3
    figure = Figure(figsize=sheet.inches(2, above + beneath), layout="constrained")
    top, bottom = figure.subfigures(2, 1, squeeze=False, height_ratios=[above, beneath]).flat
    draw_kinds(frame[frame["panel"] == MACHINE], top)
    draw_map(frame[frame["panel"] == MAP], sharings, bottom)
    headline(top, title)
    return figure


def draw_kinds(frame: pd.DataFrame, figure: SubFigure) -> None:
    """A row of panels a batch, a column a network."""
    batches, networks = sorted(set(frame["batch"])), list(dict.fromkeys(frame["workload"]))
    sharings = list(dict.fromkeys(frame["sharing"]))
    panels = figure.subplots(len(batches), len(networks), squeeze=False, sharex=True, sharey=True)
    for row, batch in enumerate(batches):
        for column, network in enumerate(networks):
            axes, chosen = panels[row][column], frame[(frame["batch"] == batch) & (frame["workload"] == network)]
            _draw_panel(chosen, sharings, axes)
            axes.set_title(_panel_title(chosen, network, batch), fontsize="small")
    low, high = _limits(frame["normalised"].dropna().tolist())
    panels[0][0].set_xlim(low, high)
    ticks = [2.0**power for power in range(-6, 10) if low <= 2.0**power <= high]
    panels[0][0].set_xticks(ticks, [_times(tick) for tick in ticks])
    panels[0][0].set_xticks([], minor=True)
    panels[0][0].set_yticks(range(len(KINDS)), KINDS)
    panels[0][0].set_ylim(len(KINDS) - 0.5, -0.5)
    for axes in panels[-1]:
        axes.set_xlabel(f"over {short(sharings[0], SHARING)}, tick")
    names = short_names(sharings, SHARING)
    marks = [
        Line2D([], [], linestyle="", marker=MARKERS[number], color=COLOURS[number], label=name)
        for number, name in enumerate(names)
    ]
    legend_below(
        figure,
        Key(marks, names),
        f"DRAM bytes over those of {sharings[0]}, tick-batched; no mark: not legal under that sharing, or not another "
        "schedule (the table says why)",
    )


def _draw_panel(frame: pd.DataFrame, sharings: Sequence[str], axes: Axes) -> None:
    axes.axvline(1, color="black", linewidth=points(0.6))
    axes.grid(axis="x")
    middle = (len(sharings) - 1) / 2
    for number, sharing in enumerate(sharings):
        rows = frame[(frame["sharing"] == sharing) & frame["normalised"].notna()]
        places = [KINDS.index(kind) + APART * (number - middle) for kind in rows["kind"]]
        axes.plot(
            rows["normalised"].tolist(), places, linestyle="", marker=MARKERS[number], color=COLOURS[number],
            markersize=points(3.4), clip_on=False,
        )  # fmt: skip
    axes.set_xscale("log", base=2)
    axes.tick_params(axis="y", length=0)


def _panel_title(frame: pd.DataFrame, network: str, batch: int) -> str:
    first = frame[frame["normalised"] == 1]
    images = "one image" if batch == 1 else f"{batch} images"
    return (
        f"{short(DATASETS.get(network, network), NAME)},\n{images}: {format_bytes(int(first['total_bytes'].iloc[0]))}"
    )


def draw_map(frame: pd.DataFrame, sharings: Sequence[str], figure: SubFigure) -> None:
    """A row a sharing, a column a buffer; a colour for the kind that is the best of a cell."""
    axes, seen = figure.subplots(), set[str]()
    name = str(frame["workload"].iloc[0])
    axes.set_title(f"{short(DATASETS.get(name, name), NAME)}, one image: the best named schedule", fontsize="small")
    axes.set_xlabel("membrane buffer")
    sizes = sorted(set(frame["membrane_buffer_bytes"]))
    for column, size in enumerate(sizes):
        for row, sharing in enumerate(sharings):
            cell = frame[(frame["membrane_buffer_bytes"] == size) & (frame["sharing"] == sharing)]
            best = _best(cell)
            if best is None:
                continue
            kind, moved, wins = best
            seen.add(kind)
            place = Rectangle((column - 0.5, row - 0.5), 1, 1, facecolor=KIND_COLOURS[kind], zorder=2 + wins)
            place.set(edgecolor="black" if wins else "white", linewidth=points(1.6 if wins else 0.8))
            axes.add_patch(place)
            auto = cell.loc[cell["kind"] == "auto", "total_bytes"].dropna()
            lines = [("★ " if wins else "") + format_bytes(moved), *(f"auto {format_bytes(int(one))}" for one in auto)]
            axes.text(column, row, "\n".join(lines), ha="center", va="center", fontsize="small", zorder=4)
    axes.set_xlim(-0.5, len(sizes) - 0.5)
    axes.set_ylim(len(sharings) - 0.5, -0.5)
    axes.set_xticks(range(len(sizes)), [format_bytes(size) for size in sizes])
    axes.set_yticks(range(len(sharings)), by_lines(sharings, LINE, SHARING // LINE))
    axes.tick_params(length=0)
    axes.grid(False)
    axes.spines[:].set_visible(False)
    kinds = [kind for kind in KIND_COLOURS if kind in seen]
    legend_below(
        figure,
        Key([Patch(color=KIND_COLOURS[kind]) for kind in kinds], kinds),
        "in a cell: its DRAM bytes, and beneath what auto finds, which may run every layer in another way; "
        "frame and star: fewest of a buffer",
    )


def _best(cell: pd.DataFrame) -> tuple[str, int, bool] | None:
    """(kind, bytes, whether nothing is better in this buffer) of the named kind that moves the fewest."""
    legal: Mapping[str, int] = {
        str(kind): int(moved)
        for kind, moved in zip(cell["kind"], cell["total_bytes"], strict=True)
        if kind in KIND_COLOURS and moved == moved
    }
    if not legal:
        return None
    kind = min(legal, key=lambda name: legal[name])
    return kind, legal[kind], bool(cell.loc[cell["kind"] == kind, "wins"].iloc[0])


def _limits(values: Sequence[float]) -> tuple[float, float]:
    """The limits of an axis of ratios, with room around the marks."""
    return min(1.0, *values) / 1.25, max(1.0, *values) * 1.25


def _times(ratio: float) -> str:
    """`1/4`, `2`."""
    return f"{ratio:.0f}" if ratio >= 1 else f"1/{1 / ratio:.0f}"
