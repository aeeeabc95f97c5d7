"""The store of a sweep: one SQLite file, a row per point, written by one process and readable meanwhile.

A row is committed as its point finishes, so a sweep that is killed loses only the points under way. Commits are synced
to the disk at most every SYNC_SECONDS: a power cut loses no more than these, and never breaks the file. The writer
locks the file as long as it has it open, so there is never a second one.
"""

from __future__ import annotations

import fcntl
import json
import re
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from itertools import chain
from pathlib import Path
from typing import IO, Any, Self

from lifsim.config.document import kind_at
from lifsim.config.file_kind import in_words
from lifsim.errors import Fault, InputError, collecting, shown
from lifsim.files import scratch_beside
from lifsim.sweeps.columns import Columns
from lifsim.sweeps.costs import Costs
from lifsim.sweeps.database import Database, connect_to_read, connect_to_write, damaged, fault, told
from lifsim.sweeps.json_rows import JsonRows
from lifsim.sweeps.outcome import Outcome
from lifsim.sweeps.packed_rows import PAGE_BYTES, SCHEMA, PackedRows
from lifsim.sweeps.parcel import Parcel
from lifsim.sweeps.row_form import RowForm
from lifsim.sweeps.stored_row import ERROR, MAX_FAULTS, Row
from lifsim.sweeps.values import as_given
from lifsim.watch import Tally, Watch, unwatched

SCHEMA_VERSION = 3
"""3: rows are packed; 2: they are JSON; 1: energy is parted into dynamic and leakage."""
APPLICATION_ID = 0x4C494653  # "LIFS"
SYNC_SECONDS = 0.2
_HASH = re.compile("[0-9a-f]{64}", re.ASCII)

_SCHEMA = f"""
    PRAGMA page_size = {PAGE_BYTES};
    CREATE TABLE about (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
    {SCHEMA}
    PRAGMA application_id = {APPLICATION_ID};
    PRAGMA user_version = {SCHEMA_VERSION};
"""
_FORMS: Mapping[int, Callable[[Database], RowForm]] = {SCHEMA_VERSION: PackedRows, 2: JsonRows}
"""How the rows of a version lie in the file."""


