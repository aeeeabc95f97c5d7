"""Do windows of tiles hold the input rows that their outputs read, counted row by row?"""

from __future__ import annotations

from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from lifsim.schedule.rows import RowAxis, row_tiles, single_windows, windows

SKIPS = RowAxis(rows_in=11, rows_out=4, kernel=2, stride=3, padding=0)
"""A stride above the kernel: of three rows one is in no window."""


@st.composite
def axes(draw: st.DrawFn) -> RowAxis:
    kernel, stride = draw(st.integers(1, 5)), draw(st.integers(1, 6))
    padding, rows_in = draw(st.integers(0, kernel // 2)), draw(st.integers(1, 14))
    assume(rows_in + 2 * padding >= kernel)
    return RowAxis(rows_in, (rows_in + 2 * padding - kernel) // stride + 1, kernel, stride, padding)


def read(axis: RowAxis, outputs: range) -> set[int]:
    """Input rows that these output rows read, padding left out."""
    places = {y * axis.stride - axis.padding + r for y in outputs for r in range(axis.kernel)}
    return {row for row in places if 0 <= row < axis.rows_in}


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
        assert found.uses[index].tolist() == uses
        assert found.fetched_most[index].tolist() == [sum(most[:k]) for k in range(len(most) + 1)]
    assert found.covered == len(read(axis, range(axis.rows_out)))
    assert found.single_windows.tolist() == [len(read(axis, range(y, y + 1))) for y in range(axis.rows_out)]


@settings(deadline=None)
@given(axes(), st.data())
@example(SKIPS, None)
def test_tiles_of_unequal_heights_too(axis: RowAxis, data: st.DataObject | None) -> None:
    inner = [1, 3] if data is None else data.draw(st.lists(st.integers(1, max(1, axis.rows_out - 1)), unique=True))
    starts = (0, *sorted(y for y in inner if y < axis.rows_out))
    held = [read(axis, range(a, b)) for a, b in zip(starts, (*starts[1:], axis.rows_out), strict=True)]
    found = windows(axis, starts)
    assert found.tallest == max(map(len, held))
    assert found.uses.tolist() == [sum(row in window for window in held) for row in range(axis.rows_in)]


def test_the_window_of_one_output_row_by_hand() -> None:
    first, end = single_windows(RowAxis(rows_in=5, rows_out=3, kernel=3, stride=2, padding=1))
    assert (first.tolist(), end.tolist()) == ([0, 1, 3], [2, 4, 5])
