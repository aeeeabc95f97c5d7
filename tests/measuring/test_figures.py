"""Ratios, gaps, targets, tables and exponents of known figures; pairs and processes of known cost."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks import bench_batch, bench_scale
from benchmarks.bench_growth import AXES
from benchmarks.frame.figure import Figure, Limit, Series, Target
from benchmarks.frame.growth import Axis, Growth, exponent, measure
from benchmarks.frame.load import Load
from benchmarks.frame.machine import Machine
from benchmarks.frame.members import FOLDER, Benchmark, benchmarks
from benchmarks.frame.paired import Command, cost, in_process, processes
from benchmarks.frame.results import Record
from benchmarks.frame.session import Session
from benchmarks.frame.table import DOCS, MARKED, amount, rendered, section
from lifsim.sweeps.evaluate import Evaluator

MACHINE = Machine("Some CPU", 2, 8.3, "Linux 6", {"python": "3.11"}, "abc", "2026-01-01 10:00 UTC")
SECONDS = Figure("a run", "s", Series((2.0, 1.0, 4.0)), "the past", Series((4.0, 3.0, 4.0)))
RATE = Figure("bursts", "M bursts/s", Series((10.0,)), "DRAMsim3", Series((0.5,)), "more")


def test_less_seconds_are_better_and_more_of_a_rate() -> None:
    """The ratio is the median of the pairs' own, 2, 3 and 1."""
    assert SECONDS.ratio == 2.0
    assert RATE.ratio == 20.0
    assert replace(SECONDS, theirs=None).ratio is None


def test_a_gap_is_how_many_times_as_good_the_limit_is() -> None:
    assert replace(SECONDS, limit=Limit(0.5, "imports")).gap == 4.0
    assert replace(RATE, limit=Limit(800.0, "a loop")).gap == 80.0
    assert SECONDS.gap is None


@pytest.mark.parametrize(
    ("figure", "target", "met"),
    [
        (SECONDS, Target(2.0), True),
        (SECONDS, Target(1.9), False),
        (SECONDS, Target(2.0, "ratio"), True),
        (SECONDS, Target(2.1, "ratio"), False),
        (RATE, Target(10.0), True),
        (RATE, Target(11.0), False),
        (replace(RATE, theirs=None), Target(2.0, "ratio"), None),
        (RATE, None, None),
        (replace(SECONDS, ours=Series((-0.1,))), Target(2.0), True),
    ],
)
def test_targets_are_of_the_figure_or_of_the_ratio(figure: Figure, target: Target | None, met: bool | None) -> None:
    assert replace(figure, target=target).met is met


def test_a_series_has_a_round() -> None:
    with pytest.raises(ValueError, match="one at least"):
        Series(())


def test_rounds_become_rates() -> None:
    assert Series((2.0, 4.0)).rate(8.0) == Series((4.0, 2.0))
    assert Series((2.0, 4.0)).scaled(1e3).median == 3000.0


@pytest.mark.parametrize(("value", "told"), [(0.01234, "0.0123"), (1.0, "1"), (99.96, "100"), (12345.6, "12,346")])
def test_figures_have_three_digits(value: float, told: str) -> None:
    assert amount(value) == told


def test_a_table_tells_figure_peer_ratio_target_limit_gap_and_load() -> None:
    first = replace(SECONDS, target=Target(2.5, "ratio"), limit=Limit(0.5, "imports"))
    figures = (first, replace(RATE, theirs=None, target=Target(5.0)))
    records = [Record(figure, MACHINE, 0.05, Load(0.02, 0.01, 9.0)) for figure in figures]
    assert section(Benchmark("cli", "", lambda _: iter(())), records).splitlines() == [
        "| figure | LIFSim | peer | ratio | target | limit | gap |",
        "|---|---:|---:|---:|---:|---:|---:|",
        "| a run | 2 (1 to 4) s | the past: 4 (3 to 4) s | 2.00 x | 2.5 x: missed | 0.5 s, imports | 4.0 x |",
        "| bursts | 10 M bursts/s | DRAMsim3: not measured here |  | 5 M bursts/s: met |  |  |",
        "",
        "`python -m benchmarks run cli`: 2026-01-01 10:00 UTC, commit abc, Some CPU, cores: 2, 8.3 GB, Linux 6, python"
        " 3.11; load 0.05 before, beside it at most 3.0% of a core.",
    ]


