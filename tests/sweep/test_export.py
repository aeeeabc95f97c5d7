"""Do exports hold the same table in every format, and `store show` its best points?"""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from lifsim.cli.main import main
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
    assert main(["store", "export", "s", "--out", "a.csv"]) == 2
    assert "must not be overwritten" in capsys.readouterr().err
    assert main(["store", "export", "s", "--out", "a.csv/x"]) == 2
    assert main(["store", "export", "absent"]) == 2


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
