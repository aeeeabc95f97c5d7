"""Does a parcel hold the outcomes that were put into it, and does a store of one have the rows of single outcomes?"""

from __future__ import annotations

import pickle
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings

from lifsim.errors import InputError
from lifsim.sweeps.outcome import Outcome
from lifsim.sweeps.parcel import Parcel
from lifsim.sweeps.store import Store
from tests.sweep.json_store import write_json_store
from tests.sweep.test_packed_rows import _ROWS, ABOUT, _given, _same

FIGURES = {"cycles.total": 5, "energy_pj.total": 0.1 + 0.2, "bound": "memory", "macs": 1 << 80}
TWO = [
    (Outcome(4, "a" * 64, FIGURES, seconds=1.5), {"array.rows": 8, "sharing": "layer"}),
    (Outcome(2, "b" * 64, None, "broken", 0.5), {"array.rows": 8, "sharing": "none"}),
]


def _tables(path: Path) -> dict[str, list[Any]]:
    """All that is in a store."""
    with closing(sqlite3.connect(path)) as opened:
        names = [name for (name,) in opened.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {name: list(opened.execute(f"SELECT * FROM {name}")) for name in names}  # noqa: S608


@given(rows=_ROWS)
def test_outcomes_come_out_of_a_parcel_as_they_went_in(rows: Any) -> None:
    there = _given(rows)
    parcel = pickle.loads(pickle.dumps(Parcel.of(there)))  # noqa: S301
    assert len(parcel) == len(there)
    for (outcome, asked), found, its in zip(there, parcel.outcomes, parcel.settings, strict=True):
        assert found == outcome
        assert _same(its, asked)
        if outcome.figures is not None:
            assert found.figures is not None
            assert _same(dict(found.figures), outcome.figures)


@settings(max_examples=25)  # each writes two files
@given(rows=_ROWS)
def test_a_store_of_parcels_is_that_of_single_outcomes(rows: Any) -> None:
    there = _given(rows)
    with tempfile.TemporaryDirectory() as folder:
        one, together = Path(folder, "one"), Path(folder, "together")
        with Store.create_or_open(one, ABOUT) as store:
            for outcome, asked in there:
                store.add(outcome, asked)
        with Store.create_or_open(together, ABOUT) as store:
            for some in (there[:3], there[3:]):
                store.add_all(Parcel.of(some))
        assert _tables(one) == _tables(together)


def test_seconds_and_errors_travel_and_figures_are_looked_up_by_name() -> None:
    first, second = Parcel.of(TWO).outcomes
    assert (first.seconds, second.seconds, second.error, second.figures) == (1.5, 0.5, "broken", None)
    assert first.figures is not None
    assert first.figures.get("energy_pj.total") == 0.1 + 0.2
    assert first.figures.get("array.rows", "none") == "none"  # a setting
    assert len(first.figures) == 4


def test_words_and_names_travel_once() -> None:
    many = Parcel.of((Outcome(point, "a" * 64, FIGURES), TWO[0][1]) for point in range(100))
    assert len(many.layouts) == 1
    assert sorted(many.words) == ['"layer"', '"memory"', str(1 << 80)]
    assert len(pickle.dumps(many)) < 100 * (32 + 6 * 8 + 40)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_what_is_not_finite_is_refused_before_it_travels(value: float) -> None:
    with pytest.raises(ValueError, match="must be finite"):
        Parcel.of([(Outcome(0, "a" * 64, {"energy": value}), {})])


def test_parcels_go_on_with_a_store_of_json(tmp_path: Path) -> None:
    write_json_store(tmp_path / "old", ABOUT, TWO[:1])
    with Store.create_or_open(tmp_path / "old", ABOUT) as store:
        store.add_all(Parcel.of(TWO))
        rows = list(store.rows())
    assert [(row.point, row.error, row.settings["sharing"]) for row in rows] == [
        (2, "broken", "none"),
        (4, None, "layer"),
    ]
    assert _same(rows[1].figures, FIGURES)


def test_of_rows_that_cannot_all_be_written_none_is(tmp_path: Path) -> None:
    broken = Parcel.of(TWO)
    with Store.create_or_open(tmp_path / "store", ABOUT) as store:
        store.add(*TWO[1])
        too_large = Parcel(**{**vars(broken), "points": (4, 1 << 70)})
        with pytest.raises(InputError, match="too large"):
            store.add_all(too_large)
        assert store.points() == {2}
        store.add_all(broken)
        assert store.points() == {2, 4}
