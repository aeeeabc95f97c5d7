"""The SQLite file below the store of a sweep: opened wherever it lies, and what goes wrong with it in words.

While a sweep writes, the file has a log beside it (SQLite's WAL), so that it can be read meanwhile. A finished one has
none, and needs nothing written beside it to be read.
"""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from lifsim.config.document import kind_at
from lifsim.config.file_kind import STORE, in_words
from lifsim.errors import Fault, InputError
from lifsim.lazy_dataclass import dataclass

WRITER_SECONDS, READER_SECONDS = 10.0, 2.0
"""For how long a locked file is waited for."""

_UNWRITABLE = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN)
_LOCKED = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def fault(path: Path, message: str) -> InputError:
    """The error to raise about the store at `path`."""
    return InputError(Fault(message, source=str(path)))


def damaged(path: Path, reason: object) -> InputError:
    """The error to raise where the store at `path` holds what no sweep wrote."""
    return fault(
        path, f"must be the store of a sweep, is damaged: {reason}; move it away, or delete it, and run the sweep again"
    )


@contextmanager
def told(path: Path) -> Iterator[None]:
    """What SQLite has against the file inside is an InputError."""
    try:
        yield
    except (sqlite3.Error, sqlite3.Warning, ValueError, OverflowError) as error:  # of damaged text and numbers, too
        code = _code(error)
        if code in _LOCKED:
            raise fault(path, f"must not be locked by another program: {error}; try again later") from error
        if code in _UNWRITABLE:
            way_out = "what it holds stays; the same command goes on when that is mended"
            raise fault(path, f"cannot be read or written: {error}; {way_out}") from error
        if code == sqlite3.SQLITE_NOTADB and (kind := kind_at(path)) != STORE:
            raise fault(path, f"must be the store of a sweep{in_words(kind) or f': {error}'}") from error
        raise damaged(path, error) from error


@dataclass(frozen=True)
class Database:
    """An open file. What is wrong with it is an InputError of every method."""

    path: Path
    connection: sqlite3.Connection

    def rows(self, query: str, *values: object) -> Iterator[tuple[Any, ...]]:
        """What `query` finds."""
        with told(self.path):
            yield from self.connection.execute(query, values)

    def run(self, command: str, *values: object) -> int:
        """Carry out `command`; the number of the row that it has inserted, if any."""
        with told(self.path):
            return self.connection.execute(command, values).lastrowid or 0

    def run_all(self, command: str, rows: Iterable[Sequence[object]]) -> None:
        """Carry out `command` for each of `rows`, all of them or, where one cannot be, none."""
        with told(self.path), self.connection:
            self.connection.execute("BEGIN")
            self.connection.executemany(command, rows)


def connect_to_write(path: Path, opened: ExitStack) -> sqlite3.Connection:
    """A connection, closed with `opened`, that writes nothing yet: a finished store can be opened where nothing may be
    written."""
    with told(path):
        return _connect(path, WRITER_SECONDS, opened)


def connect_to_read(path: Path, opened: ExitStack) -> sqlite3.Connection:
    """A connection for reading, closed with `opened`. Where a log lies beside the file, or must, and SQLite may not
    write there, a copy is read."""
    with told(path):
        try:
            return _connect(path, READER_SECONDS, opened)
        except sqlite3.Error as error:
            if _code(error) not in _UNWRITABLE:
                raise
        folder = Path(opened.enter_context(tempfile.TemporaryDirectory(prefix="lifsim-")))
        for name in (path.name, f"{path.name}-wal"):
            if (original := path.with_name(name)).exists():
                shutil.copyfile(original, folder / name)
        return _connect(folder / path.name, READER_SECONDS, opened)


def _connect(path: Path, seconds: float, opened: ExitStack) -> sqlite3.Connection:
    """Opened read-only where the file is; never made anew. What is stored in it is data, never to be run."""
    uri = f"{path.resolve().as_uri()}?mode=rw"
    connection = sqlite3.connect(uri, uri=True, timeout=seconds, isolation_level=None)
    with ExitStack() as failed:
        failed.callback(connection.close)
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.execute("PRAGMA cell_size_check = ON")
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()  # the first to look into the file
        opened.push(failed.pop_all())
    return connection


def _code(error: Exception) -> int:
    """SQLite's primary result code; 0 of an error that is Python's."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF
