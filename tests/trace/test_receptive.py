"""Are the ones of every receptive field counted exactly?"""

from __future__ import annotations

import sys
from types import FrameType

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.strategies import DataObject

from lifsim.trace.receptive import ones_of_parts, ones_per_pixel
from tests.oracles.receptive import ones_per_pixel_by_loops


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_ones_per_pixel_equal_a_literal_loop(data: DataObject) -> None:
    groups = data.draw(st.integers(1, 3))
    shape = (data.draw(st.integers(1, 2)), groups * data.draw(st.integers(1, 3)), *data.draw(_pair(1, 6)))
    padding = data.draw(_pair(0, 2))
    kernel = tuple(data.draw(st.integers(1, shape[2 + axis] + 2 * padding[axis])) for axis in range(2))
    stride = data.draw(_pair(1, 3))
    spikes = np.random.default_rng(data.draw(st.integers(0, 99))).integers(0, 2, shape, np.uint8)
    fast = ones_per_pixel(spikes, (kernel[0], kernel[1]), stride, padding, groups)
    np.testing.assert_array_equal(
        fast, ones_per_pixel_by_loops(spikes, (kernel[0], kernel[1]), stride, padding, groups)
    )


def _pair(low: int, high: int) -> st.SearchStrategy[tuple[int, int]]:
    return st.tuples(st.integers(low, high), st.integers(low, high))


def test_more_channels_than_a_byte_counts_do_not_wrap() -> None:
    spikes = np.ones((1, 1100, 2, 2), np.bool_)
    assert ones_per_pixel(spikes, (2, 2)).tolist() == [[[[4400]]]]


def test_a_linear_layer_is_one_pixel() -> None:
    spikes = np.array([[1, 0, 1], [0, 0, 0]], np.uint8)
    assert ones_per_pixel(spikes, (1, 1)).tolist() == [[[[2]]], [[[0]]]]


def test_a_signal_is_a_map_of_one_row() -> None:
    spikes = np.array([[[[1, 1, 0, 1]], [[1, 0, 0, 0]]]], np.uint8)
    assert ones_per_pixel(spikes, (1, 3), (1, 1), (0, 1)).tolist() == [[[[3, 3, 2, 1]]]]


@pytest.mark.parametrize("stride", [1, 3, 40])
def test_large_kernels_see_what_a_literal_loop_counts(stride: int) -> None:
    spikes = np.random.default_rng(0).integers(0, 2, (2, 2, 1, 150), np.uint8)
    padded = np.pad(spikes.sum(axis=1, dtype=np.int32)[:, 0], ((0, 0), (30, 30)))
    starts = range(0, padded.shape[1] - 70 + 1, stride)
    expected = np.stack([padded[:, start : start + 70].sum(axis=1) for start in starts], axis=1)
    found = ones_per_pixel(spikes, (1, 70), (1, stride), (0, 30))
    assert found.dtype == np.int16
    np.testing.assert_array_equal(found[:, 0, 0], expected)


@pytest.mark.parametrize(("channels", "dtype"), [(127, np.int8), (128, np.int16), (32767, np.int16), (32768, np.int32)])
def test_integers_are_as_wide_as_all_ones_need(channels: int, dtype: type) -> None:
    found = ones_per_pixel(np.ones((1, channels, 1, 1), np.uint8), (1, 1))
    assert found.tolist() == [[[[channels]]]]
    assert found.dtype == dtype


def test_they_are_as_wide_where_windows_are_large() -> None:
    found = ones_per_pixel(np.ones((1, 8, 1, 4096), np.uint8), (1, 4096))
    assert found.tolist() == [[[[32768]]]]


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_parts_of_the_channels_make_the_same(data: DataObject) -> None:
    groups, of_group = data.draw(st.integers(1, 4)), data.draw(st.integers(1, 5))
    channels = groups * of_group
    spikes = np.random.default_rng(data.draw(st.integers(0, 99))).integers(0, 2, (1, channels, 5, 4), np.uint8)
    cuts = sorted(data.draw(st.sets(st.integers(0, channels))))
    parts = np.split(spikes, cuts, axis=1)
    found = ones_of_parts(parts, spikes.shape, (3, 2), (1, 1), (1, 0), groups)
    assert np.array_equal(found, ones_per_pixel_by_loops(spikes, (3, 2), (1, 1), (1, 0), groups))


def test_large_kernels_cost_no_more_than_small_ones() -> None:
    assert _lines_run(2000) <= _lines_run(20)


def _lines_run(kernel: int) -> int:
    """Lines of Python that it takes: whatever is done for each place of the kernel counts."""
    spikes, lines = np.ones((1, 1, 1, 4000), np.uint8), 0

    def trace(_: FrameType, event: str, __: object) -> object:
        nonlocal lines
        lines += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)  # type: ignore[arg-type]
    try:
        ones_per_pixel(spikes, (1, kernel))
    finally:
        sys.settrace(before)
    return lines