def test_runs_of_several_days_are_told_apart() -> None:
    later = replace(MACHINE, date="2026-01-02 10:00 UTC")
    records = [Record(SECONDS, MACHINE, 0.05, Load(0, 0, 9.0)), Record(RATE, later, 0.1, Load(0, 0, 9.0))]
    told = section(Benchmark("cli", "", lambda _: iter(())), records)
    assert "2026-01-01 10:00 UTC (a run), " in told
    assert "2026-01-02 10:00 UTC (bursts), " in told


def test_tables_are_put_between_their_markers_alone() -> None:
    text = "# Speed\n\n<!-- figures of cli -->\nold\n<!-- end of figures -->\n\nText.\n"
    member = Benchmark("cli", "", lambda _: iter(()))
    once = rendered(text, {"cli": member}, {})
    assert once == text.replace("old", "\nNot measured yet on an idle machine: `python -m benchmarks run cli`.\n")
    assert rendered(once, {"cli": member}, {}) == once
    with pytest.raises(KeyError):
        rendered(text, {}, {})


def test_tables_of_all_stand_under_their_titles() -> None:
    """Questions keep their mark."""
    members = {"a": Benchmark("a", "Is it fast?", lambda _: iter(())), "b": Benchmark("b", "Runs.", lambda _: iter(()))}
    text = rendered("<!-- figures of all -->\n<!-- end of figures -->\n", members, {})
    assert [line for line in text.splitlines() if line.startswith("#")] == ["## Is it fast?", "## Runs"]
    assert rendered(text, members, {}) == text


def test_the_documents_have_the_tables_of_all() -> None:
    assert "all" in [found["name"] for found in MARKED.finditer((DOCS / "performance.md").read_text("utf-8"))]
    for page in DOCS.glob("*.md"):
        for found in MARKED.finditer(page.read_text("utf-8")):
            assert found["name"] == "all" or found["name"] in benchmarks()


def test_files_register_their_figures() -> None:
    """The limits come first. A file without figures is for pytest, or a script."""
    found = benchmarks()
    assert next(iter(found)) == "roofline"
    for file in FOLDER.glob("bench_*.py"):
        name, text = file.stem.removeprefix("bench_"), file.read_text("utf-8")
        assert (name in found) == ("def figures(" in text)
        assert name in found or "def test_" in text or "def main(" in text
    assert {"cli", "dram", "growth", "scale", "schedule", "sweep", "timing"} <= set(found)


def test_bytes_that_travel_are_those_of_the_documents() -> None:
    text = (DOCS / "scale.md").read_text("utf-8")
    sent, outcome = bench_scale._bytes(bench_scale._plan(*bench_scale.SWEEPS["VGG-16"]))
    assert "the job, some 30 kB," in text
    assert sent == pytest.approx(30e3, rel=0.15)
    assert "its outcome (1.8 kB;" in text
    assert outcome == pytest.approx(1.8e3, rel=0.15)


def test_a_hundred_workers_are_held_against_what_one_does() -> None:
    whole, *busy = bench_scale._hundred("a space", "points", 10.0, {"scheduler": 0.005, "client": 0.0})
    assert whole.name == "a space, 100 workers, reckoned"
    assert whole.limit == Limit(1000.0, "100 times 1 worker")
    assert whole.ours.median == pytest.approx(200, rel=0.01)
    assert [each.name.rpartition(": ")[2] for each in busy] == ["scheduler busy", "client busy"]
    assert [each.ours.median for each in busy] == pytest.approx([whole.ours.median / 2, 0])


@pytest.mark.parametrize("name", bench_scale.SWEEPS)
def test_points_of_the_swept_spaces_do_not_fail(name: str) -> None:
    made = bench_scale._plan(*bench_scale.SWEEPS[name])
    assert Evaluator(made.job).outcome(made.points[0]).error is None


def test_a_hundred_workers_have_longer_handfuls_and_more_heartbeats() -> None:
    """100 workers: handfuls of 2 s instead of 0.5 s; 50 heartbeats a second instead of 4."""
    costs = bench_scale.Costs(network_s=1e-5, row_s=3e-5, fixed=0.01)
    assert costs.left(0.014) == pytest.approx(1 - 0.01 - 0.004 * 50 / 4)
    assert costs.left(0.005) == 1 - 0.01
    found = costs.stations(scheduler_s=4e-4, client_s=7e-5, idle=0.014)
    assert found["scheduler"] == pytest.approx(1e-4 / costs.left(0.014))
    assert found["client"] == pytest.approx(4e-5)
    assert found["network"] == 1e-5


