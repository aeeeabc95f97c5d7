"""A sweep from plan to store."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from lifsim.errors import Fault, InputError
from lifsim.sweeps.executor import Executor
from lifsim.sweeps.outcome import Outcome
from lifsim.sweeps.plan import Job, Plan
from lifsim.sweeps.store import Store


def pending_points(plan: Plan, store: Store, *, retry_failed: bool = False) -> list[int]:
    """The points of `plan` that `store` has no row of, and with `retry_failed` those that failed, in order: runs that
    have most in common come one after the other."""
    done = store.points(failed=not retry_failed)
    return [point for point in plan.points if point not in done]


def run_points(
    job: Job, store: Store, points: Sequence[int], executor: Executor, watch: Callable[[Outcome], None]
) -> None:
    """Run `points`; each row is safe in `store` before `watch` hears of it. A store that cannot be written is refused
    before the first of them."""
    if points:
        store.begin()
    for outcome in executor.outcomes(points):
        store.add(outcome, job.space.at(outcome.point))
        watch(outcome)


def refuse_if_all_failed(errors: Mapping[str, int], points: int) -> None:
    """Raises InputError with the most frequent of `errors`, where all `points` have one."""
    if errors and sum(errors.values()) == points:
        raise InputError([Fault(error, path="every point fails") for error in list(errors)[:5]])
