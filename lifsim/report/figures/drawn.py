"""A figure and its numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from lifsim.lazy_dataclass import dataclass

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure


def _nothing() -> None:
    """Draws nothing more."""


@dataclass(frozen=True)
class Drawn:
    """A figure and its numbers. last: draws into it once its panels stand where they will."""

    figure: Figure
    table: pd.DataFrame
    last: Callable[[], None] = _nothing
