"""The windows of input rows that tiles of output rows need, halos included, padding clipped."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from lifsim.distinct import distinct
from lifsim.lazy_dataclass import dataclass

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class RowAxis:
    """The axis along which rows are cut. Output row y needs input rows y*stride - padding ... + kernel - 1.

    apart: for a transposed convolution, the distance of its input rows on the map over which windows slide: input row e
    is row e * apart of that map, and the rows between are empty.
    """

    rows_in: int
    rows_out: int
    kernel: int
    stride: int
    padding: int
    apart: int = 1


@dataclass(frozen=True)
class Windows:
    """The windows of the tiles of output rows under n cuts, concatenated cut by cut.

    begins: [n + 1] index of the first window of each cut. opens, closes: [windows] first input row and end of each
    window. Both ascend within a cut, so that questions about a row are answered by binary search, without an array over
    rows.
    """

    rows_in: int
    begins: Ints
    opens: Ints
    closes: Ints

    @property
    def sizes(self) -> Ints:
        """[windows] rows of each."""
        return self.closes - self.opens

    @cached_property
    def edges(self) -> tuple[Ints, Ints]:
        """([windows], [windows]) `opens` and `closes`, shifted so that the rows of each cut follow those of the cut
        before: both ascend over all cuts."""
        line = np.repeat(np.arange(self.begins.size - 1), np.diff(self.begins)) * (self.rows_in + 1)
        return line + self.opens, line + self.closes

    @cached_property
    def _sums(self) -> tuple[Ints, Ints]:
        """([windows + 1], [windows + 1]) sums of the first k of `opens`, and of `closes`."""
        return _sums(self.opens), _sums(self.closes)

    def uses(self, cut: Ints, row: Ints) -> Ints:
        """[m] how many windows of each `cut` [m] contain its `row` [m]: how often a traversal of an image fetches
        it."""
        opened, closed = (np.searchsorted(edge, self._place(cut, row), "right") for edge in self.edges)
        return np.asarray(opened - closed, np.int64)

    def before(self, cut: Ints, row: Ints) -> Ints:
        """[m] how many rows above `row` [m] a traversal of an image fetches under each `cut` [m], repeated fetches
        counted.

        A window that opens at o and closes at c has max(0, row - o) - max(0, row - c) of them.
        """
        opened, closed = (np.searchsorted(edge, self._place(cut, row)) for edge in self.edges)
        opens, closes = self._sums
        begin = self.begins[cut]
        fetched: Ints = row * (opened - closed) - (opens[opened] - opens[begin]) + closes[closed] - closes[begin]
        return fetched

    def _place(self, cut: Ints, row: Ints) -> Ints:
        return cut * (self.rows_in + 1) + row


@dataclass(frozen=True, eq=False)
class RowTiles:
    """Ways to cut the output rows of `axis` into tiles of equal height (the last may be smaller): n cuts.

    heights: [n] rows of a tile, ascending.
    """

    axis: RowAxis
    heights: Ints

    @property
    def tiles(self) -> Ints:
        """[n] tiles of an image."""
        return -(-self.axis.rows_out // self.heights)

    def some(self, which: NDArray[np.bool_]) -> RowTiles:
        """The cuts for which `which` [n] is true."""
        return RowTiles(self.axis, self.heights[which])

    @cached_property
    def may_read_fewer(self) -> bool:
        """Whether tiles higher than the lowest of their number may read fewer rows. Such tiles begin later. They cannot
        read fewer if no row is in more than two windows, and windows that meet further below have no fewer rows in
        common."""
        axis = self.axis
        return axis.stride <= axis.kernel and (axis.kernel > 3 * axis.stride or first_edge(axis) < axis.rows_out)

    @cached_property
    def single_windows(self) -> Ints:
        """[rows_out] rows in the windows of tiles of one output row."""
        first, end = single_windows(self.axis)
        return end - first

    @cached_property
    def tallest_window(self) -> Ints:
        """[n] input rows of the largest window."""
        if self.axis.stride > self.axis.kernel:
            begins, first, end = tile_starts(self.axis.rows_out, self.heights)
            held = _sums(self.single_windows)
            return np.maximum.reduceat(held[end] - held[first], begins[:-1])
        return np.maximum.reduceat(self.windows.sizes, self.windows.begins[:-1])

    @cached_property
    def cut(self) -> Ints:
        """[n] the cut in `windows` that fetches the same rows as each of these. No tile fetches rows between windows,
        so if a stride skips rows, every cut fetches what tiles of one row do."""
        return np.arange(self.heights.size) * (self.axis.stride <= self.axis.kernel)

    @cached_property
    def windows(self) -> Windows:
        """Of the cuts that differ in what they fetch."""
        skips = self.axis.stride > self.axis.kernel
        begins, start, end = tile_starts(self.axis.rows_out, np.ones(1, np.int64) if skips else self.heights)
        first, past = single_windows(self.axis)
        return Windows(self.axis.rows_in, begins, first[start], past[end - 1])

    @cached_property
    def covered(self) -> int:
        """The number of input rows in any window: a stride larger than the kernel skips some."""
        if self.axis.stride > self.axis.kernel:
            return int(self.single_windows.sum())
        first, end = single_windows(self.axis)
        return int(end[-1] - first[0])

    @cached_property
    def _most(self) -> tuple[Ints, Ints, Ints]:
        """The rows of all cuts, each cut's most-fetched first, in runs of rows that are fetched equally often: ([runs +
        1] rows before each run, [runs + 1] fetches before it, [runs + 1] how often each of its rows is fetched)."""
        opens, closes = self.windows.edges
        edges = np.concatenate([opens, closes])
        order = np.argsort(edges, kind="stable")
        edges, uses = edges[order], np.cumsum(np.where(order < opens.size, 1, -1))[:-1]
        cut, rows = edges[:-1] // (self.axis.rows_in + 1), np.diff(edges) * (uses > 0)
        order = np.lexsort((-uses, cut))
        begins = np.flatnonzero(np.diff(cut[order], prepend=-1) | np.diff(uses[order], prepend=-1))
        rows, uses = np.add.reduceat(rows[order], begins), uses[order][begins]
        return _sums(rows), _sums(rows * uses), np.append(uses, 0)

    def fetched_most(self, rows: Ints) -> Ints:
        """[n] how many fetches go to the `rows` [n] most-fetched of the `covered` input rows."""
        return self._fetched(self.cut * self.covered + rows) - self._fetched(self.cut * self.covered)

    def _fetched(self, rows: Ints) -> Ints:
        """The fetches of the first rows of `_most`, this many."""
        before, fetched, uses = self._most
        run = np.searchsorted(before, rows, "right") - 1
        found: Ints = fetched[run] + (rows - before[run]) * uses[run]
        return found


@lru_cache(maxsize=4096)
def row_tiles(axis: RowAxis) -> RowTiles:
    """The lowest tiles for each number of tiles, from one row to all rows: n cuts for about n^2/4 rows. The object is
    cached, with all that has been computed from it."""
    return RowTiles(axis, distinct(-(-axis.rows_out // np.arange(1, axis.rows_out + 1))))


@lru_cache(maxsize=4096)
def higher_row_tiles(axis: RowAxis) -> RowTiles:
    """Tiles of all other heights, each of which is higher than the lowest with as many tiles."""
    is_higher = np.ones(axis.rows_out + 1, np.bool_)
    is_higher[0], is_higher[row_tiles(axis).heights] = False, False
    return RowTiles(axis, np.flatnonzero(is_higher))


@lru_cache(maxsize=4096)
def reading_tiles(axis: RowAxis) -> RowTiles:
    """The lowest tiles for each number of tiles, and of the others those of which a traversal may read fewer rows. The
    s-th of higher tiles begins no earlier, so that they repeat no fewer rows, except if they begin behind
    `first_edge`."""
    lowest, higher = row_tiles(axis), higher_row_tiles(axis)
    if not higher.may_read_fewer:
        return lowest
    at_edge = higher.heights[(higher.tiles - 1) * higher.heights >= first_edge(axis)]
    return RowTiles(axis, np.sort(np.concatenate([lowest.heights, at_edge])))


def first_edge(axis: RowAxis) -> int:
    """The first output row such that the windows of two tiles that meet there have fewer input rows in common than
    further above; `rows_out` if there is none. If a stride skips rows, tiles never have rows in common."""
    first, past = single_windows(axis)
    common = past[:-1] - first[1:]
    fewer = np.flatnonzero(common < np.maximum.accumulate(common)) if axis.stride <= axis.kernel else first[:0]
    return int(fewer[0]) + 1 if fewer.size else axis.rows_out


def windows(axis: RowAxis, starts: tuple[int, ...]) -> Windows:
    """The windows of tiles that start at these output rows, each ending where the next one starts. If a stride skips
    rows, the windows of single output rows instead, which contain the same rows without those between."""
    first, past = single_windows(axis)
    if axis.stride <= axis.kernel:
        first, past = first[np.array(starts)], past[np.array([*starts[1:], axis.rows_out]) - 1]
    return Windows(axis.rows_in, np.array([0, first.size]), first, past)


def tallest_window(axis: RowAxis, starts: tuple[int, ...]) -> int:
    """Input rows of the largest window among tiles that start at these output rows."""
    held, _ = in_windows(axis, starts, np.ones(axis.rows_in, np.int64))
    return int(held.max())


def in_windows(axis: RowAxis, starts: Sequence[int] | Ints, of_rows: Ints) -> tuple[Ints, Ints]:
    """([..., tiles], [..., tiles]) for tiles that start at these output rows: sums of `of_rows` [..., rows_in] over the
    rows of each window, and over those of them that no window above contains."""
    first, past = single_windows(axis)
    opens, closes = first[np.asarray(starts)], past[np.append(starts[1:], axis.rows_out).astype(np.int64) - 1]
    if axis.stride > axis.kernel:
        edges = np.bincount(first, minlength=axis.rows_in + 1) - np.bincount(past, minlength=axis.rows_in + 1)
        of_rows = of_rows * np.cumsum(edges)[:-1]
    above = _sums(of_rows)
    newly = np.maximum(opens, np.append(0, closes[:-1]))
    return above[..., closes] - above[..., opens], above[..., closes] - above[..., newly]


def tile_starts(rows: int, heights: Ints) -> tuple[Ints, Ints, Ints]:
    """[n + 1] index of the first tile of each of these `heights` [n], and of all tiles [tiles] their first rows and
    ends."""
    tiles = -(-rows // heights)
    begins = _sums(tiles)
    number = np.arange(begins[-1]) - np.repeat(begins[:-1], tiles)
    height = np.repeat(heights, tiles)
    return begins, number * height, np.minimum((number + 1) * height, rows)


def _sums(values: Ints) -> Ints:
    """[..., n + 1] sums of the first k `values` [..., n]."""
    return np.concatenate([np.zeros_like(values[..., :1]), np.cumsum(values, axis=-1)], axis=-1)


def single_windows(axis: RowAxis) -> tuple[Ints, Ints]:
    """First input row and end of the window of each output row."""
    top = np.arange(axis.rows_out) * axis.stride - axis.padding
    first = np.clip(-(-top // axis.apart), 0, axis.rows_in)
    return first, np.clip(-(-(top + axis.kernel) // axis.apart), first, axis.rows_in)


def tile_filters(every: int, smallest: int) -> Ints:
    """[m] filters of a tile, multiples of the `smallest` or all `every` filters; one entry for each number of tiles."""
    folds = -(-every // smallest)
    return np.minimum(smallest * distinct(-(-folds // np.arange(1, folds + 1))), every)
