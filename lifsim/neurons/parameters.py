"""Parameters of neuron models: what values they may have, and how kernels take them.

A parameter is one number; or one per channel, written as a list; or one per channel or neuron, in the weights file.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import MISSING, fields, replace
from functools import cache
from typing import Any, TypeAlias, TypeVar, get_type_hints

import numpy as np
from numpy.typing import DTypeLike, NDArray

from lifsim.errors import did_you_mean, shown
from lifsim.lazy_dataclass import dataclass

N = TypeVar("N")
Numbers: TypeAlias = float | tuple[float, ...] | str | NDArray[Any]
"""A number, one per channel, or the word IN_WEIGHTS, for which the engine puts in the array of the weights file."""

IN_WEIGHTS = "weights"
MAX_CHANNELS = 1 << 20
MAX_TOLD = 10  # faults of one list


@dataclass(frozen=True)
class Real:
    """A number, or one per channel or neuron. above: it must be greater; low, high: it must lie between them; infinite:
    .inf is a value."""

    above: float | None = None
    low: float | None = None
    high: float | None = None
    infinite: bool = False

    def read(self, value: object) -> Numbers:
        """The value that a file means. Raises ValueError with the words of the fault."""
        if value == IN_WEIGHTS and isinstance(value, str):
            return IN_WEIGHTS
        if isinstance(value, list | tuple):
            if not 0 < len(value) <= MAX_CHANNELS:
                raise ValueError(f"{shown(value)} must have one number a channel")
            return tuple(self._all_of(value))
        return self._number(value)

    def _all_of(self, entries: list[Any] | tuple[Any, ...]) -> list[float]:
        """Raises ValueError with the faults of all entries."""
        found: list[float] = []
        faults: list[str] = []
        for entry in entries:
            try:
                found.append(self._number(entry))
            except ValueError as error:
                faults.append(str(error))
        if faults:
            raise ValueError("; ".join(dict.fromkeys(faults[:MAX_TOLD])))
        return found

    def _number(self, value: object) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            words = f"a number, a list of one a channel, or '{IN_WEIGHTS}' for those of the weights file"
            raise ValueError(f"{shown(value)} must be {words}")
        try:
            number = float(value)
        except OverflowError:
            raise ValueError(f"{shown(value)} must be a number of sensible size") from None
        broken = self.broken(number)
        if broken:
            raise ValueError(f"{shown(value)} {broken}")
        return number

    def broken(self, value: float) -> str | None:
        """What one number must be and is not."""
        if math.isnan(value) or (math.isinf(value) and not self.infinite):
            return "must be finite"
        if self.above is not None and not value > self.above:
            return f"must be > {self.above:g}"
        if self.low is not None and value < self.low:
            return f"must be >= {self.low:g}"
        if self.high is not None and value > self.high:
            return f"must be <= {self.high:g}"
        return None


@dataclass(frozen=True)
class Choice:
    """One of some words."""

    words: tuple[str, ...]

    def read(self, value: object) -> str:
        """The word. Raises ValueError with the words of the fault."""
        if isinstance(value, str) and value in self.words:
            return value
        hint = did_you_mean(value, self.words) if isinstance(value, str) else ""
        nearest = hint if "did you mean" in hint else ""
        raise ValueError(f"{shown(value)} must be one of {', '.join(self.words)}{nearest}")


@dataclass(frozen=True)
class Flag:
    """true or false."""

    def read(self, value: object) -> bool:
        """The flag. Raises ValueError with the words of the fault."""
        if not isinstance(value, bool):
            raise ValueError(f"{shown(value)} must be true or false")
        return value


Parameter = Real | Choice | Flag


@cache
def parameters_of(model: Any) -> Mapping[str, Parameter]:
    """The parameters of a neuron model, which are its fields: each `Annotated` with what values it may have, and with a
    default."""
    hints = get_type_hints(model, include_extras=True)
    found = {}
    for field in fields(model):
        kinds = [kind for kind in getattr(hints[field.name], "__metadata__", ()) if isinstance(kind, Parameter)]
        if len(kinds) != 1 or field.default is MISSING:
            raise TypeError(f"{model.__name__}.{field.name} must be Annotated with one parameter and have a default")
        found[field.name] = kinds[0]
    return found


def with_values(neuron: N, values: Mapping[str, Any]) -> N:
    """`neuron` with other values of some parameters."""
    changed: N = replace(neuron, **values)  # type: ignore[type-var]  # a model's protocol does not say it is a dataclass
    return changed


def unknown(parameter: Parameter) -> Any:
    """Stands for a value with a fault of its own where rules across parameters are judged: breaks none of them."""
    match parameter:
        case Real():
            return math.nan
        case Choice():
            return ""
        case Flag():
            return False


def varying(neuron: Any) -> dict[str, Numbers]:
    """The parameters that are not one number for all neurons, by name."""
    values = {
        name: getattr(neuron, name) for name, kind in parameters_of(neuron.__class__).items() if isinstance(kind, Real)
    }
    return {name: value for name, value in values.items() if not isinstance(value, int | float)}


def smallest(value: Numbers) -> float | None:
    """The smallest number of a parameter; None if the numbers are in the weights file."""
    return None if isinstance(value, str) else float(np.min(value))


def largest(value: Numbers) -> float | None:
    """The largest number of a parameter; None if the numbers are in the weights file."""
    return None if isinstance(value, str) else float(np.max(value))


def wide(value: Numbers) -> NDArray[np.float64]:
    """A parameter in float64, to compute constants with; nan where the numbers are in the weights file."""
    return np.asarray(math.nan if isinstance(value, str) else value, np.float64)


def rounded(value: Any, dtype: DTypeLike) -> Any:
    """A constant rounded once to the precision of the state: a scalar, or an array where neurons differ."""
    return np.asarray(value, np.float64).astype(dtype)[()]
