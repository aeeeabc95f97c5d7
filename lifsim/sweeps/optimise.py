"""The least of a figure within limits, over the space of a sweep, without running all of it.

Optuna's tree-structured Parzen estimator (Bergstra et al., NeurIPS 2011) asks for points in rounds. It is seeded and
told of each round in the order in which it asked, so its questions are always the same: a search that was stopped asks
them again and finds the answers in the store, whoever put them there.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from lifsim.accounting.energy import KINDS, DramEnergy, LogicEnergy
from lifsim.errors import Fault, InputError, did_you_mean, shown
from lifsim.lazy_dataclass import dataclass
from lifsim.sweeps.executor import Executor
from lifsim.sweeps.outcome import Outcome, figure_names
from lifsim.sweeps.plan import Job
from lifsim.sweeps.run import run_points
from lifsim.sweeps.space import Axis, Space
from lifsim.sweeps.store import Store
from lifsim.sweeps.values import Listed

if TYPE_CHECKING:
    from optuna.trial import Trial

_COMPARISONS: Mapping[str, Callable[[float, float], bool]] = {
    "<=": operator.le, ">=": operator.ge, "<": operator.lt, ">": operator.gt,
}  # fmt: skip
_LIMIT = re.compile(r"\s*([\w.]+)\s*(<=|>=|<|>)\s*([-+]?[0-9.]+(?:[eE][-+]?[0-9]+)?)\s*", re.ASCII)


@dataclass(frozen=True)
class Limit:
    """``area_mm2<2.5``: what a figure must keep to."""

    figure: str
    comparison: str
    bound: float

    @classmethod
    def parse(cls, text: str) -> Limit:
        """Raises InputError unless `text` is a figure, one of < <= > >=, and a number."""
        match = _LIMIT.fullmatch(text) if len(text) <= 200 else None
        try:
            return cls(match[1], match[2], float(match[3]))  # type: ignore[index]
        except (TypeError, ValueError):
            rule = "must be a figure, one of < <= > >=, and a number, such as area_mm2<2.5"
            raise InputError(Fault(f"{shown(text)} {rule}", path="--limit")) from None

    def __str__(self) -> str:
        return f"{self.figure} {self.comparison} {self.bound:g}"

    def is_met(self, figures: Mapping[str, Any]) -> bool:
        """Whether the figures of a point keep to it."""
        return _COMPARISONS[self.comparison](figures[self.figure], self.bound)

    def excess(self, figures: Mapping[str, Any]) -> float:
        """By how much they do not; not above 0 where they do."""
        over = figures[self.figure] - self.bound
        return float(over if self.comparison.startswith("<") else -over)


@dataclass(frozen=True)
class Goal:
    """minimise: the figure. points: how many are asked for in all, `round` at a time, which run beside each other."""

    minimise: str
    limits: tuple[Limit, ...]
    points: int
    round: int
    seed: int

    def check_names(self) -> None:
        """Raises InputError where the goal names what no run could have as a figure."""
        self.check(dict.fromkeys(figure_names(), 0))

    def check(self, figures: Mapping[str, Any]) -> None:
        """Raises InputError where the goal names what is no figure of a run."""
        numbers = [name for name, value in figures.items() if isinstance(value, int | float)]
        valid = f"; valid: {', '.join(numbers)}"  # all of them, however many: nothing else lists them before a run
        faults = [
            Fault(f"{shown(name)} must be a figure of a run in numbers{did_you_mean(name, numbers) or valid}")
            for name in (self.minimise, *(limit.figure for limit in self.limits))
            if name not in numbers
        ]
        if faults:
            raise InputError(dict.fromkeys(faults))

    def is_met(self, figures: Mapping[str, Any]) -> bool:
        """Whether a point keeps to all limits."""
        return all(limit.is_met(figures) for limit in self.limits)


def meaning(figure: str) -> str:
    """What a figure of energy holds, to stand behind its name: the first by its work may be the last by its total."""
    if not figure.startswith("energy_pj."):
        return ""
    kind = figure.rpartition(".")[2]
    if kind in KINDS:
        others = ", ".join(f".{other}" for other in KINDS if other != kind)
        return f", {kind} alone: without {others}"
    parts = {part.name for record in (LogicEnergy, DramEnergy) for part in fields(record)} - {"total"}
    return (
        ""
        if kind in parts
        else f", {', '.join(KINDS[:-1])} and {KINDS[-1]} energy together; {figure}.work ranks by work"
    )


Run = Callable[[Sequence[int]], Sequence[Mapping[str, Any] | None]]
"""Points into their figures, None where one failed."""


def optimise(job: Job, store: Store, executor: Executor, goal: Goal, watch: Callable[[Outcome], None]) -> None:
    """Run points of `job` that lead to the least of `goal.minimise`, into `store`; a space of no more points than
    `goal.points` is run as a whole. Raises InputError where the goal names no figure of a run."""
    done = store.points()

    def run(points: Sequence[int]) -> list[Mapping[str, Any] | None]:
        new = [point for point in dict.fromkeys(points) if point not in done]
        run_points(job, store, new, executor, watch)
        done.update(new)
        found: list[Mapping[str, Any] | None] = [store.figures(point) for point in points]
        for figures in found:
            if figures is not None:
                goal.check(figures)
        return found

    if job.space.points <= goal.points:
        run(range(job.space.points))
    else:
        _search(job.space, goal, run)


def _search(space: Space, goal: Goal, run: Run) -> None:
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    sampler = optuna.samplers.TPESampler(seed=goal.seed, multivariate=True, constant_liar=True)
    study = optuna.create_study(direction="minimize", sampler=sampler)
    for count in _rounds(goal):
        trials = [study.ask() for _ in range(count)]
        points = [space.point([_place(trial, axis) for axis in space.axes]) for trial in trials]
        for trial, figures in zip(trials, run(points), strict=True):
            if figures is None:
                study.tell(trial, state=optuna.trial.TrialState.FAIL)
                continue
            for limit in goal.limits:
                trial.set_constraint(str(limit), limit.excess(figures))
            study.tell(trial, figures[goal.minimise])


def _rounds(goal: Goal) -> Iterator[int]:
    for first in range(0, goal.points, goal.round):
        yield min(goal.round, goal.points - first)


def _place(trial: Trial, axis: Axis) -> int:
    """The index on `axis` that `trial` suggests: of numbers a place in their order, of names one of several."""
    last = axis.values.count - 1
    if last == 0:
        return 0
    if not isinstance(axis.values, Listed) or all(isinstance(value, int | float) for value in axis.values.values):
        return int(trial.suggest_int(axis.key, 0, last))
    return int(trial.suggest_categorical(axis.key, list(range(last + 1))))
