"""How long will a sweep take? A few of its points are run to know."""

from __future__ import annotations

import time

from lifsim.lazy_dataclass import dataclass
from lifsim.sweeps.evaluate import Evaluator
from lifsim.sweeps.plan import Plan
from lifsim.watch import Watch, unwatched

STRETCHES, LENGTH, SECONDS = 12, 5, 5.0
"""Stretches of the sweep that are measured, points of each, and what that may take."""


@dataclass(frozen=True)
class Estimate:
    """seconds: of the whole sweep; measured: how many points it is based on."""

    seconds: float
    measured: int


def estimate(plan: Plan, workers: int, watch: Watch = unwatched) -> Estimate:
    """Run points of stretches in the middles of equal parts of the sweep, of each one in turn, as many as SECONDS let.

    Points share what they have in common with those before them: the first of a stretch stands alone, as few of the
    sweep do, and says nothing of the others, unless there is nothing else.
    """
    evaluator, count = Evaluator(plan.job), len(plan.points)
    starts = sorted({(2 * stretch + 1) * count // (2 * STRETCHES) for stretch in range(STRETCHES)})
    ends = [*starts[1:], count]
    places = [
        (start + step, step)
        for step in range(LENGTH)
        for start, end in zip(starts, ends, strict=True)
        if start + step < end
    ]
    began, alone, later = time.monotonic(), list[float](), list[float]()
    for done, (index, step) in enumerate(places):
        watch("points to measure", done, len(places))
        before = time.monotonic()
        evaluator.outcome(plan.points[index])
        (later if step else alone).append(time.monotonic() - before)
        if time.monotonic() - began > SECONDS:
            break
    each = later or alone[1:] or alone
    seconds = alone[0] + (count - 1) * sum(each) / len(each) / min(workers, count)
    return Estimate(seconds, len(alone) + len(later))
