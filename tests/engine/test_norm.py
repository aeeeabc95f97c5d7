"""Are the sums of a batch norm in training those of numbers, not of single precision?"""

from __future__ import annotations

import numpy as np
import pytest

from lifsim.engine.training.norm import Statistics, gradient, normed, statistics, updated
from lifsim.engine.weights import BN_EPSILON
from lifsim.engine.workers import Workers
from lifsim.errors import InputError
from tests.oracles.batch_norm import BatchNorm

BIG = 2.0**30
"""Single precision holds every 128th number from here on: BIG + 8 is BIG."""

ONE = Workers(1)


def test_ones_beside_a_big_number_count() -> None:
    """Ten values of one channel, at two timesteps: BIG, eight ones, -BIG; they add up to 8, and their mean is 0.8."""
    z = np.array([BIG, *[1.0] * 8, -BIG], np.float32).reshape(1, 10, 1).repeat(2, axis=0)
    assert statistics(z, "bn", ONE).mean.tolist() == [[0.8], [0.8]]
    seen = Statistics(np.zeros((2, 1)), np.full((2, 1), 1 - BN_EPSILON), 10)  # a normal is its value
    _, gain, offset = gradient(z, np.ones_like(z), np.ones(1), seen, ONE)
    assert (gain.tolist(), offset.tolist()) == ([16.0], [16.0])


def test_squares_of_ones_beside_that_of_a_big_number_count() -> None:
    """Two values of 2**15 on both sides of the mean 0, and eight ones: their squares add up to 2**31 + 8."""
    z = np.array([2.0**15, -(2.0**15), *[1.0, -1.0] * 4], np.float32).reshape(1, 10, 1)
    assert statistics(z, "bn", ONE).variance.tolist() == [[(2**31 + 8) / 10]]


def test_one_value_a_channel_is_refused_and_two_are_not() -> None:
    with pytest.raises(InputError, match="must see more than one value a channel"):
        statistics(np.ones((1, 1, 3), np.float32), "bn", ONE)
    two = statistics(np.array([1.0, 3.0], np.float32).reshape(1, 2, 1), "bn", ONE)
    assert (two.mean.tolist(), two.variance.tolist(), two.count) == ([[2.0]], [[1.0]], 2)


def test_running_statistics_go_a_tenth_of_the_way_at_every_timestep() -> None:
    """Two timesteps of two channels; variances are those of five values, of which the biased ones are four fifths."""
    seen = Statistics(np.array([[10.0, 0.0], [20.0, -10.0]]), np.array([[8.0, 0.8], [4.0, 1.6]]), 5)
    mean, variance = updated(np.array([0.0, 100.0]), np.array([1.0, 2.0]), seen)
    np.testing.assert_allclose(mean, [0.9 * 1 + 2, 0.9 * 90 - 1], rtol=1e-15)
    np.testing.assert_allclose(variance, [0.9 * 1.9 + 0.5, 0.9 * 1.9 + 0.2], rtol=1e-15)


@pytest.mark.parametrize("over_time", [False, True])
@pytest.mark.parametrize("precision", [np.float32, np.float64])
@pytest.mark.parametrize("shape", [(3, 4, 5, 6, 2), (1, 7, 3, 1, 17), (4, 9, 33), (2, 2, 2), (2, 40, 13, 16)])
@pytest.mark.parametrize("threads", [1, 2])
def test_every_bit_is_that_of_array_by_array(
    shape: tuple[int, ...], precision: type, over_time: bool, threads: int
) -> None:
    """Values and gradients of many sizes, so that another order of their sums has other bits."""
    rng, workers = np.random.default_rng(4), Workers(threads)
    z, grad = ((rng.normal(1, 2, shape) * 10 ** rng.uniform(-3, 3, shape)).astype(precision) for _ in range(2))
    gain, offset = rng.normal(size=(2, shape[-1])).astype(precision)
    expected = BatchNorm(z, gain, offset, over_time)
    seen = statistics(z, "bn", workers, over_time=over_time)
    assert seen.mean.tobytes() == expected.mean().tobytes()
    assert seen.variance.tobytes() == expected.variance().tobytes()
    np.testing.assert_array_equal(normed(z, seen, gain, offset, workers), expected.outputs(), strict=True)
    found = gradient(grad, z, gain, seen, workers)
    for one, other in zip(found, expected.gradients(grad), strict=True):
        np.testing.assert_array_equal(one, other, strict=True)
