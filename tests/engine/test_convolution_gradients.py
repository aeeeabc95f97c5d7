"""Are gradients that BLAS computes, bit for bit, those of matrix products over maps that lie in a border of zeros?"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from threadpoolctl import threadpool_limits

from lifsim.engine.training import convolution_gradients
from lifsim.engine.training.convolution_gradients import both_gradients, input_gradient, weight_gradient
from lifsim.engine.training.tiled_gradients import are_tiled
from lifsim.engine.workers import Workers
from lifsim.model.product import Window
from tests.oracles import convolution_gradients as oracle

LAYERS = {
    "of many images": (Window((12, 8, 8), (16, 8, 8), (3, 3), (1, 1), (1, 1)), 70),
    "wide": (Window((130, 4, 5), (70, 4, 5), (3, 3), (1, 1), (1, 1)), 5),
    "long sums": (Window((3, 20, 20), (5, 20, 20), (3, 3), (1, 1), (1, 1)), 40),
    "linear": (Window.of_linear(128, 72), 256),
    "one channel": (Window((1, 8, 8), (16, 8, 8), (3, 3), (1, 1), (1, 1)), 64),
}


@pytest.fixture(autouse=True, scope="module")
def _one_thread_of_blas() -> Iterator[None]:
    with threadpool_limits(1, "blas"):
        yield


def drawn(window: Window, images: int, spikes: bool, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Inputs, gradients of the outputs, and weights."""
    rng = np.random.default_rng(seed)
    channels, filters = window.in_shape[0], window.out_shape[0]
    x = rng.normal(size=(images, *window.in_shape[1:], channels)).astype(np.float32)
    grad = rng.normal(size=(images, *window.out_shape[1:], filters)).astype(np.float32)
    weights = rng.normal(size=(filters, channels // window.groups, *window.kernel)).astype(np.float32)
    return (x > 1).astype(np.uint8) if spikes else x, grad, weights


def equal(window: Window, images: int, spikes: bool, seed: int, threads: int) -> None:
    """To what the oracle says."""
    assert not are_tiled(window, 2, np.float32)
    (x, grad, weights), workers = drawn(window, images, spikes, seed), Workers(threads)
    of_weights, of_input = oracle.weight_gradient(x, grad, window), oracle.input_gradient(grad, weights, window)
    np.testing.assert_array_equal(weight_gradient(x, grad, window, workers), of_weights, strict=True)
    np.testing.assert_array_equal(input_gradient(grad, weights, window, workers), of_input, strict=True)
    both = both_gradients(x, grad, weights, window, workers)
    np.testing.assert_array_equal(both[0], of_weights, strict=True)
    np.testing.assert_array_equal(both[1], of_input, strict=True)


@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize("spikes", [False, True])
@pytest.mark.parametrize(("window", "images"), LAYERS.values(), ids=LAYERS.keys())
def test_layers(window: Window, images: int, spikes: bool, threads: int) -> None:
    equal(window, images, spikes, 1, threads)


@pytest.mark.parametrize("room", [1, 40_000])
def test_positions_that_do_not_fit_together(room: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """One after the other, or so many as there is room for: 4 of 9."""
    monkeypatch.setattr(convolution_gradients, "_ROOM_BYTES", room)
    equal(Window((5, 6, 7), (3, 6, 7), (3, 3), (1, 1), (1, 1)), 11, True, 2, 1)


@pytest.mark.parametrize("images", [33, 65])
def test_a_single_row_has_the_bits_of_blas_vector_products(images: int) -> None:
    """As a vector: with other bits than those of a product of matrices, whoever computes that."""
    window = Window.of_linear(64, 64)
    x, grad, weights = drawn(window, images, True, 3)
    of_input = oracle.input_gradient(grad, weights, window)
    np.testing.assert_array_equal(input_gradient(grad, weights, window, Workers(1)), of_input, strict=True)
    both = both_gradients(x, grad, weights, window, Workers(1))
    np.testing.assert_array_equal(both[0], oracle.weight_gradient(x, grad, window), strict=True)
    np.testing.assert_array_equal(both[1], of_input, strict=True)


def test_a_scratch_array_is_returned_exactly_once() -> None:
    """Else two threads would see different positions in one."""
    window = LAYERS["linear"][0]
    x, grads, rooms = np.ones((4, 1, 1, 128), np.uint8), np.ones((1, 4, 72), np.float32), [np.empty((4, 1, 1, 128))]
    convolution_gradients._correlate(0, 1, x, grads, window, rooms, np.empty((1, 72, 128)))
    assert len(rooms) == 1


@st.composite
def windows(draw: st.DrawFn) -> Window:
    """Of all strides, borders and groups; some outputs see nothing but the border."""
    kernel, stride, padding = (draw(st.tuples(number, number)) for number in (SIZES, SIZES, st.integers(0, 4)))
    size = draw(st.tuples(st.integers(1, 7), st.integers(1, 7)))
    spans = [extent + 2 * border for extent, border in zip(size, padding, strict=True)]
    kernel = min(kernel[0], spans[0]), min(kernel[1], spans[1])
    pixels = ((span - k) // step + 1 for span, k, step in zip(spans, kernel, stride, strict=True))
    groups, channels, filters = draw(st.integers(1, 3)), draw(st.integers(1, 3)), draw(st.integers(1, 3))
    return Window((groups * channels, *size), (groups * filters, *pixels), kernel, stride, padding, groups)


SIZES = st.integers(1, 3)


@given(windows(), st.integers(1, 40), st.booleans(), st.integers(0, 99))
def test_windows_of_all_kinds(window: Window, images: int, spikes: bool, seed: int) -> None:
    equal(window, images, spikes, seed, 1)
