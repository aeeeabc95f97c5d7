"""Arguments of PyTorch's functions by name, however they were given."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lifsim.recording.ledger import NotFollowedError
from lifsim.recording.tracker import Call


def arguments_of(call: Call, names: str, defaults: Mapping[str, Any]) -> dict[str, Any]:
    """By the `names` of a function's parameters, in their order."""
    return {**defaults, **dict(zip(names.split(), call.args, strict=False)), **call.kwargs}


def pair(value: Any, axes: int) -> list[int]:
    """[vertical, horizontal] of what PyTorch takes for one or two `axes`; a signal has one row."""
    numbers = list(value) if isinstance(value, tuple | list) else [value] * axes
    if len(numbers) == 1 and axes == 2:
        numbers *= 2
    return [int(number) for number in numbers]


def on_map(numbers: list[int], row: int) -> list[int]:
    """Of a signal [C, L] as the map [C, 1, L], whose rows have `row`."""
    return numbers if len(numbers) == 2 else [row, *numbers]


def require(given: Any, wanted: Any, what: str) -> None:
    """Raises NotFollowedError if a layer does what LIFSim's does not, along any axis."""
    if any(one != wanted for one in (given if isinstance(given, tuple | list) else [given])):
        raise NotFollowedError(f"{what} must be {wanted}, is {given}: LIFSim's layers know no other")
