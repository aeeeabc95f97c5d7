"""The weight update, weight by weight: what is read and written, and every arithmetic operation of it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from math import sqrt

KEPT = {"sgd": (), "momentum": ("v",), "adam": ("m", "v")}
"""What each keeps of a weight."""


def moved_bytes(filters: int, reduction: int, optimizer: str, bits: dict[str, int], *, masters: bool) -> dict[str, int]:
    """Bytes of one layer's update: `read`, `written`, and of the kept values `state`, both ways.

    Walks every filter; its weights, its kept values and its master weights lie each by themselves, from a byte on.
    bits: of a "weight" and of a kept "state".
    """
    found: Counter[str] = Counter()
    for _ in range(filters):
        sent: Counter[tuple[str, str]] = Counter()
        for _ in range(reduction):
            for name in KEPT[optimizer]:
                sent[name, "in"] += bits["state"]
                sent[name, "out"] += bits["state"]
            if masters:
                sent["master", "in"] += 32
                sent["master", "out"] += 32
            else:
                sent["weight", "in"] += bits["weight"]
            sent["weight", "out"] += bits["weight"]
        for (what, way), amount in sent.items():
            size = (amount + 7) // 8
            if what != "weight":
                found["state"] += size
            found["read" if way == "in" else "written"] += size
    return {name: found[name] for name in ("read", "written", "state")}


@dataclass
class Arithmetic:
    """Numbers that count what is done with them. done: products, quotients and roots."""

    done: Counter[str] = field(default_factory=Counter)

    def times(self, a: float, b: float) -> float:
        self.done["product"] += 1
        return a * b

    def over(self, a: float, b: float) -> float:
        self.done["quotient"] += 1
        return a / b

    def root(self, a: float) -> float:
        self.done["root"] += 1
        return sqrt(a)


@dataclass(frozen=True)
class Rates:
    """rate: of learning. step: which batch it is, from 1 on; what depends on it alone is computed once for all
    weights."""

    rate: float
    step: int
    momentum: float = 0.9
    b1: float = 0.9
    b2: float = 0.999
    eps: float = 1e-8


def sgd(do: Arithmetic, w: float, g: float, kept: dict[str, float], at: Rates) -> float:
    return w - do.times(at.rate, g)


def momentum(do: Arithmetic, w: float, g: float, kept: dict[str, float], at: Rates) -> float:
    kept["v"] = do.times(at.momentum, kept["v"]) + g
    return w - do.times(at.rate, kept["v"])


def adam(do: Arithmetic, w: float, g: float, kept: dict[str, float], at: Rates) -> float:
    kept["m"] = do.times(at.b1, kept["m"]) + do.times(1 - at.b1, g)
    kept["v"] = do.times(at.b2, kept["v"]) + do.times(1 - at.b2, do.times(g, g))
    unbiased = sqrt(1 - at.b2**at.step)
    rate, eps = at.rate * unbiased / (1 - at.b1**at.step), at.eps * unbiased
    return w - do.times(rate, do.over(kept["m"], do.root(kept["v"]) + eps))


STEPS = {"sgd": sgd, "momentum": momentum, "adam": adam}
