"""How many points a second does one process of a sweep run under the simulated DRAM?

    python -m benchmarks run sweep
    pytest benchmarks/bench_sweep.py -s                      and whether its rate is flat, and it survives being killed

    pytest benchmarks/bench_sweep.py -s -k large_store       bytes a point, and time to show and draw 100,000
    pytest benchmarks/bench_sweep.py -s -k simulated_dram    points a second and core, beside points that share nothing

The space is that of the design: VGG-16 on CIFAR-10 under 4 sharings, with 10 membrane, 5 weight and 5 spike buffers.
"""

from __future__ import annotations

import hashlib
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from benchmarks.frame.figure import Figure, Series, Target
from benchmarks.frame.session import Session
from lifsim.cli.main import main
from lifsim.sweeps.evaluate import Evaluator
from lifsim.sweeps.local import LocalPool
from lifsim.sweeps.outcome import Outcome
from lifsim.sweeps.plan import plan
from lifsim.sweeps.request import options_document, read_request
from lifsim.sweeps.run import run_points
from lifsim.sweeps.store import Store
from lifsim.units import counted

SHARINGS = ["none", "layer", "channel2", "channel4"]
VARY = (
    "buffers.membrane.size_bytes=8KiB:80KiB:+8KiB",
    "buffers.weight.size_bytes=16KiB:256KiB:x2",
    "buffers.spike_in.size_bytes=8KiB:128KiB:x2",
)
KILLS = 20
PAIRS = 3
ROWS = 100_000


def figures(session: Session) -> Iterator[Figure]:
    """Of one process, under the simulated DRAM, each sharing alone; the start of the process does not count."""
    for sharing in SHARINGS:
        made = plan(read_request(None, options_document({"sharing": [sharing]}, (), VARY)))
        outcomes: list[float] = []

        def stamp(_: object, stamps: list[float] = outcomes) -> None:
            stamps.append(time.perf_counter())

        with (
            Store.create_or_open(session.folder / sharing, made.job.description()) as store,
            LocalPool(made.job, 1) as pool,
        ):
            run_points(made.job, store, list(made.points), pool, stamp)
        rate = (len(outcomes) - 1) / (outcomes[-1] - outcomes[0])
        yield Figure(f"VGG-16, {sharing}", "points/s", Series((rate,)), better="more", target=Target(100))


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_thousand_points(benchmark: BenchmarkFixture, tmp_path: Path, jobs: int) -> None:
    made = plan(read_request(None, options_document({"sharing": SHARINGS}, (), VARY)))
    stamps: list[float] = []

    def sweep() -> None:
        with Store.create_or_open(tmp_path / "s", made.job.description()) as store, LocalPool(made.job, jobs) as pool:
            stamps.append(time.perf_counter())
            run_points(made.job, store, list(made.points), pool, lambda _: stamps.append(time.perf_counter()))

    benchmark.pedantic(sweep, rounds=1)
    hundreds = [100 / (stamps[last] - stamps[last - 100]) for last in range(100, 1001, 100)]
    rates = " ".join(f"{rate:.0f}" for rate in hundreds)
    print(f"\n{jobs} jobs: {stamps[-1] - stamps[0]:.1f} s; points a second, by hundreds: {rates}")


def test_killed_twenty_times_it_is_the_same_table(tmp_path: Path) -> None:
    def command(name: str) -> list[str]:
        vary = [part for axis in VARY for part in ("--vary", axis)]
        sharings = ["--sharing", ",".join(SHARINGS)]
        return [sys.executable, "-m", "lifsim", "sweep", *sharings, *vary, "--out", str(tmp_path / name)]

    chance = np.random.default_rng(0)
    kills = 0
    for _ in range(KILLS):
        sweep = subprocess.Popen(command("killed"), stderr=subprocess.DEVNULL)
        time.sleep(1 + 2 * chance.random())
        if sweep.poll() is None:
            sweep.send_signal(signal.SIGKILL)
            kills += 1
        sweep.wait()
    for name in ("killed", "undisturbed"):
        subprocess.run(command(name), check=True, stderr=subprocess.DEVNULL)
    rows = []
    for name in ("killed", "undisturbed"):
        with Store.read(tmp_path / name) as store:
            rows.append(list(store.rows()))
    print(f"\nkilled {counted(kills, 'time')}: {len(rows[0])} rows, the same: {rows[0] == rows[1]}")
    assert rows[0] == rows[1]
    assert len(rows[0]) == 1000


@pytest.mark.parametrize("sharing", ["none", "layer"])
def test_points_under_the_simulated_dram(sharing: str) -> None:
    """CPU time of one process, the least of PAIRS: all points by one evaluator, and each by one of its own, which
    shares nothing. The figures are the same."""
    made = plan(read_request(None, options_document({"sharing": [sharing]}, (), (*VARY, "dram.model=cycle"))))
    alone_points = list(made.points)[::25]
    together, alone = list[float](), list[float]()
    figures: dict[int, object] = {}
    for _ in range(PAIRS):
        evaluator, before = Evaluator(made.job), time.process_time()
        figures = {point: evaluator.outcome(point).figures for point in made.points}
        together.append((time.process_time() - before) / len(figures))
        before = time.process_time()
        for point in alone_points:
            assert Evaluator(made.job).outcome(point).figures == figures[point]
        alone.append((time.process_time() - before) / len(alone_points))
    ours, theirs = 1 / min(together), 1 / min(alone)
    print(f"\n{sharing}: points a second and core {ours:.1f}; alone {theirs:.1f}; ratio {ours / theirs:.2f}")


def test_what_a_large_store_takes(tmp_path: Path) -> None:
    """Rows that were run, again and again under other keys: bytes and CPU time of each, first and last."""
    made = plan(read_request(None, options_document({"sharing": ["layer"]}, (), VARY)))
    evaluator = Evaluator(made.job)
    run = [evaluator.outcome(point) for point in list(made.points)[:50]]
    took: list[float] = []
    with Store.create_or_open(tmp_path / "s", made.job.description()) as store:
        for point in range(ROWS):
            before, ours = time.process_time(), run[point % len(run)]
            key = hashlib.sha256(str(point).encode()).hexdigest()
            store.add(Outcome(point, key, ours.figures, ours.error), made.job.space.at(ours.point))
            took.append(time.process_time() - before)
    tenth = ROWS // 10
    first, last = (sum(part) / tenth for part in (took[:tenth], took[-tenth:]))
    size = (tmp_path / "s").stat().st_size / ROWS
    print(f"\n{ROWS:,} rows: {size:.0f} bytes each; add {first * 1e6:.0f} us at first, {last * 1e6:.0f} us at last")
    before = time.process_time()
    with Store.read(tmp_path / "s") as store:
        rows = sum(1 for _ in store.select(["sharing", "cycles.total", "energy_pj.total"]))
    print(f"three columns read, all checked: {(time.process_time() - before) / rows * 1e6:.1f} us a row")
    for command in (["store", "show"], ["plot", "sweep", "--pareto", "energy_pj.total,cycles.total"]):
        before = time.process_time()
        out = ["--out", str(tmp_path / "plot.png")] if command[0] == "plot" else []
        assert main([*command, str(tmp_path / "s"), *out]) == 0
        print(f"{' '.join(command)}: {time.process_time() - before:.1f} s of CPU")
