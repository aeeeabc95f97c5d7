"""Optimisers in the definitions of PyTorch, and the learning rate over a training run."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lifsim.lazy_dataclass import dataclass

Array = NDArray[Any]


@dataclass(frozen=True)
class Optimiser(ABC):
    """Weights from weights and gradients. Its memory is a dict of arrays, so that it can be stored with the weights."""

    weight_decay: float = 0.0

    @abstractmethod
    def step(
        self, weights: Mapping[str, Array], gradients: Mapping[str, Array], memory: Mapping[str, Array], rate: float
    ) -> tuple[dict[str, Array], dict[str, Array]]:
        """Weights and memory after a step at learning rate `rate`; `memory` is empty at the start."""

    def _decayed(self, weight: Array, grad: Array) -> Array:
        return grad + self.weight_decay * weight if self.weight_decay else grad


@dataclass(frozen=True)
class Sgd(Optimiser):
    """Stochastic gradient descent: v = momentum v + g ; w -= rate v."""

    momentum: float = 0.9

    def step(
        self, weights: Mapping[str, Array], gradients: Mapping[str, Array], memory: Mapping[str, Array], rate: float
    ) -> tuple[dict[str, Array], dict[str, Array]]:
        stepped, after = dict(weights), {}
        for name, grad in gradients.items():
            velocity = self._decayed(weights[name], grad)
            key = f"velocity.{name}"
            if key in memory:
                velocity = self.momentum * memory[key] + velocity
            after[key] = velocity
            stepped[name] = weights[name] - rate * velocity
        return stepped, after


@dataclass(frozen=True)
class Adam(Optimiser):
    """m = b1 m + (1 - b1) g ; v = b2 v + (1 - b2) g^2 ; w -= rate m^ / (sqrt(v^) + eps), m^ and v^ without their bias
    towards the start (Kingma and Ba, ICLR 2015)."""

    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8

    def step(
        self, weights: Mapping[str, Array], gradients: Mapping[str, Array], memory: Mapping[str, Array], rate: float
    ) -> tuple[dict[str, Array], dict[str, Array]]:
        count = int(memory["count"]) + 1 if memory else 1
        bias1, bias2 = 1 - self.beta1**count, 1 - self.beta2**count
        stepped, after = dict(weights), {"count": np.array(count)}
        for name, gradient in gradients.items():
            grad = self._decayed(weights[name], gradient)
            first, second = f"first.{name}", f"second.{name}"
            after[first] = self.beta1 * memory.get(first, np.zeros_like(grad)) + (1 - self.beta1) * grad
            after[second] = self.beta2 * memory.get(second, np.zeros_like(grad)) + (1 - self.beta2) * grad * grad
            scale = np.sqrt(after[second] / bias2) + self.epsilon
            stepped[name] = weights[name] - (rate / bias1) * after[first] / scale
        return stepped, after


def cosine_rate(rate: float, step: int, steps: int) -> float:
    """Learning rate at `step` of `steps`, from `rate` along half a cosine towards 0."""
    return rate * (1 + math.cos(math.pi * step / steps)) / 2
