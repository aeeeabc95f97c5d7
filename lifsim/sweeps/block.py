"""Many rows of one layout at once: which of them can be figures of a sweep, and the columns that are asked for."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from lifsim.sweeps.layout import CELL, FLOAT, INT, KEY_CELLS, WORD, Layout
from lifsim.sweeps.stored_row import MOST, SUMS, figure, parts_of, setting

if TYPE_CHECKING:
    from lifsim.sweeps.columns import Column

_Sound = npt.NDArray[np.bool_]


class Block:
    """Rows of the size of `layout`. words: the value of each word."""

    def __init__(self, layout: Layout, rows: Sequence[bytes], words: Mapping[int, Any]) -> None:
        self._layout, self._words, self._rows = layout, words, rows
        self._cells = np.frombuffer(b"".join(rows), "<i8").reshape(len(rows), layout.cells)

    def column(self, name: str) -> Column:
        """The values of a column, None where the layout has none of that name."""
        place = self._layout.places.get(name)
        if place is None:
            return [None] * len(self._cells)
        kind, cells = self._layout.kinds[place - KEY_CELLS], self._cells[:, place]
        if kind == WORD:
            return list(map(self._words.get, cells.tolist()))
        own = cells.copy()  # a view would hold the rows
        return own.view("<f8") if kind == FLOAT else own

    @property
    def sound(self) -> _Sound:
        """Of each row, whether it is surely one that a sweep has written, by the rules of `Row`. What is not may be one
        still: of sums that are not of whole numbers within 64 bits nothing is said here."""
        first = KEY_CELLS + len(self._layout.settings)
        found = self._whole & (self._cells[:, first:-1].view("<u8") <= self._most).all(1)
        places = range(KEY_CELLS, self._layout.cells - 1)
        for place, kind in zip(places, self._layout.kinds, strict=True):
            if kind == WORD:
                found &= self._said(self._cells[:, place], setting if place < first else figure)
            elif kind == FLOAT and place < first:
                found &= np.isfinite(self._cells[:, place].view("<f8"))
        for name in SUMS:
            found &= self._adds_up(name)
        return found

    @property
    def _whole(self) -> _Sound:
        """Whether each ends in the sum of the rest, as `Layout.is_whole` has it."""
        sums = np.fromiter((zlib.crc32(row[:-CELL]) for row in self._rows), np.int64, len(self._rows))
        whole: _Sound = sums == self._cells[:, -1]
        return whole

    @property
    def _most(self) -> npt.NDArray[np.uint64]:
        """[figures] the largest bits of each: of whole numbers >= 0 and of floats >= 0 these are in the order of the
        numbers, and those of what is less than 0 are larger."""
        most = {INT: (1 << 63) - 1, WORD: (1 << 63) - 1, FLOAT: int(np.float64(MOST).view(np.uint64))}
        return np.array([most[kind] for kind in self._layout.figures.values()], np.uint64)

    def _said(self, cells: npt.NDArray[np.int64], rule: Callable[[object], object]) -> _Sound:
        """Where there is such a word, and `rule` takes it."""
        several = np.unique(cells) if (cells != cells[0]).any() else cells[:1]
        known = [cell for cell in several.tolist() if cell in self._words and _takes(rule, self._words[cell])]
        return np.isin(cells, known) if len(known) < len(several) else np.ones(len(cells), np.bool_)

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
