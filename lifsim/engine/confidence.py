"""A network's confidence in its answer for an image after each timestep, and the answer.

After t timesteps its output is the mean of its outputs so far, and the softmax of that its confidence:

    p(t) = max over classes of softmax(1/t * sum over s <= t of output(s))

Source: Li, Geller, Kim, Panda, "SEENN: Towards Temporal Spiking Early Exit Neural Networks", NeurIPS 2023, SEENN-I,
which thresholds it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]
Ints = NDArray[np.int64]


def running_mean(outputs: NDArray[Any]) -> Floats:
    """[T, B, classes] the mean of `outputs` [T, B, classes] up to each timestep."""
    count = np.arange(1, len(outputs) + 1)[:, None, None]
    mean: Floats = np.cumsum(outputs, axis=0, dtype=np.float64) / count
    return mean


def confidence(outputs: NDArray[Any]) -> Floats:
    """[T, B] the confidence after each timestep, from `outputs` [T, B, classes]."""
    mean = running_mean(outputs)
    below = np.exp(mean - mean.max(axis=2, keepdims=True))
    sure: Floats = 1 / below.sum(axis=2)
    return sure


def sure_after(outputs: NDArray[Any], least: float) -> Ints:
    """[B] timesteps after which the confidence in each image first reaches `least`; all timesteps if it never does."""
    sure = confidence(outputs) >= least
    sure[-1] = True
    steps: Ints = sure.argmax(axis=0).astype(np.int64) + 1
    return steps


def answer(outputs: NDArray[Any], after: Ints) -> Ints:
    """[B] the class of each image `after` [B] timesteps."""
    mean = running_mean(outputs)
    classes: Ints = mean[after - 1, np.arange(len(after))].argmax(axis=1)
    return classes
