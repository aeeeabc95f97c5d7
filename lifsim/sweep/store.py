"""The store of a sweep: one SQLite file, a row per point, written by one process and readable meanwhile.

A row is committed as its point finishes, so a sweep that is killed loses only the points under way. Commits are synced
to the disk at most every SYNC_SECONDS: a power cut loses no more than these, and never breaks the file. The writer
locks the file as long as it has it open, so there is never a second one.
"""

from __future__ import annotations

import fcntl
import json
import sqlite3
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Self

from lifsim.errors import Fault, InputError
from lifsim.sweep.outcome import Outcome

SCHEMA_VERSION = 1
APPLICATION_ID = 0x4C494653  # "LIFS"
SYNC_SECONDS = 0.2

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


@dataclass(frozen=True)
class Row:
    """One point in the store."""

    point: int
    key: str
    settings: dict[str, Any]
    figures: dict[str, Any]
    error: str | None

    @property
    def columns(self) -> dict[str, Any]:
        """Settings, figures and error beside each other."""
        return {**self.settings, **self.figures, "error": self.error}


class Store:
    """An open store. Use `create_or_open` to write, `read` to read; close it, or use `with`."""

    def __init__(self, path: Path, connection: sqlite3.Connection, lock: IO[bytes] | None = None) -> None:
        self.path = path
        self._connection = connection
        self._lock = lock
        self._synced_at = 0.0

    @classmethod
    def create_or_open(cls, path: Path, description: Mapping[str, Any]) -> Store:
        """The store at `path` for writing, made if there is none.

        Raises InputError where what stands there is no store, a newer one, that of another sweep (by its
        `description`), or one that another process writes.
        """
        if not path.exists():
            _create(path, description)
        lock = _locked(path)
        try:
            connection = _connect(path)
            try:
                _check_kind(path, connection)
                _check_description(path, _about(connection), description)
            except BaseException:
                connection.close()
                raise
        except BaseException:
            lock.close()
            raise
        return cls(path, connection, lock)

    @classmethod
    def read(cls, path: Path) -> Store:
        """The store at `path` for reading, whether or not a sweep is writing it. Raises InputError where it is none."""
        if not path.is_file():
            raise _fault(path, "must be the store of a sweep" if path.exists() else "no such store")
        connection = _connect(path)
        try:
            _check_kind(path, connection)
            connection.execute("PRAGMA query_only = TRUE")
        except BaseException:
            connection.close()
            raise
        return cls(path, connection)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close it. The lock goes last: closing any handle of the file would take SQLite's own locks away."""
        self._connection.close()
        if self._lock is not None:
            self._lock.close()

    @property
    def description(self) -> dict[str, Any]:
        """What the sweep was asked for."""
        return _about(self._connection)

    def points(self, *, failed: bool = True) -> set[int]:
        """The points that have a row; with `failed` unset, only those with figures."""
        condition = "" if failed else " WHERE error IS NULL"
        return {point for (point,) in self._connection.execute(f"SELECT point FROM points{condition}")}  # noqa: S608

    def add(self, outcome: Outcome, settings: Mapping[str, Any]) -> None:
        """Commit the row of a point, in the place of one that failed earlier."""
        now = time.monotonic()
        due = now - self._synced_at >= SYNC_SECONDS
        self._connection.execute(f"PRAGMA synchronous = {'FULL' if due else 'NORMAL'}")
        figures = None if outcome.figures is None else json.dumps(outcome.figures)
        self._connection.execute(
            "INSERT OR REPLACE INTO points VALUES (?, ?, ?, ?, ?)",
            (outcome.key, outcome.point, json.dumps(settings), figures, outcome.error),
        )
        if due:
            self._synced_at = now

    def rows(self) -> Iterator[Row]:
        """All rows in the order of the sweep."""
        query = "SELECT point, key, settings, figures, error FROM points ORDER BY point"
        for point, key, settings, figures, error in self._connection.execute(query):
            yield Row(point, key, json.loads(settings), json.loads(figures) if figures else {}, error)

    def errors(self) -> dict[str, int]:
        """Every reason why points failed, and how many did for it, the most frequent first."""
        query = (
            "SELECT error, count(*) FROM points WHERE error IS NOT NULL GROUP BY error ORDER BY count(*) DESC, error"
        )
        return dict(self._connection.execute(query).fetchall())

    def figures(self, point: int) -> dict[str, Any] | None:
        """The figures of `point`, None if it failed or has no row."""
        found = self._connection.execute("SELECT figures FROM points WHERE point = ?", (point,)).fetchone()
        return json.loads(found[0]) if found and found[0] else None


def _create(path: Path, description: Mapping[str, Any]) -> None:
    """An empty store, made beside its place and moved into it whole."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{path.name}-", dir=path.parent) as folder:
            temporary = Path(folder) / path.name
            connection = sqlite3.connect(temporary)
            connection.executescript(_SCHEMA)
            rows = [(name, json.dumps(value)) for name, value in description.items()]
            connection.executemany("INSERT INTO about VALUES (?, ?)", rows)
            connection.commit()
            connection.execute("PRAGMA journal_mode = WAL")
            connection.close()
            path.hardlink_to(temporary)  # unlike a rename, never in the place of a store that is there
    except FileExistsError:
        return  # another process was faster: its store is checked like any other
    except (OSError, sqlite3.Error) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise _fault(path, f"must be a file that can be written: {reason}") from error


def _locked(path: Path) -> IO[bytes]:
    """The file with the lock of its writer on it."""
    try:
        file = path.open("rb")
    except OSError as error:
        raise _fault(path, f"must be the store of a sweep: {error.strerror}") from None
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        raise _fault(path, "must be written by one sweep at a time; another one is at it") from None
    return file


def _connect(path: Path) -> sqlite3.Connection:
    try:
        uri = f"{path.resolve().as_uri()}?mode=rw"  # read-only where the file is; never made anew
        return sqlite3.connect(uri, uri=True, timeout=0.5, isolation_level=None)
    except sqlite3.Error as error:
        raise _fault(path, f"must be a store that can be opened: {error}") from None


def _check_kind(path: Path, connection: sqlite3.Connection) -> None:
    try:
        application = connection.execute("PRAGMA application_id").fetchone()[0]
        version = connection.execute("PRAGMA user_version").fetchone()[0]
    except sqlite3.DatabaseError as error:
        raise _fault(path, f"must be the store of a sweep: {error}") from None
    if application != APPLICATION_ID:
        raise _fault(path, "must be the store of a sweep, is another SQLite file")
    if version > SCHEMA_VERSION:
        rule = f"must be at most {SCHEMA_VERSION}, what this LIFSim knows; a newer one wrote it"
        raise _fault(path, f"store version {version} {rule}")


def _about(connection: sqlite3.Connection) -> dict[str, Any]:
    return {name: json.loads(value) for name, value in connection.execute("SELECT name, value FROM about")}


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


def _fault(path: Path, message: str) -> InputError:
    return InputError(Fault(message, source=str(path)))
