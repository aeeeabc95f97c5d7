"""Are packed rows the rows that were stored, to the type and the bit, and is each that no sweep has written told?"""

from __future__ import annotations

import itertools
import json
import sqlite3
import struct
import tempfile
import tracemalloc
import zlib
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifsim.errors import InputError
from lifsim.sweeps.export import table_of
from lifsim.sweeps.layout import KEY_CELLS
from lifsim.sweeps.outcome import Outcome
from lifsim.sweeps.packed_rows import BATCH, BATCH_BYTES
from lifsim.sweeps.store import Store
from lifsim.sweeps.stored_row import MOST
from tests.sweep.json_store import write_json_store

Given = Sequence[tuple[Outcome, Mapping[str, Any]]]
ABOUT = {"model version": 1}

_WORDS = st.text(max_size=8).filter(lambda text: text.strip().lower().lstrip("+-.") not in ("nan", "inf", "infinity"))
_FIGURES = st.one_of(
    st.integers(0, MOST), st.integers(0, 3), st.floats(0, float(MOST)), st.just(0.0), st.just(-0.0), _WORDS
)
_PLAIN = st.one_of(
    st.none(), st.booleans(), st.integers(), st.integers(-(1 << 64), 1 << 64),
    st.floats(allow_nan=False, allow_infinity=False), _WORDS,
)  # fmt: skip
_SETTINGS = st.one_of(_PLAIN, st.lists(_PLAIN, max_size=2), st.dictionaries(_WORDS, _PLAIN, max_size=2))
_NAMES = st.sampled_from(["cycles", "energy_pj.total", "bound", "a", "time_s"])
_AXES = st.sampled_from(["sharing", "array.rows", "a", "exit_steps"])
_ROWS = st.lists(
    st.tuples(
        st.one_of(st.dictionaries(_NAMES, _FIGURES, min_size=1, max_size=4), st.text(max_size=5)),
        st.dictionaries(_AXES, _SETTINGS, max_size=3),
    ),
    max_size=6,
)


def _given(rows: Sequence[tuple[dict[str, Any] | str, dict[str, Any]]]) -> Given:
    """Rows of figures, or of an error, and of settings; the later points come first."""
    found = []
    for point, (what, settings) in reversed(list(enumerate(rows))):
        figures, error = (None, what) if isinstance(what, str) else (what, None)
        found.append((Outcome(point * 3, f"{point + (1 << 255):064x}", figures, error), settings))
    return found


def _write(path: Path, rows: Given) -> Path:
    with Store.create_or_open(path, ABOUT) as store:
        for outcome, settings in rows:
            store.add(outcome, settings)
    return path


def _same(one: object, other: object) -> bool:
    """Alike in type, sign of zero and order of keys."""
    return repr(one) == repr(other)


@given(_ROWS)
def test_a_row_is_what_it_was_in_json_and_in_bulk(rows: list[tuple[dict[str, Any] | str, dict[str, Any]]]) -> None:
    given_rows = _given(rows)
    with tempfile.TemporaryDirectory() as folder:
        packed, text = Path(folder) / "packed", Path(folder) / "text"
        _write(packed, given_rows)
        write_json_store(text, ABOUT, given_rows)
        with Store.read(packed) as ours, Store.read(text) as theirs:
            assert _same([row.model_dump() for row in ours.rows()], [row.model_dump() for row in theirs.rows()])
            assert ours.columns() == theirs.columns()
            table = [{name: row.columns.get(name) for name in theirs.columns()} for row in theirs.rows()]
            assert _same(table_of(ours), table)
            assert _same(table_of(theirs), table)
            assert (ours.points(), ours.points(failed=False)) == (theirs.points(), theirs.points(failed=False))
            assert (ours.count, ours.errors()) == (theirs.count, theirs.errors())
            for point in ours.points():
                assert _same(ours.figures(point), theirs.figures(point))


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf"), [float("nan")], {"a": float("inf")}])
def test_what_is_not_finite_is_never_stored(tmp_path: Path, value: object) -> None:
    with Store.create_or_open(tmp_path / "s", ABOUT) as store:
        with pytest.raises(ValueError, match=r"finite|JSON compliant"):
            store.add(Outcome(0, "a" * 64, {"energy": value}), {})
        with pytest.raises(ValueError, match=r"finite|JSON compliant"):
            store.add(Outcome(0, "a" * 64, {"energy": 1.0}), {"axis": value})
        assert store.points() == set()
        assert store.columns() == ["error"]


