"""Are the sums of a batch norm in training those of numbers, not of single precision?"""

from __future__ import annotations

import numpy as np
import pytest

from lifsim.engine.training.norm import Statistics, gradient, statistics
from lifsim.errors import InputError

BIG = 2.0**30
"""Single precision holds every 128th number from here on: BIG + 8 is BIG."""


def test_ones_beside_a_big_number_count() -> None:
    """Ten values of one channel, at two timesteps: BIG, eight ones, -BIG; they add up to 8, and their mean is 0.8."""
    z = np.array([BIG, *[1.0] * 8, -BIG], np.float32).reshape(1, 10, 1).repeat(2, axis=0)
    assert statistics(z, "bn").mean.tolist() == [[0.8], [0.8]]
    seen = Statistics(np.zeros((2, 1)), np.ones((2, 1)), 10)
    _, gain, offset = gradient(z, np.ones_like(z), np.ones(1), seen)
    assert (gain.tolist(), offset.tolist()) == ([16.0], [16.0])


def test_squares_of_ones_beside_that_of_a_big_number_count() -> None:
    """Two values of 2**15 on both sides of the mean 0, and eight ones: their squares add up to 2**31 + 8."""
    z = np.array([2.0**15, -(2.0**15), *[1.0, -1.0] * 4], np.float32).reshape(1, 10, 1)
    assert statistics(z, "bn").variance.tolist() == [[(2**31 + 8) / 10]]


def test_one_value_a_channel_is_refused_and_two_are_not() -> None:
    with pytest.raises(InputError, match="must see more than one value a channel"):
        statistics(np.ones((1, 1, 3), np.float32), "bn")
    two = statistics(np.array([1.0, 3.0], np.float32).reshape(1, 2, 1), "bn")
    assert (two.mean.tolist(), two.variance.tolist(), two.count) == ([[2.0]], [[1.0]], 2)
