"""Trade-offs between two costs: the corners of the lower convex hull, each the cheapest at some exchange rate of the
costs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Generic, TypeVar

from lifsim.lazy_dataclass import dataclass

T = TypeVar("T")


@dataclass(frozen=True)
class Offer(Generic[T]):
    """A choice with two costs, such as bytes and cycles."""

    first: int
    second: int
    what: T


def corners(offers: Iterable[Offer[T]]) -> list[Offer[T]]:
    """The corners of the hull, from the least first cost to the least second cost: at any exchange rate between the
    costs one of them is the cheapest. Of equal offers the first one stays."""
    found: list[Offer[T]] = []
    for offer in sorted(offers, key=lambda one: (one.first, one.second)):
        if found and offer.second >= found[-1].second:
            continue
        while len(found) > 1 and not _lies_below(found[-1], found[-2], offer):
            found.pop()
        found.append(offer)
    return found


def _lies_below(middle: Offer[T], left: Offer[T], right: Offer[T]) -> bool:
    """The line from `left` to `right`."""
    wide, high = right.first - left.first, right.second - left.second
    return (middle.second - left.second) * wide < (middle.first - left.first) * high
