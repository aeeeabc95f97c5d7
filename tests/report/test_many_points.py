"""Do figures of very many points show what those of each of them would?"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifsim.cli.main import main
from lifsim.report.figures import sweep_dots
from lifsim.report.figures.sweep_dots import PARTS, POINTS, drawn, said
from lifsim.report.figures.sweep_rows import good_rows, others, with_texts
from lifsim.sweeps.columns import Columns
from lifsim.sweeps.outcome import Outcome
from lifsim.sweeps.points import Points
from lifsim.sweeps.store import Store

_VALUE = st.one_of(
    st.none(), st.booleans(), st.integers(0, 2),
    st.sampled_from([0.5, 1.0, "none", "a", 1 << 70, 10**400, [1], {"a": 2}]),
)  # fmt: skip
_NUMBER = st.one_of(st.none(), st.integers(0, 3), st.floats(0, 3))
_ROW = st.fixed_dictionaries(
    {
        "sharing": st.sampled_from(["none", "layer"]),
        "axis": _VALUE,
        "cycles.total": _NUMBER,
        "energy_pj.total": st.floats(0, 3),
        "error": st.sampled_from([None, None, None, "broken"]),
    }
)


def _plain(value: object, is_setting: bool) -> object:
    if isinstance(value, int) and abs(value) >= 1 << 63:
        return float(value) if abs(value) < 1 << 1023 else str(value)
    if isinstance(value, list | dict) or (value is None and is_setting):
        return json.dumps(value)
    return value


def _column(values: list[Any]) -> Any:
    """As a store has it."""
    kinds = set(map(type, values))
    return np.array(values) if kinds in ({int}, {float}) and all(abs(value) < 1 << 62 for value in values) else values


def test_points_without_a_figure_are_left_out_of_a_front_and_counted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    given = ["--vary", "dram.model=cycle,ideal", "--vary", "array.rows=8,16"]
    assert main(["sweep", "--workload", "lenet5_mnist", *given, "--out", "mix"]) == 0
    assert main(["plot", "sweep", "mix", "--pareto", "dram.activates,cycles.total", "--out", "front.svg"]) == 0
    assert len(pd.read_csv("front.csv")) == 2
    assert "not drawn: 2 points without" in Path("front.svg").read_text()
    assert main(["sweep", "--workload", "lenet5_mnist", "--set", "dram.model=ideal", *given[2:], "--out", "none"]) == 0
    capsys.readouterr()
    assert main(["plot", "sweep", "none", "--pareto", "dram.activates,cycles.total"]) == 2
    assert "dram.activates" in capsys.readouterr().err


@given(st.lists(_ROW, min_size=1, max_size=9), st.integers(1, 4))
def test_points_that_are_gathered_are_those_of_a_table_of_rows(rows: list[Mapping[str, Any]], size: int) -> None:
    def some_at_a_time(names: Sequence[str]) -> list[Columns]:
        parts = [rows[at : at + size] for at in range(0, len(rows), size)]
        return [Columns(len(part), {name: _column([row[name] for row in part]) for name in names}) for part in parts]

    names = ["sharing", "axis", "cycles.total", "energy_pj.total"]
    points = Points([*names, "error"], lambda _: rows, some_at_a_time, len(rows), 0)
    good = [row for row in rows if row["error"] is None]
    if not good:
        return
    lines = [tuple(_plain(row[name], name in ("sharing", "axis")) for name in names) for row in good]
    expected = pd.DataFrame(lines, columns=names)
    found = good_rows(points, ["cycles.total", "energy_pj.total"], ())
    pd.testing.assert_frame_equal(with_texts(found), expected)
    varied = [name for name in ("sharing", "axis") if expected[name].astype(str).nunique() > 1]
    assert others(found, ["sharing", "axis"], []) == varied


_PLACES = st.lists(
    st.tuples(st.integers(1, 40), st.one_of(st.integers(1, 9), st.floats(1, 1e4)), st.sampled_from("ab")),
    min_size=1,
    max_size=60,
)


@given(_PLACES)
def test_dots_stand_for_all_points_and_show_the_whole_front(places: list[tuple[int, float, str]]) -> None:
    frame = pd.DataFrame(places, columns=["x", "y", "by"])
    whole = drawn(frame, "x", "y", "by")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sweep_dots, "MOST", 0)
        patch.setattr(sweep_dots, "PARTS", 4)
        dots = drawn(frame, "x", "y", "by")
        cells = _cells(frame, 4)
        drawn_cells = _cells(frame, 4, dots)
    assert dots[POINTS].sum() == len(frame)
    assert set(zip(cells, frame["by"], strict=True)) == set(zip(drawn_cells, dots["by"], strict=True))
    assert _places(dots[dots["front"]]) == _places(whole[whole["front"]])
    assert not dots[dots["front"]].duplicated(["x", "y", "by"]).any()
    others_of = Counter(zip(_cells(frame, 4, whole[~whole["front"]]), whole[~whole["front"]]["by"], strict=True))
    plain = dots[~dots["front"]]
    assert dict(zip(zip(_cells(frame, 4, plain), plain["by"], strict=True), plain[POINTS], strict=True)) == others_of


def _places(frame: pd.DataFrame) -> set[tuple[Any, ...]]:
    return set(zip(frame["x"], frame["y"], frame["by"], strict=True))


def _cells(frame: pd.DataFrame, parts: int, of: pd.DataFrame | None = None) -> list[tuple[int, int]]:
    """Of each point of `of` (None: `frame`) the cell, by the ends of all of `frame`."""
    found = []
    for name in ("x", "y"):
        low, high = min(frame[name]), max(frame[name])
        scale = math.log if high >= 16 * low else float
        span = scale(high) - scale(low)
        values = (frame if of is None else of)[name]
        found.append([min(int((scale(v) - scale(low)) / span * parts), parts - 1) if span else 0 for v in values])
    return list(zip(*found, strict=True))


def test_points_without_a_figure_stand_in_the_way_of_none() -> None:
    frame = pd.DataFrame({"x": [1.0, 2.0, math.nan, 3.0] * 3000, "y": [3.0, math.nan, 1.0, 2.0] * 3000})
    dots = drawn(frame, "x", "y", None)
    assert dots[POINTS].sum() == len(frame)
    assert dots[dots["front"]][["x", "y"]].dropna().to_numpy().tolist() == [[1.0, 3.0], [3.0, 2.0]]


def test_a_figure_of_very_many_points_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sweep_dots, "MOST", 50)
    with Store.create_or_open(Path("s"), {}) as store:
        for point in range(300):
            figures = {"cycles.total": 1000 + point % 7, "energy_pj.total": 5.0 + point % 4}
            settings = {"sharing": "none" if point % 2 else "layer", "array.rows": point}
            store.add(Outcome(point, f"{point:064d}", figures), settings)
    arguments = ["plot", "sweep", "s", "--pareto", "energy_pj.total,cycles.total", "--by", "sharing"]
    assert main([*arguments, "--out", "p.svg"]) == 0
    table = pd.read_csv("p.csv")
    assert table[POINTS].sum() == 300
    assert len(table) == 28  # seven times four places; each has an even or an odd point of every sharing
    text = Path("p.svg").read_text()
    assert said(table).startswith("28 dots for 300 points: of those within")
    assert "28 dots for 300 points" in text
    assert f"1/{PARTS} of both axes" in text
    assert "<image" in text
    assert "(one of 11 alike)" in text