def test_names_are_kept_once_and_a_row_takes_little(tmp_path: Path) -> None:
    figures = {f"energy_pj.part_with_a_long_name{n}": 1.5 * n for n in range(160)}
    sizes = []
    for many in (300, 600):
        with Store.create_or_open(tmp_path / "s", ABOUT) as store:
            for point in range(many - 300, many):
                store.add(Outcome(point, f"{point:064x}", figures), {"sharing": "channel2"})
        sizes.append((tmp_path / "s").stat().st_size)
    assert (sizes[1] - sizes[0]) / 300 < 1500  # of which 1,328 are the values and the key
    with closing(sqlite3.connect(tmp_path / "s")) as connection:
        assert connection.execute("SELECT count(*) FROM layouts").fetchone() == (1,)
        assert connection.execute("SELECT value FROM words").fetchall() == [('"channel2"',)]


def test_columns_of_many_rows_of_several_layouts_come_in_their_order(tmp_path: Path) -> None:
    rows: list[tuple[dict[str, Any] | str, dict[str, Any]]] = [
        ("broken" if n % 7 == 0 else {"cycles": n} | ({"late": n / 2} if n % 3 else {}), {"axis": n % 5})
        for n in range(BATCH + 10)
    ]
    with Store.read(_write(tmp_path / "s", _given(rows))) as store:
        assert store.columns() == ["axis", "cycles", "late", "error"]
        assert list(store.select(["late", "axis"])) == [
            {"late": what.get("late") if isinstance(what, dict) else None, "axis": settings["axis"]}
            for what, settings in rows
        ]
        told: list[int] = []
        assert sum(1 for _ in store.select([], lambda _, done, total: told.append(total - done))) == len(rows)
        assert told == [10, 0]


def test_a_store_goes_on_in_the_schema_that_it_has(tmp_path: Path) -> None:
    write_json_store(tmp_path / "s", ABOUT, [(Outcome(0, "a" * 64, None, "broken"), {}), (_outcome(1), {"axis": 1})])
    with Store.create_or_open(tmp_path / "s", ABOUT) as store:
        assert store.points(failed=False) == {1}
        store.add(_outcome(0), {"axis": 0})
        store.add(_outcome(2), {"axis": 2})
    with closing(sqlite3.connect(tmp_path / "s")) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (2,)
    with Store.read(tmp_path / "s") as store:
        assert [(row.point, row.figures, row.settings) for row in store.rows()] == [
            (point, {"cycles": point}, {"axis": point}) for point in range(3)
        ]
        assert list(store.select(["cycles"])) == [{"cycles": point} for point in range(3)]


def test_a_sweep_that_is_gone_on_with_uses_the_layouts_and_words_that_are_there(tmp_path: Path) -> None:
    for point in range(3):
        _write(tmp_path / "s", [(_outcome(point), {"sharing": "none"})])
    with closing(sqlite3.connect(tmp_path / "s")) as connection:
        counts = [connection.execute(f"SELECT count(*) FROM {name}").fetchone() for name in ("layouts", "words")]  # noqa: S608
    assert counts == [(1,), (1,)]
    with Store.read(tmp_path / "s") as store:
        assert list(store.select(["cycles", "sharing"])) == [{"cycles": n, "sharing": "none"} for n in range(3)]


def _outcome(point: int) -> Outcome:
    return Outcome(point, f"{point:064x}", {"cycles": point})


FIGURES = {"cycles.total": 7, "cycles.array": 3, "cycles.lif": 4, "energy_pj.total": 0.5, "bound": "compute"}
"""Of `_damaged`, behind the one setting `array.rows`, of 1.5."""


def _damaged(path: Path, cell: int, value: bytes) -> None:
    """A store of three points; in the second a cell of its values has `value`, and the sum of the row is right."""
    rows = [(Outcome(point, f"{point:064x}", FIGURES), {"array.rows": 1.5}) for point in range(3)]
    _write(path, rows)
    with closing(sqlite3.connect(path)) as connection:
        ((row,),) = connection.execute("SELECT row FROM points WHERE point = 1").fetchall()
        at = 8 * (KEY_CELLS + cell)
        body = row[:at] + value + row[at + 8 : -8]
        changed = body + struct.pack("<Q", zlib.crc32(body))
        connection.execute("UPDATE points SET row = ? WHERE point = 1", (changed,))
        connection.commit()


