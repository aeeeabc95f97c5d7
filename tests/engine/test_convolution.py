"""Has every sum of a convolution the bits of the documented order of additions, however it is cut into tiles?"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lifsim.engine.convolution import convolve, pack_weights
from lifsim.engine.jit import compiled
from lifsim.engine.lanes import aligned, element
from lifsim.engine.workers import Workers
from lifsim.model.product import Window
from tests.oracles.convolution import Geometry, convolved

THREADS = tuple(Workers(threads) for threads in (1, 2, 5))
KINDS = ("spikes", "counts", "reals")


def window_of(channels: int, filters: int, size: tuple[int, int], geometry: Geometry) -> Window:
    outputs = geometry.outputs(*size)
    return Window(
        (channels, *size), (filters, *outputs), geometry.kernel, geometry.stride, geometry.padding, geometry.groups
    )


def maps(kind: str, shape: tuple[int, ...], rate: float, dtype: Any, seed: int) -> np.ndarray:
    """Maps of which so many elements are not zero."""
    rng = np.random.default_rng(seed)
    fired = rng.random(shape) < rate
    if kind == "reals":
        return (fired * rng.standard_normal(shape)).astype(dtype)
    return (fired * (rng.integers(1, 5, shape) if kind == "counts" else 1)).astype(np.uint8)


def check(x: np.ndarray, window: Window, geometry: Geometry, dtype: Any, spikes: bool) -> None:
    rng = np.random.default_rng(7)
    filters, channels = window.out_shape[0], window.in_shape[0]
    weights = rng.standard_normal((filters, channels // window.groups, *window.kernel)).astype(dtype)
    affine = rng.standard_normal((2, filters)).astype(dtype)
    expected = convolved(x, weights, affine, geometry, spikes)
    rows = pack_weights(weights, window.groups)
    found = [convolve(x, rows, window, workers, *affine, spikes=spikes) for workers in THREADS]
    # Not one after the other: what one has left undone would be found in the memory that another has left.
    assert [one.tobytes() == expected.tobytes() for one in found] == [True] * len(THREADS)


@st.composite
def geometries(draw: st.DrawFn) -> tuple[Geometry, tuple[int, int]]:
    size = draw(st.integers(1, 7)), draw(st.integers(1, 7))
    padding = draw(st.integers(0, 2)), draw(st.integers(0, 2))
    kernel = tuple(draw(st.integers(1, min(3, size[axis] + 2 * padding[axis]))) for axis in (0, 1))
    stride = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    return Geometry((kernel[0], kernel[1]), stride, padding, draw(st.sampled_from([1, 1, 2, 3]))), size


@settings(max_examples=60, deadline=None)
@given(
    geometries(),
    st.integers(1, 13),
    st.integers(1, 90),
    st.sampled_from(KINDS),
    st.sampled_from([np.float32, np.float64]),
    st.floats(0, 1),
    st.integers(1, 4),
)
def test_are_random_layers_those_of_the_oracle(
    drawn: tuple[Geometry, tuple[int, int]],
    channels: int,
    filters: int,
    kind: str,
    dtype: Any,
    rate: float,
    images: int,
) -> None:
    geometry, size = drawn
    window = window_of(channels * geometry.groups, filters * geometry.groups, size, geometry)
    x = maps(kind, (images, *size, channels * geometry.groups), rate, dtype, images)
    check(x, window, geometry, dtype, kind == "spikes")


SAME = Geometry((3, 3), (1, 1), (1, 1), 1)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("channels", "filters", "size", "images", "geometry"),
    [
        (8, 64, (20, 16), 2, SAME),  # tiles of some rows
        (3, 20, (2, 300), 1, SAME),  # of one row, wider than a tile
        (5, 7, (3, 4), 25, SAME),  # of some images, the last tile of fewer
        (40, 130, (3, 3), 2, SAME),  # wide blocks whose rows are several segments, and narrow ones
        (80, 16, (2, 2), 3, SAME),  # a narrow block of several segments
        (300, 70, (1, 1), 9, Geometry((1, 1), (1, 1), (0, 0), 1)),  # linear
        (6, 6, (20, 9), 1, Geometry((3, 3), (2, 1), (0, 2), 6)),  # depthwise
        (9, 5, (1, 3), 2, Geometry((1, 1), (1, 1), (2, 2), 1)),  # outputs that see the padding alone
    ],
)
def test_are_tiles_blocks_and_segments_put_together_rightly(
    channels: int, filters: int, size: tuple[int, int], images: int, geometry: Geometry, kind: str
) -> None:
    x = maps(kind, (images, *size, channels), 0.3, np.float32, 1)
    check(x, window_of(channels, filters, size, geometry), geometry, np.float32, kind == "spikes")


@pytest.mark.parametrize("rate", [0.0, 1.0])
def test_are_silent_and_crowded_maps_summed(rate: float) -> None:
    x = maps("spikes", (2, 5, 5, 24), rate, np.float32, 1)
    check(x, window_of(24, 40, (5, 5), SAME), SAME, np.float32, True)


def test_is_what_is_not_a_number_an_event() -> None:
    x = maps("reals", (1, 4, 4, 9), 0.5, np.float32, 1)
    x[0, 1, 1, :] = [np.nan, -0.0, np.inf, 0.0, np.nan, 1.0, -0.0, 2.0, np.nan]
    check(x, window_of(9, 4, (4, 4), SAME), SAME, np.float32, False)


def test_are_maps_summed_however_they_lie_in_memory() -> None:
    x = maps("spikes", (24, 5, 7, 2), 0.4, np.float32, 1).transpose(3, 1, 2, 0)
    check(x, window_of(24, 40, (5, 7), SAME), SAME, np.float32, True)


def test_do_lanes_lie_in_contiguous_arrays_alone() -> None:
    @compiled
    def first(values: Any) -> Any:
        return element(values, 0)

    assert first(np.arange(3.0)) == 0.0
    with pytest.raises(TypeError, match="must be contiguous"):
        first(np.arange(6.0)[::2])


def test_do_maps_of_another_shape_stop_before_the_kernel() -> None:
    window = window_of(3, 4, (5, 5), SAME)
    rows = pack_weights(np.ones((4, 3, 3, 3), np.float32), 1)
    affine = np.ones((2, 4), np.float32)
    with pytest.raises(ValueError, match=r"must be \[N, 5, 5, 3\]"):
        convolve(np.ones((1, 5, 4, 3), np.uint8), rows, window, THREADS[0], *affine, spikes=True)


@pytest.mark.parametrize("size", [0, 1, 100])
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.uint8])
def test_do_rows_start_on_a_cache_line(size: int, dtype: Any) -> None:
    room = aligned(size, dtype)
    assert (room.shape, room.dtype) == ((size,), dtype)
    assert not room.any()
    assert room.ctypes.data % 64 == 0 or not size
