"""Sums of two tensors, and constants that change nothing."""

from __future__ import annotations

from typing import Any

import torch

from lifsim.recording.keep import keep, places_of
from lifsim.recording.ledger import NotFollowedError
from lifsim.recording.tracker import Call, Tracker


def add(tracker: Tracker, call: Call) -> None:
    """Of two values element by element, or of one and zero."""
    first, second = call.args[:2] if len(call.args) > 1 else (call.args[0], call.kwargs.get("other"))
    if call.kwargs.get("alpha", 1) != 1:
        raise NotFollowedError("a sum with a factor")
    if not _is_followed(tracker, first):
        first, second = second, first
    if not _is_followed(tracker, second):
        _same(tracker, call, first, second, 0)
        return
    one, other = tracker.owner(first, call), tracker.owner(second, call)
    if first.shape != second.shape or one.shape != other.shape:
        raise NotFollowedError(
            f"{one.name} {list(first.shape)} and {other.name} {list(second.shape)} are not of one shape"
        )
    (timestep, place), (later, elsewhere) = (places_of(tracker, x, of) for x, of in ((first, one), (second, other)))
    if not bool((place == elsewhere).all()):
        raise NotFollowedError(f"adds elements of {one.name} to other ones of {other.name}")
    if one is other:
        what = "twice the same" if bool((timestep == later).all()) else "timesteps (take the mean over time)"
        raise NotFollowedError(f"adds {what} of {one.name}", readout=True)
    timed = timestep if one.timesteps > 1 else later
    if one.timesteps == other.timesteps and not bool((timestep == later).all()):
        raise NotFollowedError(f"adds {one.name} at one timestep to {other.name} at another")
    made = tracker.ledger.value(("add",), "add", one.shape, (one, other), {})
    keep(tracker, call, made, made.first + timed * tracker.ledger.batch * made.elements + place)


def subtract(tracker: Tracker, call: Call) -> None:
    """Of zero."""
    first, second = call.args[:2]
    if not _is_followed(tracker, first) or _is_followed(tracker, second) or call.name.startswith("__r"):
        raise NotFollowedError("a difference")
    _same(tracker, call, first, second, 0)


def multiply(tracker: Tracker, call: Call) -> None:
    """With one."""
    first, second = call.args[:2]
    if _is_followed(tracker, first) and _is_followed(tracker, second):
        raise NotFollowedError("a product of two tensors element by element")
    if not _is_followed(tracker, first):
        if "div" in call.name:
            raise NotFollowedError("a quotient of a constant")
        first, second = second, first
    _same(tracker, call, first, second, 1)


def _same(tracker: Tracker, call: Call, x: Any, constant: Any, neutral: int) -> None:
    """Raises NotFollowedError unless the constant is such that x stays what it is."""
    alike = bool((constant == neutral).all()) if isinstance(constant, torch.Tensor) else constant == neutral
    if not alike or call.result.shape != x.shape:
        what = "adds" if neutral == 0 else "scales by"
        raise NotFollowedError(f"{what} a constant: fold it into the weights and biases before it or behind it")
    tracker.put_same(call.result, x)


def _is_followed(tracker: Tracker, operand: Any) -> bool:
    return isinstance(operand, torch.Tensor) and tracker.shadow(operand) is not None


SUMS = {
    **dict.fromkeys(("add", "add_", "__add__", "__iadd__", "__radd__"), add),
    **dict.fromkeys(("sub", "sub_", "__sub__", "__isub__", "__rsub__", "rsub"), subtract),
    **dict.fromkeys(
        ("mul", "mul_", "__mul__", "__imul__", "__rmul__", "multiply", "div", "div_", "true_divide", "__truediv__"),
        multiply,
    ),
}
