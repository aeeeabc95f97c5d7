"""The sizes of chunks that a batch may be cut into, side by side, and the best of them without a look at most.

A group that works on a chunk of images at a time fetches its weights once for each chunk, and keeps the states and the
spikes of all its images: the larger the chunk, the fewer weights and the more of the others move. Of B images there are
about 2 sqrt(B) sizes worth a look, the smallest one for each number of chunks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import inf, isqrt
from typing import TypeVar

import numpy as np

from lifsim.distinct import distinct
from lifsim.lazy_dataclass import dataclass
from lifsim.schedule.tensors.rows import Ints

Best = TypeVar("Best")

FEW = 3
"""Sizes whose floors take as long as a look at them."""


def chunk_sizes(batch: int, chunk: int | None) -> list[int]:
    """The chunk asked for, or the smallest one for each number of chunks, the largest first. Raises ValueError for a
    batch of none."""
    if batch < 1:
        raise ValueError(f"batch must be >= 1, is {batch}")
    return [chunk] if chunk else _sizes(batch)[::-1].tolist()


def _sizes(batch: int) -> Ints:
    """[n] batch / k rounded up, for each k from 1 to the batch: one more than batch - 1 divided by k. Up to the root of
    batch - 1 each k has its own quotient; behind it every quotient up to the root is that of some k."""
    root = isqrt(batch - 1)
    each = np.arange(1, root + 1)
    return 1 + distinct(np.concatenate([[0], each, (batch - 1) // each]))


@dataclass(frozen=True, eq=False)
class ChunkSizes:
    """A batch cut into chunks of `images` [n], the last one smaller where it does not come out even."""

    batch: int
    images: Ints

    @classmethod
    def of(cls, batch: int, chunk: int | None) -> ChunkSizes:
        """All that `chunk_sizes` has, in its order."""
        return cls(batch, np.array(chunk_sizes(batch, chunk), np.int64))

    def some(self, at_a_time: int) -> Iterator[ChunkSizes]:
        """So many of them, again and again."""
        for begin in range(0, self.images.size, at_a_time):
            yield ChunkSizes(self.batch, self.images[begin : begin + at_a_time])

    @property
    def count(self) -> Ints:
        """[n] chunks of the batch."""
        return -(-self.batch // self.images)

    def floored(self, floors: Callable[[ChunkSizes], Ints]) -> Ints:
        """[n] bytes that none goes below: `floors` of them, or 0 of a few, all of which are as soon looked at."""
        return floors(self) if self.images.size > FEW else np.zeros_like(self.images)

    def summed(self, of_chunk: Callable[[Ints], Ints]) -> Ints:
        """[n, ...] of the whole batch what is, of a chunk of so many images [n], [n, ...]."""
        whole, rest = self.batch // self.images, self.batch % self.images
        found = of_chunk(self.images)
        others = found.ndim - 1
        found = found * whole.reshape(-1, *[1] * others)
        if rest.any():
            found = found + of_chunk(np.maximum(rest, 1)) * (rest > 0).reshape(-1, *[1] * others)
        return found


def first_of_fewest(floors: Ints, look: Callable[[int, float], tuple[int, Best] | None]) -> Best:
    """Of candidates that do not go below these `floors` [n] the one with the fewest bytes, of equals the first one.

    look: the bytes of one of them, and what there is to know of it; perhaps None, where it is not below a limit. The
    first and the last one are looked at before the others, in the order of their floors: what is moved rises or falls
    with the number of chunks over most of their sizes.
    """
    fewest, at, best = inf, floors.size, list[Best]()
    rest = np.argsort(floors[1:-1], kind="stable") + 1
    for place in [0, *range(max(1, floors.size - 1), floors.size), *rest.tolist()]:
        if (floors[place], place) > (fewest, at):
            if 0 < place < floors.size - 1:
                break
            continue
        found = look(place, fewest + (place < at))
        if found is not None and (found[0], place) < (fewest, at):
            fewest, at, best = found[0], place, [found[1]]
    return best[0]


def at_ends(count: int) -> list[int]:
    """Of so many chunks, windows or timesteps one after the other the first one and the last two. Those between are
    like the last but one, and touch of no tensor what lies beyond all that these touch: the first one finds nothing on
    chip, the last one may be smaller."""
    return sorted({0, max(0, count - 2), count - 1})
