"""Checks whether a layer fits its inputs."""

from __future__ import annotations

from lifsim.errors import ToldError
from lifsim.model.network import Tensor

MAX_WEIGHTS = 1 << 32
MAX_WINDOWED = 1 << 48
"""Most elements in all windows over a map together: kernels of 4095 x 4095 at as many outputs. Code that visits them
one by one asks lifsim.room first."""


class MisfitError(ToldError, ValueError):
    """What is wrong with one layer, as (key, message); a key of its neuron is dotted, '' is the layer itself."""

    def __init__(self, *faults: tuple[str, str]) -> None:
        super().__init__(*faults)
        self.faults = faults


def map_of(x: Tensor, what: str) -> tuple[int, int, int]:
    """(C, H, W) of the input of a layer. Raises MisfitError if that is no map."""
    if len(x.shape) != 3:
        raise MisfitError(("", f"{what} must read a [channels, height, width] map; {x.name} is {list(x.shape)}"))
    return x.shape[0], x.shape[1], x.shape[2]


def slide(
    size: tuple[int, int], kernel: tuple[int, int], stride: tuple[int, int], padding: tuple[int, int]
) -> tuple[int, int]:
    """Output rows and columns, floor((H + 2p - R) / s) + 1. Raises MisfitError if the window does not fit, or if all
    windows together hold too many elements."""
    padded = (size[0] + 2 * padding[0], size[1] + 2 * padding[1])
    if kernel[0] > padded[0] or kernel[1] > padded[1]:
        raise MisfitError(("kernel", f"{list(kernel)} must fit into the padded map {list(padded)}"))
    rows, cols = ((whole - part) // step + 1 for whole, part, step in zip(padded, kernel, stride, strict=True))
    if rows * cols * kernel[0] * kernel[1] > MAX_WINDOWED:
        seen = f"{list(kernel)} at each of {rows} x {cols} outputs"
        raise MisfitError(("kernel", f"{seen} must come to <= {MAX_WINDOWED} elements a channel"))
    return rows, cols
