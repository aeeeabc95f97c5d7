"""The timeline in small: what the array does, what the DRAM moves, how full the buffers are, over the run."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lifsim.accounting.machine import Machine
from lifsim.hardware.pipeline.kinds import Kind
from lifsim.play.timing import Timeline
from lifsim.play.waited import STALLS
from lifsim.report.html.chart import Absent, Chart, Column, Curve, Panel, Table, Timed
from lifsim.report.html.charts.buffers import WORDS
from lifsim.report.html.told import Told
from lifsim.report.movement import Movement
from lifsim.report.quantities import CAUSES
from lifsim.report.timeline import BUFFERS, held_bytes
from lifsim.units import format_si

TITLE = "Timeline: array, DRAM and buffers over the run"
BINS = 240
WORK = "array at work"


def chart(told: Told) -> Chart | Absent:
    """Panels below each other."""
    if told.result is None:
        return Absent(TITLE, told.why_not)
    timeline = told.result.timeline
    if timeline is None:
        return Absent(TITLE, "an ideal memory takes no time")
    peak, clock_hz = Machine.of(told.result.arch).dram_bytes_per_cycle, told.result.arch.clock_hz
    movement = Movement.of(timeline, peak)
    edges = np.linspace(0, max(movement.done, 1.0), BINS + 1)
    busy, moved = _busy(timeline, edges), movement.between(edges) / np.diff(edges) * clock_hz
    at = tuple(map(float, np.round(edges, 1)))
    panels = [_panel("share of the time", "share", at, busy, 1.0), _panel("DRAM bandwidth", "B/s", at, {"DRAM": moved})]
    colours = iter((0, 2, 3, 1, 6, 4))
    for name, kinds in BUFFERS.items():
        held, colour = held_bytes(timeline, kinds, edges)[:-1], next(colours)
        if held.any():
            panels.append(
                _panel(f"tiles of {WORDS.get(name, name)}, from or to DRAM", "B", at, {name: held}, colour=colour)
            )
    total = float(edges[-1])
    in_run = total / max(timeline.timing.total, 1)
    mean = {name: float(values.mean()) * in_run for name, values in busy.items()}
    most = f"{format_si(float(moved.max()), 'B/s')} of DRAM"
    most += "" if peak is None else f", which moves {format_si(float(peak) * clock_hz, 'B/s')} at most"
    columns = (Column("part of the run"), *(Column(name, "share") for name in busy), Column("DRAM", "B/s"))
    tenths = range(0, BINS, BINS // 10)
    rows = [
        (
            f"{first * 100 // BINS} to {(first + BINS // 10) * 100 // BINS} %",
            *(float(values[first : first + BINS // 10].mean()) for values in busy.values()),
            float(moved[first : first + BINS // 10].mean()),
        )
        for first in tenths
    ]
    return Chart(
        key="timeline",
        title=TITLE,
        caption=f"In {BINS} parts of equal time. lifsim run --timeline writes it step by step, for ui.perfetto.dev. "
        "When a queue of the DRAM writes what it has taken is not known: as soon as its bus can. Tiles: the most "
        "bytes, in each part, that have come from DRAM for the work at hand, or still have to leave for it; what stays "
        "on chip or goes from layer to layer there is not among them, but in what schedule and buffers show.",
        said=", ".join(f"{name} {share:.1%} of the time" for name, share in mean.items() if share >= 0.0005)
        + f"; at most {most}",
        mark=Timed(total, tuple(panels)),
        table=Table(columns, tuple(rows)),
    )


def _panel(
    title: str,
    unit: str,
    at: tuple[float, ...],
    curves: dict[str, NDArray[np.float64]],
    top: float | None = None,
    colour: int = 2,
) -> Panel:
    places = {name: place for place, name in enumerate(CAUSES.values())}
    told = tuple(
        Curve(
            name, places.get(name, colour), (*(float(f"{value:.5g}") for value in values), float(f"{values[-1]:.5g}"))
        )
        for name, values in curves.items()
    )
    return Panel(title, unit, at, told, top)


def _busy(timeline: Timeline, edges: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
    """By what the array does, [bins] the share of each that goes to it. The waits of a step are spread over the time
    since the last one."""
    timing = timeline.timing
    before = np.concatenate([[0], timing.end[:-1]])
    spent = {cause: np.zeros(timing.start.size) for cause in dict.fromkeys(STALLS.values())}
    for kind, cause in STALLS.items():
        spent[cause] += timing.waited[:, kind]
    all_waits = np.sum(list(spent.values()), axis=0)
    work = timing.end - before - all_waits
    shares = {WORK: _spread(before, timing.end, work, edges)}
    for cause, cycles in spent.items():
        if cycles.any():
            shares[CAUSES[cause]] = _spread(before, timing.end, cycles, edges)
    tail = timing.total - int(timing.end[-1])
    if tail:  # what is still to be stored when the last step has ended
        name = CAUSES[STALLS[Kind.SPIKES_OUT]]
        last = _spread(timing.end[-1:], np.array([timing.total]), np.array([tail]), edges)
        shares[name] = shares.get(name, np.zeros(BINS)) + last
    return shares


def _spread(
    begin: NDArray[np.int64], end: NDArray[np.int64], amount: NDArray[np.float64], edges: NDArray[np.float64]
) -> NDArray[np.float64]:
    """[bins] `amount` of each [begin, end), spread evenly over it, as a share of the bins."""
    chosen = end > begin
    begin, end, amount = begin[chosen], end[chosen], amount[chosen]
    times = np.concatenate([begin, end[-1:]])
    summed = np.concatenate([[0.0], np.cumsum(amount)])
    filled: NDArray[np.float64] = np.diff(np.interp(edges, times, summed)) / np.diff(edges)
    return filled
