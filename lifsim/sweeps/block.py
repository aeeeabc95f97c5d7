"""Many rows of one layout at once: which of them can be figures of a sweep, and the columns that are asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from lifsim.sweeps.layout import FLOAT, INT, KEY_CELLS, WORD, Layout
from lifsim.sweeps.stored_row import MOST, SUMS, figure, parts_of, setting

_Sound = npt.NDArray[np.bool_]


class Block:
    """Rows of `layout` that are whole. words: the value of each word."""

    def __init__(self, layout: Layout, rows: Sequence[bytes], words: Mapping[int, Any]) -> None:
        self._layout, self._words = layout, words
        self._cells = np.frombuffer(b"".join(rows), "<i8").reshape(len(rows), layout.cells)

    def column(self, name: str) -> list[Any]:
        """The values of a column, None where the layout has none of that name."""
        place = self._layout.places.get(name)
        if place is None:
            return [None] * len(self._cells)
        kind, cells = self._layout.kinds[place - KEY_CELLS], self._cells[:, place]
        if kind == WORD:
            return [self._words.get(cell) for cell in cells.tolist()]
        values: list[Any] = (cells.view("<f8") if kind == FLOAT else cells).tolist()
        return values

    @property
    def sound(self) -> _Sound:
        """Of each row, whether it is surely one that a sweep has written, by the rules of `Row`. What is not may be one
        still: of sums that are not of whole numbers within 64 bits nothing is said here."""
        found = np.ones(len(self._cells), np.bool_)
        first = KEY_CELLS + len(self._layout.settings)
        for part, rule, least in ((slice(KEY_CELLS, first), setting, -np.inf), (slice(first, -1), figure, 0)):
            cells = self._cells[:, part]
            kinds = np.array(self._layout.kinds[part.start - KEY_CELLS : part.start - KEY_CELLS + cells.shape[1]], "U1")
            found &= (cells[:, kinds == INT] >= least).all(1)
            floats = cells[:, kinds == FLOAT].view("<f8")
            most = MOST if least == 0 else np.finfo(np.float64).max
            found &= ((floats >= least) & (np.abs(floats) <= most)).all(1)
            for place in np.flatnonzero(kinds == WORD):
                found &= self._said(cells[:, place], rule)
        for name in SUMS:
            found &= self._adds_up(name)
        return found

    def _said(self, cells: npt.NDArray[np.int64], rule: Callable[[object], object]) -> _Sound:
        """Where there is such a word, and `rule` takes it."""
        known = [cell for cell in np.unique(cells).tolist() if cell in self._words and _takes(rule, self._words[cell])]
        return np.isin(cells, known)

    def _adds_up(self, name: str) -> _Sound | bool:
        figures = self._layout.figures
        parts, total = parts_of(name, figures), f"{name}.total"
        if not parts:
            return True
        if any(figures.get(one) != INT for one in (*parts, total)):
            return False
        cells = self._cells[:, [self._layout.places[part] for part in parts]]
        within = (cells < (1 << 62) // len(parts)).all(1)
        found: _Sound = within & (cells.sum(1) == self._cells[:, self._layout.places[total]])
        return found


def _takes(rule: Callable[[object], object], value: object) -> bool:
    try:
        rule(value)
    except (ValueError, RecursionError):
        return False
    return True
