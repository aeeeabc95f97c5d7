"""A column of a figure's points, gathered a few thousand at a time in little memory."""

from __future__ import annotations

import json
from itertools import chain, compress
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import pandas as pd

    from lifsim.sweeps.columns import Column


class Gathered:
    """The values of one column. is_setting: whether nothing is a value there."""

    def __init__(self, is_setting: bool) -> None:
        self._is_setting = is_setting
        self._parts: list[npt.NDArray[Any]] = []

    def add(self, column: Column, which: list[bool]) -> None:
        """Adds the values of the next points for which `which` is true. If all are equal, the value is kept once."""
        if isinstance(column, list):
            wanted = list(compress(column, which))
            part, same = np.fromiter(wanted, object, len(wanted)), len(set(map(id, wanted))) == 1
        else:
            part = column if all(which) else column[np.array(which)]
            same = len(part) > 0 and bool((part == part[0]).all())
        if len(part):
            self._parts.append(np.broadcast_to(part[:1].copy(), part.shape) if same else part)

    def series(self) -> pd.Series[Any]:
        """All of them as they are drawn, texts as categories."""
        import pandas as pd

        kinds = {part.dtype for part in self._parts}
        if len(kinds) == 1 and kinds != {np.dtype(object)}:
            return pd.Series(np.concatenate(self._parts))
        if all(part.dtype == object and set(map(type, part)) == {str} for part in self._parts):
            return pd.Series(pd.Categorical(np.concatenate(self._parts or [np.empty(0, object)])))
        values = chain.from_iterable(part.tolist() for part in self._parts)
        return pd.Series([_drawable(value, self._is_setting) for value in values])


def _drawable(value: object, is_setting: bool) -> object:
    """Lists and mappings as their text, and a setting of nothing as its name: a place on an axis like any other.
    Whole numbers beyond 64 bits as Matplotlib takes them, if at all."""
    if isinstance(value, int) and abs(value) >= 1 << 63:
        return float(value) if abs(value) < 1 << 1023 else str(value)
    if isinstance(value, list | dict) or (value is None and is_setting):
        return json.dumps(value)
    return value
