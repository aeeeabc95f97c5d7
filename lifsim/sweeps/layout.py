"""How a row of figures lies in its bytes: 64 bits a value, whose names and kinds the store keeps once for all rows."""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any, Self

from lifsim.errors import shown
from lifsim.lazy_dataclass import dataclass

INT, FLOAT, WORD = "q", "d", "w"
"""Kinds of values: whole numbers of 64 bits, numbers, and all else by its place among the words of the store."""

CELL = 8
KEY_CELLS = 4
"""Of the SHA-256 before the values."""

_INT64 = 1 << 63
_CELL = struct.Struct("<q")


def kind_of(value: object) -> str:
    """How `value` is kept."""
    if isinstance(value, float):
        return FLOAT
    whole = isinstance(value, int) and not isinstance(value, bool) and -_INT64 <= value < _INT64
    return INT if whole else WORD


@dataclass(frozen=True)
class Layout:
    """settings, figures: the kind of each by its name. A point that failed has no figures."""

    settings: Mapping[str, str]
    figures: Mapping[str, str]

    @cached_property
    def kinds(self) -> tuple[str, ...]:
        """Of all values in their order: settings, then figures."""
        return (*self.settings.values(), *self.figures.values())

    @cached_property
    def cells(self) -> int:
        """Of 64 bits, key and sum included."""
        return KEY_CELLS + len(self.kinds) + 1

    @cached_property
    def places(self) -> dict[str, int]:
        """The cell of every column; of a figure that is named like a setting, that of the figure."""
        names = [*self.settings, *self.figures]
        return {name: KEY_CELLS + place for place, name in enumerate(names)}

    @cached_property
    def _word_places(self) -> tuple[int, ...]:
        """Byte of a row at which each word is."""
        return tuple((KEY_CELLS + place) * CELL for place, kind in enumerate(self.kinds) if kind == WORD)

    @cached_property
    def _struct(self) -> struct.Struct:
        letters = "".join(INT if kind == WORD else kind for kind in self.kinds)
        return struct.Struct(f"<{KEY_CELLS * CELL}s{letters}")

    def pack(self, key: str, values: Iterable[Any]) -> bytes:
        """The bytes of a row but for its sum: its key and `values`."""
        return self._struct.pack(bytes.fromhex(key), *values)

    def summed(self, row: bytes, words: Sequence[int]) -> bytes:
        """A `row` that is packed, in the place of each of its words that of `words`, and the CRC-32 by which damage
        shows."""
        body = bytearray(row)
        for place in self._word_places:
            (word,) = _CELL.unpack_from(row, place)
            _CELL.pack_into(body, place, words[word])
        return bytes(body) + zlib.crc32(body).to_bytes(CELL, "little")

    def is_whole(self, row: object) -> bool:
        """Whether `row` has the length of this layout, and its own sum."""
        if not isinstance(row, bytes) or len(row) != self.cells * CELL:
            return False
        return zlib.crc32(memoryview(row)[:-CELL]) == int.from_bytes(row[-CELL:], "little")

    def unpack(self, row: bytes) -> tuple[str, tuple[Any, ...]]:
        """The key and the values of a row that is packed or whole."""
        key, *values = self._struct.unpack_from(row)
        return key.hex(), tuple(values)

    def key(self, row: bytes) -> str:
        """Of a row that is packed or whole."""
        return row[: KEY_CELLS * CELL].hex()

    def cell(self, row: bytes, figure: str) -> Any:
        """Of a row that is packed or whole."""
        kind = FLOAT if self.figures[figure] == FLOAT else INT
        return struct.unpack_from(f"<{kind}", row, self.places[figure] * CELL)[0]

    @cached_property
    def text(self) -> str:
        """As the store has it, JSON."""
        return json.dumps({"settings": self.settings, "figures": self.figures})

    @classmethod
    def parse(cls, text: object) -> Self:
        """Of `text`. Raises ValueError where it is none."""
        try:
            data = json.loads(text) if isinstance(text, str) else None
        except RecursionError:
            data = None
        settings, figures = (data.get(name) if isinstance(data, dict) else None for name in ("settings", "figures"))
        if not isinstance(settings, dict) or not isinstance(figures, dict):
            raise ValueError("a layout must be the names and kinds of settings and figures")
        kinds = [*settings.values(), *figures.values()]
        if strange := [kind for kind in kinds if kind not in (INT, FLOAT, WORD)]:
            raise ValueError(f"a layout's kind {shown(strange[0])} must be one of {INT}, {FLOAT}, {WORD}")
        return cls(settings, figures)
