"""Does the search find the least within its limits, ask the same again, and share its store with a sweep?"""

from __future__ import annotations

from pathlib import Path

import pytest

from lifsim.cli.main import main
from lifsim.errors import InputError
from lifsim.schedule.traffic import DramBytes
from lifsim.sweeps.optimise import Limit
from lifsim.sweeps.outcome import figure_names
from lifsim.sweeps.store import Store
from lifsim.sweeps.stored_row import Row
from lifsim.training.traffic import StageBytes

pytest.importorskip("optuna")

SPACE = ("--workload", "lenet5_mnist", "--sharing", "none,channel2", "--vary", "array.rows=1:12", "--vary",
         "array.cols=2:16:+2")  # fmt: skip


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def _rows(path: str) -> list[Row]:
    with Store.read(Path(path)) as store:
        return list(store.rows())


def _search(out: str, *arguments: str) -> int:
    return main(["optimize", *SPACE, "--minimise", "cycles.total", "--limit", "area_mm2<0.9", *arguments, "--out", out])


@pytest.mark.slow
def test_a_search_comes_near_the_least_within_limits(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sweep", *SPACE, "--out", "whole"]) == 0
    allowed = sorted(r.figures["cycles.total"] for r in _rows("whole") if r.figures["area_mm2"] < 0.9)
    assert 20 < len(allowed) < 190
    assert _search("s", "--points", "60") == 0
    found = [row for row in _rows("s") if row.figures["area_mm2"] < 0.9]
    assert len(_rows("s")) <= 60
    assert min(row.figures["cycles.total"] for row in found) <= allowed[len(allowed) // 10]
    out = capsys.readouterr().out
    assert f"{min(row.figures['cycles.total'] for row in found):,}" in out


@pytest.mark.slow
def test_a_search_that_goes_on_asks_the_same_points_and_runs_none_twice(capsys: pytest.CaptureFixture[str]) -> None:
    assert _search("short", "--points", "16") == 0
    assert _search("short", "--points", "40", "--jobs", "1") == 0
    assert _search("long", "--points", "40", "--jobs", "2") == 0
    assert _rows("short") == _rows("long")
    capsys.readouterr()
    assert _search("long", "--points", "40") == 0
    assert "(0 new" in capsys.readouterr().err


@pytest.mark.slow
def test_a_search_and_a_sweep_use_each_others_points(capsys: pytest.CaptureFixture[str]) -> None:
    assert _search("s", "--points", "16") == 0
    searched = len(_rows("s"))
    capsys.readouterr()
    assert main(["sweep", *SPACE, "--out", "s"]) == 0
    assert f"192 points ({192 - searched} new" in capsys.readouterr().err
    assert _search("s", "--points", "16") == 0
    assert "(0 new" in capsys.readouterr().err


def test_a_small_space_is_run_whole() -> None:
    small = ("--workload", "lenet5_mnist", "--vary", "array.rows=1:5")
    assert main(["optimize", *small, "--points", "5", "--out", "s"]) == 0
    assert [row.point for row in _rows("s")] == [0, 1, 2, 3, 4]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--minimise", "energy_pj.totl"], "did you mean 'energy_pj.total'"),
        (["--limit", "area_mm2"], "must be a figure, one of < <= > >="),
        (["--limit", "area<1"], "'area' must be a figure of a run in numbers"),
        (["--minimise", "sharing"], "'sharing' must be a figure of a run in numbers"),
        (["--minimise", "bound"], "'bound' must be a figure of a run in numbers"),
        (["--minimise", "dram.cycles", "--set", "dram.model=ideal"], "'dram.cycles' must be a figure of a run"),
        (["--limit", "area_mm2<1e-9"], "no point of 8 keeps to area_mm2 < 1e-09"),
    ],
)
def test_nonsense_is_refused_with_its_reason(
    capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    assert main(["optimize", *SPACE, *arguments, "--points", "8", "--out", "s"]) == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("figure", "said"),
    [
        (
            "energy_pj.total",
            "energy_pj.total, work, idle and standing energy together; energy_pj.total.work ranks by work",
        ),
        ("energy_pj.total.work", "energy_pj.total.work, work alone: without .idle, .standing"),
        ("energy_pj.dram.activate", "energy_pj.dram.activate\n"),
        ("cycles.total", "cycles.total\n"),
    ],
)
def test_it_says_what_it_ranks_by(capsys: pytest.CaptureFixture[str], figure: str, said: str) -> None:
    small = ("--workload", "lenet5_mnist", "--vary", "array.rows=1,16")
    assert main(["optimize", *small, "--minimise", figure, "--points", "2", "--out", "s"]) == 0
    told = capsys.readouterr()
    assert f"ranked by {said}" in told.err
    rows = sorted(_rows("s"), key=lambda row: float(row.figures[figure]))
    best = told.out.splitlines()[3]
    assert f" {rows[0].settings['array.rows']} " in best


def test_that_sharings_leave_fewer_lif_units_is_said_once(capsys: pytest.CaptureFixture[str]) -> None:
    small = ("--workload", "lenet5_mnist", "--sharing", "none,channel2")
    assert main(["optimize", *small, "--limit", "area_mm2<9", "--points", "2", "--jobs", "1", "--out", "s"]) == 0
    told = capsys.readouterr()
    assert (told.out + told.err).count("channel2 leaves 1 of 2 LIF units") == 1
    assert "2 of 2 points keep to area_mm2 < 9" in told.err


def test_a_goal_is_judged_before_any_point_is_run(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["optimize", *SPACE, "--minimise", "sharing", "--limit", "cycles.totl<1", "--out", "s"]) == 2
    told = capsys.readouterr().err
    assert "'sharing' must be a figure of a run in numbers; valid: cycles.total, cycles.array," in told
    assert "did you mean 'cycles.total'" in told
    assert not Path("s").exists()


@pytest.mark.parametrize("device", ["lpddr3_1600_x32", "ddr4_2400"])
def test_the_names_of_figures_are_those_of_runs(device: str) -> None:
    given = ["sweep", "--workload", "lenet5_mnist", "--set", f"dram.device={device}", "--out", "s", "--batch", "1"]
    assert main([*given, "--vary", "dram.model=cycle,ideal", "--vary", "mode=inference,training"]) == 0
    found = {(row.settings["mode"], row.settings["dram.model"]): row.figures.items() for row in _rows("s")}
    numbers = {point: {k for k, v in figures if isinstance(v, int | float)} for point, figures in found.items()}
    only_asleep = ("power_down", "self_refresh", "standby_pj") if device == "ddr4_2400" else ()
    names = {name for name in figure_names() if not any(word in name for word in only_asleep)}
    only_trained = {f"dram_bytes.{name}" for name in StageBytes().shown().keys() - DramBytes().shown().keys()}
    assert numbers["training", "cycle"] == names
    assert numbers["inference", "cycle"] == names - only_trained
    assert numbers["training", "ideal"] == {name for name in names if not name.startswith("dram.")}
    assert numbers["inference", "ideal"] == numbers["training", "ideal"] - only_trained


def test_limits_are_met_as_their_signs_say() -> None:
    figures = {"a": 2.0}
    for text, met in (("a<2", False), ("a<=2", True), ("a>2", False), ("a >= 2", True), ("a<1e1", True)):
        limit = Limit.parse(text)
        assert limit.is_met(figures) == met
        assert (limit.excess(figures) > 0) <= (not met)
    for text in ("", "a", "a<", "<2", "a=2", "a<b", "a<1.2.3", "a<" + "9" * 300):
        with pytest.raises(InputError):
            Limit.parse(text)
