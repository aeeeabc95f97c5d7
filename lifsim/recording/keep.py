"""The outputs of operations as elements of values."""

from __future__ import annotations

from typing import Any

import numpy as np

from lifsim.recording.ledger import Value
from lifsim.recording.tracker import Call, Tracker, array_of


def keep(tracker: Tracker, call: Call, made: Value, numbers: Any) -> None:
    """The call's result, of the shape of `numbers`, holds these elements of `made`. Its values are kept until
    something reads them: those that nothing does are the network's output."""
    offsets = array_of(numbers).ravel() - made.first
    made.computed[offsets // made.elements] = True
    if not made.is_read:
        if made.put_out is None:
            made.put_out = np.zeros((len(made.computed), made.elements), np.float64)
        made.put_out.reshape(-1)[offsets] = array_of(call.result).ravel()
    tracker.put(call.result, numbers)


def places_of(tracker: Tracker, tensor: Any, value: Value) -> tuple[Any, Any]:
    """Of every element of a tensor of `value`, its timestep, and which of its timestep's elements it is."""
    each, numbers = tracker.ledger.batch * value.elements, tracker.shadow(tensor) - value.first
    return numbers.div(each, rounding_mode="floor"), numbers % each
