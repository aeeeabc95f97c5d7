"""The inputs of a layer as rows: one row with all elements per timestep and image, in any order."""

from __future__ import annotations

import math
from typing import Any

import torch

from lifsim.lazy_dataclass import dataclass
from lifsim.recording.ledger import NotFollowedError, Value
from lifsim.recording.tracker import Call, Tracker


@dataclass(frozen=True)
class Rows:
    """of: the value that the rows are of. index: [N] which row of it, timestep * B + image, each is. order: which
    element of a row stands where, each once or oftener; None: they stand in their own order. leading: the axes that
    hold the rows."""

    of: Value
    index: Any
    order: Any
    leading: tuple[int, ...]

    def numbers(self, made: Value, shape: tuple[int, ...]) -> Any:
        """Those of a tensor [*leading, *shape] that has a row of `made` for each."""
        elements = torch.arange(made.elements, device=self.index.device)
        return (made.first + self.index[:, None] * made.elements + elements).reshape(*self.leading, *shape)


def rows_of(tracker: Tracker, tensor: Any, trailing: int, call: Call, *, any_order: bool = False) -> Rows:
    """`tensor`, whose last `trailing` axes are the elements that a layer sees at once. any_order: where these may stand
    in another order than the network's, and oftener than once. Raises NotFollowedError."""
    value, numbers = tracker.owner(tensor, call), tracker.shadow(tensor)
    leading = tuple(tensor.shape[: tensor.ndim - trailing])
    flat = numbers.reshape(math.prod(leading), -1) - value.first
    if flat.shape[1] != value.elements and not (any_order and flat.shape[1] > value.elements):
        seen = list(tensor.shape[tensor.ndim - trailing :])
        raise NotFollowedError(f"reads {seen} at once of {value.name} {list(value.shape)}: must read all of an image")
    index = torch.div(flat[:, 0], value.elements, rounding_mode="floor")
    order = flat[0] - index[0] * value.elements
    every = torch.arange(value.elements, device=order.device)
    in_order = len(order) == len(every) and bool((order == every).all())
    if not bool((flat == index[:, None] * value.elements + order).all()):
        raise NotFollowedError(f"reads {value.name} with images or timesteps mixed")
    if not torch.equal(order.unique() if any_order else order.sort().values, every):
        raise NotFollowedError(f"reads some elements of {value.name} twice and others not")
    if not in_order and not any_order:
        raise NotFollowedError(f"reads the elements of {value.name} in another order than [C, H, W]")
    return Rows(value, index, None if in_order else order, leading)


def map_shape(value: Value, seen: tuple[int, ...]) -> tuple[int, int, int]:
    """What a layer sees as [C, H, W], or a signal [C, L], must be that of the value; the network's input, which has a
    shape only by being read, takes it on. Raises NotFollowedError."""
    channels, *pixels = seen
    height, width = (1, *pixels) if len(pixels) == 1 else pixels
    shape = channels, height, width
    if value.kind in ("image", "events") and not value.is_read:
        value.shape = shape
    if value.shape != shape:
        raise NotFollowedError(f"reads {value.name} {list(value.shape)} as a map {list(shape)}")
    return shape
