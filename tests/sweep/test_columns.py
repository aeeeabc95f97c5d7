"""Do points that are read column by column say what rows do, and exports of them what whole tables do?"""

from __future__ import annotations

import csv
import io
import json
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifsim.csv_text import safe_cell
from lifsim.sweeps import packed_rows
from lifsim.sweeps.cell_texts import cell_texts
from lifsim.sweeps.columns import Columns, groups
from lifsim.sweeps.export import export
from lifsim.sweeps.outcome import Outcome
from lifsim.sweeps.points import Points
from lifsim.sweeps.store import Store

_WHOLE = st.integers(-(1 << 63), (1 << 63) - 1)
_NUMBERS = st.one_of(_WHOLE, st.floats(allow_nan=False, allow_infinity=False), st.sampled_from([0, 0.0, -0.0, 1, 1.0]))
_WORDS = st.one_of(
    st.none(), st.booleans(), st.sampled_from(["", "=1", 'a "b", c', "\u00e9\n"]), st.just([1, {"a": 2}])
)
_AXIS = st.one_of(_NUMBERS, _WORDS)
_SETTINGS = st.fixed_dictionaries({"sharing": st.sampled_from(["none", "layer"]), "100% axis": _AXIS, "b": _AXIS})
_FIGURE = st.one_of(st.integers(0, 3), st.sampled_from([0.0, 0.1, 1e22, 1e-7]), st.integers(0, 1 << 80))
_FIGURES = st.one_of(st.none(), st.fixed_dictionaries({"cycles": _FIGURE}, optional={"late": _FIGURE}))


def _stored(path: Path, points: list[tuple[dict[str, Any], dict[str, Any] | None]]) -> None:
    path.unlink(missing_ok=True)
    with Store.create_or_open(path, {}) as store:
        for number, (settings, figures) in enumerate(points):
            store.add(Outcome(number, f"{number:064x}", figures, None if figures else "broken, =badly"), settings)


@given(st.lists(st.tuples(_SETTINGS, _FIGURES), max_size=9), st.integers(1, 4))
def test_columns_are_those_of_rows_and_exports_those_of_tables(
    tmp_path_factory: pytest.TempPathFactory, points: list[tuple[dict[str, Any], dict[str, Any] | None]], batch: int
) -> None:
    path = tmp_path_factory.getbasetemp() / "columns"
    _stored(path, points)
    with pytest.MonkeyPatch.context() as patch, Store.read(path) as store:
        patch.setattr(packed_rows, "BATCH", batch)
        names = store.columns()
        rows = [{name: row.columns.get(name) for name in names} for row in store.rows()]
        assert repr(list(store.select(names))) == repr(rows)  # 1, 1.0 and True, 0.0 and -0.0 differ
        assert repr([row for some in store.some_at_a_time(names) for row in some.rows()]) == repr(rows)
        assert _exported(store, "csv") == _csv(names, rows)
        assert _exported(store, "json") == ((json.dumps(rows, indent=1) if rows else "[]") + "\n").encode()


def _exported(store: Store, form: str) -> bytes:
    file = BytesIO()
    export(store, form, file)
    return file.getvalue()


def _csv(names: list[str], rows: list[dict[str, Any]]) -> bytes:
    """Cell by cell."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([safe_cell(name) for name in names])
    for row in rows:
        cells = [json.dumps(cell) if isinstance(cell, bool | list | dict) else cell for cell in row.values()]
        writer.writerow([safe_cell(cell) for cell in cells])
    return text.getvalue().encode()


@given(st.lists(_AXIS, min_size=1, max_size=8))
def test_every_cell_has_its_own_text(values: list[Any]) -> None:
    assert cell_texts(values, repr) == list(map(repr, values))
    for kind in (int, float):
        alike = [value for value in values if type(value) is kind]
        if alike:
            assert cell_texts(np.array(alike, "<i8" if kind is int else "<f8"), repr) == list(map(repr, alike))


@pytest.mark.parametrize("values", [[0.0, -0.0], [0.0, -0.0, 1.5, 0.0]])
def test_zeros_of_either_sign_are_told_apart(values: list[float]) -> None:
    assert cell_texts(np.array(values), repr) == list(map(repr, values))


@given(st.lists(st.integers(0, 5), max_size=6), st.integers(1, 7), st.booleans())
def test_groups_hold_the_same_points_so_many_at_a_time(sizes: list[int], size: int, mixed: bool) -> None:
    every, parts = list(range(sum(sizes))), list[Columns]()
    for count in sizes:
        values: Any = every[sum(part.count for part in parts) :][:count]
        parts.append(Columns(count, {"a": values if mixed and count % 2 else np.array(values, np.int64)}))
    found = list(groups(iter(parts), size, ["a"]))
    assert [value for group in found for value in group.list("a")] == every
    assert [group.count for group in found[:-1]] == [size] * (len(found) - 1)
    assert len(found) == max(1, -(-len(every) // size))


def test_points_of_several_layouts_come_in_their_order(tmp_path: Path) -> None:
    figures = [None if n % 3 == 1 else {"cycles": n} for n in range(7)]
    _stored(tmp_path / "s", [({"a": n}, figure) for n, figure in enumerate(figures)])
    with Store.read(tmp_path / "s") as store:
        (some,) = store.some_at_a_time(["a", "cycles"])
    assert some.list("a") == list(range(7))
    assert some.list("cycles") == [None if n % 3 == 1 else n for n in range(7)]


def test_columns_hold_no_more_than_their_values(tmp_path: Path) -> None:
    _stored(tmp_path / "s", [({"a": n}, {"cycles": n, "energy": n / 2}) for n in range(5)])
    with Store.read(tmp_path / "s") as store:
        (some,) = store.some_at_a_time(["cycles", "energy"])
    for values in some.values.values():
        assert isinstance(values, np.ndarray)
        assert values.base is None or values.base.nbytes == values.nbytes


def test_only_some_points_are_read_and_counted() -> None:
    rows = [{"a": n, "cycles.total": 10 * n, "error": "broken" if n == 3 else None} for n in range(6)]
    points = Points.of(rows).only(["a"], lambda row: row["a"] % 2 == 1)
    assert (points.count, points.failed) == (3, 1)
    assert [row["cycles.total"] for row in points.read(["cycles.total"])] == [10, 30, 50]
    (some,) = points.some_at_a_time(["cycles.total"])
    assert dict(some.values) == {"cycles.total": [10, 30, 50]}


def test_rows_of_some_points_are_those_points(tmp_path: Path) -> None:
    _stored(tmp_path / "s", [({"a": n}, {"cycles": n}) for n in range(5)])
    with Store.read(tmp_path / "s") as store:
        assert [row.point for row in store.rows([4, 1])] == [4, 1]
        assert list(store.rows([])) == []
