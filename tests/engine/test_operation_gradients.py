"""Are the gradients of each operation that has no state those of finite differences, one operation at a time?"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest

from lifsim.engine.pooling import pool
from lifsim.engine.training import norm
from lifsim.engine.training.backprop import Learner
from lifsim.engine.training.loss import cross_entropy
from lifsim.engine.training.pooling_gradient import pool_gradient
from lifsim.engine.weights import weight_shapes
from lifsim.engine.workers import Workers
from lifsim.model.network import Pool
from lifsim.model.product import Given, Product
from lifsim.model.sharing import Sharing
from tests.engine.build import Builder

Array = np.ndarray[Any, np.dtype[Any]]
STEPS, IMAGES = 2, 3


def quotients(loss: Callable[[Array], float], at: Array, h: float) -> Array:
    """Differences of `loss` over each element of `at`, h to both sides."""
    out = np.zeros_like(at)
    for place in np.ndindex(at.shape):
        step = np.zeros_like(at)
        step[place] = h
        out[place] = (loss(at + step) - loss(at - step)) / (2 * h)
    return out


PRODUCTS = {
    "conv": Builder((2, 5, 4), 1).conv("y", 3, batch_norm=False),
    "strided": Builder((2, 5, 6), 1).conv("y", 3, (3, 2), (2, 3), (1, 0), batch_norm=False),
    "unread": Builder((2, 6, 6), 1).conv("y", 2, (2, 2), (3, 4), (0, 0), batch_norm=False),
    "one-dimensional": Builder((3, 1, 7), 1).conv("y", 2, (1, 5), padding=(0, 2), batch_norm=False),
    "pointwise": Builder((3, 3, 2), 1).conv("y", 2, (1, 1), padding=(0, 0), batch_norm=False),
    "grouped": Builder((4, 4, 3), 1).conv("y", 6, groups=2, batch_norm=False),
    "depthwise": Builder((4, 4, 3), 1).conv("y", 4, groups=4, batch_norm=False),
    "two filters a channel": Builder((3, 4, 3), 1).conv("y", 6, groups=3, batch_norm=False),
    "linear": Builder((5,), 1).linear("y", 3),
    "linear of a map": Builder((2, 3, 2), 1).linear("y", 3),
}


@pytest.mark.parametrize("build", PRODUCTS.values(), ids=PRODUCTS.keys())
def test_products(build: Builder) -> None:
    """A product is linear in its weights and in its inputs, so that differences of 1/2 are exact."""
    rng = np.random.default_rng(0)
    source, node = build.nodes
    assert isinstance(node, Product)
    channels, *extents = source.output.shape
    x = rng.normal(size=(STEPS, IMAGES, *extents, channels))
    weights = rng.normal(size=node.weight_shape)
    filters, *pixels = node.output.shape
    grad = rng.normal(size=(STEPS, IMAGES, *pixels, filters))

    def loss(x: Array, weights: Array) -> float:
        given = Given(weights, np.ones(filters), np.zeros(filters), False, Workers(1))
        return float((node.forward(given)([x]) * grad).sum())

    backward = node.backward()
    assert backward is not None
    close = partial(np.testing.assert_allclose, rtol=1e-9, atol=1e-9)
    close(backward.of_weights(x, grad, Workers(1)), quotients(lambda w: loss(x, w), weights, 0.5))
    close(backward.of_input(x, grad, weights, Workers(1)), quotients(lambda x: loss(x, weights), x, 0.5))


@pytest.mark.parametrize("kind", ["max", "avg"])
@pytest.mark.parametrize(
    ("kernel", "stride", "padding"),
    [((2, 2), (2, 2), (0, 0)), ((3, 3), (2, 2), (1, 1)), ((3, 2), (1, 2), (1, 1)), ((1, 2), (2, 3), (0, 1))],
)
def test_pools(kind: str, kernel: tuple[int, int], stride: tuple[int, int], padding: tuple[int, int]) -> None:
    """Of numbers no two of which are alike: there a maximum has a derivative. Some are negative, below the border."""
    rng = np.random.default_rng(1)
    node = Builder((2, 5, 6), 1).pool("y", kind, kernel, stride, padding).nodes[-1]
    assert isinstance(node, Pool)
    x = (rng.permutation(STEPS * 5 * 6 * 2) - 90.0).reshape(STEPS, 1, 5, 6, 2)
    grad = rng.normal(size=pool(x, node, np.float64, Workers(1)).shape)
    found = quotients(lambda x: float((pool(x, node, np.float64, Workers(1)) * grad).sum()), x, 0.25)
    np.testing.assert_allclose(pool_gradient(x, grad, node, Workers(1)), found, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("shape", [(STEPS, 4, 3), (STEPS, 2, 2, 3, 2)])
def test_batch_norm(shape: tuple[int, ...]) -> None:
    """Of all that it reads: its statistics move with every value of their timestep."""
    rng = np.random.default_rng(2)
    z, grad = rng.normal(1, 2, shape), rng.normal(size=shape)
    (gain, offset), workers = rng.normal(size=(2, shape[-1])), Workers(1)

    def loss(z: Array, gain: Array, offset: Array) -> float:
        return float((norm.normed(z, norm.statistics(z, "bn", workers), gain, offset, workers) * grad).sum())

    found = norm.gradient(grad, z, gain, norm.statistics(z, "bn", workers), workers)
    expected = (
        quotients(lambda z: loss(z, gain, offset), z, 1e-5),
        quotients(lambda gain: loss(z, gain, offset), gain, 0.5),
        quotients(lambda offset: loss(z, gain, offset), offset, 0.5),
    )
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-7, atol=1e-7)


def test_the_readout() -> None:
    """Cross-entropy of the mean over time."""
    rng = np.random.default_rng(3)
    outputs, labels = rng.normal(0, 3, (STEPS, IMAGES, 4)), rng.integers(0, 4, IMAGES)
    found = quotients(lambda outputs: cross_entropy(outputs, labels)[0], outputs, 1e-5)
    np.testing.assert_allclose(cross_entropy(outputs, labels)[1], found, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_readout_of_spikes(dtype: type[Any]) -> None:
    """A network may end in neurons. Its outputs are then whole numbers, but their gradients are not."""
    network = Builder((6,), 3, "event").linear("fc", 4).lif("spikes").network()
    weights = {"fc.weight": np.random.default_rng(0).normal(0, 1, (4, 6)), "fc.bias": np.full(4, 0.1)}
    x, labels = np.random.default_rng(1).integers(0, 2, (3, 5, 6)).astype(np.uint8), np.array([0, 1, 2, 3, 0])
    learner = Learner(network, Sharing.parse("none"), dtype=dtype, workers=Workers(1))
    found = []
    for outputs_as in (np.uint8, dtype):
        run = learner.forward(weights, x)
        assert 0 < run.outputs.mean() < 1
        found.append(run.backward(cross_entropy(run.outputs.astype(outputs_as), labels)[1]))
    for name, gradient in found[0].items():
        assert np.abs(gradient).max() > 0
        np.testing.assert_allclose(gradient, found[1][name], rtol=1e-6)


@pytest.mark.parametrize(("pooled", "sharing"), [("max", "none"), ("avg", "channel2")])
def test_a_path_of_all_of_them_behind_the_last_spikes(pooled: str, sharing: str) -> None:
    """Products with norms, a residual block, a pool, a mean over time: nothing behind the spikes is a surrogate's,
    so that the loss itself has differences, in every weight."""
    build = Builder((2, 5, 4), 3, "event").conv("first", 4, batch_norm=False).lif("spikes")
    build.conv("wide", 4, (1, 3), padding=(0, 1), bias=True).conv("deep", 4, groups=4, of="spikes")
    build.add("block", "wide", "deep", "spikes").pool("pooled", pooled, (3, 2), (2, 2), (1, 0))
    build.linear("squeeze", 5, batch_norm=True).time_mean("mean").linear("readout", 3)
    network = build.network()
    rng = np.random.default_rng(4)
    weights = {name: rng.normal(0.2, 0.6, shape) for name, shape in weight_shapes(network).items()}
    x, labels = rng.integers(0, 2, (3, 4, 2, 5, 4)).astype(np.uint8), rng.integers(0, 3, 4)
    learner = Learner(network, Sharing.parse(sharing), dtype=np.float64, workers=Workers(1))
    run = learner.forward(weights, x)
    assert 0.05 < run.spikes["spikes"].mean() < 0.95
    gradients = run.backward(cross_entropy(run.outputs, labels)[1])

    def loss(name: str, value: Array) -> float:
        return cross_entropy(learner.forward(weights | {name: value}, x).outputs, labels)[0]

    behind = {name for name in gradients if not name.startswith("first.")}
    assert behind == {name for name in weights if "running" not in name and not name.startswith("first.")}
    for name in behind:
        expected = quotients(partial(loss, name), weights[name], 1e-5)
        np.testing.assert_allclose(gradients[name], expected, rtol=1e-6, atol=1e-8, err_msg=name)
