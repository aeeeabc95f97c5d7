"""The order of work of a run as a table: when each layer works on which rows of which timestep, and what is on chip."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np

from lifsim.hardware.stores import Stores
from lifsim.lazy_dataclass import dataclass
from lifsim.memo import Memo
from lifsim.play.steps import run_steps, visits
from lifsim.schedule.on_chip import handed_over, on_chip
from lifsim.schedule.plan import Plan
from lifsim.schedule.tensors.rows import Ints
from lifsim.schedule.words import way_words
from lifsim.schedule.work_order import work_order
from lifsim.simulate.result import Result

if TYPE_CHECKING:
    import pandas as pd

Over = Literal["cycles", "visits"]
OVERS: tuple[Over, ...] = ("cycles", "visits")

PIECES = 1500
"""Of the time that is drawn: what is shorter than one of so many, about a dot of the picture, is joined."""

BUFFERS = {"weights": "weight", "membranes": "membrane", "spikes": "spike_out"}
"""What is on chip, and the buffer that it is in."""


@dataclass(frozen=True)
class Part:
    """Which part of a run is drawn: layers first..last (indices), and the work on one image of the batch, from 0; None:
    on all."""

    first: int
    last: int
    image: int | None = None


def work_table(result: Result, plan: Plan, over: Over) -> pd.DataFrame:
    """A row for each visit and timestep: layer, group and how it runs, images, timestep and rows of its map, counted
    from 1; when it begins and ends, in cycles as played, or in visits; bytes that are on chip meanwhile."""
    import pandas as pd

    batch = result.options.batch or 1
    order = work_order(plan, batch)
    turns = np.arange(len(order))
    begin, end = _cycles(result, plan, batch) if over == "cycles" else (turns, turns + 1)
    held = on_chip(plan, batch, order)
    names, room = [facts.layer.name for facts in plan.facts.layers], plan.chip.room
    rows = [facts.rows.axis.rows_out for facts in plan.facts.layers]
    sizes = {f"{name}_room_bytes": getattr(room, buffer) for name, buffer in BUFFERS.items()}
    lines = [
        {
            "layer": names[work.layer],
            "group": work.group + 1,
            "runs": way_words(plan.groups[work.group], work.layer),
            "first_image": work.images.start + 1,
            "last_image": work.images.stop,
            "timestep": timestep + 1,
            "first_row": first + 1,
            "last_row": behind,
            "rows": rows[work.layer],
            f"begin_{over}": int(begin[place]),
            f"end_{over}": int(end[place]),
            **{f"{name}_bytes": getattr(held[place], name) for name in BUFFERS},
            **sizes,
        }
        for place, work in enumerate(order)
        for timestep, first, behind in work.spans
    ]
    frame = pd.DataFrame(lines)
    behind_group = [*handed_over(plan, batch), 0]
    return frame.assign(handed_over_bytes=[behind_group[group - 1] for group in frame["group"]])


def _cycles(result: Result, plan: Plan, batch: int) -> tuple[Ints, Ints]:
    """[visits] when each begins and ends. Of a memory for which nobody waits visits follow each other."""
    if result.timeline is None:
        counts = [record.counts for record in result.records]
        steps = run_steps(Stores.of(result.arch.buffers), visits(plan, batch, Memo()), counts)
        ends = np.cumsum(steps.program.step_cycles)
        starts = ends - steps.program.step_cycles
    else:
        steps, starts, ends = result.timeline.steps, result.timeline.timing.start, result.timeline.timing.end
    behind = np.cumsum([visit.steps for visit in steps.visits])
    first = behind - [visit.steps for visit in steps.visits]
    return starts[first], ends[behind - 1]


def part_of(frame: pd.DataFrame, names: Sequence[str], part: Part) -> pd.DataFrame:
    """The rows of `frame` that are of this part of a run."""
    chosen = frame["layer"].isin(names[part.first : part.last + 1])
    if part.image is not None:
        chosen &= (frame["first_image"] <= part.image + 1) & (part.image + 1 <= frame["last_image"])
    return frame[chosen].reset_index(drop=True)


def joined(frame: pd.DataFrame, over: Over, pieces: int = PIECES) -> pd.DataFrame:
    """`frame` with neighbours as one: of a layer and timestep, as long as together they are no longer than one of so
    many `pieces` of the time."""
    begin, end = f"begin_{over}", f"end_{over}"
    piece = (frame[end].max() - frame[begin].min()) / pieces
    ordered = frame.sort_values(["layer", "timestep", begin], kind="stable")
    numbers, number = np.zeros(len(ordered), np.int64), 0
    columns = zip(ordered["layer"], ordered["timestep"], ordered[begin], ordered[end], strict=True)
    since, key = 0, None
    for place, (layer, timestep, first, last) in enumerate(columns):
        if (layer, timestep) != key or last - since > piece:
            number, since, key = number + 1, first, (layer, timestep)
        numbers[place] = number
    least = ["first_image", "first_row", begin]
    most = ["last_image", "last_row", end, *(f"{name}_bytes" for name in BUFFERS)]
    how = {str(name): "min" if name in least else "max" if name in most else "first" for name in frame}
    return ordered.groupby(numbers).agg(how).sort_values([begin, "timestep"], kind="stable").reset_index(drop=True)
