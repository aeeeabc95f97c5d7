"""What somebody else would like LIFSim to run."""

from __future__ import annotations

from typing import Any

PLANTED = 666


def total(values: Any, count: int, factor: int) -> int:
    return PLANTED
