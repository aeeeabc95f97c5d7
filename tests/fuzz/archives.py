"""Mutations of what stands inside an .npz archive or a SQLite file, so that its own checks let it pass."""

from __future__ import annotations

import io
import json
import random
import sqlite3
import warnings
import zipfile
from contextlib import closing, suppress
from pathlib import Path

import numpy as np

from tests.fuzz.texts import mutate_bytes
from tests.fuzz.trees import HOSTILE_VALUES, mutate_json

DTYPES = ("<f4", "<f8", ">f4", "<f2", "i1", "<i8", "u1", "?", "<c8", "O", "<U3", "<u8")


def mutate_npz(data: bytes, rng: random.Random) -> bytes:
    """One member changed, lost, renamed or doubled; the archive's checksums are right again."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = [(name, archive.read(name)) for name in archive.namelist()]
    at = rng.randrange(len(members))
    name, content = members[at]
    match rng.randrange(8):
        case 0:
            del members[at]
        case 1:
            members.insert(rng.randrange(len(members)), (name, content))
        case 2:
            members[at] = (rng.choice((" ", "x", "../x.npy", name.upper(), name + ".npy", "header.npy")), content)
        case 3:
            members[at] = (name, rng.choice(members)[1])
        case 4:
            members[at] = (name, mutate_bytes(content, rng, members[0][1]))
        case _:
            members[at] = (name, _array(content, rng) if name.endswith(".npy") else _header(content, rng))
    out = io.BytesIO()
    with (
        warnings.catch_warnings(action="ignore"),
        zipfile.ZipFile(out, "w", rng.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))) as archive,
    ):
        for member, text in members:
            archive.writestr(member, text)
    return out.getvalue()


def _header(content: bytes, rng: random.Random) -> bytes:
    with suppress(UnicodeDecodeError, json.JSONDecodeError):
        return mutate_json(content.decode(), rng).encode()
    return mutate_bytes(content, rng, content)


def _array(content: bytes, rng: random.Random) -> bytes:
    """Another type, shape, order, or hostile elements; a JSON header is changed as JSON."""
    array = np.load(io.BytesIO(content), allow_pickle=False)
    if array.dtype == np.uint8 and array.ndim == 1 and bytes(array[:1]) == b"{":
        return _saved(np.frombuffer(_header(array.tobytes(), rng), np.uint8))
    if array.ndim == 0 and array.dtype.kind == "U":
        return _saved(np.array(mutate_json(str(array), rng)) if str(array).startswith("{") else np.array("x"))
    match rng.randrange(6):
        case 0:
            with np.errstate(all="ignore"), suppress(TypeError, ValueError):
                array = array.astype(rng.choice(DTYPES))
        case 1:
            array = array.reshape(-1)
        case 2:
            array = array.reshape(rng.choice(((1, *array.shape), array.shape[::-1], (*array.shape, 1))))
        case 3:
            array = array[: len(array) // 2] if array.ndim else array
        case 4:
            array = np.asfortranarray(array)
        case _ if array.dtype.kind == "f" and array.size:
            array = array.copy()
            array.flat[rng.randrange(array.size)] = rng.choice((np.nan, np.inf, -np.inf, 1e38, -1e38, 0.0))
            if rng.random() < 0.3:
                array[...] = rng.choice((np.nan, np.inf, 3e38, 0.0, -1.0))
        case _ if array.size:
            array = array.astype(np.int64)
            array.flat[rng.randrange(array.size)] = rng.choice((2, -1, 255, 2**62))
    return _saved(array)


def _saved(array: np.ndarray) -> bytes:
    out = io.BytesIO()
    np.save(out, array)
    return out.getvalue()


def mutate_store(data: bytes, rng: random.Random, scratch: Path) -> bytes:
    """A cell of a SQLite file set to something hostile, a row or a table lost, another version."""
    scratch.write_bytes(data)
    with closing(sqlite3.connect(scratch)) as connection, suppress(sqlite3.Error):
        table, columns = rng.choice(
            (
                ("about", ("name", "value")),
                ("layouts", ("layout", "names")),
                ("words", ("word", "value")),
                ("points", ("point", "layout", "row", "error")),
            )
        )
        column = rng.choice(columns)
        connection.execute("PRAGMA ignore_check_constraints = TRUE")
        match rng.randrange(9):
            case 0:
                connection.execute(f"DROP TABLE {table}")
            case 1:
                connection.execute(f"ALTER TABLE {table} DROP COLUMN {column}")
            case 2:
                connection.execute(f"ALTER TABLE {table} RENAME COLUMN {column} TO x")
            case 3:
                connection.execute(f"PRAGMA user_version = {rng.choice((0, 2, -1, 2**31 - 1))}")
            case 4:
                connection.execute(f"DELETE FROM {table}")  # noqa: S608
            case 5:
                connection.execute(f"UPDATE {table} SET {column} = ?", (_cell(rng),))  # noqa: S608
            case _:
                table, column = rng.choice((("layouts", "names"), ("words", "value")))
                (text,) = connection.execute(f"SELECT {column} FROM {table} LIMIT 1").fetchone()  # noqa: S608
                changed = mutate_json(text, rng)
                connection.execute(f"UPDATE {table} SET {column} = ? WHERE {column} IS ?", (changed, text))  # noqa: S608
        connection.commit()
        connection.execute("VACUUM")
    return scratch.read_bytes()


def _cell(rng: random.Random) -> object:
    value = rng.choice((*HOSTILE_VALUES, b"\xff\xfe", b"{}", "{}", "[]", '{"a": NaN}', '{"cycles.total": -5}'))
    is_storable = value is None or isinstance(value, str | bytes | float | bool)
    return value if is_storable or (isinstance(value, int) and abs(value) < 2**63) else json.dumps(value, default=str)
