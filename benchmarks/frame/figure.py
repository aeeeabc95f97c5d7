"""A figure beside its peer, and beside what the machine could do at best."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from typing import Literal


@dataclass(frozen=True)
class Series:
    """What one side took in each round, in the order in which the rounds ran; of one number where it has no rounds."""

    rounds: tuple[float, ...]

    def __post_init__(self) -> None:
        if not self.rounds:
            raise ValueError("rounds must be one at least")

    @property
    def median(self) -> float:
        """Of the rounds."""
        return median(self.rounds)

    def scaled(self, factor: float) -> Series:
        """In another unit."""
        return Series(tuple(factor * each for each in self.rounds))

    def rate(self, amount: float) -> Series:
        """How much of `amount` a second, of rounds in seconds."""
        return Series(tuple(amount / each for each in self.rounds))


@dataclass(frozen=True)
class Limit:
    """What no program on this machine does better, in the unit of the figure, and what that is the speed of."""

    value: float
    of: str


@dataclass(frozen=True)
class Target:
    """What the figure, or its ratio to the peer's, is to be."""

    value: float
    what: Literal["figure", "ratio"] = "figure"


@dataclass(frozen=True)
class Figure:
    """A line of a table.

    name: what was measured, unique in its benchmark. peer: what it is compared with; "" without one. theirs: the peer's
    rounds, each beside the one of `ours` with the same place; None where the peer is not on this machine. better:
    whether less of the unit is better, as of seconds, or more, as of bursts/s.
    """

    name: str
    unit: str
    ours: Series
    peer: str = ""
    theirs: Series | None = None
    better: Literal["less", "more"] = "less"
    target: Target | None = None
    limit: Limit | None = None

    @property
    def ratio(self) -> float | None:
        """How many times as good as the peer, the median of the pairs' own; None without the peer's rounds."""
        if self.theirs is None:
            return None
        pairs = zip(self.ours.rounds, self.theirs.rounds, strict=True)
        return median(self._times(ours, theirs) for ours, theirs in pairs)

    @property
    def gap(self) -> float | None:
        """How many times as good the limit is."""
        return None if self.limit is None else self._times(self.limit.value, self.ours.median)

    @property
    def met(self) -> bool | None:
        """Whether the target is; None without one, or without the ratio that it is of."""
        if self.target is None:
            return None
        if self.target.what == "ratio":
            return None if self.ratio is None else self.ratio >= self.target.value
        ours, wanted = self.ours.median, self.target.value
        return ours >= wanted if self.better == "more" else ours <= wanted

    def _times(self, good: float, other: float) -> float:
        """How many times as good one value of the unit is as another."""
        return good / other if self.better == "more" else other / good
