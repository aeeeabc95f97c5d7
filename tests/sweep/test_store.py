"""Does a store keep every row that it took, and refuse what is not its own?"""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from lifsim.errors import InputError
from lifsim.sweep.outcome import Outcome
from lifsim.sweep.store import SCHEMA_VERSION, Store

ABOUT = {"model version": 1, "axis array.rows": "8, 16"}


def _outcome(point: int, **figures: float) -> Outcome:
    return Outcome(point, f"{point:064x}", figures)


def test_rows_come_back_as_they_were_in_the_order_of_the_sweep(tmp_path: Path) -> None:
    with Store.create_or_open(tmp_path / "s", ABOUT) as store:
        store.add(_outcome(3, cycles=2**63, energy=0.1 + 0.2), {"array.rows": 16})
        store.add(Outcome(1, "a" * 64, None, "broken"), {"array.rows": 8})
    with Store.read(tmp_path / "s") as store:
        failed, good = store.rows()
    assert (failed.point, failed.error, failed.figures) == (1, "broken", {})
    assert (good.point, good.figures, good.settings) == (3, {"cycles": 2**63, "energy": 0.1 + 0.2}, {"array.rows": 16})
    assert [path.name for path in tmp_path.iterdir()] == ["s"]


def test_a_row_is_safe_at_once_and_readable_while_the_sweep_goes_on(tmp_path: Path) -> None:
    with Store.create_or_open(tmp_path / "s", ABOUT) as writer:
        for point in range(3):
            writer.add(_outcome(point, cycles=point), {})
            with Store.read(tmp_path / "s") as reader:
                assert reader.points() == set(range(point + 1))


def test_a_point_that_is_run_again_takes_the_place_of_its_row(tmp_path: Path) -> None:
    with Store.create_or_open(tmp_path / "s", ABOUT) as store:
        store.add(Outcome(0, "a" * 64, None, "broken"), {})
        assert (store.points(), store.points(failed=False), store.errors()) == ({0}, set(), {"broken": 1})
        store.add(_outcome(0, cycles=1), {})
        assert (store.points(), store.points(failed=False), store.errors()) == ({0}, {0}, {})


def test_a_second_writer_is_refused(tmp_path: Path) -> None:
    with Store.create_or_open(tmp_path / "s", ABOUT), pytest.raises(InputError, match="one sweep at a time"):
        Store.create_or_open(tmp_path / "s", ABOUT)
    Store.create_or_open(tmp_path / "s", ABOUT).close()


def test_the_store_of_another_sweep_is_refused_and_stays(tmp_path: Path) -> None:
    with Store.create_or_open(tmp_path / "s", ABOUT) as store:
        store.add(_outcome(0, cycles=1), {})
    before = (tmp_path / "s").read_bytes()
    with pytest.raises(InputError, match=r"axis array.rows: is 8 here and 8, 16 in the store"):
        Store.create_or_open(tmp_path / "s", ABOUT | {"axis array.rows": "8"})
    with pytest.raises(InputError, match="model version: is 2 here and 1 in the store"):
        Store.create_or_open(tmp_path / "s", ABOUT | {"model version": 2})
    assert (tmp_path / "s").read_bytes() == before


def test_a_newer_store_is_refused_and_stays(tmp_path: Path) -> None:
    Store.create_or_open(tmp_path / "s", ABOUT).close()
    connection = sqlite3.connect(tmp_path / "s")
    connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    connection.close()
    before = (tmp_path / "s").read_bytes()
    for opened in (lambda: Store.create_or_open(tmp_path / "s", ABOUT), lambda: Store.read(tmp_path / "s")):
        with pytest.raises(InputError, match="a newer one wrote it"):
            opened()
    assert (tmp_path / "s").read_bytes() == before


def test_what_is_no_store_is_refused_and_stays(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("my thesis")
    (tmp_path / "empty").write_bytes(b"")
    (tmp_path / "folder").mkdir()
    other = sqlite3.connect(tmp_path / "other")
    other.execute("CREATE TABLE points (x)")
    other.close()
    for name in ("text", "empty", "folder", "other"):
        with pytest.raises(InputError, match="must be the store of a sweep"):
            Store.create_or_open(tmp_path / name, ABOUT)
        with pytest.raises(InputError, match="must be the store of a sweep"):
            Store.read(tmp_path / name)
    assert (tmp_path / "text").read_text() == "my thesis"
    with pytest.raises(InputError, match="no such store"):
        Store.read(tmp_path / "absent")
    with pytest.raises(InputError, match="must be"):
        Store.create_or_open(tmp_path / "text" / "below", ABOUT)