def _refused(path: Path) -> str:
    """What is said of the second of three rows, the same one by one and in bulk; the others are read."""
    said = []
    with Store.read(path) as store:
        for rows in (store.rows(), store.select(["cycles.total"])):
            assert len(list(itertools.islice(rows, 2))) == 2
            with pytest.raises(InputError) as refused:
                next(rows)
            said.append(str(refused.value))
    assert said[0] == said[1]
    assert "move it away, or delete it, and run the sweep again" in said[0]
    return said[0]


@pytest.mark.parametrize(
    ("cell", "value", "message"),
    [
        (0, struct.pack("<d", float("inf")), "settings.array.rows: inf must be finite"),
        (0, struct.pack("<d", float("nan")), "settings.array.rows: nan must be finite"),
        (1, struct.pack("<q", 8), "figures.cycles.total: 8 must be the sum of its parts, 7"),
        (2, struct.pack("<q", (1 << 63) - 1), f"figures.cycles.total: 7 must be the sum of its parts, {(1 << 63) + 3}"),
        (2, struct.pack("<q", -3), "figures.cycles.array: -3 must be a number >= 0"),
        (4, struct.pack("<d", -0.5), "figures.energy_pj.total: -0.5 must be a number >= 0"),
        (4, struct.pack("<d", float("nan")), "figures.energy_pj.total: nan must be a number >= 0"),
        (4, struct.pack("<d", float(MOST) * 2), "figures.energy_pj.total: 1.7"),
        (5, struct.pack("<q", 99), "row: 99 must be a word of the store"),
    ],
)
def test_a_value_that_no_sweep_can_have_written_is_told_with_its_point(
    tmp_path: Path, cell: int, value: bytes, message: str
) -> None:
    _damaged(tmp_path / "s", cell, value)
    said = _refused(tmp_path / "s")
    assert "point 1" in said
    assert message in said


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (
            "UPDATE points SET row = CAST(x'ee' || substr(row, 2) AS BLOB) WHERE point = 1",
            "row: must have the size of its layout, 88 B",
        ),
        ("UPDATE points SET row = substr(row, 9) WHERE point = 1", "row: must have the size of its layout, 88 B"),
        ("UPDATE points SET row = zeroblob(100000000) WHERE point = 1", "row: must have the size of its layout, 88 B"),
        ("UPDATE points SET row = 'text' WHERE point = 1", "row: must have the size of its layout, 88 B"),
        ("UPDATE points SET layout = 9 WHERE point = 1", "layout: 9 must be one of the store's"),
        ("UPDATE points SET layout = 'x' WHERE point = 1", "layout: 'x' must be one of the store's"),
        ("UPDATE points SET error = 'broken' WHERE point = 1", "must be given of a point without figures"),
        ("UPDATE points SET error = x'ff' WHERE point = 1", "error: "),
    ],
)
def test_a_row_that_does_not_go_with_its_layout_is_told(tmp_path: Path, command: str, message: str) -> None:
    _damaged(tmp_path / "s", 0, struct.pack("<d", 1.5))
    with closing(sqlite3.connect(tmp_path / "s")) as connection:
        connection.execute(command)
        connection.commit()
    assert message in _refused(tmp_path / "s")


@pytest.mark.parametrize("word", ["[" * 100_000, "NaN", '"-inf"', "true", "-1", "{", f"1{'0' * 5000}", "null", "[1]"])
def test_a_word_that_is_no_figure_is_told(tmp_path: Path, word: str) -> None:
    _damaged(tmp_path / "s", 0, struct.pack("<d", 1.5))
    with closing(sqlite3.connect(tmp_path / "s")) as connection:
        connection.execute("UPDATE words SET value = ?", (word,))
        connection.commit()
    for read in (lambda store: store.rows(), lambda store: store.select(["bound"])):
        with Store.read(tmp_path / "s") as store, pytest.raises(InputError, match=r"is damaged: of these rows") as told:
            list(read(store))
        assert len(told.value.faults) == 4  # three rows, and the file


