"""The order of work of a run as a picture: layers over time, timestep by colour, and what is on chip beneath.

Every layer has a lane, in it a band for each timestep, in the band its map from the first row to the last. Work on rows
of a timestep stands where these are: what runs back to back stands above each other, what takes turns side by side.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.text import Text

from lifsim.lazy_dataclass import dataclass
from lifsim.report.figures.scales import tick_in_units
from lifsim.report.figures.schedule_work import BUFFERS, Over
from lifsim.report.figures.sheet import Sheet
from lifsim.report.figures.style import Key, headline, legend_below, points
from lifsim.report.figures.text_size import short_names, wrapped
from lifsim.report.figures.words import Unit, labelled
from lifsim.units import format_bytes

if TYPE_CHECKING:
    import pandas as pd

LANE = 0.86
"""Of the height of a layer's place; the rest keeps lanes apart."""
LANE_IN, LEAST_IN, MOST_IN = 0.17, 1.2, 5.4
"""Height of a lane on paper, and of all of them together."""
HELD_IN, AROUND_IN = 0.5, 1.5
"""Of a panel of what is on chip; and of the words around all panels, but for title and notes."""
LINE_IN, MORE_LINES = 0.135, 3
"""Of these a line, and how many a figure of its own size has room for."""
MOST_NAMED = 6
"""Timesteps that the legend names one by one."""
NAME = 18
"""Characters of a layer's name."""
DOTS, DOT_PT = 900, 1.0
"""Dots side by side, and the height of one on paper: what is smaller is drawn as large, to be seen."""
NEAR_ZERO = 0.05
"""Of the time until the last work ends: what begins sooner is drawn from 0 on."""
GREY, BORDER = "#f2f2f2", "#666666"
HELD = {"weights": "weights on chip", "membranes": "membranes in their buffer", "spikes": "spikes in the output buffer"}
SHADE = "#8C96A0"
"""Of what is on chip: no colour of a timestep."""


@dataclass(frozen=True)
class Lanes:
    """Layers, first on top. borders: behind which of them a group ends, and what waits in DRAM there."""

    names: tuple[str, ...]
    timesteps: int
    borders: tuple[tuple[int, int], ...]

    @classmethod
    def of(cls, frame: pd.DataFrame, names: Sequence[str], timesteps: int) -> Lanes:
        """The lanes of those layers in `names` that have work in `frame`."""
        group_of = dict(zip(frame["layer"], frame["group"], strict=True))
        waits = dict(zip(frame["layer"], frame["handed_over_bytes"], strict=True))
        seen = [name for name in names if name in group_of]
        ends = [place for place in range(len(seen) - 1) if group_of[seen[place]] != group_of[seen[place + 1]]]
        return cls(tuple(seen), timesteps, tuple((place, int(waits[seen[place]])) for place in ends))


@dataclass(frozen=True)
class Dot:
    """The smallest mark that is drawn. count: how many lie side by side; lane_pt: the height of a lane on paper, in
    points."""

    count: int
    lane_pt: float

    @property
    def height(self) -> float:
        """The height of a dot, in lanes."""
        return DOT_PT / self.lane_pt


def drawn(frame: pd.DataFrame, lanes: Lanes, over: Over, title: str, sheet: Sheet) -> Figure:
    """All panels. `frame`: the pieces, as they are joined."""
    lanes_in = min(max(LANE_IN * len(lanes.names), LEAST_IN), MOST_IN)
    if sheet.size_in is not None:
        words_in = LINE_IN * _lines([title, *_notes(lanes)], sheet)
        lanes_in = sheet.size_in[1] / sheet.style.scale - HELD_IN * len(BUFFERS) - AROUND_IN - words_in
        lanes_in = max(lanes_in, HELD_IN)
    heights = [lanes_in, *(HELD_IN for _ in BUFFERS)]
    figure = Figure(figsize=sheet.inches(2, sum(heights) + AROUND_IN + LINE_IN * MORE_LINES), layout="constrained")
    panels = list(figure.subplots(len(heights), 1, sharex=True, squeeze=False, height_ratios=heights).flat)
    draw_order(frame, lanes, over, Dot(DOTS, 72 * lanes_in / len(lanes.names)), panels[0])
    for name, axes in zip(BUFFERS, panels[1:], strict=True):
        draw_held(frame, name, over, axes)
    for axes in panels[:-1]:
        axes.tick_params(labelbottom=False)
    low, high = float(frame[f"begin_{over}"].min()), float(frame[f"end_{over}"].max())
    panels[-1].set_xlim(0 if low <= NEAR_ZERO * high else low, high)
    unit = tick_in_units(panels[-1].xaxis, Unit("cycles" if over == "cycles" else ""))
    panels[-1].set_xlabel(labelled("time" if over == "cycles" else "visits of a layer, in order", unit))
    headline(figure, title)
    legend_below(figure, _key(lanes.timesteps), *_notes(lanes))
    return figure


def colours(timesteps: int) -> list[Any]:
    """The colour of each timestep, from dark to light."""
    from matplotlib import colormaps

    return [colormaps["cividis"](place) for place in np.linspace(0, 0.97, timesteps)]


