"""The store of a sweep: one SQLite file, a row per point, written by one process and readable meanwhile.

A row is committed as its point finishes, so a sweep that is killed loses only the points under way. Commits are synced
to the disk at most every SYNC_SECONDS: a power cut loses no more than these, and never breaks the file. The writer
locks the file as long as it has it open, so there is never a second one.
"""

from __future__ import annotations

import fcntl
import json
import sqlite3
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from typing import IO, Any, Self

from lifsim.config.document import kind_at
from lifsim.config.file_kind import in_words
from lifsim.errors import Fault, InputError, collecting, shown
from lifsim.files import scratch_beside
from lifsim.sweeps.database import connect_to_read, connect_to_write, damaged, fault, told
from lifsim.sweeps.outcome import Outcome
from lifsim.sweeps.stored_row import Row, as_text, parse_row

SCHEMA_VERSION = 2
"""2: energy is work, idle and standing; 1: dynamic and leakage."""
APPLICATION_ID = 0x4C494653  # "LIFS"
SYNC_SECONDS = 0.2
MAX_FAULTS = 20
"""Rows that are damaged are told up to so many."""

_SCHEMA = f"""
    CREATE TABLE about (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE points (
        key TEXT NOT NULL,              -- SHA-256 of all that determines the figures
        point INTEGER NOT NULL UNIQUE,  -- place in the order of the sweep
        settings TEXT NOT NULL,         -- JSON: the value of every axis
        figures TEXT,                   -- JSON: dotted names; NULL if the point failed
        error TEXT,                     -- why it failed; NULL if it did not
        PRIMARY KEY (key, point),
        CHECK ((figures IS NULL) != (error IS NULL))
    ) WITHOUT ROWID;
    PRAGMA application_id = {APPLICATION_ID};
    PRAGMA user_version = {SCHEMA_VERSION};
"""
_COLUMNS = ("point", "key", "settings", "figures", "error")
_SELECT = f"SELECT {', '.join(_COLUMNS)} FROM points"  # noqa: S608


