"""Windows of input rows that tiles of output rows need, halos included, padding clipped."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from lifsim.lazy_dataclass import dataclass

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class RowAxis:
    """The axis along which rows are cut. Output row y needs input rows y*stride - padding ... + kernel - 1.

    apart: of a transposed convolution, how far apart its input rows lie on the map over which windows slide: input row
    e is row e * apart of that; between them is nothing.
    """

    rows_in: int
    rows_out: int
    kernel: int
    stride: int
    padding: int
    apart: int = 1


@dataclass(frozen=True)
class RowTiles:
    """Ways to cut a layer's output rows into tiles.

    heights, tiles: [n] rows of a tile, tiles of an image. tallest_window: [n] input rows of the largest window.
    uses: [n, rows_in] windows that hold each input row, which is how often it is fetched in one traversal of an image.
    fetched_most: [n, covered + 1] how many fetches the k most-fetched input rows take. single_windows: [rows_out] rows
    in the windows of tiles of one row.
    """

    heights: Ints
    tiles: Ints
    tallest_window: Ints
    uses: Ints
    fetched_most: Ints
    single_windows: Ints

    @property
    def covered(self) -> int:
        """Input rows that any window holds: a stride larger than the kernel skips some."""
        return int(self.fetched_most.shape[1]) - 1


@lru_cache(maxsize=4096)
def row_tiles(axis: RowAxis) -> RowTiles:
    """Every way to cut the rows into tiles of equal height (the last may be smaller), one for each number of tiles."""
    heights = np.unique(-(-axis.rows_out // np.arange(1, axis.rows_out + 1)))
    cuts = [windows(axis, tuple(range(0, axis.rows_out, height))) for height in heights]
    uses = np.stack([cut.uses for cut in cuts])
    most_first = -np.sort(-uses, axis=1)[:, : np.count_nonzero(uses[0])]
    first, end = single_windows(axis)
    return RowTiles(
        heights=heights,
        tiles=-(-axis.rows_out // heights),
        tallest_window=np.array([cut.tallest for cut in cuts], np.int64),
        uses=uses,
        fetched_most=np.pad(np.cumsum(most_first, axis=1), ((0, 0), (1, 0))),
        single_windows=end - first,
    )


@dataclass(frozen=True)
class Windows:
    """One cut. tallest: input rows of the largest window. uses: [rows_in] windows that hold each input row."""

    tallest: int
    uses: Ints


def windows(axis: RowAxis, starts: tuple[int, ...]) -> Windows:
    """The windows of tiles that start at these output rows and end where the next one starts."""
    first, end = single_windows(axis)
    opening = np.array(starts)
    lengths = np.concatenate([[0], np.cumsum(end - first)])
    if axis.stride > axis.kernel:
        tallest = np.max(np.diff(lengths[[*starts, axis.rows_out]]))
    else:
        first, end = first[opening], end[np.append(opening[1:], axis.rows_out) - 1]
        tallest = np.max(end - first)
    edges = np.bincount(first, minlength=axis.rows_in + 1) - np.bincount(end, minlength=axis.rows_in + 1)
    return Windows(int(tallest), np.cumsum(edges)[: axis.rows_in])


def single_windows(axis: RowAxis) -> tuple[Ints, Ints]:
    """First input row and end of the window of each output row."""
    top = np.arange(axis.rows_out) * axis.stride - axis.padding
    first = np.clip(-(-top // axis.apart), 0, axis.rows_in)
    return first, np.clip(-(-(top + axis.kernel) // axis.apart), first, axis.rows_in)


def tile_filters(every: int, smallest: int) -> Ints:
    """[m] filters of a tile, whole multiples of the `smallest` but for all `every` of them, one entry for each number
    of tiles."""
    folds = -(-every // smallest)
    return np.minimum(smallest * np.unique(-(-folds // np.arange(1, folds + 1))), every)
