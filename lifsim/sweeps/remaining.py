"""How long does the rest of a sweep take? By the points of its lines, then by how the others compare.

Neighbours share what they have in common: a point that must be played anew takes a hundred times as long as one that
differs from another in a price. What an axis asks for anew shows on its line, where the others stand at their first
values. Of each kind of points (`lifsim.sweeps.lines`), with the seconds s of points on lines,

    seconds(point) = again + (base - again) * product over axes of (s(value on the axis) - again) / (base - again),

again being what a point takes that has all in common with others, between values on the line as if on straight ones.
On a line it has a value that no point had before, which costs something, too; beside the lines it has none, and `again`
is what the cheap ones there take. The first point of all warms caches up, and so does the end of a line, which is run
first of it: neither counts for more than what stands beside it lets expect. All other points of a kind correct its sum
of what is asked for anew by what they took in truth.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from lifsim.lazy_dataclass import dataclass
from lifsim.sweeps.lines import Kind, Lines, run_first
from lifsim.sweeps.plan import Plan
from lifsim.sweeps.space import Space

AGAIN, ANEW = 1.6, 2.0
"""A point takes at most so many times the least where it has all in common with others, and at least so many times what
these take where it is played anew."""

BEYOND = 1.1
"""The end of a line takes at most so many times what the two values before it let expect."""

SOMETHING = 0.05
"""Of what the base takes anew: values that take less ask for nothing new."""

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Left:
    """seconds: of work of one process; known: whether by complete lines, so that they are no bound but an estimate."""

    seconds: float
    known: bool


class Remaining(Protocol):
    """What is left of a sweep."""

    def add(self, point: int, seconds: float) -> None:
        """A point was run, which took so long."""

    @property
    def left(self) -> Left:
        """What the others take; nothing before the first."""
        ...


class Paced:
    """Of `count` points of which nothing else is known: at the pace so far."""

    def __init__(self, count: int) -> None:
        self._left, self._run, self._took = count, 0, 0.0

    def add(self, point: int, seconds: float) -> None:  # noqa: ARG002 (as any point)
        """A point was run, which took so long."""
        self._left, self._run, self._took = self._left - 1, self._run + 1, self._took + seconds

    @property
    def left(self) -> Left:
        """What the others take."""
        return Left(self._left * self._took / max(self._run, 1), known=True)


@dataclass(frozen=True)
class _Prices:
    """Seconds of the points of a kind. again: of one on its lines that asks for nothing anew; anew: of the base, beside
    that; factors: by axis, what each value makes of it."""

    again: float
    anew: float
    factors: dict[int, Floats]

    def anew_at(self, places: Sequence[int]) -> float:
        """What a point asks for anew."""
        return self.anew * math.prod(float(each[places[axis]]) for axis, each in self.factors.items())

    @property
    def all_anew(self) -> float:
        """What all points do."""
        return self.anew * math.prod(float(one.sum()) for one in self.factors.values())


@dataclass
class _Run:
    """Points of a kind that were run, with their seconds. lines: by axis, of its values; beside: of `Lines.beside`;
    others: at their places; passed: others that were looked at; took, anew: sums over these, in truth and of what their
    prices had of them anew; cheap: how many of these asked for nothing anew, cheap_took: and what they took."""

    base: float | None = None
    lines: dict[int, dict[int, float]] = field(default_factory=dict)
    others: list[tuple[tuple[int, ...], float]] = field(default_factory=list)
    beside: list[float] = field(default_factory=list)
    passed: int = 0
    took: float = 0.0
    anew: float = 0.0
    cheap: int = 0
    cheap_took: float = 0.0

    def look_at_others(self, prices: _Prices) -> None:
        """Those that were run since the last time."""
        cheap = [seconds for _, seconds in self.others if seconds <= ANEW * self.again(prices.again)]
        self.cheap, self.cheap_took = self.cheap + len(cheap), self.cheap_took + sum(cheap)
        self.passed += len(self.others)
        self.took += sum(seconds for _, seconds in self.others)
        self.anew += sum(prices.anew_at(places) for places, _ in self.others)
        self.others.clear()

    def again(self, on_lines: float) -> float:
        """What a point beside the lines takes that asks for nothing anew, one on them taking `on_lines`."""
        return self.cheap_took / self.cheap if self.cheap else min([on_lines, *self.beside])


class ByLines:
    """Of all points of `space`, those on its lines first."""

    def __init__(self, space: Space) -> None:
        self._lines, self._space = Lines(space), space
        self._awaited, self._beside = set(self._lines.first()), set(self._lines.beside())
        self._run = {kind: _Run() for kind in self._lines.kinds}
        self._prices: dict[Kind, _Prices] = {}
        self._shares = dict(zip(self._lines.kinds, self._lines.shares, strict=True))

    def add(self, point: int, seconds: float) -> None:
        """A point was run, which took so long."""
        places = self._space.places(point)
        run = self._run[self._near(self._lines.kind_of(places))]
        if point in self._beside:
            run.beside.append(seconds)
            return
        if point not in self._awaited:
            run.others.append((places, seconds))
            return
        self._awaited.discard(point)
        self._prices = {}
        for axis in self._lines.off(places):
            run.lines.setdefault(axis, {})[places[axis]] = seconds
        if not self._lines.off(places):
            run.base = seconds

    def _near(self, kind: Kind) -> Kind:
        """The kind with lines that stands for it."""
        return self._lines.kinds[bisect_right(self._lines.kinds, kind) - 1]

    @property
    def left(self) -> Left:
        """What the others take: kinds of which nothing is known as those that are known do."""
        known = {kind: run for kind, run in self._run.items() if run.base is not None}
        if not known:
            return Left(0.0, known=False)
        self._prices = self._prices or self._priced(known)
        found = [self._of_kind(kind, run) for kind, run in known.items()]
        of_kind = math.prod(self._space.axes[axis].values.count for axis in self._lines.numbers)
        mean = sum(one.again * of_kind + one.all_anew for one in self._prices.values()) / len(known)
        unknown = sum(share for kind, share in self._shares.items() if kind not in known)
        return Left(sum(found) + mean * unknown, known=not self._awaited)

    def _of_kind(self, kind: Kind, run: _Run) -> float:
        prices, numbers, share = self._prices[kind], self._lines.numbers, self._shares[kind]
        if not self._awaited:
            run.look_at_others(prices)
        on_lines = [self._lines.at(kind), *(self._lines.at(kind, a, v) for a, line in run.lines.items() for v in line)]
        every = share * math.prod(self._space.axes[axis].values.count for axis in numbers)
        awaited = 1 + sum(len(self._lines.values[axis]) - 1 for axis in numbers) - len(on_lines)
        again, base = run.again(prices.again), prices.again + prices.anew
        # Who is played anew beside the lines is so in the place of another one that is like it.
        anew = share * prices.all_anew - run.anew - sum(seconds - again for seconds in run.beside)
        anew -= sum(prices.anew_at(self._space.places(each)) for each in on_lines)
        others = every - awaited - len(on_lines) - len(run.beside) - run.passed
        right = (max(0.0, run.took - run.passed * again) + base) / (run.anew + base)
        return max(0.0, awaited * prices.again + others * again + max(0.0, anew) * right)

    def _priced(self, known: dict[Kind, _Run]) -> dict[Kind, _Prices]:
        """An axis of which a kind has no line yet is as for the others; of none, as if all asked for something new."""
        own = {kind: self._own(run) for kind, run in known.items()}
        factors: dict[int, Floats] = {}
        for axis in self._lines.numbers:
            there = [prices.factors[axis] for prices in own.values() if axis in prices.factors]
            factors[axis] = np.mean(there, axis=0) if there else np.ones(self._space.axes[axis].values.count)
        return {kind: _Prices(one.again, one.anew, factors | one.factors) for kind, one in own.items()}

    def _own(self, run: _Run) -> _Prices:
        """By its own lines, as far as they are there."""
        base = run.base or 0.0
        every = [base, *(seconds for line in run.lines.values() for seconds in line.values())]
        again = float(np.mean([seconds for seconds in every if seconds <= AGAIN * min(every)]))
        beside = [line[min(line)] for line in run.lines.values()]
        anew = [seconds for seconds in beside if seconds > ANEW * again]
        if beside:
            base = min(base, float(np.mean(anew)) if anew else ANEW * again)
        fresh, axes = max(base - again, 0.0), self._space.axes
        factors = {axis: _factors(line, again, fresh, axes[axis].values.count) for axis, line in run.lines.items()}
        return _Prices(again, fresh, factors)


def _factors(line: dict[int, float], again: float, fresh: float, count: int) -> Floats:
    """[count] by what each value of an axis multiplies what the base takes `fresh`, seconds being known on its line."""
    places = sorted(line)
    found = [1.0, *(max(line[place] - again, 0.0) / fresh if fresh else 0.0 for place in places)]
    if len(found) > 2 and min(found[-3:-1]) > SOMETHING:
        found[-1] = min(found[-1], BEYOND * found[-2] * max(1.0, found[-2] / found[-3]))
    return np.interp(np.arange(count), [0, *places], found)


def remaining(plan: Plan, pending: Sequence[int]) -> Remaining:
    """Of the points of `plan` that are `pending`."""
    return ByLines(plan.job.space) if run_first(plan, pending) else Paced(len(pending))
