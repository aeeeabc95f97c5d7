"""How long will a sweep take? Estimated by running the points that the sweep itself would run first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping

from lifsim.lazy_dataclass import dataclass
from lifsim.sweeps.course import course
from lifsim.sweeps.evaluate import Evaluator
from lifsim.sweeps.outcome import Outcome
from lifsim.sweeps.plan import Plan
from lifsim.watch import Watch, unwatched

SECONDS, LEAST = 5.0, 24
"""What that may take, and how many points of a sweep are run at least, if there are so many and time for them."""


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
    found, outcome_of, measured, spent = course(plan, plan.points, workers), run or Evaluator(plan.job).outcome, 0, 0.0
    errors = Counter[str]()
    some = [*dict.fromkeys([*found.first, *found.points[:LEAST]])]
    for point in some:
        watch("points to measure", measured, len(some))
        outcome = outcome_of(point)
        found.rest.add(point, outcome.seconds)
        errors.update([outcome.error] if outcome.error else [])
        measured, spent = measured + 1, spent + outcome.seconds
        if spent > SECONDS:
            break
    left = found.rest.left
    seconds = (spent + left.seconds) / min(workers, len(found.points))
    return Estimate(seconds, measured, not left.known, dict(errors.most_common()))
