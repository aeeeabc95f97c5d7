"""Runs a planned sweep and stores its results."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Mapping, Sequence

from lifsim.errors import Fault, InputError
from lifsim.sweeps.executor import Executor
from lifsim.sweeps.outcome import Outcome
from lifsim.sweeps.plan import Job, Plan
from lifsim.sweeps.store import Store
from lifsim.units import counted


def pending_points(plan: Plan, store: Store, *, retry_failed: bool = False) -> list[int]:
    """The points of `plan` that are not in `store` yet, with `retry_failed` also those that failed, in the order of the
    sweep: so runs that have most in common follow each other."""
    done = store.points(failed=not retry_failed)
    return [point for point in plan.points if point not in done]


def kept_points(plan: Plan, store: Store) -> int:
    """How many points of `plan` are in `store`."""
    if len(plan.points) == plan.job.space.points:
        return store.count
    return len(store.points().intersection(plan.points))


def run_points(
    job: Job,
    store: Store,
    points: Sequence[int],
    executor: Executor,
    watch: Callable[[Outcome], None],
    telling: Container[int] = (),
) -> None:
    """Run `points`. `watch` is called with each outcome after its row was written to `store`. telling: points that tell
    how long others take; how long they took is kept, too. A store that cannot be written is reported before the first
    point is run."""
    if points:
        store.begin()
    for parcel in executor.parcels(points, job.space):
        store.add_all(parcel)
        for outcome in parcel.outcomes:
            if outcome.point in telling:
                store.costs.keep(outcome.point, outcome.seconds)
            watch(outcome)


REASONS = 5
"""How many reasons why points failed are told, the most frequent ones."""


def _told(errors: Mapping[str, int]) -> Iterator[tuple[str, int]]:
    """(reason, points that failed so) of the most frequent `errors`, which come first, and of all others as one."""
    every = list(errors.items())
    yield from every[:REASONS]
    if rest := [count for _, count in every[REASONS:]]:
        yield f"for {counted(len(rest), 'other reason')}", sum(rest)


def reasons(errors: Mapping[str, int]) -> Iterator[str]:
    """The most frequent of `errors`, how many points failed so, and how many for others."""
    for reason, count in _told(errors):
        yield f"failed {count:,}: {reason}"


def failures(errors: Mapping[str, int], points: int) -> Iterator[str]:
    """Why some of `points` points have no figures, one line per reason; none if all have."""
    yield from reasons(errors)
    if failed := sum(errors.values()):
        others = points - failed
        have = f"the other {others:,} have figures" if others > 1 else "the other one has figures"
        yield f"{failed:,} of {counted(points, 'point')} failed, {have} (store export has the reason of each)"


def refuse_if_all_failed(errors: Mapping[str, int], points: int, every: str = "every point") -> None:
    """Raises InputError with the most frequent of `errors` if all `points` points have one; every: what they are."""
    if not errors or sum(errors.values()) < points:
        return
    if len(errors) == 1:
        raise InputError(Fault(error, path=f"{every} fails") for error in errors)
    raise InputError(Fault(reason, path=f"{every} fails, {count:,} of {points:,}") for reason, count in _told(errors))
