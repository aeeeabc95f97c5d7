"""How sure a network is of an image after each timestep, and what it takes it for.

After t timesteps its answer is the mean of its outputs so far, and softmax of that says how sure it is:

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
    """[T, B] how sure the network is after each timestep, of `outputs` [T, B, classes]."""
    mean = running_mean(outputs)
    below = np.exp(mean - mean.max(axis=2, keepdims=True))
    sure: Floats = 1 / below.sum(axis=2)
    return sure


def sure_after(outputs: NDArray[Any], least: float) -> Ints:
    """[B] timesteps after which it is `least` sure of each image for the first time; all of them where it never is."""
    sure = confidence(outputs) >= least
    sure[-1] = True
    steps: Ints = sure.argmax(axis=0).astype(np.int64) + 1
    return steps


def answer(outputs: NDArray[Any], after: Ints) -> Ints:
    """[B] the class that it takes each image for `after` [B] so many timesteps."""
    mean = running_mean(outputs)
    classes: Ints = mean[after - 1, np.arange(len(after))].argmax(axis=1)
    return classes
