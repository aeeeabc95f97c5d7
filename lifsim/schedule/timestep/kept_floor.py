"""What layers that share a buffer cannot go below, of all spans of layers at once.

Of a buffer a region passes bytes on, and what it has beside that keeps others, which need not move again. Which bytes
those of a span are, and how large the region is, is a linear program. Whatever price a kept byte has, every layer does
by itself what is cheapest for it, and what that comes to, less the price of all that there is to keep, is never more
than the layers can do together: the dual of the program, at that price.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce

import numpy as np

from lifsim.lazy_dataclass import dataclass
from lifsim.schedule.tensors.rows import Ints
from lifsim.schedule.tensors.spans import over_spans


@dataclass(frozen=True)
class Portions:
    """Of every layer what passes the region, and the rest, at some sizes of the region; between two of them both are
    linear in the size. Of several cases side by side. passing, rest: [cases, layers, sizes] bytes; passing_moves,
    rest_moves: [cases, layers] how often DRAM moves one of them that is not kept; keeps: [cases, sizes] bytes that are
    kept beside the region. What all cases have in common may have one entry for them."""

    passing: Ints
    rest: Ints
    passing_moves: Ints
    rest_moves: Ints
    keeps: Ints


def kept_floor(portions: Portions, at_work: Ints | int = 0) -> Ints:
    """[cases, layers, layers + 1] bytes that layers first..end-1 cannot go below, in a region of whichever size.
    at_work: bytes, the same for all spans or [cases, layers, layers + 1], that cannot be kept."""
    layers, best = portions.passing.shape[1], np.zeros((1, 1, 1), np.int64)
    for price in _prices(portions):
        passing: Ints = np.minimum(portions.passing_moves, price[:, None])[..., None]
        rest: Ints = np.minimum(portions.rest_moves, price[:, None])[..., None]
        moved: Ints = passing * portions.passing + rest * portions.rest
        kept = (price[:, None] * portions.keeps)[..., None, None]
        least = (over_spans(moved[..., one]) - kept[:, one] for one in range(moved.shape[-1]))
        best = np.maximum(best, reduce(np.minimum, least) + price[:, None, None] * at_work)
    return np.broadcast_to(best, (len(best), layers, layers + 1))


def _prices(portions: Portions) -> Iterable[Ints]:
    """[cases] each of the numbers of moves."""
    moves = (*portions.passing_moves.T, *portions.rest_moves.T)
    return {price.tobytes(): price for price in moves}.values()