def draw_order(frame: pd.DataFrame, lanes: Lanes, over: Over, dot: Dot, axes: Axes) -> None:
    """Pieces of work in their lanes, none smaller than a dot; borders of groups as lines through all of them."""
    place = {name: number for number, name in enumerate(lanes.names)}
    begin, end = frame[f"begin_{over}"].to_numpy(float), frame[f"end_{over}"].to_numpy(float)
    wide = (end.max() - begin.min()) / dot.count
    begin = np.minimum(begin, end.max() - wide)
    end = np.maximum(end, begin + wide)
    band = LANE / lanes.timesteps
    top = frame["layer"].map(place).to_numpy(float) + band * (frame["timestep"].to_numpy(float) - 1)
    rows = frame["rows"].to_numpy(float)
    first, behind = (top + band * frame[name].to_numpy(float) / rows for name in ("first_row", "last_row"))
    first -= band / rows
    low, room = (top, band) if dot.height <= band else (np.floor(top), LANE)
    half = np.maximum(behind - first, min(dot.height, room)) / 2
    middle = np.clip((first + behind) / 2, low + half, low + room - half)
    first, behind = middle - half, middle + half
    corners = np.stack([[begin, first], [end, first], [end, behind], [begin, behind]]).transpose(2, 0, 1)
    shades = np.array(colours(lanes.timesteps))[frame["timestep"].to_numpy(int) - 1]
    for number in range(len(lanes.names)):
        axes.axhspan(number, number + LANE, color=GREY, linewidth=0, zorder=0)
    axes.add_collection(PolyCollection(list(corners), facecolors=shades, linewidths=0, antialiased=False, zorder=2))
    for border, _ in lanes.borders:
        axes.axhline(border + (1 + LANE) / 2, color=BORDER, linewidth=points(0.5), linestyle=(0, (4, 2)), zorder=1)
    axes.set_ylim(len(lanes.names) - (1 - LANE) / 2, -(1 - LANE) / 2)
    axes.set_yticks([number + LANE / 2 for number in range(len(lanes.names))], short_names(lanes.names, NAME))
    axes.tick_params(axis="y", length=0)
    axes.grid(False)
    axes.spines[["left"]].set_visible(False)
    for border, size in lanes.borders:
        axes.text(
            1.01, border + (1 + LANE) / 2, format_bytes(size),
            transform=axes.get_yaxis_transform(), ha="left", va="center", fontsize="small",
        )  # fmt: skip


def draw_held(frame: pd.DataFrame, name: str, over: Over, axes: Axes) -> None:
    """What is on chip of one kind, as high as its buffer has room."""
    begin, held = frame[f"begin_{over}"].to_numpy(float), frame[f"{name}_bytes"].to_numpy(float)
    order = np.argsort(begin, kind="stable")
    at, first = np.unique(begin[order], return_index=True)
    most = np.maximum.reduceat(held[order], first)
    room = int(frame[f"{name}_room_bytes"].iloc[0])
    axes.fill_between(
        [*at, float(frame[f"end_{over}"].max())], [*most, most[-1]], step="post", color=SHADE, linewidth=0
    )
    axes.set_ylim(0, max(room, 1))
    axes.axhline(room, color="black", linewidth=points(0.8), linestyle=":", clip_on=False)
    axes.set_yticks([0, room] if room else [0], ["0", format_bytes(room)] if room else ["0"])
    axes.grid(False)
    axes.set_title(HELD[name], loc="left", fontsize="small", pad=points(3))


def thin_out(figure: Figure) -> None:
    """Hide names of layers, and bytes at borders, that would stand on others now that the panels stand."""
    axes = figure.axes[0]
    figure.draw_without_rendering()
    names = [tick.label1 for tick in axes.yaxis.get_major_ticks()]
    for texts in (names, list(axes.texts)):
        for text in _crowded(figure, texts):
            text.set_visible(False)


def _crowded(figure: Figure, texts: Sequence[Text]) -> Iterator[Text]:
    """The texts that are closer than a line to the last one that is kept."""
    kept = float("inf")
    for text in texts:
        box = text.get_window_extent()
        middle, line = (box.y0 + box.y1) / 2, float(text.get_fontsize()) * figure.dpi / 72
        if kept - middle < line:
            yield text
        else:
            kept = middle


def _lines(texts: Sequence[str], sheet: Sheet) -> int:
    """Which they take, all together, across the figure."""
    width_pt, size = 72 * sheet.inches(2, 1)[0], sheet.style.font_pt
    return sum(len(wrapped(text, size, width_pt - 2 * size)) for text in texts)


def _key(timesteps: int) -> Key:
    shown = range(timesteps) if timesteps <= MOST_NAMED else (0, (timesteps - 1) // 2, timesteps - 1)
    shades = colours(timesteps)
    return Key([Patch(color=shades[step]) for step in shown], [f"timestep {step + 1}" for step in shown])


def _notes(lanes: Lanes) -> Iterator[str]:
    yield (
        "a lane a layer, a band in it a timestep, from the first row of its map (top) to the last; "
        "dotted: what the buffer has room for"
    )
    if lanes.borders:
        yield "dashed: a group of layers ends; right of it: spikes that wait in DRAM there"
