"""Divides the bytes of a whole run among its strips, when images come one after the other, exactly as if all images
were there at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from operator import add

import numpy as np

from lifsim.schedule.tensors.moves import shares_between
from lifsim.schedule.tensors.rows import Ints

Sums = Mapping[str, tuple[int, ...]]
"""By name of what is divided, the sums of its weights: one for each tensor that has a part."""


class Deal:
    """A division among the strips of some images. whole: sums of weights over all images; empty if these are all.
    before: over the images before these; `own`: over these."""

    def __init__(self, whole: Sums | None = None, before: Sums | None = None) -> None:
        self._whole, self._before = whole, before or {}
        self.own: dict[str, tuple[int, ...]] = {}

    def several(self, what: str, total: int, weights: Sequence[Ints]) -> list[Ints]:
        """`total`, divided by the `weights` of several tensors, the strips of one tensor after those of the other, into
        whole numbers as by `shares`."""
        own = self.own[what] = tuple(int(each.sum()) for each in weights)
        whole, passed = (own if self._whole is None else self._whole[what]), self._before.get(what, (0,) * len(own))
        found, first = list[Ints](), 0
        for each, every, done in zip(weights, whole, passed, strict=True):
            found.append(shares_between(total, each, first + done, sum(whole)))
            first += every
        return found

    def shares(self, what: str, total: int, weights: Ints) -> Ints:
        """`total`, divided by the `weights` of a single tensor."""
        return self.several(what, total, [weights])[0]

    def begins(self, what: str, total: int, part: Ints) -> Ints:
        """Where each `part`, as given by `shares`, begins in `total`."""
        whole, (passed,) = sum((self._whole or self.own)[what]), self._before.get(what, (0,))
        begins: Ints = total * passed // max(whole, 1) + np.cumsum(part) - part
        return begins

    def summed(self, what: str, amounts: Ints) -> int:
        """The sum of `amounts` over all images."""
        self.own[what] = (int(amounts.sum()),)
        return sum((self._whole or self.own)[what])

    @property
    def opens(self) -> bool:
        """Whether these images are the first."""
        return not self._before


def added(one: Sums, other: Sums) -> Sums:
    """The totals of two lots of images, one after the other."""
    return {what: tuple(map(add, each, other[what])) for what, each in one.items()}


def times(sums: Sums, count: int) -> Sums:
    """The totals of `count` lots of images that are alike."""
    return {what: tuple(count * each for each in of_tensors) for what, of_tensors in sums.items()}
