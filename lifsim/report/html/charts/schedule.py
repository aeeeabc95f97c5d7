"""The order of work: layers over time, what is on chip beneath."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lifsim.report.figures.schedule_work import BUFFERS, joined, work_table
from lifsim.report.html.chart import Absent, Chart, Column, Curve, Lanes, Panel, Table, Timed
from lifsim.report.html.told import Told
from lifsim.schedule.on_chip import handed_over
from lifsim.units import counted, format_bytes

if TYPE_CHECKING:
    import pandas as pd

TITLE = "The schedule: when each layer works on which rows, and what is on chip"
HELD = {"weights": "weights on chip", "membranes": "membranes in their buffer", "spikes": "spikes in the output buffer"}
MOST_PIECES, FINEST, COARSEST = 2_500, 400, 25
"""Pieces that a report draws; of so many parts of the time at least one each, fewer where there would be more."""


def chart(told: Told) -> Chart | Absent:
    """Lanes and panels."""
    result = told.result
    if told.training:
        return Absent(TITLE, "the order of a way back is not drawn")
    if result is None:
        return Absent(TITLE, told.why_not)
    if result.plan is None:
        return Absent(TITLE, f"accounting {result.arch.accounting} knows no schedule")
    whole = work_table(result, result.plan, "cycles")
    frame = _few(whole)
    end = float(frame["end_cycles"].max())
    drawn = set(frame["layer"])
    names = tuple(name for name in told.layers if name in drawn)
    groups = result.plan.groups
    waits = handed_over(result.plan, result.options.batch or 1)
    place = {name: number for number, name in enumerate(names)}
    borders = tuple(
        (place[told.layers[group.last]], format_bytes(size)) for group, size in zip(groups, waits, strict=False)
    )
    how = ", ".join(
        f"{count} {words}" for words, count in whole.drop_duplicates("layer")["runs"].value_counts().items()
    )
    return Chart(
        key="schedule",
        title=TITLE,
        caption="A lane a layer, in it a band a timestep, from the first row of its map (top) to the last. Dashed "
        "lines: a group of layers ends, beside them the spikes that wait in DRAM there. Below: bytes on chip, as high "
        "as their buffer has room, what goes from layer to layer there among them; of layers that do not run timestep "
        "by timestep the most at any time, all the while.",
        said=f"{result.schedule_words}; {counted(len(groups), 'group')} of layers; {how}",
        mark=Timed(
            end, tuple(_panel(whole, name) for name in BUFFERS), _lanes(frame, names, result.network.timesteps, borders)
        ),
        table=_table(whole, names),
    )


def _few(whole: pd.DataFrame) -> pd.DataFrame:
    """As fine as there is room for."""
    pieces = FINEST
    frame = joined(whole, "cycles", pieces)
    while len(frame) > MOST_PIECES and pieces > COARSEST:
        pieces //= 2
        frame = joined(whole, "cycles", pieces)
    return frame


def _lanes(frame: pd.DataFrame, names: tuple[str, ...], timesteps: int, borders: tuple[tuple[int, str], ...]) -> Lanes:
    place = {name: number for number, name in enumerate(names)}
    columns = ("layer", "timestep", "begin_cycles", "end_cycles", "first_row", "last_row", "rows")
    pieces = tuple(
        (place[layer], timestep - 1, begin, end, round((first - 1) / rows, 4), round(last / rows, 4))
        for layer, timestep, begin, end, first, last, rows in zip(
            *(frame[name].tolist() for name in columns), strict=True
        )
    )
    return Lanes(names, timesteps, pieces, borders)


def _panel(whole: pd.DataFrame, name: str) -> Panel:
    """The most that is held in each of `FINEST` parts of the time."""
    end = float(whole["end_cycles"].max())
    bins = (whole["begin_cycles"] * FINEST // max(end, 1)).clip(upper=FINEST - 1)
    most = whole.groupby(bins)[f"{name}_bytes"].max()
    at, values = tuple(float(place) * end / FINEST for place in most.index), tuple(map(int, most))
    room = int(whole[f"{name}_room_bytes"].iloc[0])
    return Panel(
        f"{HELD[name]}, of {format_bytes(room)}", "B", (*at, end), (Curve(HELD[name], 8, (*values, values[-1])),), room
    )


def _table(whole: pd.DataFrame, names: tuple[str, ...]) -> Table:
    counts = ("begins, cycle", "ends, cycle", "visits")
    held_most = ("weights on chip, most", "membranes, most", "spikes out, most")
    columns = (
        *(Column("layer"), Column("group", ""), Column("runs")),
        *(Column(name, "") for name in counts),
        *(Column(name, "B") for name in held_most),
    )
    rows = []
    for name in names:
        mine = whole[whole["layer"] == name]
        held = (int(mine[f"{buffer}_bytes"].max()) for buffer in BUFFERS)
        begin, end = int(mine["begin_cycles"].min()), int(mine["end_cycles"].max())
        rows.append(
            (
                name,
                int(mine["group"].iloc[0]),
                str(mine["runs"].iloc[0]),
                begin,
                end,
                mine["begin_cycles"].nunique(),
                *held,
            )
        )
    return Table(columns, tuple(rows))
