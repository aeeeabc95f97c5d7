"""Is an axis that changes nothing told for one, and none that changes something?"""

from __future__ import annotations

from itertools import product
from pathlib import Path
from typing import Any

import pytest

from lifsim.cli.main import main
from lifsim.sweeps.idle import first_points, idle_axes, idle_by_first
from lifsim.sweeps.space import Axis, Space
from lifsim.sweeps.values import Listed

AXES = (Axis("sharing", Listed(("none", "layer"))), Axis("a", Listed((1, 2, 3))), Axis("b", Listed((1, 2))))
SPACE = Space((Axis("workload", Listed(("n",))), *AXES))


def _rows(figures: dict[str, str]) -> list[dict[str, Any]]:
    """A point each. What a figure depends on: s for sharing, a, b; A of a under layer sharing, 2 of a where b is 2."""
    rows = []
    for s, a, b in product(("none", "layer"), (1, 2, 3), (1, 2)):
        of = {"s": s, "a": a, "b": b, "A": a if s == "layer" else 0, "2": a if b == 2 else 0}
        values = {name: [of[letter] for letter in letters] for name, letters in figures.items()}
        rows.append({"workload": "n", "sharing": s, "a": a, "b": b, **values, "error": None})
    return rows


@pytest.mark.parametrize(
    ("figures", "told"),
    [
        ({"cycles.total": "ab"}, ["sharing changes nothing: no figure differs between its values"]),
        ({"cycles.total": "sa"}, ["b changes nothing: no figure differs between its values"]),
        ({"cycles.total": "sb", "area_mm2": "a", "energy_pj.total": "a", "energy_pj.sram.standing": "a"},
         ["a changes only area and standing energy: no other figure differs between its values"]),
        ({"cycles.total": "sb", "energy_pj.sram.work": "a"}, []),
        ({"cycles.total": "sbA", "area_mm2": "a"},
         ["a changes only area and standing energy where sharing is none: no other figure differs between its values"]),
        ({"cycles.total": "s2b"}, ["a changes nothing where b is 1: no figure differs between its values"]),
        ({"cycles.total": "sab"}, []),
    ],
)  # fmt: skip
def test_what_does_nothing_is_told(figures: dict[str, str], told: list[str]) -> None:
    assert [str(idle) for idle in idle_axes(_rows(figures), SPACE.axes)] == told


def test_points_that_failed_or_stand_alone_tell_nothing() -> None:
    rows = _rows({"cycles.total": "sb"})
    failed = [row | {"cycles.total": None, "error": "broken"} if row["a"] == 3 else row for row in rows]
    assert [idle.key for idle in idle_axes(failed, SPACE.axes)] == ["a"]
    assert idle_axes([rows[0], rows[5], rows[10]], SPACE.axes) == []
    assert idle_axes([], SPACE.axes) == []


def test_the_first_points_have_both_ends_of_every_axis_under_every_sharing() -> None:
    found = [tuple(SPACE.at(point)[key] for key in ("sharing", "a", "b")) for point in first_points(SPACE)]
    assert sorted(found) == [(s, *rest) for s in ("layer", "none") for rest in ((1, 1), (1, 2), (3, 1))]


def test_the_first_points_have_both_ends_under_whatever_is_a_word() -> None:
    """A membrane buffer is idle under one schedule, not under the next."""
    schedules = Axis("schedule", Listed(("tick", "timestep", "fused")))
    space = Space((AXES[0], schedules, AXES[1]))
    rows = [space.at(point) | {"error": None} for point in first_points(space)]
    assert len(rows) == 2 * 3 * 2
    for row in rows:
        row["cycles.total"] = (row["sharing"], row["schedule"], row["schedule"] == "timestep" and row["a"])
    told = ["a changes nothing where schedule is tick, fused: no figure differs between its values"]
    assert [str(idle) for idle in idle_by_first(rows, space)] == told


def test_the_first_points_tell_of_words_only_if_they_have_all() -> None:
    """The first and the last schedule may come to the same, those between them to something else."""
    few, many = (Axis("schedule", Listed(tuple(map(str, range(count))))) for count in (32, 33))
    for axis, told in ((few, ["schedule"]), (many, [])):
        space = Space((axis, AXES[2]))
        rows = [space.at(point) | {"error": None} for point in first_points(space)]
        found = idle_by_first([row | {"cycles.total": row["b"]} for row in rows], space)
        assert [idle.key for idle in found] == told


def test_a_sweep_tells_it_at_its_start_and_at_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    space = ("--workload", "lenet5_mnist", "--set", "dram.model=ideal", "--jobs", "1")
    told = (
        "buffers.membrane.size_bytes changes only area and standing energy: no other figure differs between its values"
    )
    sizes = ("--vary", "buffers.membrane.size_bytes=1KiB:256KiB:x2")
    assert main(["sweep", *space, *sizes, "--out", "long"]) == 0
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == f"note: by the first 2 points, {told}"
    assert [line for line in lines if " changes " in line] == lines[:1]
    for _ in range(2):
        assert main(["sweep", *space, "--vary", "buffers.membrane.size_bytes=1KiB,2KiB", "--out", "short"]) == 0
        assert [line for line in capsys.readouterr().err.splitlines() if "note" in line] == [f"note: {told}"]
    assert main(["sweep", *space, "--vary", "array.rows=4,8", "--out", "other"]) == 0
    assert " changes " not in capsys.readouterr().err
    used = ("--vary", "buffers.weight.double_buffered=false,true")
    assert main(["sweep", *space, *used, "--out", "used"]) == 0
    told = "buffers.weight.double_buffered changes nothing: no figure differs between its values"
    assert f"note: {told}\n" in capsys.readouterr().err
