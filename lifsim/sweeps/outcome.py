"""What became of one point of a sweep: a row of figures, or an error."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Outcome:
    """key: hash of everything that determines the figures. figures: dotted names as in layers.csv, None if it failed;
    error: why, None if it did not."""

    point: int
    key: str
    figures: Mapping[str, Any] | None
    error: str | None = None
