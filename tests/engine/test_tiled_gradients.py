"""Are gradients of small convolutions summed in their order, on any number of threads, and is it that of BLAS?"""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from threadpoolctl import threadpool_info, threadpool_limits

from lifsim.engine.training import tiled_gradients
from lifsim.engine.training.convolution_gradients import both_gradients, input_gradient, weight_gradient
from lifsim.engine.training.tiled_gradients import BLOCK, ROWS, are_tiled
from lifsim.engine.workers import Workers
from lifsim.model.product import Window
from tests.engine.test_convolution_gradients import drawn
from tests.oracles import convolution_gradients as of_blas
from tests.oracles import fused_sums as oracle

Layer = tuple[Window, int]
Drawn = tuple[np.ndarray, np.ndarray, np.ndarray]

LAYERS: dict[str, Layer] = {
    "blocks and halves": (Window((16, 8, 8), (16, 8, 8), (3, 3), (1, 1), (1, 1)), 70),
    "one block": (Window((32, 4, 4), (20, 4, 4), (3, 3), (1, 1), (1, 1)), 27),
    "a block and a half": (Window((48, 5, 3), (40, 5, 3), (3, 3), (1, 1), (1, 1)), 40),
    "filters that fill no tile": (Window((16, 4, 4), (11, 4, 4), (3, 3), (1, 1), (1, 1)), 31),
    "strides and wide borders": (Window((16, 7, 5), (9, 6, 3), (3, 2), (2, 3), (3, 2)), 13),
    "maps longer than a tile": (Window((16, 9, 15), (3, 8, 13), (2, 3)), 3),
    "linear": (Window.of_linear(128, 64), 256),
    "linear, halves": (Window.of_linear(64, 64), 450),
    "linear, few": (Window.of_linear(64, 10), 37),
    "most filters": (Window.of_linear(16, BLOCK), 5),
}
LAYER = pytest.mark.parametrize(("window", "images"), LAYERS.values(), ids=LAYERS.keys())
SAME_BLAS = any(pool.get("architecture") == "SkylakeX" for pool in threadpool_info())


def summed(window: Window, values: Drawn) -> tuple[np.ndarray, np.ndarray]:
    """What the oracle says of the weights and of the inputs."""
    x, grad, weights = values
    is_small = grad.size * window.in_shape[0] <= 10**6
    of_weights = oracle.weight_gradient(x, grad, window, grad.size if is_small else 448)
    return of_weights, oracle.input_gradient(grad, weights, window)


def equal(window: Window, values: Drawn, threads: int, wanted: tuple[np.ndarray, np.ndarray]) -> None:
    """On so many threads, side by side and each alone."""
    (x, grad, weights), workers = values, Workers(threads)
    alone = weight_gradient(x, grad, window, workers), input_gradient(grad, weights, window, workers)
    for found in (alone, both_gradients(x, grad, weights, window, workers)):
        for one, expected in zip(found, wanted, strict=True):
            np.testing.assert_array_equal(one, expected, strict=True)


@pytest.mark.parametrize("spikes", [False, True])
@LAYER
def test_layers(window: Window, images: int, spikes: bool) -> None:
    values = drawn(window, images, spikes, 1)
    assert are_tiled(window, images, np.float32)
    wanted = summed(window, values)
    for threads in (1, 2, 3):
        equal(window, values, threads, wanted)


@pytest.mark.skipif(not SAME_BLAS, reason="BLAS adds in another order on this processor")
@pytest.mark.parametrize("spikes", [False, True])
@LAYER
def test_is_it_the_order_of_blas(window: Window, images: int, spikes: bool) -> None:
    x, grad, weights = values = drawn(window, images, spikes, 2)
    with threadpool_limits(1, "blas"):
        wanted = of_blas.weight_gradient(x, grad, window), of_blas.input_gradient(grad, weights, window)
    equal(window, values, 1, wanted)


@st.composite
def layers(draw: st.DrawFn) -> Layer:
    """Of all strides and borders; some outputs see nothing but the border."""
    kernel, stride, padding = (draw(st.tuples(number, number)) for number in (SIZES, SIZES, st.integers(0, 4)))
    size = draw(st.tuples(st.integers(1, 7), st.integers(1, 7)))
    spans = [extent + 2 * border for extent, border in zip(size, padding, strict=True)]
    kernel = min(kernel[0], spans[0]), min(kernel[1], spans[1])
    pixels = tuple((span - k) // step + 1 for span, k, step in zip(spans, kernel, stride, strict=True))
    channels, filters = draw(st.sampled_from([16, 32, 80])), draw(st.integers(2, 2 * ROWS + 1))
    return Window((channels, *size), (filters, *pixels), kernel, stride, padding), draw(st.integers(1, 9))  # type: ignore[arg-type]


SIZES = st.integers(1, 3)


@given(layers(), st.booleans(), st.integers(0, 99))
def test_layers_of_all_kinds(layer: Layer, spikes: bool, seed: int) -> None:
    window, images = layer
    values = drawn(window, images, spikes, seed)
    if are_tiled(window, images * values[1].shape[1] * values[1].shape[2], np.float32):
        equal(window, values, 1, summed(window, values))


@pytest.mark.parametrize(
    ("window", "pixels", "dtype"),
    [
        (Window.of_linear(128, 65), 64, np.float32),
        (Window.of_linear(16, BLOCK + 1), 64, np.float32),
        (Window.of_linear(24, 16), 64, np.float32),
        (Window.of_linear(16, 1), 64, np.float32),
        (Window.of_linear(16, 16), 1, np.float32),
        (Window.of_linear(16, 16), 64, np.float64),
        (Window((32, 4, 4), (32, 4, 4), (3, 3), (1, 1), (1, 1), groups=2), 64, np.float32),
    ],
)
def test_what_is_left_to_blas(window: Window, pixels: int, dtype: type) -> None:
    """Large layers, those of few channels, products of a matrix and a vector, other precisions, groups."""
    assert not are_tiled(window, pixels, dtype)


def test_processors_that_round_twice_leave_all_to_blas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tiled_gradients, "_ROUNDS_ONCE", False)
    assert not are_tiled(Window.of_linear(128, 64), 64, np.float32)


@given(st.integers(0, 2**32 - 1))
def test_does_the_oracle_round_once(seed: int) -> None:
    rng = np.random.default_rng(seed)
    total, first, second = (rng.normal(size=1) * 2.0 ** rng.integers(-20, 20)).astype(np.float32), *_pair(rng)
    exact = Fraction(float(total[0])) + Fraction(float(first[0])) * Fraction(float(second[0]))
    found = oracle.added(total, first, second)[0]
    for other in (np.nextafter(found, np.float32(np.inf)), np.nextafter(found, np.float32(-np.inf))):
        assert abs(Fraction(float(found)) - exact) <= abs(Fraction(float(other)) - exact)


def _pair(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    first, second = rng.normal(size=(2, 1)).astype(np.float32)
    return first, second
