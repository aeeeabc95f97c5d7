"""Windows of input rows that tiles of output rows need, halos included, padding clipped."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class RowTiles:
    """Every way to cut a layer's output rows into tiles of equal height, one way per number of tiles.

    heights, tiles: [n] rows of a tile, tiles of an image. tallest_window: [n] input rows of the largest window.
    fetched_most: [n, covered + 1] how many fetches the k most-fetched input rows take, a row being fetched once per
        window that holds it. covered: input rows that any window holds (a stride larger than the kernel skips some).
    single_windows: [rows_out] windows of tiles of one row.
    """

    heights: Ints
    tiles: Ints
    tallest_window: Ints
    fetched_most: Ints
    covered: int
    single_windows: Ints

    @property
    def fetched(self) -> Ints:
        """[n] input rows fetched in one pass over an image."""
        return self.fetched_most[:, -1]


@lru_cache(maxsize=4096)
def row_tiles(rows_in: int, rows_out: int, kernel: int, stride: int, padding: int) -> RowTiles:
    """Cut `rows_out` rows; output row y needs input rows y*stride - padding ... + kernel - 1 that lie in the map."""
    first, end = _windows(rows_in, rows_out, kernel, stride, padding)
    heights = np.unique(-(-rows_out // np.arange(1, rows_out + 1)))
    covered = int(end[-1] if stride > kernel else np.max(end) - np.min(first))
    tallest, uses = [], np.empty((len(heights), covered), np.int64)
    for choice, height in enumerate(heights):
        starts = np.arange(0, rows_out, height)
        opens, closes = first[starts], end[np.minimum(starts + height, rows_out) - 1]
        tallest.append(np.max(closes - opens))
        uses[choice] = _times_held(opens - first[0], closes - first[0], covered)
    most_first = -np.sort(-uses, axis=1)
    return RowTiles(
        heights=heights,
        tiles=-(-rows_out // heights),
        tallest_window=np.array(tallest, np.int64),
        fetched_most=np.pad(np.cumsum(most_first, axis=1), ((0, 0), (1, 0))),
        covered=covered,
        single_windows=end - first,
    )


def _windows(rows_in: int, rows_out: int, kernel: int, stride: int, padding: int) -> tuple[Ints, Ints]:
    """First input row and end of the window of each output row, rows that no window holds left out of the count."""
    top = np.arange(rows_out) * stride - padding
    first = np.clip(top, 0, rows_in)
    end = np.clip(top + kernel, first, rows_in)
    if stride > kernel:
        lengths = end - first
        end = np.cumsum(lengths)
        first = end - lengths
    return first, end


def _times_held(opens: Ints, closes: Ints, rows: int) -> Ints:
    """How many of the windows [open, close) hold each of `rows` rows."""
    edges = np.bincount(opens, minlength=rows + 1) - np.bincount(closes, minlength=rows + 1)
    return np.cumsum(edges)[:rows]
