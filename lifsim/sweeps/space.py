"""The space of a sweep: the cross product of its axes in a fixed order. It is never held in memory as a whole."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from lifsim.errors import Fault, InputError
from lifsim.lazy_dataclass import dataclass
from lifsim.sweeps.values import Value, Values

MAX_POINTS = 10_000_000
"""Points of one sweep. At a hundred points a second this is a day of a cluster; more are a slip of the hand."""


@dataclass(frozen=True)
class Axis:
    """One setting and its values. key: ``arch``, ``workload``, ``sharing``, an option of a run, or what --set names."""

    key: str
    values: Values


@dataclass(frozen=True)
class Space:
    """The cross product of `axes`; the last one changes fastest. A point is its index in this order, from 0."""

    axes: tuple[Axis, ...]

    @property
    def points(self) -> int:
        """How many, as far as one can count."""
        return math.prod(axis.values.count for axis in self.axes)

    def at(self, point: int) -> dict[str, Value]:
        """The value of every axis at `point`."""
        return {axis.key: axis.values[place] for axis, place in zip(self.axes, self.places(point), strict=True)}

    def places(self, point: int) -> tuple[int, ...]:
        """The index on every axis of `point`."""
        places = []
        for axis in reversed(self.axes):
            point, place = divmod(point, axis.values.count)
            places.append(place)
        return tuple(reversed(places))

    def point(self, places: Sequence[int]) -> int:
        """The point that has these indices on the axes."""
        index = 0
        for axis, place in zip(self.axes, places, strict=True):
            index = index * axis.values.count + place
        return index


def chosen_points(space: Space, sample: int | None, seed: int) -> Sequence[int]:
    """All points of `space` in order, or a Latin hypercube `sample` of them, in order.

    Raises InputError where there are too many.
    """
    wanted = space.points if sample is None else min(sample, space.points)
    if wanted > MAX_POINTS:
        size = " x ".join(f"{axis.values.count:,}" for axis in space.axes if axis.values.count > 1)
        rule = f"must be at most {MAX_POINTS:,}: shorten an axis, or take a sample of them with --sample"
        raise InputError(Fault(f"{wanted:,} points ({size}) {rule}", path="vary" if sample is None else "sample"))
    if wanted == space.points:
        return range(wanted)
    return sorted(latin_hypercube(space, wanted, seed))


def latin_hypercube(space: Space, count: int, seed: int) -> set[int]:
    """`count` different points, spread so that every axis is covered evenly.

    McKay, Beckman & Conover, Technometrics 21(2), 1979: each axis is cut into `count` strata of equal width and each
    stratum is used once. On short axes points may coincide; then further hypercubes fill the gaps. A sample of more
    than half the space is drawn plainly: it covers the axes anyway.
    """
    random = np.random.Generator(np.random.PCG64(seed))
    if 2 * count > space.points:
        return set(random.permutation(space.points)[:count].tolist())
    points: set[int] = set()
    while len(points) < count:
        columns = [_stratified(random, count, axis.values.count) for axis in space.axes]
        for places in zip(*columns, strict=True):
            points.add(space.point(places))
            if len(points) == count:
                break
    return points


def _stratified(random: np.random.Generator, count: int, values: int) -> list[int]:
    """Indices below `values`, one from each of `count` strata, in random order."""
    strata = random.permutation(count)
    within = random.random(count)
    if values == 1:
        return [0] * count
    return [min(int((stratum + at) / count * values), values - 1) for stratum, at in zip(strata, within, strict=True)]
