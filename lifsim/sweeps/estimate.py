"""How long will a sweep take? Estimated by running the points that the sweep itself would run first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping

from lifsim.lazy_dataclass import dataclass
from lifsim.sweeps.coarse import run_first
from lifsim.sweeps.evaluate import Evaluator
from lifsim.sweeps.outcome import Outcome
from lifsim.sweeps.plan import Plan
from lifsim.sweeps.remaining import remaining
from lifsim.watch import Watch, unwatched

SECONDS, SPREAD = 5.0, 24
"""What that may take, and how many points of a sweep that has no lines are run, from all over it."""


@dataclass(frozen=True)
class Estimate:
    """seconds: that the whole sweep will take; measured: how many points this is based on; at_most: whether these were
    too few for an estimate, so that `seconds` is an upper bound; errors: the reasons why some of these points failed
    and how many failed for each, the most frequent one first."""

    seconds: float
    measured: int
    at_most: bool
    errors: Mapping[str, int]

    @property
    def failed(self) -> int:
        """How many of the measured points failed."""
        return sum(self.errors.values())


def estimate(
    plan: Plan, workers: int, watch: Watch = unwatched, run: Callable[[int], Outcome] | None = None
) -> Estimate:
    """Run points for SECONDS, at least one of them, and estimate the rest. run: runs a point, by default in this
    process; time is measured by the seconds of the outcomes alone."""
    points, count = plan.points, len(plan.points)
    spread = min(SPREAD, count)
    first = run_first(plan, points) or [points[place * count // spread] for place in range(spread)]
    rest, outcome_of, measured, spent = remaining(plan, points), run or Evaluator(plan.job).outcome, 0, 0.0
    errors = Counter[str]()
    for point in first:
        watch("points to measure", measured, len(first))
        outcome = outcome_of(point)
        rest.add(point, outcome.seconds)
        errors.update([outcome.error] if outcome.error else [])
        measured, spent = measured + 1, spent + outcome.seconds
        if spent > SECONDS:
            break
    left = rest.left
    return Estimate((spent + left.seconds) / min(workers, count), measured, not left.known, dict(errors.most_common()))
