"""Does `store show` show the points that were meant, with units, and read conditions without trusting them?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifsim.cli.main import main
from lifsim.errors import InputError
from lifsim.report.human import human
from lifsim.report.sweep_table import Selection, selected
from lifsim.sweeps.outcome import Outcome
from lifsim.sweeps.points import Points
from lifsim.sweeps.store import Store
from lifsim.sweeps.where import conditions, no_column

ROWS: list[dict[str, Any]] = [
    {"sharing": sharing, "array.rows": rows, "buffers.weight.size_bytes": size, "cycles.total": rows * size,
     "energy_pj.total": 1e9 / rows, "area_mm2": rows / 8, "chunk": chunk, "time_s": rows * 1e-6, "error": None}
    for sharing in ("none", "layer") for rows, size, chunk in ((8, 8192, "auto"), (16, 16384, 2), (24, 65536, 4))
]  # fmt: skip
ROWS.append(dict.fromkeys(ROWS[0]) | {"sharing": "none", "array.rows": 32, "error": "broken"})
COLUMNS = list(ROWS[0])


@pytest.mark.parametrize(
    ("text", "met"),
    [
        ("area_mm2 < 2", [0, 3]),
        ("area_mm2<=2", [0, 1, 3, 4]),
        ("not area_mm2 <= 2", [2, 5]),
        ("sharing = layer", [3, 4, 5]),
        ("sharing == 'layer' and (array.rows > 8 and array.rows != 24)", [4]),
        ("sharing=none or array.rows=8", [0, 1, 2, 3, 6]),
        ("sharing = layer and array.rows = 8 or array.rows = 24", [2, 3, 5]),
        ("sharing = layer and (array.rows = 8 or array.rows = 24)", [3, 5]),
        ("buffers.weight.size_bytes >= 16KiB", [1, 2, 4, 5]),
        ("energy_pj.total < 0.1mJ", [1, 2, 4, 5]),
        ("time_s < 10us", [0, 3]),
        ("chunk = auto", [0, 3]),
        ("chunk = 2", [1, 4]),
        ("chunk > 2", [2, 5]),
        ("sharing != layer AND area_mm2 < 9mm2", [0, 1, 2]),
        ("not not sharing = layer", [3, 4, 5]),
    ],
)
def test_a_condition_is_met_by_the_points_that_are_meant(text: str, met: list[int]) -> None:
    where = conditions([text], COLUMNS)
    assert [index for index, row in enumerate(ROWS) if where.holds(row)] == met


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "a column is missing"),
        ("area_mm2", "is missing"),
        ("area_mm2 <", "a value behind area_mm2 < is missing"),
        ("area_mm2 < 2 and", "a column is missing"),
        ("area_mm2 < 2 sharing = none", "'sharing' is too much"),
        ("(area_mm2 < 2", "a ) is missing"),
        ("area_mm2 < 2)", "')' is too much"),
        ("area_mm2 ~ 2", "'~' stands where"),
        ("area < 2", "did you mean 'area_mm2'"),
        ("sharing < layer", "is a text, of which only = and != can be asked"),
        ("buffers.weight.size_bytes < 16kiB", "did you mean 16KiB?"),
        ("__import__('os').system('x') = 1", "stands where"),
        ("(" * 50 + "area_mm2<1" + ")" * 50, "nested more than 40 deep"),
        ("a" * 3000, "more than 2,000 characters"),
        ("sharing = 'layer", "is not understood"),
        ("area_mm2 < 2KiB", "'2KiB' must be a number, with a unit of area (mm2) or none"),
        ("area_mm2 = 2m", "with a unit of area (mm2) or none"),
        ("energy_pj.total < 3s", "with a unit of energy (J) or none"),
        ("time_s < 3mm2", "with a unit of time (s) or none"),
        ("cycles.total < 2KiB", "'2KiB' must be a number without a unit behind cycles.total"),
    ],
)
def test_what_is_no_condition_is_refused_with_its_reason(text: str, why: str) -> None:
    with pytest.raises(InputError) as raised:
        conditions([text], COLUMNS)
    assert why in str(raised.value)
    assert "--where" in str(raised.value)


_LEAF = st.builds(
    lambda column, sign, value: f"{column} {sign} {value}",
    st.sampled_from(["area_mm2", "array.rows", "cycles.total"]),
    st.sampled_from(["<", "<=", ">", ">=", "==", "!="]),
    st.sampled_from([1, 2, 3, 8, 16, 65536]),
)
_TREE = st.recursive(
    _LEAF,
    lambda inner: st.one_of(
        st.builds("({} and {})".format, inner, inner), st.builds("({} or {})".format, inner, inner),
        st.builds("{} and {}".format, inner, inner), st.builds("{} or {}".format, inner, inner),
        st.builds("not {}".format, inner),
    ),
    max_leaves=8,
)  # fmt: skip


@given(_TREE)
def test_conditions_join_as_those_of_python_do(text: str) -> None:
    where = conditions([text], COLUMNS)
    python = text.replace("array.rows", "rows").replace("cycles.total", "cycles")
    for row in ROWS[:6]:
        names = {"area_mm2": row["area_mm2"], "rows": row["array.rows"], "cycles": row["cycles.total"]}
        assert where.holds(row) == eval(python, {}, names), text  # noqa: S307


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        where = conditions([text], COLUMNS)
    except InputError:
        return
    assert all(isinstance(where.holds(row), bool) for row in ROWS)


def _lines(selection: Selection) -> Sequence[Mapping[str, Any]]:
    return selected(Points.of(ROWS), selection).lines


def test_the_best_are_taken_by_one_column_and_shown_by_another() -> None:
    chosen = Selection(where=["sharing = none"], top=2, by="cycles.total", sort="energy_pj.total")
    assert [row["array.rows"] for row in _lines(chosen)] == [16, 8]
    most = Selection(top=1, by="cycles.total", descending=True)
    assert [row["array.rows"] for row in _lines(most)] == [24]
    with pytest.raises(InputError) as raised:
        _lines(Selection(by="cycle", sort="energy", where=["are = 1"], columns=["tim_s"]))
    assert len(raised.value.faults) == 4


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("buffers.weight.size_bytes", 65536, "64 KiB"),
        ("dram_bytes.total", 3 << 19, "1.5 MiB"),
        ("energy_pj.compute.lif.work", 1.5e9, "1.5 mJ"),
        ("time_s", 0.00123, "1.23 ms"),
        ("clock_hz", 400_000_000, "400 MHz"),
        ("area_mm2", 2.34567, "2.346 mm2"),
        ("cycles.total", 1234567, "1,234,567"),
        ("pe_utilisation", 0.123456789, "0.123457"),
        ("sharing", "none", "none"),
        ("share", True, "True"),
        ("chunk", None, ""),
        ("area_mm2", 10**400, f"{10**400:,}"),
    ],
)
def test_figures_have_the_units_of_their_names(name: str, value: object, said: str) -> None:
    assert human(name, value) == said


def test_show_takes_all_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    with Store.create_or_open(Path("s"), {"axis array.rows": "..."}) as store:
        for point, row in enumerate(ROWS[:3]):
            settings = {"array.rows": row["array.rows"]}
            figures = {"cycles.total": row["cycles.total"], "energy_pj.total": row["energy_pj.total"]}
            store.add(Outcome(point, f"{point:064d}", figures), settings)
    command = ["store", "show", "s", "--columns", "energy_pj.total", "--where"]
    assert main([*command, "array.rows >= 16", "--where", "energy_pj.total < 1J", "--limit", "1"]) == 0
    out = capsys.readouterr().out
    assert "41.67 uJ" in out
    assert "PE array: rows" in out
    assert "energy: total" in out
    assert "columns: array.rows, energy_pj.total" in out
    assert "62.5 uJ" not in out
    assert "1 of 3 points, 2 meet array.rows >= 16 and energy_pj.total < 1J, 0 failed" in out
    assert main([*command, "rows > 1"]) == 2
    assert "--where: 'rows' must be a column of the store" in capsys.readouterr().err


def test_a_name_near_none_is_told_the_settings_and_the_main_figures() -> None:
    columns = ["sharing", "array.rows", "cycles.total", *(f"cycles.part{n}" for n in range(50)), "area_mm2", "error"]
    with pytest.raises(InputError) as raised:
        conditions(["foo = 1"], columns)
    known = "its settings and main figures: sharing, array.rows, cycles.total, area_mm2"
    assert str(raised.value) == f"--where: 'foo' must be a column of the store; {known}"


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        (["error"], "which holds no point yet; its sweep goes on by the same command"),
        (["array.rows", "error"], "all of whose points failed: lifsim store export says why; valid: array.rows, error"),
    ],
)
def test_a_store_without_figures_says_why_it_has_none(columns: list[str], said: str) -> None:
    assert no_column("energy_pj.total", columns) == f"'energy_pj.total' must be a column of the store, {said}"
