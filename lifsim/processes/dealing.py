"""Which worker is given which of the tasks. A worker is called by its hand, a number from 0."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from typing import Generic, TypeVar

Task = TypeVar("Task")


class Deal(ABC, Generic[Task]):
    """Deals every task once, to whichever hand asks."""

    @abstractmethod
    def next_of(self, hand: int) -> Task | None:
        """The next task of this hand; None where none is left."""


class InTurn(Deal[Task]):
    """In the order of the tasks, which are taken one by one."""

    def __init__(self, tasks: Iterable[Task]) -> None:
        self._tasks = iter(tasks)

    def next_of(self, hand: int) -> Task | None:  # noqa: ARG002 (as any hand)
        """As Deal says."""
        return next(self._tasks, None)


class Stretches(Deal[Task]):
    """Neighbours to one hand, for tasks that share what they have in common with those before them.

    Each of `hands` begins with an equal stretch of the tasks. One that is through its own takes the second half of the
    longest stretch that is left, so that all end together (work stealing: Blumofe & Leiserson, JACM 46(5), 1999).
    """

    def __init__(self, tasks: Sequence[Task], hands: int) -> None:
        self._tasks = tasks
        cuts = [len(tasks) * hand // hands for hand in range(hands + 1)]
        self._next, self._end = cuts[:-1], cuts[1:]

    def next_of(self, hand: int) -> Task | None:
        """As Deal says."""
        if self._left(hand) == 0:
            longest = max(range(len(self._next)), key=self._left)
            self._end[hand] = self._end[longest]
            self._end[longest] -= (self._left(longest) + 1) // 2
            self._next[hand] = self._end[longest]
        if self._left(hand) == 0:
            return None
        self._next[hand] += 1
        return self._tasks[self._next[hand] - 1]

    def _left(self, hand: int) -> int:
        return self._end[hand] - self._next[hand]
