"""What each visit of a schedule works on: its layer, images, timesteps and rows, in order of execution."""

from __future__ import annotations

from collections.abc import Iterator

from lifsim.lazy_dataclass import dataclass
from lifsim.schedule.facts import LayerFacts, NetworkFacts
from lifsim.schedule.plan import GroupPlan, Plan
from lifsim.schedule.waves.waves import Waves

Spans = tuple[tuple[int, int, int], ...]
"""(timestep, first output row, last + 1)."""


@dataclass(frozen=True)
class Work:
    """One visit. layer: its index; group: index in the plan; images: of the batch; spans: the rows of its product's
    output that it works on, by timestep, including rows that are replayed to their LIFs."""

    layer: int
    group: int
    images: range
    spans: Spans


def work_order(plan: Plan, batch: int) -> list[Work]:
    """The visits of `plan` for `batch` images, one for each visit that is played."""
    found: list[Work] = []
    for number, group in enumerate(plan.groups):
        for layer, images, spans in _visits(plan.facts, group, batch):
            found.append(Work(layer, number, images, spans))
    return found


def _visits(facts: NetworkFacts, group: GroupPlan, batch: int) -> Iterator[tuple[int, range, Spans]]:
    if group.waves is not None:
        yield from _in_waves(facts, group, group.waves, batch)
        return
    if not group.tiled:
        yield from _timestep_major(facts, group, batch)
        return
    layer = facts.layers[group.first]
    rows = layer.rows.axis.rows_out
    for first in range(0, batch, group.images):
        images = range(first, min(first + group.images, batch))
        for begin, end in group.window.spans(layer.layer.timesteps):
            when = (step for step in range(begin, end) if worked_on(layer, step, facts.timesteps))
            yield group.first, images, tuple((step, 0, rows) for step in when)


def _timestep_major(facts: NetworkFacts, group: GroupPlan, batch: int) -> Iterator[tuple[int, range, Spans]]:
    order = group.walked.turns
    for first in range(0, batch, group.images):
        images = range(first, min(first + group.images, batch))
        for step in range(facts.timesteps):
            for index, strip, starts in order:
                layer = facts.layers[index]
                if worked_on(layer, step, facts.timesteps):
                    edges = (*starts, layer.rows.axis.rows_out)
                    yield index, images, ((step, edges[strip], edges[strip + 1]),)


def _in_waves(facts: NetworkFacts, group: GroupPlan, waves: Waves, batch: int) -> Iterator[tuple[int, range, Spans]]:
    for first in range(0, batch, group.images):
        images = range(first, min(first + group.images, batch))
        for begin, end in group.window.spans(facts.timesteps):
            strips = {index: waves.strips(index, end - begin) for index in group.indices}
            for wave in range(waves.count(end - begin)):
                for index in group.indices:
                    rows = strips[index][:, wave].tolist()
                    spans = tuple(
                        (step, first_row, end_row)
                        for step, (first_row, end_row) in enumerate(rows, begin)
                        if end_row > first_row and worked_on(facts.layers[index], step, facts.timesteps)
                    )
                    if spans:
                        yield index, images, spans


def worked_on(layer: LayerFacts, timestep: int, timesteps: int) -> bool:
    """Whether a layer has work in a timestep. A layer that is computed once is computed at the first timestep, and
    replayed to its LIFs at the others; one behind a mean over time is computed at the last."""
    if layer.when == "every":
        return True
    return timestep == timesteps - 1 if layer.when == "last" else timestep == 0 or layer.layer.lif is not None