@pytest.mark.parametrize(
    "names", ["[" * 100_000, "1", "[]", "{}", '{"settings": {}}', '{"settings": {"a": "s"}, "figures": {"b": "q"}}', ""]
)
def test_a_layout_that_is_none_is_told(tmp_path: Path, names: str) -> None:
    _damaged(tmp_path / "s", 0, struct.pack("<d", 1.5))
    with closing(sqlite3.connect(tmp_path / "s")) as connection:
        connection.execute("UPDATE layouts SET names = ?", (names,))
        connection.commit()
    for read in (Store.columns, lambda store: list(store.rows()), lambda store: list(store.select(["a"]))):
        with Store.read(tmp_path / "s") as store, pytest.raises(InputError, match=r"is damaged"):
            read(store)


def test_many_damaged_rows_are_told_up_to_twenty(tmp_path: Path) -> None:
    _write(tmp_path / "s", [(_outcome(point), {}) for point in range(100)])
    with closing(sqlite3.connect(tmp_path / "s")) as connection:
        connection.execute("UPDATE points SET row = x'00' WHERE point % 2")
        connection.commit()
    with Store.read(tmp_path / "s") as store, pytest.raises(InputError) as told:
        list(store.select(["cycles"]))
    assert [fault.source for fault in told.value.faults[:2]] == [f"{tmp_path / 's'}, point {point}" for point in (1, 3)]
    assert len(told.value.faults) == 21


def test_huge_rows_of_a_damaged_store_are_not_held_together(tmp_path: Path) -> None:
    size = 2_000_000
    _write(tmp_path / "s", [(_outcome(point), {}) for point in range(60)])
    with closing(sqlite3.connect(tmp_path / "s")) as connection:
        connection.execute("UPDATE points SET row = zeroblob(?), error = 'x'", (size,))
        connection.commit()
    tracemalloc.start()
    try:
        with Store.read(tmp_path / "s") as store, pytest.raises(InputError, match="must have the size of its layout"):
            list(store.select(["cycles"]))
        held = BATCH_BYTES + size  # a batch ends with the row that is too much
        assert tracemalloc.get_traced_memory()[1] < 2.1 * held  # one that was read, and one that is being read
    finally:
        tracemalloc.stop()


def test_sums_of_what_are_no_whole_numbers_are_judged_too(tmp_path: Path) -> None:
    rows: Given = [
        (Outcome(0, f"{0:064x}", {"cycles.total": 0.75, "cycles.array": 0.5, "cycles.lif": 0.25}), {}),
        (Outcome(1, f"{1:064x}", {"cycles.total": 1 << 65, "cycles.array": 1 << 65, "cycles.lif": 0}), {}),
        (Outcome(2, f"{2:064x}", {"cycles.total": 3, "cycles.array": 3, "cycles.by": "array"}), {}),
    ]
    with Store.read(_write(tmp_path / "good", rows)) as store:
        assert [row["cycles.total"] for row in store.select(["cycles.total"])] == [0.75, 1 << 65, 3]
    bad = [(Outcome(o.point, o.key, {**(o.figures or {}), "cycles.array": 0.125}), s) for o, s in rows]
    with Store.read(_write(tmp_path / "bad", bad)) as store, pytest.raises(InputError) as told:
        list(store.select(["cycles.total"]))
    assert len([fault for fault in told.value.faults if "sum of its parts" in str(fault)]) == 3


@pytest.mark.parametrize(
    ("figures", "message"),
    [
        (
            {"cycles.total": 4, "cycles.a": 4} | {f"cycles.{n}": 1 << 62 for n in range(4)},
            f"its parts, {(1 << 64) + 4}",
        ),
        ({"cycles.total": 1, "cycles.by": "array"}, "1 must be the sum of its parts, 0"),
        ({"cycles.array": 3}, "null must be the sum of its parts, 3"),
    ],
)
def test_a_sum_is_wrong_though_its_bits_are_right(tmp_path: Path, figures: dict[str, Any], message: str) -> None:
    rows = [(Outcome(point, f"{point:064x}", FIGURES if point != 1 else figures), {}) for point in (1, 0, 2)]
    assert message in _refused(_write(tmp_path / "s", rows))


def test_layouts_are_json_that_other_programs_read(tmp_path: Path) -> None:
    _damaged(tmp_path / "s", 0, struct.pack("<d", 1.5))
    with closing(sqlite3.connect(tmp_path / "s")) as connection:
        ((text,),) = connection.execute("SELECT names FROM layouts").fetchall()
    kinds = {"cycles.total": "q", "cycles.array": "q", "cycles.lif": "q", "energy_pj.total": "d", "bound": "w"}
    assert json.loads(text) == {"settings": {"array.rows": "d"}, "figures": kinds}