def test_batches_are_measured_as_whole_commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench_batch, "WORKLOAD", "lenet5_mnist")
    found = {figure.name: figure for figure in bench_batch.figures(Session(1, tmp_path, past=FOLDER.parent))}
    assert [*found] == [f"ResNet-19, 224 x 224, batch {batch}{what}" for batch in (1, 16) for what in ("", ": memory")]
    assert all(figure.ratio for figure in found.values())
    written = sorted(file.name for file in (tmp_path / "past" / "reports").iterdir())
    assert [name.startswith("lenet5_mnist") and "ddr4_2400" in name for name in written] == [True, True]


def test_list_names_them() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", "list"], cwd=FOLDER.parent, capture_output=True, text=True, check=True
    )
    assert [line.split()[0] for line in done.stdout.splitlines()] == list(benchmarks())


@pytest.mark.parametrize("power", [0.0, 0.5, 1.0, 2.0])
def test_exponents_of_powers_are_found(power: float) -> None:
    """Of the largest four sizes: what a call costs at least bends the smaller ones."""
    sizes = (1, 16, 64, 256, 1024)
    costs = (7.0, *(3.0 * size**power for size in sizes[1:]))
    assert exponent(sizes, costs) == pytest.approx(power)
    assert Growth(sizes, costs, (100.0,) * 5).exponent == pytest.approx(power)
    assert Growth(sizes, costs, (100.0,) * 5).memory_exponent == pytest.approx(0)


def test_exponents_of_noise_are_least_squares() -> None:
    rng = np.random.default_rng(0)
    sizes = (2, 4, 8, 16)
    costs = tuple(size * float(np.exp(0.01 * rng.standard_normal())) for size in sizes)
    x, y = np.log2(sizes) - 2.5, np.log2(costs)
    assert exponent(sizes, costs) == pytest.approx(float((x * y).sum() / (x * x).sum()))


def test_only_the_call_is_measured() -> None:
    """Not what prepares it: 20 ms of CPU, not 200."""
    spent = []

    def burn(ms: int) -> None:
        spent.append(ms)
        sum(range(20_000 * ms))

    def prepare(size: int) -> object:
        burn(200)
        return lambda: burn(size)

    found = measure({"work": Axis((1, 20), prepare)}, "work", 20)  # type: ignore[arg-type]
    assert spent[:3] == [200, 1, 200]
    assert set(spent[3:]) == {20}
    assert found["cpu_s"] > 0
    assert found["peak_mb"] > 10


def test_axes_ascend() -> None:
    for axis in AXES.values():
        assert list(axis.sizes) == sorted(axis.sizes)
        assert len(axis.sizes) >= 4


def test_sides_take_turns() -> None:
    turns: list[str] = []
    clock = iter(range(100))
    pair = in_process(lambda: turns.append("a"), lambda: turns.append("b"), 2, clock=lambda: float(next(clock)))
    assert turns == ["a", "b"] * 3
    assert pair.theirs is not None
    assert pair.ours.rounds == pair.theirs.rounds == (1.0, 1.0)
    assert in_process(lambda: None, None, 1).theirs is None


def test_a_process_is_measured_by_what_it_uses(tmp_path: Path) -> None:
    """100 MB that are written, and nothing of what this process has."""
    small = cost(Command((sys.executable, "-S", "-c", "pass"), tmp_path))
    large = cost(Command((sys.executable, "-S", "-c", "bytearray(b'x' * 100_000_000)"), tmp_path))
    assert 0 < small.cpu_s < 60
    assert small.peak_mb < 40
    assert large.peak_mb - small.peak_mb > 90


def test_processes_run_in_their_folder_with_their_environment(tmp_path: Path) -> None:
    text = "import os, pathlib; pathlib.Path(os.environ['SIDE']).open('a').write('x')"
    sides = [Command((sys.executable, "-c", text), tmp_path, {"SIDE": side}) for side in "ab"]
    found = processes(sides[0], sides[1], 2)
    assert [(tmp_path / side).read_text() for side in "ab"] == ["xxx", "xxx"]
    assert len(found.wall_s.ours.rounds) == 2
    assert found.peak_mb.theirs is not None


def test_a_process_that_fails_is_no_figure(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="it is broken"):
        cost(Command((sys.executable, "-c", "raise SystemExit('it is broken')"), tmp_path))
