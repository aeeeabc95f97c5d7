"""A store of schema 2, as earlier versions wrote it: rows of JSON."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from lifsim.sweeps.outcome import Outcome

_SCHEMA = """
    CREATE TABLE about (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE points (
        key TEXT NOT NULL, point INTEGER NOT NULL UNIQUE, settings TEXT NOT NULL, figures TEXT, error TEXT,
        PRIMARY KEY (key, point),
        CHECK ((figures IS NULL) != (error IS NULL))
    ) WITHOUT ROWID;
    PRAGMA application_id = 0x4C494653;
    PRAGMA user_version = 2;
"""


def write_json_store(path: Path, about: Mapping[str, Any], rows: Iterable[tuple[Outcome, Mapping[str, Any]]]) -> None:
    """A finished one at `path`."""
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(_SCHEMA)
        named = [(name, json.dumps(value)) for name, value in about.items()]
        connection.executemany("INSERT INTO about VALUES (?, ?)", named)
        for outcome, settings in rows:
            figures = None if outcome.figures is None else json.dumps(outcome.figures)
            values = (outcome.key, outcome.point, json.dumps(settings), figures, outcome.error)
            connection.execute("INSERT INTO points VALUES (?, ?, ?, ?, ?)", values)
        connection.commit()
