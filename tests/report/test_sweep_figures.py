"""Do the figures of a sweep show its points, the least where there are several, and the true Pareto front?"""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.figure import Figure

from lifsim.cli.main import main
from lifsim.report.figures.sweep_dots import drawn
from lifsim.report.figures.sweep_lines import Shown, draw, table
from lifsim.report.figures.sweep_pareto import MOST_TOLD, front_words
from lifsim.sweeps.outcome import Outcome
from lifsim.sweeps.store import Store

SIZES, ROWS = (1024, 2048, 65536), (8, 16)


@pytest.fixture(autouse=True)
def stored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with Store.create_or_open(Path("s"), {}) as store:
        point = 0
        for sharing in ("none", "channel2"):
            for size in SIZES:
                for rows in ROWS:
                    settings = {"sharing": sharing, "buffers.membrane.size_bytes": size, "array.rows": rows}
                    halves = 1 if sharing == "none" else 2
                    figures = {"cycles.total": 10**7 * rows // halves, "energy_pj.total": 1e9 * size / rows}
                    store.add(Outcome(point, f"{point:064d}", figures), settings)
                    point += 1
        store.add(Outcome(point, "f" * 64, None, "broken"), {"sharing": "layer"})


def test_lines_hold_the_least_and_the_most_over_what_is_not_shown() -> None:
    arguments = ["--x", "buffers.membrane.size_bytes", "--y", "cycles.total", "--by", "sharing"]
    assert main(["plot", "sweep", "s", *arguments, "--out", "l.svg"]) == 0
    table = pd.read_csv("l.csv")
    assert table["sharing"].tolist() == ["none"] * 3 + ["channel2"] * 3
    assert table["buffers.membrane.size_bytes"].tolist() == [*SIZES, *SIZES]
    assert table["cycles.total"].tolist() == [80_000_000] * 3 + [40_000_000] * 3
    assert table["cycles.total.most"].tolist() == [160_000_000] * 3 + [80_000_000] * 3
    assert table["points"].tolist() == [2] * 6
    drawn = Path("l.svg").read_text()
    for label in ("1 KiB", "64 KiB", "least over PE array: rows", "channel2", "cycles: total [million cycles]"):
        assert label in drawn


@pytest.mark.parametrize(("values", "top"), [((1000, 1001), 1001), ((0, 0), 0)])
def test_no_point_of_a_line_lies_on_the_upper_edge(values: tuple[int, int], top: int) -> None:
    lines = table(pd.DataFrame({"array.rows": [8, 16], "cycles.total": values}), "array.rows", "cycles.total", None)
    axes = Figure().subplots()
    draw(lines, Shown("array.rows", "cycles.total"), axes)
    assert axes.get_ylim()[0] == 0
    assert axes.get_ylim()[1] > 1.05 * top


def test_where_keeps_only_points_with_these_values() -> None:
    arguments = ["--x", "array.rows", "--where", "buffers.membrane.size_bytes=1KiB:2KiB:x2", "--where", "sharing=none"]
    assert main(["plot", "sweep", "s", *arguments, "--out", "l.png"]) == 0
    table = pd.read_csv("l.csv")
    assert table["energy_pj.total"].tolist() == [1e9 * 1024 / 8, 1e9 * 1024 / 16]
    assert table["points"].tolist() == [2, 2]


def test_a_map_holds_every_pair_of_two_axes() -> None:
    arguments = ["--heat", "buffers.membrane.size_bytes,array.rows", "--y", "cycles.total", "--out", "h.pdf"]
    assert main(["plot", "sweep", "s", *arguments]) == 0
    table = pd.read_csv("h.csv")
    pairs = zip(table["array.rows"], table["buffers.membrane.size_bytes"], strict=True)
    assert list(pairs) == [(rows, size) for rows in ROWS for size in SIZES]
    assert table["cycles.total"].tolist() == [40_000_000] * 3 + [80_000_000] * 3


def test_the_points_of_a_front_are_told_by_what_varies() -> None:
    """Named once: a number by itself would be anything."""
    import pandas as pd

    settings = ["workload", "sharing", "array.rows", "buffers.weight.size_bytes"]
    points = pd.DataFrame(
        [("lenet5", "none", 4, 8192, True), ("lenet5", "layer", 8, 8192, False), ("lenet5", "layer", 8, 65536, True)],
        columns=[*settings, "front"],
    )
    said = "front (sharing, PE array rows, weight buffer size): 1: none, 4, 8 KiB; 2: layer, 8, 64 KiB"
    assert front_words(points, settings) == said
    assert front_words(points[:1], settings) == "front: 1"
    many = pd.DataFrame({"array.rows": range(1, MOST_TOLD + 3), "front": True})
    assert front_words(many, ["array.rows"]).endswith("12: 12; 2 more: in the table beside the figure")


def test_a_pareto_figure_marks_its_front() -> None:
    assert main(["plot", "sweep", "s", "--pareto", "energy_pj.total,cycles.total", "--by", "sharing"]) == 0
    table = pd.read_csv("reports/sweep.csv")
    assert len(table) == 12
    front = table[table["front"]]
    assert list(zip(front["sharing"], front["buffers.membrane.size_bytes"], front["array.rows"], strict=True)) == [
        ("channel2", 1024, 16),
        ("channel2", 1024, 8),
    ]


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=1, max_size=30))
def test_the_front_is_what_no_point_dominates(points: list[tuple[int, int]]) -> None:
    def dominated(point: tuple[int, int]) -> bool:
        return any(other != point and other[0] <= point[0] and other[1] <= point[1] for other in points)

    found = drawn(pd.DataFrame(points, columns=["x", "y"]), "x", "y", None)
    at = list(zip(found["x"], found["y"], strict=True))
    assert at == sorted(points)
    assert found["front"].tolist() == [not dominated(point) for point in at]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "one of --x, --heat and --pareto must be given"),
        (["--x", "array.rows", "--pareto", "a,b"], "one of --x, --heat and --pareto"),
        (["--x", "array.row"], "did you mean 'array.rows'"),
        (["--x", "array.rows", "--y", "sharing"], "'sharing' must be a figure in numbers"),
        (["--pareto", "cycles.total"], "must be two names"),
        (["--heat", "array.rows,array.rows"], "must be two axes"),
        (["--x", "array.rows", "--where", "sharing=layer"], "must have a point to draw"),
        (["--x", "array.rows", "--where", "sharing"], "must have the form key=value"),
    ],
)
def test_nonsense_is_refused_with_its_reason(
    capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    assert main(["plot", "sweep", "s", *arguments, "--out", "x.png"]) == 2
    assert message in capsys.readouterr().err
    assert not Path("x.png").exists()


VALUES: tuple[tuple[object, ...], ...] = (
    ([1, 2], [1, 3], [2, 2]),
    ({"a": 1}, {"a": 2}, {"b": [1]}),
    (None, 4, 8),
    ("os", [1], None),
    (True, False, None),
    (1 << 70, 3, 1 << 100),
    (10**400, 3, "x"),
)


@pytest.mark.parametrize("values", VALUES)
def test_an_axis_may_hold_anything(values: tuple[object, ...], capsys: pytest.CaptureFixture[str]) -> None:
    with Store.create_or_open(Path("any"), {}) as store:
        for point, value in enumerate([*values, *values]):
            settings = {"axis": value, "sharing": "none" if point < len(values) else "layer"}
            figures = {"cycles.total": (point + 1) << 100, "energy_pj.total": 1.5}
            store.add(Outcome(point, f"{point:064d}", figures), settings)
    for number, arguments in enumerate(
        (
            ["--x", "axis", "--y", "cycles.total", "--by", "sharing"],
            ["--x", "sharing", "--by", "axis"],
            ["--heat", "axis,sharing"],
            ["--heat", "sharing,axis", "--y", "cycles.total"],
            ["--pareto", "energy_pj.total,cycles.total", "--by", "axis"],
        )
    ):
        assert main(["plot", "sweep", "any", *arguments, "--out", f"{number}.svg"]) == 0, capsys.readouterr().err
    table = pd.read_csv("0.csv", keep_default_na=False)
    if all(type(value) is int for value in values):
        assert set(table["axis"].astype(float)) == set(map(float, values))  # type: ignore[arg-type]
    else:
        written = {value if isinstance(value, str) else json.dumps(value) for value in values}
        assert {text.lstrip("'").lower() for text in map(str, table["axis"])} == {text.lower() for text in written}
    assert len(table) == 6


def test_points_without_a_value_on_an_axis_have_a_place_there() -> None:
    """A store may hold a point that lacks the axis, in front of those that have it."""
    with Store.create_or_open(Path("gaps"), {}) as store:
        for point, settings in enumerate(({}, {"axis": 4}, {"axis": 8})):
            store.add(Outcome(point, f"{point:064d}", {"cycles.total": 5, "energy_pj.total": 1.5}), settings)
    for number, arguments in enumerate((["--x", "axis"], ["--heat", "axis,cycles.total"])):
        assert main(["plot", "sweep", "gaps", *arguments, "--out", f"{number}.svg"]) == 0
    assert pd.read_csv("0.csv", keep_default_na=False)["axis"].astype(str).tolist() in (
        ["null", "4.0", "8.0"],
        ["null", "4", "8"],
    )
