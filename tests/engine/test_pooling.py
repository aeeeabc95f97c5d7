"""Do pools see the padding as what cannot win, or as nothing, on their way back, too?"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifsim.engine.pooling import pool
from lifsim.engine.training.pooling_gradient import pool_gradient
from lifsim.engine.workers import Workers
from lifsim.model.network import Pool, Tensor
from tests.oracles import pooling as oracle

ONE = Workers(1)


@pytest.mark.parametrize(
    ("kind", "pooled"), [("max", [[-4.0, -3.0], [-2.0, -1.0]]), ("avg", [[-1.0, -0.75], [-0.5, -0.25]])]
)
def test_padding_never_is_the_maximum_and_adds_nothing_to_a_mean(kind: str, pooled: list[list[float]]) -> None:
    """Windows of 2 x 2 on a map of 2 x 2 with a border of 1: each sees one pixel and three of the border."""
    node = Pool("pool", ("x",), Tensor("pool", (1, 2, 2), 1, None), kind, (2, 2), (2, 2), (1, 1))
    x = np.array([[-4.0, -3.0], [-2.0, -1.0]], np.float32)
    assert pool(x[..., None], node, np.float32, ONE)[..., 0].tolist() == pooled


def test_all_of_a_gradient_arrives_at_silent_neurons_within_a_border() -> None:
    """Windows of 3 x 3, two apart, on a map of 4 x 4 with a border of 1: their first pixels that are not of the border
    are (0, 0), (0, 1), (1, 0) and (1, 1)."""
    node = Pool("pool", ("x",), Tensor("pool", (1, 2, 2), 1, 1), "max", (3, 3), (2, 2), (1, 1))
    grad = np.array([[1.0, 2.0], [3.0, 4.0]])[..., None]
    found = pool_gradient(np.zeros((4, 4, 1), np.uint8), grad, node, ONE)[..., 0]
    assert found.tolist() == [[1, 2, 0, 0], [3, 4, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]]


@st.composite
def pools(draw: st.DrawFn, channels: st.SearchStrategy[int] = st.just(2)) -> Pool:  # noqa: B008
    """Over a map that it does not leave behind its padding."""
    kernel = draw(st.tuples(st.integers(1, 3), st.integers(1, 3)))
    stride = draw(st.tuples(st.integers(1, 3), st.integers(1, 3)))
    padding = draw(st.integers(0, kernel[0] // 2)), draw(st.integers(0, kernel[1] // 2))
    pixels = draw(st.tuples(st.integers(1, 3), st.integers(1, 3)))
    return Pool("pool", ("x",), Tensor("pool", (draw(channels), *pixels), 1, None), "max", kernel, stride, padding)


def spans(node: Pool, seed: int) -> tuple[int, int]:
    """Height and width of a map, of all that the pool has as many windows of: pixels may be left over."""
    pixels = zip(node.output.shape[1:], node.kernel, node.stride, node.padding, strict=True)
    least = [(size - 1) * step + extent - 2 * border for size, extent, step, border in pixels]
    left_over = np.random.default_rng(seed).integers(node.stride)
    height, width = (max(1, size + more) for size, more in zip(least, left_over.tolist(), strict=True))
    return height, width


CHANNELS = st.sampled_from([2, 16, 24, 48])  # some beside each other, some not


@given(pools(CHANNELS), st.sampled_from(["max", "avg"]), st.sampled_from([np.uint8, np.float32]), st.integers(0, 99))
def test_every_bit_is_that_of_place_by_place(node: Pool, kind: str, precision: type, seed: int) -> None:
    """Also where values and gradients are no numbers, or infinite."""
    rng, node = np.random.default_rng(seed), replace(node, kind=kind)
    (height, width), channels = spans(node, seed), node.output.shape[0]
    x = rng.integers(0, 3, (5, 2, height, width, channels)).astype(precision)
    grad = (rng.normal(size=(5, 2, *node.output.shape[1:], channels)) * 10 ** rng.uniform(-3, 3)).astype(np.float32)
    with np.errstate(invalid="ignore"):
        np.testing.assert_array_equal(
            pool_gradient(x, grad, node, ONE), oracle.pool_gradient(x, grad, node), strict=True
        )
        grad.flat[rng.integers(grad.size, size=2)] = np.nan, np.inf
        if precision is np.float32:
            x.flat[rng.integers(x.size, size=2)] = np.nan, -np.inf
        np.testing.assert_array_equal(
            pool_gradient(x, grad, node, Workers(2)), oracle.pool_gradient(x, grad, node), strict=True
        )


@given(pools(CHANNELS), st.sampled_from(["max", "avg"]), st.sampled_from([np.uint8, np.float32]), st.integers(0, 99))
def test_what_is_pooled_is_what_numpy_sees_in_each_window(node: Pool, kind: str, precision: type, seed: int) -> None:
    rng, node = np.random.default_rng(seed), replace(node, kind=kind)
    (height, width), channels = spans(node, seed), node.output.shape[0]
    x = rng.integers(0, 200, (5, 2, height, width, channels)).astype(precision)
    wanted = oracle.pool(x, node).astype(x.dtype if kind == "max" else np.float64)
    for workers in (ONE, Workers(2)):
        np.testing.assert_array_equal(pool(x, node, np.float64, workers), wanted, strict=True)


@given(pools(), st.sampled_from([np.uint8, np.float64]), st.integers(0, 99))
def test_each_window_hands_its_gradient_to_the_first_of_its_highest_pixels(node: Pool, kind: type, seed: int) -> None:
    """Of spikes, of counts and of numbers that are often alike; every pixel of the map is walked through."""
    rng = np.random.default_rng(seed)
    height, width = spans(node, seed)
    x = rng.integers(0, rng.integers(1, 4), (3, height, width, 2)).astype(kind) - (0 if kind is np.uint8 else 2)
    grad = rng.normal(size=(3, *node.output.shape[1:], 2))
    expected = np.zeros(x.shape)
    for image, e, f, channel in np.ndindex(grad.shape):
        rows = range(e * node.stride[0] - node.padding[0], e * node.stride[0] - node.padding[0] + node.kernel[0])
        cols = range(f * node.stride[1] - node.padding[1], f * node.stride[1] - node.padding[1] + node.kernel[1])
        seen = [(image, y, z, channel) for y in rows for z in cols if 0 <= y < height and 0 <= z < width]
        expected[max(seen, key=lambda place: x[place])] += grad[image, e, f, channel]
    found = pool_gradient(x.astype(kind), grad, node, ONE)
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)
    assert found.sum() == pytest.approx(grad.sum())
