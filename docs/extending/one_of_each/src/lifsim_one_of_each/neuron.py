"""A leaky integrate-and-fire neuron whose membrane is never below 0:  u' = max(u + (x - u) / tau, 0)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from lifsim.neurons import Array, State
from lifsim.neurons.lif import LifNeuron


@dataclass(frozen=True)
class RectifiedLif(LifNeuron):
    """The parameters are those of `lif`. What the rectifier cut off is not known again, and has no gradient."""

    name = "rectified"
    title = "leaky integrate-and-fire, the membrane never below 0"

    def charge(self, x: Array, state: State, k: Any) -> State:
        (u,) = super().charge(x, state, k)
        return (np.maximum(u, 0),)

    def compiled(self) -> None:
        return None

    def linear(self) -> None:
        return None

    def cannot_be_undone(self) -> str:
        return "the rectifier forgets the membrane"
