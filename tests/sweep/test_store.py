"""Does a store keep every row that it took, and refuse what is not its own?"""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from lifsim.cli.main import main
from lifsim.errors import InputError
from lifsim.sweeps.outcome import Outcome
from lifsim.sweeps.store import SCHEMA_VERSION, Store
from lifsim.sweeps.stored_row import parse_row
from tests.full_disk import full_after
from tests.sweep.json_store import write_json_store

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
    ranges = {"axis array.rows": "8 x (2)^i, 3 values", "axis buffers.weight.size_bytes": "8192 + 8192 i, 2 values"}
    rows, sizes = (
        r"is 8:32:x2 \(3 values\) here and 8, 16 in the store",
        r"is 8KiB:16KiB:\+8KiB \(2 values\) here and none",
    )
    words = rf"rows: {rows}\n.*: {sizes}"
    with pytest.raises(InputError, match=words):
        Store.create_or_open(tmp_path / "s", ABOUT | ranges)
    with pytest.raises(InputError, match="model version: is 2 here and 1 in the store"):
        Store.create_or_open(tmp_path / "s", ABOUT | {"model version": 2})
    assert (tmp_path / "s").read_bytes() == before


@pytest.mark.parametrize(
    ("stored", "asked", "said"),
    [
        ("a" * 64, "b" * 64, "does not say what it said when the sweep in the store began"),
        (None, "b" * 64, "belongs to this sweep, not to the one in the store"),
        ("a" * 64, None, "belongs to the sweep in the store alone"),
    ],
)
def test_a_file_that_differs_is_told_without_its_hash(
    tmp_path: Path, stored: str | None, asked: str | None, said: str
) -> None:
    def about(digest: str | None) -> dict[str, object]:
        return ABOUT | ({} if digest is None else {"DRAM mine": digest})

    Store.create_or_open(tmp_path / "s", about(stored)).close()
    with pytest.raises(InputError) as raised:
        Store.create_or_open(tmp_path / "s", about(asked))
    assert str(raised.value).splitlines()[1:] == [f"DRAM mine: {said}"]


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


def test_the_store_of_an_older_model_of_energy_is_refused_with_the_way_out(tmp_path: Path) -> None:
    Store.create_or_open(tmp_path / "s", ABOUT).close()
    connection = sqlite3.connect(tmp_path / "s")
    connection.execute("PRAGMA user_version = 1")
    connection.close()
    before = (tmp_path / "s").read_bytes()
    for opened in (lambda: Store.create_or_open(tmp_path / "s", ABOUT), lambda: Store.read(tmp_path / "s")):
        with pytest.raises(InputError, match="parted into dynamic and leakage; sweep again into another --out"):
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


def _finished(path: Path) -> None:
    """A store of three points, closed as a sweep closes it."""
    with Store.create_or_open(path, ABOUT) as store:
        for point in range(3):
            store.add(_outcome(point, cycles=point), {"array.rows": point})


def _listing(folder: Path) -> list[tuple[str, int, bytes]]:
    """Everything in `folder`, and the folder itself, as far as writing would change it."""
    files = sorted(path for path in folder.iterdir() if path.is_file())
    return [(".", folder.stat().st_mtime_ns, b""), *((p.name, p.stat().st_mtime_ns, p.read_bytes()) for p in files)]


def test_a_finished_store_is_read_and_resumed_without_a_byte_written(tmp_path: Path) -> None:
    _finished(tmp_path / "s")
    before = _listing(tmp_path)
    with Store.read(tmp_path / "s") as store:
        assert [row.figures for row in store.rows()] == [{"cycles": point} for point in range(3)]
        assert _listing(tmp_path) == before
    with Store.create_or_open(tmp_path / "s", ABOUT) as store:
        assert store.points() == {0, 1, 2}
        assert _listing(tmp_path) == before
    assert _listing(tmp_path) == before


@pytest.fixture
def nobody(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder that is to be somebody else's (`_take_rights`), and another one for temporary files."""
    user = os.geteuid()
    base = Path(tempfile.mkdtemp())  # the folders of pytest are their owner's alone
    folder, scratch = base / "theirs", base / "scratch"
    for made, mode in ((base, 0o755), (folder, 0o755), (scratch, 0o777)):
        made.mkdir(exist_ok=True)
        made.chmod(mode)
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    try:
        yield folder
        assert list(scratch.iterdir()) == []
    finally:
        os.seteuid(user)
        for made in (folder, *folder.glob("*/")):
            made.chmod(0o755)
        shutil.rmtree(base)


def _take_rights(folder: Path) -> None:
    """Of `folder`, this process may only read what is in it, root too."""
    for path in folder.iterdir():
        path.chmod(0o444)
    folder.chmod(0o555)
    if os.geteuid() == 0:
        os.seteuid(65534)


@pytest.mark.parametrize("log", [False, True])
def test_a_store_in_a_folder_that_cannot_be_written_is_read(nobody: Path, log: bool) -> None:
    """With a log beside it, as a killed sweep leaves it, SQLite would have to write there."""
    _finished(nobody / "s")
    if log:
        connection = sqlite3.connect(nobody / "s")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("DELETE FROM points WHERE point = 2")
        connection.commit()
        (nobody / "killed").mkdir()
        for name in ("s", "s-wal"):
            shutil.copy(nobody / name, nobody / "killed")
        connection.close()
        nobody /= "killed"
    _take_rights(nobody)
    before = _listing(nobody)
    with Store.read(nobody / "s") as store:
        assert [row.point for row in store.rows()] == [0, 1, 2][: 2 if log else 3]
    if not log:
        with Store.create_or_open(nobody / "s", ABOUT) as store:
            assert store.points() == {0, 1, 2}
            with pytest.raises(InputError, match="cannot be read or written: attempt to write a readonly database"):
                store.begin()
    assert _listing(nobody) == before


def _add_many(store: Store) -> None:
    for point in range(3, 1000):
        store.add(_outcome(point, cycles=point), {"array.rows": "x" * 100})


def test_a_full_disk_is_told_and_what_is_stored_stays(tmp_path: Path) -> None:
    _finished(tmp_path / "s")
    with Store.create_or_open(tmp_path / "s", ABOUT) as store:
        store.begin()
        with full_after((tmp_path / "s").stat().st_size), pytest.raises(InputError, match=r"the same command goes on"):
            _add_many(store)
    with Store.create_or_open(tmp_path / "s", ABOUT) as store:
        stored = store.points()
        assert stored == set(range(len(stored))) > {0, 1, 2}
        store.add(_outcome(len(stored), cycles=1), {})
    assert [path.name for path in tmp_path.iterdir()] == ["s"]
    with full_after(100), pytest.raises(InputError, match=r"new/t: cannot be read or written: disk I/O error"):
        Store.create_or_open(tmp_path / "new" / "t", ABOUT)
    assert [path.name for path in tmp_path.iterdir()] == ["s"]


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("figures", '{"cycles.total": -3}', r"figures.cycles.total: -3 must be a number >= 0"),
        ("figures", '{"energy_pj.total": NaN}', r"figures.energy_pj.total: nan must be a number >= 0"),
        ("figures", '{"energy_pj.total": 1e999}', r"inf must be a number >= 0"),
        ("figures", '{"cycles.total": true}', r"true must be a number >= 0"),
        (
            "figures",
            f'{{"cycles.total": 1{"0" * 5000}}}',
            r"figures: must be JSON text: has a number of too many digits",
        ),
        ("figures", '{"cycles.total": 4, "cycles.array": 3}', r"cycles.total: 4 must be the sum of its parts, 3"),
        ("figures", '{"dram_bytes.total": 4, "dram_bytes.psum": "x"}', r"4 must be the sum of its parts, 0"),
        ("figures", "[" * 100_000, r"figures: must be JSON text: .* nested too deeply"),
        ("figures", "[1]", r"figures: .*must be a mapping of keys"),
        ("figures", "{", r"figures: must be JSON text: Expecting"),
        ("figures", b"{\xff}", r"figures: must be JSON text: is bytes"),
        ("settings", '{"array.rows": Infinity}', r"settings.array.rows: inf must be finite"),
        ("settings", '{"array.rows": ".nan"}', r"settings.array.rows: '.nan' must be finite"),
        ("figures", '{"bound": "-inf"}', r"figures.bound: '-inf' must be finite"),
        ("key", "abc", r"key: 'abc' must match"),
        ("point", -1, r"point -1 point: -1 must be >= 0"),
        ("point", "x", r"point at 2 point: 'x' must be a whole number"),
    ],
)
def test_a_row_that_no_sweep_can_have_written_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], column: str, value: object, message: str
) -> None:
    rows = [(_outcome(point, cycles=point), {"array.rows": point}) for point in range(3)]
    write_json_store(tmp_path / "s", ABOUT, rows)
    connection = sqlite3.connect(tmp_path / "s")
    connection.execute(f"UPDATE points SET {column} = ? WHERE point = 1", (value,))  # noqa: S608
    connection.commit()
    connection.close()
    with Store.read(tmp_path / "s") as store, pytest.raises(InputError, match=message):
        list(store.rows())
    assert main(["store", "show", str(tmp_path / "s"), "--sort", "cycles"]) == 2
    assert "move it away, or delete it, and run the sweep again" in capsys.readouterr().err


def test_a_part_that_is_no_number_is_told_and_its_sum_is_not_judged() -> None:
    figures = '{"cycles.total": 3, "cycles.array": -1, "cycles.lif": 2, "energy_pj.total.total": 1.0}'
    record = {"point": 0, "key": "a" * 64, "settings": "{}", "figures": figures, "error": None}
    with pytest.raises(InputError) as refused:
        parse_row(record, "s")
    assert [fault.path for fault in refused.value.faults] == ["figures.cycles.array"]


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"", "is an empty file; remove it, or give another name"),
        (b"SQLite format 3\0" + bytes(100), "is damaged: file is not a database"),
        (b"something else", "must be the store of a sweep: file is not a database"),
    ],
    ids=["empty", "damaged header", "another file"],
)
def test_a_file_that_is_no_store_is_told_as_what_it_is(tmp_path: Path, data: bytes, what: str) -> None:
    (tmp_path / "s").write_bytes(data)
    for open_store in (Store.read, lambda path: Store.create_or_open(path, ABOUT)):
        with pytest.raises(InputError, match=what):
            open_store(tmp_path / "s")
    assert (tmp_path / "s").read_bytes() == data
