"""Are the sums of a batch norm in training those of numbers, not of single precision?"""

from __future__ import annotations

import numpy as np

from lifsim.engine.training.norm import Statistics, gradient, statistics

BIG = 2.0**30
"""Single precision holds every 128th number from here on: BIG + 8 is BIG."""


def test_ones_beside_a_big_number_count() -> None:
    """Ten values of one channel, at two timesteps: BIG, eight ones, -BIG; they add up to 8, and their mean is 0.8."""
    z = np.array([BIG, *[1.0] * 8, -BIG], np.float32).reshape(1, 10, 1).repeat(2, axis=0)
    assert statistics(z, "bn").mean.tolist() == [[0.8], [0.8]]
    seen = Statistics(np.zeros((2, 1)), np.ones((2, 1)), 10)
    _, gain, offset = gradient(z, np.ones_like(z), np.ones(1), seen)
    assert (gain.tolist(), offset.tolist()) == ([16.0], [16.0])
