"""How long will a sweep take? A few of its points are run to know."""

from __future__ import annotations

import time

from lifsim.lazy_dataclass import dataclass
from lifsim.sweeps.evaluate import Evaluator
from lifsim.sweeps.plan import Plan
from lifsim.watch import Watch, unwatched

POINTS, SECONDS = 12, 5.0


@dataclass(frozen=True)
class Estimate:
    """seconds: of the whole sweep; measured: how many points it is based on."""

    seconds: float
    measured: int


def estimate(plan: Plan, workers: int, watch: Watch = unwatched) -> Estimate:
    """Run points that are spread over the sweep, each beside a neighbour that shares its work with it as most points
    of the sweep have one: POINTS of them, or fewer in SECONDS."""
    evaluator = Evaluator(plan.job)
    count = len(plan.points)
    chosen = sorted({point for pair in range(POINTS // 2) for point in _pair(pair * count * 2 // POINTS, count)})
    started, seconds = time.monotonic(), []
    for done, index in enumerate(chosen):
        watch("points to measure", done, len(chosen))
        before = time.monotonic()
        evaluator.outcome(plan.points[index])
        seconds.append(time.monotonic() - before)
        if time.monotonic() - started > SECONDS:
            break
    later = seconds[1:] or seconds
    first = seconds[0]
    return Estimate(first + (count - 1) * sum(later) / len(later) / min(workers, count), len(seconds))


def _pair(index: int, count: int) -> tuple[int, int]:
    return index, min(index + 1, count - 1)
