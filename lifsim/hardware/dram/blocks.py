"""The records of blocks as NumPy fills and reads them: stretch by stretch, so that each comes from memory but once."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from lifsim.hardware.dram.requests import Requests
from lifsim.hardware.dram.state import BLOCK, FAR, Array

_STRETCH = 1 << 11


def fill(blocks: Array, requests: Requests, offset_bits: int) -> None:
    """Blocks [N], all zero, for as many requests; a burst holds 2^offset_bits bytes."""
    for part in _stretches(len(blocks)):
        new, addresses = blocks[part], requests.addresses[part].astype(np.int64)
        first = addresses >> offset_bits
        bursts = ((addresses + requests.sizes_bytes[part] - 1) >> offset_bits) - first + 1
        new["first"], new["bursts"], new["remaining"] = first, bursts, bursts
        new["is_write"], new["arrival"] = requests.is_write[part], requests.arrival_cycles[part]
        new["first_completion"] = FAR


def columns(blocks: Array, *fields: str) -> tuple[Array, ...]:
    """Fields of blocks [N], each an array [N] of its own."""
    found = tuple(np.empty(len(blocks), BLOCK[field]) for field in fields)
    for part in _stretches(len(blocks)):
        for field, column in zip(fields, found, strict=True):
            column[part] = blocks[field][part]
    return found


def _stretches(count: int) -> Iterator[slice]:
    return (slice(first, first + _STRETCH) for first in range(0, count, _STRETCH))