class Store:
    """An open store. Use `create_or_open` to write, `read` to read; close it, or use `with`.

    Every method raises InputError where the file cannot be read or written, or holds what no sweep wrote.
    """

    def __init__(self, path: Path, connection: sqlite3.Connection, opened: ExitStack) -> None:
        self.path = path
        self._connection = connection
        self._opened = opened
        self._synced_at = 0.0
        self._writing = False

    @classmethod
    def create_or_open(cls, path: Path, description: Mapping[str, Any]) -> Store:
        """The store at `path` for writing, made if there is none. Of one that is there nothing is changed yet.

        Raises InputError where what stands there is no store, a newer one, that of another sweep (by its
        `description`), or one that another process writes.
        """
        if not path.exists():
            _create(path, description)
        elif not path.is_file():
            raise fault(path, f"must be the store of a sweep, or not exist{in_words(kind_at(path))}")
        with ExitStack() as opened:
            opened.enter_context(_locked(path))  # goes last: closing any handle of the file takes SQLite's locks away
            connection = connect_to_write(path, opened)
            _check_kind(path, connection)
            _check_description(path, _about(path, connection), description)
            return cls(path, connection, opened.pop_all())

    @classmethod
    def read(cls, path: Path) -> Store:
        """The store at `path` for reading, whether or not a sweep is writing it. Raises InputError where it is none."""
        if not path.is_file():
            what = f"must be the store of a sweep{in_words(kind_at(path))}" if path.exists() else "no such store"
            raise fault(path, what)
        with ExitStack() as opened:
            connection = connect_to_read(path, opened)
            _check_kind(path, connection)
            with told(path):
                connection.execute("PRAGMA query_only = TRUE")
            return cls(path, connection, opened.pop_all())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close it. What was written goes from the log into the file; where it cannot, the log stays beside it."""
        with self._opened:
            if self._writing:
                with suppress(sqlite3.Error):
                    self._connection.execute("PRAGMA synchronous = FULL")
                    self._connection.execute("PRAGMA journal_mode = DELETE")

    @property
    def description(self) -> dict[str, Any]:
        """What the sweep was asked for."""
        return _about(self.path, self._connection)

    def begin(self) -> None:
        """Make ready for `add`, so that a store that cannot be written is refused before any point is run."""
        if not self._writing:
            with told(self.path):
                self._connection.execute("PRAGMA journal_mode = WAL")
                self._connection.execute("BEGIN IMMEDIATE")
                self._connection.execute("ROLLBACK")
            self._writing = True

    @property
    def count(self) -> int:
        """How many rows there are."""
        ((found,),) = self._rows("SELECT count(*) FROM points")
        return int(found)

    def points(self, *, failed: bool = True) -> set[int]:
        """The points that have a row; with `failed` unset, only those with figures."""
        condition = "" if failed else " WHERE error IS NULL"
        found = {point for (point,) in self._rows(f"SELECT point FROM points{condition}")}  # noqa: S608
        if strange := [point for point in found if not isinstance(point, int) or point < 0]:
            raise damaged(self.path, f"point {shown(strange[0])} must be a whole number >= 0")
        return found

    def add(self, outcome: Outcome, settings: Mapping[str, Any]) -> None:
        """Commit the row of a point, in the place of one that failed earlier."""
        self.begin()
        now = time.monotonic()
        due = now - self._synced_at >= SYNC_SECONDS
        figures = None if outcome.figures is None else as_text(outcome.figures)
        with told(self.path):
            self._connection.execute(f"PRAGMA synchronous = {'FULL' if due else 'NORMAL'}")
            self._connection.execute(
                "INSERT OR REPLACE INTO points VALUES (?, ?, ?, ?, ?)",
                (outcome.key, outcome.point, as_text(settings), figures, outcome.error),
            )
        if due:
            self._synced_at = now

    def rows(self) -> Iterator[Row]:
        """All rows in the order of the sweep. Raises InputError with the first MAX_FAULTS that are wrong."""
        faults: list[Fault] = []
        for number, record in enumerate(self._rows(f"{_SELECT} ORDER BY point")):
            with collecting(faults):
                yield self._row(record, number)
            if len(faults) >= MAX_FAULTS:
                break
        if faults:
            raise InputError([*faults, *damaged(self.path, "of these rows").faults])

    def errors(self) -> dict[str, int]:
        """Every reason why points failed, and how many did for it, the most frequent first."""
        query = (
            "SELECT error, count(*) FROM points WHERE error IS NOT NULL GROUP BY error ORDER BY count(*) DESC, error"
        )
        return {str(error): count for error, count in self._rows(query)}

    def figures(self, point: int) -> dict[str, Any] | None:
        """The figures of `point`, None if it failed or has no row."""
        found = list(self._rows(f"{_SELECT} WHERE point = ?", point))
        return (self._row(found[0], 0).figures or None) if found else None

    def _rows(self, query: str, *values: object) -> Iterator[tuple[Any, ...]]:
        with told(self.path):
            yield from self._connection.execute(query, values)

    def _row(self, record: tuple[Any, ...], number: int) -> Row:
        values = dict(zip(_COLUMNS, record, strict=True))
        point = values["point"] if isinstance(values["point"], int) else f"at {number}"
        return parse_row(values, f"{self.path}, point {point}")


def _create(path: Path, description: Mapping[str, Any]) -> None:
    """An empty store, made beside its place and moved into it whole."""
    with scratch_beside(path, parents=True) as scratch, suppress(FileExistsError):
        temporary = scratch / path.name
        with told(path), closing(sqlite3.connect(temporary)) as connection:
            connection.executescript(_SCHEMA)
            rows = [(name, json.dumps(value)) for name, value in description.items()]
            connection.executemany("INSERT INTO about VALUES (?, ?)", rows)
            connection.commit()
        path.hardlink_to(temporary)  # unlike a rename, never in the place of a store that another process has made


def _locked(path: Path) -> IO[bytes]:
    """The file with the lock of its writer on it."""
    try:
        file = path.open("rb")
    except OSError as error:
        raise fault(path, f"must be the store of a sweep: {error.strerror}") from None
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        raise fault(path, "must be written by one sweep at a time; another one is at it") from None
    return file


def _check_kind(path: Path, connection: sqlite3.Connection) -> None:
    with told(path):
        application = connection.execute("PRAGMA application_id").fetchone()[0]
        version = connection.execute("PRAGMA user_version").fetchone()[0]
    if application != APPLICATION_ID:
        raise fault(path, "must be the store of a sweep, is another SQLite file")
    if version > SCHEMA_VERSION:
        rule = f"must be at most {SCHEMA_VERSION}, what this LIFSim knows; a newer one wrote it"
        raise fault(path, f"store version {version} {rule}")
    if version < SCHEMA_VERSION:
        older = (
            "an older LIFSim wrote it, whose energy is parted into dynamic and leakage; sweep again into another --out"
        )
        raise fault(path, f"store version {version} must be {SCHEMA_VERSION}: {older}")


def _about(path: Path, connection: sqlite3.Connection) -> dict[str, Any]:
    with told(path):
        found = connection.execute("SELECT name, value FROM about").fetchall()
    try:
        return {str(name): json.loads(value) for name, value in found}
    except (ValueError, TypeError, RecursionError) as error:
        raise damaged(path, f"what the sweep was asked for is no JSON ({error})") from None


def _check_description(path: Path, stored: Mapping[str, Any], asked: Mapping[str, Any]) -> None:
    """Refuse the store of another sweep, saying what differs."""
    differing = [name for name in [*asked, *(set(stored) - set(asked))] if stored.get(name) != asked.get(name)]
    faults = [
        Fault(f"is {asked.get(name, 'none')} here and {stored.get(name, 'none')} in the store", path=name)
        for name in sorted(differing)
    ]
    if faults:
        rule = "holds another sweep: continue it with its own settings, or give another --out"
        raise InputError([Fault(rule, source=str(path)), *faults])
