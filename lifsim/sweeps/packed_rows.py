"""Rows as stores of schema 3 have them: 64 bits a value, by layouts that hold the names once for all rows alike.

A row of 162 figures takes 1.4 KB. What is no number of 64 bits is a word, of which each is kept once as JSON.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from sys import getsizeof
from typing import TYPE_CHECKING, Any

from lifsim.errors import Fault, InputError, collecting, shown
from lifsim.lazy_dataclass import dataclass
from lifsim.sweeps.columns import Columns
from lifsim.sweeps.database import Database, damaged
from lifsim.sweeps.layout import CELL, WORD, Layout
from lifsim.sweeps.parcel import Parcel, layout_of
from lifsim.sweeps.row_form import Record
from lifsim.sweeps.stored_row import ERROR, MAX_FAULTS, Row, checked_row

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from lifsim.sweeps.columns import Column

PAGE_BYTES = 1 << 15
"""Of the file: a page of 32 KiB is full with 23 rows, one of SQLite's usual 4 KiB a third empty with two."""

BATCH, BATCH_BYTES = 2048, 16 << 20
"""Rows that are held at a time: so many, or fewer where a damaged file has huge ones."""

SCHEMA = """
    CREATE TABLE layouts (
        layout INTEGER PRIMARY KEY,
        names TEXT NOT NULL UNIQUE      -- JSON: settings and figures, each with its kind: q, d or w
    );
    CREATE TABLE words (
        word INTEGER PRIMARY KEY,
        value TEXT NOT NULL UNIQUE      -- JSON: what is no number of 64 bits
    );
    CREATE TABLE points (
        point INTEGER PRIMARY KEY,      -- place in the order of the sweep
        layout INTEGER NOT NULL,
        row BLOB NOT NULL,              -- SHA-256 of all that determines the figures, values, CRC-32; little-endian
        error TEXT                      -- why it failed; NULL if it did not
    );
    CREATE INDEX of_layout ON points (layout);
    CREATE INDEX failed ON points (error) WHERE error IS NOT NULL;
"""
_SELECT = "SELECT point, layout, row, error FROM points"


class PackedRows:
    """The table `points` of schema 3, and those that say what its rows hold."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._layouts: dict[int, Layout] = {}
        self._words: dict[int, Any] = {}
        self._last_word = -1
        self._written_layouts: dict[str, int] = {}
        self._written_words: dict[str, int] = {}

    def insert(self, parcel: Parcel) -> None:
        """Put the row of each point in the place of an earlier one, all at one moment."""
        # Words and layouts alone before it: they stay known here whatever becomes of the rows.
        words = [self._kept(self._written_words, "word", "words (value)", text) for text in parcel.words]
        numbers = [self._kept(self._written_layouts, "layout", "layouts (names)", text) for text in parcel.layouts]
        layouts = [layout_of(text) for text in parcel.layouts]
        rows = [layouts[place].summed(row, words) for place, row in zip(parcel.places, parcel.rows, strict=True)]
        of_rows = [numbers[place] for place in parcel.places]
        command = "INSERT OR REPLACE INTO points VALUES (?, ?, ?, ?)"
        self._database.run_all(command, zip(parcel.points, of_rows, rows, parcel.errors, strict=True))

    def columns(self) -> list[str]:
        """Settings and figures in the order in which rows have them."""
        first = "(SELECT min(point) FROM points WHERE points.layout = layouts.layout) AS first"
        query = f"SELECT layout, {first} FROM layouts WHERE first IS NOT NULL ORDER BY first"  # noqa: S608
        names: dict[str, None] = {}
        for number, _ in list(self._database.rows(query)):
            if layout := self._layout(number):
                names |= dict.fromkeys(layout.places)
        return [name for name in names if name != ERROR]

    def records(self, point: int | None = None) -> Iterator[Record]:
        """Of all points in their order, or of one, what `parse` takes."""
        if point is None:
            return self._database.rows(f"{_SELECT} ORDER BY point")
        return self._database.rows(f"{_SELECT} WHERE point = ?", point)

    def parse(self, record: Record) -> Row:
        """The row of a record. Raises InputError with all that no sweep can have written."""
        point, place, row, error = record
        source = f"{self._database.path}, point {point}"
        layout = self._layout(place)
        if layout is None:
            raise InputError(Fault(f"{shown(place)} must be one of the store's", path="layout", source=source))
        if not layout.is_whole(row):
            rule = f"must have the size of its layout, {layout.cells * CELL:,} B, and end in the sum of the rest"
            raise InputError(Fault(rule, path="row", source=source))
        key, cells = layout.unpack(row)
        self._read_words()
        strange = [
            cell for kind, cell in zip(layout.kinds, cells, strict=True) if kind == WORD and cell not in self._words
        ]
        if strange:
            raise InputError(Fault(f"{strange[0]} must be a word of the store", path="row", source=source))
        values = [self._words[cell] if kind == WORD else cell for kind, cell in zip(layout.kinds, cells, strict=True)]
        settings = dict(zip(layout.settings, values, strict=False))
        figures = dict(zip(layout.figures, values[len(settings) :], strict=True))
        found = {"point": point, "key": key, "settings": settings, "figures": figures, "error": error}
        return checked_row(found, source)

    def select(self, columns: Sequence[str], faults: list[Fault]) -> Iterator[Columns]:
        """These columns of all points in their order, some points at a time; what is damaged is told in `faults`."""
        for batch in _batches(self.records()):
            self._read_words()
            sound = list(self._sound(batch, columns))
            if len(sound) == 1 and len(sound[0].places) == len(batch):
                yield sound[0].columns
                continue
            surely = {at for part in sound for at in part.places}
            for at in range(len(batch)):
                if at in surely:
                    continue
                if len(faults) >= MAX_FAULTS:
                    return
                with collecting(faults):
                    row = self.parse(batch[at]).columns
                    sound.append(_Part([at], Columns.of([{name: row.get(name) for name in columns}], columns)))
            yield _joined(sound, columns)

    def _sound(self, batch: Sequence[Record], columns: Sequence[str]) -> Iterator[_Part]:
        """Of each layout the rows that are surely sound."""
        import numpy as np

        from lifsim.sweeps.block import Block

        alike = defaultdict[int, list[int]](list)
        for at, record in enumerate(batch):
            alike[record[1]].append(at)
        for number, places in alike.items():
            layout = self._layout(number)
            sized = [] if layout is None else [at for at in places if _fits(batch[at], layout)]
            if layout is None or not sized:
                continue
            block = Block(layout, [batch[at][2] for at in sized], self._words)
            sound = np.flatnonzero(block.sound)
            found = sized if len(sound) == len(sized) else [sized[one] for one in sound.tolist()]
            values: dict[str, Column] = {}
            for name in columns:
                whole = [batch[at][3] for at in sized] if name == ERROR else block.column(name)
                values[name] = whole if found is sized else _those(whole, sound)
            yield _Part(found, Columns(len(found), values))

    def _layout(self, number: int) -> Layout | None:
        if number not in self._layouts:
            for (text,) in list(self._database.rows("SELECT names FROM layouts WHERE layout = ?", number)):
                try:
                    self._layouts[number] = Layout.parse(text)
                except ValueError as error:
                    raise damaged(self._database.path, error) from None
        return self._layouts.get(number)

    def _kept(self, known: dict[str, int], number: str, table: str, text: str) -> int:
        """The `number` of `text` in the `table (column)` of such texts, new if need be. What is kept before the row is,
        and never used as the sweep is killed then, is no harm."""
        if text not in known:
            name, column = table.removesuffix(")").split(" (")
            query = f"SELECT {number} FROM {name} WHERE {column} = ?"  # noqa: S608
            found = list(self._database.rows(query, text))
            insert = f"INSERT INTO {table} VALUES (?)"  # noqa: S608
            known[text] = int(found[0][0]) if found else self._database.run(insert, text)
        return known[text]

    def _read_words(self) -> None:
        """Those that are new since the last time; what is no JSON is none."""
        query = "SELECT word, value FROM words WHERE word > ? ORDER BY word"
        for word, text in self._database.rows(query, self._last_word):
            self._last_word = word
            with suppress(ValueError, TypeError, RecursionError):
                self._words[word] = json.loads(text)


@dataclass(frozen=True)
class _Part:
    """Some rows of a batch. places: where they stand in it."""

    places: list[int]
    columns: Columns


def _those(column: Column, places: npt.NDArray[np.intp]) -> Column:
    """The values at `places`."""
    return [column[place] for place in places.tolist()] if isinstance(column, list) else column[places]


def _joined(parts: Sequence[_Part], names: Sequence[str]) -> Columns:
    """All of them in the order of their places."""
    order = sorted((at, number, one) for number, part in enumerate(parts) for one, at in enumerate(part.places))
    values: dict[str, Column] = {}
    for name in names:
        lists = [part.columns.list(name) for part in parts]
        values[name] = [lists[number][one] for _, number, one in order]
    return Columns(len(order), values)


def _fits(record: Record, layout: Layout) -> bool:
    """Whether a row has the size of its layout, and an error where it has no figures and nowhere else."""
    point, _, row, error = record
    if not isinstance(row, bytes) or len(row) != layout.cells * CELL or point < 0:
        return False
    return error is None if layout.figures else isinstance(error, str)


def _batches(records: Iterable[Record]) -> Iterator[list[Record]]:
    """As many at a time as may be held."""
    batch: list[Record] = []
    size = 0
    for record in records:
        batch.append(record)
        size += getsizeof(record[2]) + getsizeof(record[3])
        if len(batch) == BATCH or size > BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch
