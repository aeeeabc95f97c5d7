"""Do exports hold the same table in every format, and `store show` its best points?"""

from __future__ import annotations

import csv
import gc
import json
import tracemalloc
from io import BytesIO
from pathlib import Path

import pytest

from lifsim.cli.main import main
from lifsim.sweeps import export as module
from lifsim.sweeps import packed_rows
from lifsim.sweeps.export import FORMATS, export, table_of
from lifsim.sweeps.outcome import Outcome
from lifsim.sweeps.store import Store


@pytest.fixture(autouse=True)
def stored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with Store.create_or_open(Path("s"), {"axis array.rows": "..."}) as store:
        for point in (2, 0, 1, 3):
            settings = {"sharing": "none", "array.rows": 8 * (point + 1), "lif.units": None if point else 4}
            figures = {"cycles.total": 10**17 + point % 3, "energy_pj.total": 0.1 * point}
            store.add(Outcome(point, f"{point:064d}", figures), settings)
        store.add(Outcome(4, f"{4:064d}", None, 'array.rows: broken, "badly"'), {"sharing": "none", "array.rows": 40})


def test_csv_json_and_parquet_hold_the_same_table() -> None:
    for form in ("csv", "json", "parquet"):
        assert main(["store", "export", "s", "--format", form]) == 0
    rows = json.loads(Path("s.json").read_text())
    assert [row["array.rows"] for row in rows] == [8, 16, 24, 32, 40]
    assert rows[2]["energy_pj.total"] == 0.2
    assert rows[4]["cycles.total"] is None
    with Path("s.csv").open() as file:
        printed = list(csv.DictReader(file))
    assert printed == [{k: "" if v is None else str(v) for k, v in row.items()} for row in rows]
    parquet = pytest.importorskip("pyarrow.parquet")
    assert parquet.read_table("s.parquet").to_pylist() == rows


def test_an_export_is_the_same_bytes_each_time_and_overwrites_nothing_unasked(
    capsys: pytest.CaptureFixture[str],
) -> None:
    for form in ("csv", "json", "parquet"):
        for name in ("a", "b"):
            assert main(["store", "export", "s", "--format", form, "--out", f"{name}.{form}"]) == 0
        assert Path(f"a.{form}").read_bytes() == Path(f"b.{form}").read_bytes()
    assert main(["store", "export", "s", "--out", "a.csv"]) == 0
    assert capsys.readouterr().out.endswith("a.csv holds this already\n")
    Path("a.csv").write_text("mine")
    assert main(["store", "export", "s", "--out", "a.csv"]) == 2
    assert "must not be overwritten" in capsys.readouterr().err
    assert Path("a.csv").read_text() == "mine"
    assert main(["store", "export", "s", "--out", "a.csv/x"]) == 2
    assert main(["store", "export", "absent"]) == 2


def test_an_export_that_is_told_no_place_takes_that_of_no_other_file(capsys: pytest.CaptureFixture[str]) -> None:
    Path("s.csv").write_text("mine")
    for told in ("written to s-2.csv; s.csv holds something else", "s-2.csv holds this already"):
        assert main(["store", "export", "s"]) == 0
        assert capsys.readouterr().out.splitlines() == [told]
    assert Path("s.csv").read_text() == "mine"
    assert main(["store", "export", "s", "--force"]) == 0
    assert capsys.readouterr().out.splitlines() == ["written to s.csv, in the place of what was there"]
    assert Path("s.csv").read_bytes() == Path("s-2.csv").read_bytes()


def test_show_sorts_by_any_column_and_shows_what_varies(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["store", "show", "s", "--sort", "cycles.total", "--columns", "cycles.total", "--top", "2"]) == 0
    out = capsys.readouterr().out
    lines = [line for line in out.splitlines() if "100,000,000,000,000,000" in line]
    assert len(lines) == 2
    assert "array.rows" in out
    assert "sharing" not in out
    assert "2 of 5 points, 1 failed" in out
    assert main(["store", "show", "s", "--sort", "energy_pj.totl"]) == 2
    assert "did you mean 'energy_pj.total'" in capsys.readouterr().err


@pytest.mark.parametrize("beside", [None, 3, 2.5, True, "text", [1]])
@pytest.mark.parametrize("huge", [1 << 63, -(1 << 63), 1 << 64, (1 << 126) - 1, 10**38, 10**80, 10**400])
def test_numbers_beyond_64_bits_are_exported_too(huge: int, beside: object) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    with Store.create_or_open(Path("huge"), {"axis a": "..."}) as store:
        for point, value in enumerate((huge, beside)):
            store.add(Outcome(point, f"{point:064d}", {"cycles.total": min(abs(huge), 1 << 126)}), {"a": value})
    assert main(["store", "export", "huge", "--format", "parquet"]) == 0
    found = parquet.read_table("huge.parquet").to_pylist()
    assert [int(row["cycles.total"]) for row in found] == [min(abs(huge), 1 << 126)] * 2
    first, second = (row["a"] for row in found)
    if isinstance(beside, float) and abs(huge) < 1 << 1023:
        assert first == float(huge)
    else:
        assert str(first) == str(huge)
    assert second in (beside, json.dumps(beside), str(beside))


def test_whole_numbers_of_64_bits_stay_whole_numbers() -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    with Store.create_or_open(Path("large"), {}) as store:
        store.add(Outcome(0, f"{0:064d}", {"cycles.total": (1 << 63) - 1}), {"a": None})
    assert main(["store", "export", "large", "--format", "parquet"]) == 0
    table = parquet.read_table("large.parquet")
    assert str(table.schema.field("cycles.total").type) == "int64"
    assert table.to_pylist() == [{"a": None, "cycles.total": (1 << 63) - 1, "error": None}]


def _exported(store: Store, form: str) -> bytes:
    file = BytesIO()
    export(store, form, file)
    return file.getvalue()


@pytest.mark.parametrize("group", [1, 2, 5, 100])
def test_rows_that_are_written_group_by_group_are_those_of_the_whole_table(
    group: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    arrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    monkeypatch.setattr(module, "GROUP", group)
    monkeypatch.setattr(packed_rows, "BATCH", 2)
    values: list[list[object]] = [
        [1, 2, None, 4, 5], [1, 2.5, 3, None, 1], [None] * 5, [True, None, False, True, True],
        [1 << 70, 5, None, -(1 << 80), 0], ["a", "b", None, "\u00e9", "=1"], ["a", 1, True, None, 2.5],
        [[1], 2, 3, 4, None], [[1], [2, 3], None, [], [4]],
    ]  # fmt: skip
    with Store.create_or_open(Path("mixed"), {}) as store:
        for point in range(5):
            store.add(
                Outcome(point, f"{point:064d}", {"x": 1.5 * point}),
                dict(zip("abcdefghi", [v[point] for v in values], strict=True)),
            )
    with Store.read(Path("mixed")) as store:
        rows = table_of(store)
        assert json.loads(_exported(store, "json")) == rows
        assert _exported(store, "json") == (json.dumps(rows, indent=1) + "\n").encode()
        found = parquet.read_table(BytesIO(_exported(store, "parquet")))
        assert parquet.ParquetFile(BytesIO(_exported(store, "parquet"))).num_row_groups == -(-5 // group)
    plain = arrow.table({name: [row[name] for row in rows] for name in ("a", "c", "d", "f", "x")})
    assert found.select(plain.column_names).equals(plain)
    assert str(found.schema.field("b").type) == "double"
    assert str(found.schema.field("e").type) == "decimal128(25, 0)"
    assert found.column("e").to_pylist() == values[4]
    assert found.column("g").to_pylist() == ["a", "1", "true", None, "2.5"]
    assert found.column("h").to_pylist() == ["[1]", "2", "3", "4", None]
    assert found.column("i").to_pylist() == ["[1]", "[2, 3]", None, "[]", "[4]"]


def test_a_table_without_rows_is_exported_too() -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    Store.create_or_open(Path("none"), {}).close()
    with Store.read(Path("none")) as store:
        assert [_exported(store, form) for form in ("csv", "json")] == [b"error\n", b"[]\n"]
        assert parquet.read_table(BytesIO(_exported(store, "parquet"))).num_rows == 0


def test_what_a_sweep_writes_meanwhile_is_not_in_the_table() -> None:
    with Store.create_or_open(Path("s"), {"axis array.rows": "..."}) as writing:
        writing.begin()
        with Store.read(Path("s")) as reading, reading.at_one_moment():
            assert reading.count == 5
            writing.add(Outcome(9, f"{9:064d}", {"later": 1}), {"sharing": "none", "array.rows": 9})
            assert reading.count == 5
            assert "later" not in reading.columns()
        with Store.read(Path("s")) as reading:
            assert reading.count == 6


def _peak(store: Store, form: str) -> int:
    """Bytes that an export holds at most. Nothing is collected meanwhile: what it leaves in cycles is held, too."""
    gc.collect()
    gc.disable()
    tracemalloc.start()
    try:
        with Path("table").open("wb") as file:
            export(store, form, file)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
        gc.enable()


@pytest.mark.parametrize("form", FORMATS)
def test_an_export_holds_no_more_of_many_rows_than_of_some(form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("pyarrow.parquet")
    monkeypatch.setattr(module, "GROUP", 64)
    monkeypatch.setattr(packed_rows, "BATCH", 64)
    peaks = []
    for count in (300, 1200):
        with Store.create_or_open(Path(f"{count}"), {}) as store:
            for point in range(count):
                store.add(Outcome(point, f"{point:064d}", {f"f{n}": point + n for n in range(40)}), {"a": point})
        with Store.read(Path(f"{count}")) as store:
            peaks.append(_peak(store, form))
    assert peaks[1] < 2 * peaks[0]
