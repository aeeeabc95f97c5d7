"""Do windows of tiles hold the input rows that their outputs read, counted row by row?"""

from __future__ import annotations

import numpy as np
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from lifsim.schedule.tensors.rows import RowAxis, in_windows, row_tiles, single_windows, tallest_window, windows

SKIPS = RowAxis(rows_in=11, rows_out=4, kernel=2, stride=3, padding=0)
"""A stride above the kernel: of three rows one is in no window."""


@st.composite
def axes(draw: st.DrawFn) -> RowAxis:
    kernel, stride = draw(st.integers(1, 5)), draw(st.integers(1, 6))
    padding, rows_in = draw(st.integers(0, kernel)), draw(st.integers(1, 20))
    apart = draw(st.integers(1, 4))
    slid = (rows_in - 1) * apart + 1 + 2 * padding
    assume(slid >= kernel)
    return RowAxis(rows_in, (slid - kernel) // stride + 1, kernel, stride, padding, apart)


def read(axis: RowAxis, outputs: range) -> set[int]:
    """Input rows that these output rows read, padding and what lies between rows left out."""
    places = {y * axis.stride - axis.padding + r for y in outputs for r in range(axis.kernel)}
    return {row for row in range(axis.rows_in) if row * axis.apart in places}


@settings(deadline=None)
@given(axes())
@example(SKIPS)
def test_every_cut_into_tiles_is_walked_row_by_row(axis: RowAxis) -> None:
    found = row_tiles(axis)
    heights = found.heights.tolist()
    assert heights == sorted({-(-axis.rows_out // n) for n in range(1, axis.rows_out + 1)})
    for index, height in enumerate(heights):
        tiles = [range(y, min(y + height, axis.rows_out)) for y in range(0, axis.rows_out, height)]
        held = [read(axis, tile) for tile in tiles]
        uses = [sum(row in window for window in held) for row in range(axis.rows_in)]
        most = sorted((count for count in uses if count), reverse=True)
        assert found.tiles[index] == len(tiles)
        assert found.tallest_window[index] == max(map(len, held))
        for row, many in enumerate(uses):
            assert found.windows.uses(found.cut, np.full_like(found.cut, row))[index] == many
            assert found.windows.before(found.cut, np.full_like(found.cut, row))[index] == sum(uses[:row])
        for k in range(len(most) + 1):
            assert found.fetched_most(np.full_like(found.cut, k))[index] == sum(most[:k])
    assert found.covered == len(read(axis, range(axis.rows_out)))
    assert found.single_windows.tolist() == [len(read(axis, range(y, y + 1))) for y in range(axis.rows_out)]


@settings(deadline=None)
@given(axes(), st.data())
@example(SKIPS, None)
def test_windows_of_tiles_of_unequal_heights_equal_those_of_a_walk(axis: RowAxis, data: st.DataObject | None) -> None:
    inner = [1, 3] if data is None else data.draw(st.lists(st.integers(1, max(1, axis.rows_out - 1)), unique=True))
    starts = (0, *sorted(y for y in inner if y < axis.rows_out))
    held = [read(axis, range(a, b)) for a, b in zip(starts, (*starts[1:], axis.rows_out), strict=True)]
    rows = np.arange(axis.rows_in)
    assert tallest_window(axis, starts) == max(map(len, held))
    uses = windows(axis, starts).uses(np.zeros_like(rows), rows)
    assert uses.tolist() == [sum(row in window for window in held) for row in range(axis.rows_in)]


@settings(deadline=None)
@given(axes(), st.integers(1, 5), st.integers(1, 3))
@example(SKIPS, 2, 1)
def test_what_windows_hold_and_what_they_hold_first(axis: RowAxis, height: int, images: int) -> None:
    of_rows = np.random.default_rng(height).integers(0, 100, (images, axis.rows_in))
    held, newly = in_windows(axis, range(0, axis.rows_out, height), of_rows)
    above: set[int] = set()
    for tile, top in enumerate(range(0, axis.rows_out, height)):
        window = read(axis, range(top, min(top + height, axis.rows_out)))
        assert held[:, tile].tolist() == of_rows[:, sorted(window)].sum(axis=1).tolist()
        assert newly[:, tile].tolist() == of_rows[:, sorted(window - above)].sum(axis=1).tolist()
        above |= window


def test_what_is_kept_of_tall_maps_grows_as_they_do() -> None:
    small, large = (row_tiles(RowAxis(rows, rows, 3, 1, 1)).windows.opens.size for rows in (1 << 10, 1 << 16))
    assert large < 64 * 2 * small


def test_the_window_of_one_output_row_by_hand() -> None:
    first, end = single_windows(RowAxis(rows_in=5, rows_out=3, kernel=3, stride=2, padding=1))
    assert (first.tolist(), end.tolist()) == ([0, 1, 3], [2, 4, 5])
