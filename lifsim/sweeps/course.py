"""In which order a sweep runs its points, and by which of them it tells the time that is left."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lifsim.lazy_dataclass import dataclass
from lifsim.sweeps.anew import Anew
from lifsim.sweeps.coarse import coarse_grid, drawn, in_stretches, without
from lifsim.sweeps.plan import Plan
from lifsim.sweeps.remaining import NONE, ByFit, ByGrid, Paced, Remaining

MOST_NUMBERED = 1 << 62
"""Of a sample of a larger space, whose points are no numbers of 64 bits, the time left is told by the pace."""


@dataclass(frozen=True)
class Course:
    """points: in the order in which they are run, `first` before the others; of_grid: those of the coarse grid by which
    others are told, also in a sweep that goes on; rest: what is left of it."""

    points: Sequence[int]
    first: Sequence[int]
    of_grid: frozenset[int]
    rest: Remaining


def course(
    plan: Plan, pending: Sequence[int], processes: int, known: Mapping[int, float] = NONE, also: Sequence[int] = ()
) -> Course:
    """The points of `plan` that are `pending`, run by so many processes, each of which has neighbours.

    First come those of the coarse grid, but for those that are `known`: what they took before. Then some are drawn from
    all over the others, and `also` these. A sample has no coarse grid, nor a sweep that hardly has other points, or of
    which points of the grid were run, but not kept what they took.
    """
    space = plan.job.space
    grid = coarse_grid(space)
    awaited = [point for point in grid.points() if point not in known]
    by_grid = len(plan.points) == space.points and grid.is_small and set(awaited).issubset(pending)
    of_grid = awaited if by_grid else []
    first = list(dict.fromkeys([*of_grid, *drawn(without(pending, of_grid)), *also]))
    points = in_stretches(space, first, without(pending, first), processes)
    if space.points > MOST_NUMBERED:
        return Course(points, first, frozenset(), Paced(len(points)))
    anew = Anew(grid, points, processes)
    rest = ByGrid(grid, points, anew, known, without(first, of_grid)) if by_grid else ByFit(points, anew, first)
    return Course(points, first, frozenset(of_grid), rest)
