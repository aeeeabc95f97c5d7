"""Surrogate gradients: they replace the derivative of the step s = [d >= 0], d = u' - theta, in the backward pass.

    atan      alpha/2 / (1 + (pi/2 alpha d)^2)             default alpha 2
    sigmoid   alpha sigma(alpha d) (1 - sigma(alpha d))    default alpha 4
    triangle  alpha max(0, 1 - alpha |d|)                  default alpha 1

The forms and defaults of SpikingJelly's ATan, Sigmoid and PiecewiseQuadratic.
"""

from __future__ import annotations

import math

import numpy as np

from lifsim.engine.jit import compiled
from lifsim.errors import Fault, InputError, did_you_mean
from lifsim.lazy_dataclass import dataclass

_DEFAULT_ALPHA = {"atan": 2.0, "sigmoid": 4.0, "triangle": 1.0}


@dataclass(frozen=True)
class Surrogate:
    """kind: atan, sigmoid or triangle; alpha: its steepness. Raises InputError."""

    kind: str = "atan"
    alpha: float = 2.0

    def __post_init__(self) -> None:
        faults = []
        if self.kind not in _DEFAULT_ALPHA:
            hint = did_you_mean(self.kind, _DEFAULT_ALPHA)
            faults.append(Fault(f"{self.kind!r} must be atan, sigmoid or triangle{hint}", path="surrogate"))
        if not (math.isfinite(self.alpha) and self.alpha > 0):
            faults.append(Fault(f"{self.alpha} must be finite and > 0", path="surrogate alpha"))
        if faults:
            raise InputError(faults)

    @classmethod
    def named(cls, kind: str) -> Surrogate:
        """The surrogate of that name with its usual steepness."""
        return cls(kind, _DEFAULT_ALPHA.get(kind, 1.0))

    @property
    def code(self) -> int:
        """The kind as the kernels take it."""
        return list(_DEFAULT_ALPHA).index(self.kind)


@compiled
def _atan(d, alpha):  # type: ignore[no-untyped-def]
    scaled = math.pi / 2 * alpha * d
    return np.divide(alpha / 2, 1 + scaled * scaled)  # `/` would look for zeros, and so take one d at a time


@compiled
def _sigmoid(d, alpha):  # type: ignore[no-untyped-def]
    level = 1 / (1 + math.exp(-alpha * d))
    return alpha * level * (1 - level)


@compiled
def _triangle(d, alpha):  # type: ignore[no-untyped-def]
    return alpha * max(0.0, 1 - alpha * abs(d))


@compiled
def to_slopes(d, code, alpha):  # type: ignore[no-untyped-def]
    """Distances from the threshold, [n], become the derivatives there."""
    if code == 0:
        for i in range(d.size):
            d[i] = _atan(d[i], alpha)
    elif code == 1:
        for i in range(d.size):
            d[i] = _sigmoid(d[i], alpha)
    else:
        for i in range(d.size):
            d[i] = _triangle(d[i], alpha)
