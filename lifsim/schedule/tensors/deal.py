"""Bytes of a whole run dealt to its strips where some images come after the others: as if all were there at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from operator import add

import numpy as np

from lifsim.schedule.tensors.moves import shares_between
from lifsim.schedule.tensors.rows import Ints

Sums = Mapping[str, tuple[int, ...]]
"""By what is dealt, the weights by which it is, added up; of each of several tensors that have it between them."""


class Deal:
    """To the strips of some images. whole: sums of all images; none: these are all of them. before: of those that came
    before these. `own` are the sums of these."""

    def __init__(self, whole: Sums | None = None, before: Sums | None = None) -> None:
        self._whole, self._before = whole, before or {}
        self.own: dict[str, tuple[int, ...]] = {}

    def several(self, what: str, total: int, weights: Sequence[Ints]) -> list[Ints]:
        """`total` by the `weights` of each of several tensors, the strips of one after those of the other; into whole
        numbers, as `shares` has them."""
        own = self.own[what] = tuple(int(each.sum()) for each in weights)
        whole, passed = (own if self._whole is None else self._whole[what]), self._before.get(what, (0,) * len(own))
        found, first = list[Ints](), 0
        for each, every, done in zip(weights, whole, passed, strict=True):
            found.append(shares_between(total, each, first + done, sum(whole)))
            first += every
        return found

    def shares(self, what: str, total: int, weights: Ints) -> Ints:
        """The same of a single one."""
        return self.several(what, total, [weights])[0]

    def begins(self, what: str, total: int, part: Ints) -> Ints:
        """Where each `part`, as `shares` has it, begins in `total`."""
        whole, (passed,) = sum((self._whole or self.own)[what]), self._before.get(what, (0,))
        begins: Ints = total * passed // max(whole, 1) + np.cumsum(part) - part
        return begins

    def summed(self, what: str, amounts: Ints) -> int:
        """Of `amounts`, those of all images."""
        self.own[what] = (int(amounts.sum()),)
        return sum((self._whole or self.own)[what])

    @property
    def opens(self) -> bool:
        """Whether these images are the first."""
        return not self._before


def added(one: Sums, other: Sums) -> Sums:
    """The sums of images that come one after the other."""
    return {what: tuple(map(add, each, other[what])) for what, each in one.items()}


def times(sums: Sums, count: int) -> Sums:
    """Those of so many times as many images, which are alike."""
    return {what: tuple(count * each for each in of_tensors) for what, of_tensors in sums.items()}