class Store:
    """An open store. Use `create_or_open` to write, `read` to read; close it, or use `with`.

    Every method raises InputError where the file cannot be read or written, or holds what no sweep wrote.
    """

    def __init__(self, path: Path, connection: sqlite3.Connection, opened: ExitStack) -> None:
        """Of a file of a version that is known."""
        self.path = path
        self._connection = connection
        self._database = Database(path, connection)
        self._form = _FORMS[_version(path, connection)](self._database)
        self.costs = Costs(self._database)
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

    @contextmanager
    def at_one_moment(self) -> Iterator[None]:
        """What is read inside is all of the same moment, whatever a sweep writes meanwhile."""
        self._database.run("BEGIN")
        try:
            yield
        finally:
            self._database.run("ROLLBACK")

    @property
    def count(self) -> int:
        """How many rows there are."""
        ((found,),) = self._database.rows("SELECT count(*) FROM points")
        return int(found)

    def points(self, *, failed: bool = True) -> set[int]:
        """The points that have a row; with `failed` unset, only those with figures."""
        found = {point for (point,) in self._database.rows("SELECT point FROM points")}
        if not failed:
            found -= {point for (point,) in self._database.rows("SELECT point FROM points WHERE error IS NOT NULL")}
        if strange := [point for point in found if not isinstance(point, int) or point < 0]:
            raise damaged(self.path, f"point {shown(strange[0])} must be a whole number >= 0")
        return found

    def add(self, outcome: Outcome, settings: Mapping[str, Any]) -> None:
        """Commit the row of a point, in the place of one that failed earlier. Raises ValueError where a number is not
        finite."""
        self.add_all(Parcel.of([(outcome, settings)]))

    def add_all(self, parcel: Parcel) -> None:
        """Commit the rows of points that came together, all at one moment."""
        self.begin()
        now = time.monotonic()
        due = now - self._synced_at >= SYNC_SECONDS
        self._database.run(f"PRAGMA synchronous = {'FULL' if due else 'NORMAL'}")
        self._form.insert(parcel)
        if due:
            self._synced_at = now

    def rows(self, points: Sequence[int] | None = None) -> Iterator[Row]:
        """All rows in the order of the sweep, or those of `points` in theirs. Raises InputError with the first
        MAX_FAULTS that are wrong."""
        faults: list[Fault] = []
        records = self._form.records() if points is None else chain.from_iterable(map(self._form.records, points))
        for record in records:
            with collecting(faults):
                yield self._form.parse(record)
            if len(faults) >= MAX_FAULTS:
                break
        self._refuse(faults)

    def columns(self) -> list[str]:
        """The names of settings and figures in the order in which rows have them, the error last."""
        return [*self._form.columns(), ERROR]

    def select(self, columns: Sequence[str], watch: Watch = unwatched) -> Iterator[dict[str, Any]]:
        """These columns of all points as `some_at_a_time` has them, a row a point."""
        for some in self.some_at_a_time(columns, watch):
            yield from some.rows()

    def some_at_a_time(self, columns: Sequence[str], watch: Watch = unwatched) -> Iterator[Columns]:
        """These columns of all points in the order of the sweep, None where a point has no such figure. All of each row
        is checked, but only what is asked for is made, and a few thousand rows are held at a time.

        Raises InputError with the first MAX_FAULTS that are wrong, behind the rows that are not.
        """
        faults: list[Fault] = []
        tally = Tally(watch, "points read", self.count)
        for some in self._form.select(columns, faults):
            yield some
            tally.add(some.count)
            if len(faults) >= MAX_FAULTS:
                break
        self._refuse(faults)

    def _refuse(self, faults: Sequence[Fault]) -> None:
        if faults:
            raise InputError([*faults, *damaged(self.path, "of these rows").faults])

    def errors(self) -> dict[str, int]:
        """Every reason why points failed, and how many did for it, the most frequent first."""
        query = (
            "SELECT error, count(*) FROM points WHERE error IS NOT NULL GROUP BY error ORDER BY count(*) DESC, error"
        )
        return {str(error): count for error, count in self._database.rows(query)}

    def figures(self, point: int) -> dict[str, Any] | None:
        """The figures of `point`, None if it failed or has no row."""
        found = list(self._form.records(point))
        return (self._form.parse(found[0]).figures or None) if found else None


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
    version = _version(path, connection)
    if application != APPLICATION_ID:
        what = "another SQLite file" if path.stat().st_size else "an empty file; remove it, or give another name"
        raise fault(path, f"must be the store of a sweep, is {what}")
    if version > SCHEMA_VERSION:
        rule = f"must be at most {SCHEMA_VERSION}, what this LIFSim knows; a newer one wrote it"
        raise fault(path, f"store version {version} {rule}")
    if version not in _FORMS:
        older = (
            "an older LIFSim wrote it, whose energy is parted into dynamic and leakage; sweep again into another --out"
        )
        raise fault(path, f"store version {version} must be at least {min(_FORMS)}: {older}")


def _version(path: Path, connection: sqlite3.Connection) -> int:
    with told(path):
        return int(connection.execute("PRAGMA user_version").fetchone()[0])


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
    faults = [Fault(_difference(name, stored.get(name), asked.get(name)), path=name) for name in sorted(differing)]
    if faults:
        rule = "holds another sweep: continue it with its own settings, or give another --out"
        raise InputError([Fault(rule, source=str(path)), *faults])


def _difference(name: str, stored: Any, asked: Any) -> str:
    """In words; of a file, of which the hash is known alone, whether it is another one, or none."""
    if not any(isinstance(one, str) and _HASH.fullmatch(one) for one in (stored, asked)):
        return f"is {_in_words(name, asked)} here and {_in_words(name, stored)} in the store"
    if stored and asked:
        return "does not say what it said when the sweep in the store began"
    return "belongs to this sweep, not to the one in the store" if asked else "belongs to the sweep in the store alone"


def _in_words(name: str, said: Any) -> str:
    """What a sweep was asked for, as it was."""
    kept = said or "none"
    return as_given(name, kept) if isinstance(kept, str) else str(kept)
