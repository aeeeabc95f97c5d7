"""What layers that share a buffer cannot go below, of all spans of layers at once.

Of a buffer a region passes bytes on, and what it has beside that keeps others, which need not move again. Which bytes
those of a span are, and how large the region is, is a linear program. Whatever price a kept byte has, every layer does
by itself what is cheapest for it, and what that comes to, less the price of all that there is to keep, is never more
than the layers can do together: the dual of the program, at that price.
"""

from __future__ import annotations

import numpy as np

from lifsim.distinct import distinct
from lifsim.lazy_dataclass import dataclass
from lifsim.schedule.tensors.rows import Ints
from lifsim.schedule.tensors.spans import over_spans


@dataclass(frozen=True)
class Portions:
    """Of every layer what passes the region, and the rest, at some sizes of the region; between two of them both are
    linear in the size. passing, rest: [layers, sizes] bytes; passing_moves, rest_moves: [layers] how often DRAM moves
    one of them that is not kept; keeps: [sizes] bytes that are kept beside the region."""

    passing: Ints
    rest: Ints
    passing_moves: Ints
    rest_moves: Ints
    keeps: Ints


def kept_floor(portions: Portions, at_work: Ints | int = 0) -> Ints:
    """[layers, layers + 1] bytes that layers first..end-1 cannot go below, in a region of whichever size. at_work:
    bytes, the same for all spans or [layers, layers + 1], that cannot be kept."""
    layers = len(portions.passing)
    best = np.zeros((layers, layers + 1), np.int64)
    for price in distinct(np.array([*portions.passing_moves, *portions.rest_moves])):
        passing, rest = (np.minimum(moves, price) for moves in (portions.passing_moves, portions.rest_moves))
        moved = passing[:, None] * portions.passing + rest[:, None] * portions.rest
        least = [over_spans(each) - price * keeps for each, keeps in zip(moved.T, portions.keeps, strict=True)]
        best = np.maximum(best, np.min(least, axis=0) + price * at_work)
    return best
