"""Is long work told as it goes on, whole at its end, and in stretches that change nothing?"""

from __future__ import annotations

import io
import itertools
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console
from rich.progress import Progress, TaskProgressColumn

import lifsim
from lifsim import room
from lifsim.cli import watching
from lifsim.cli.main import main
from lifsim.config.dram import load_dram
from lifsim.errors import InputError
from lifsim.hardware.dram import stream
from lifsim.hardware.dram.simulate import simulate
from lifsim.hardware.pipeline import timing
from lifsim.interchange.dram_trace import read_dram_trace
from lifsim.report.progress_columns import progress_columns
from lifsim.watch import Tally, part_of, stretches
from tests.dram.streams import random_stream, runs_of_bursts


class Seen:
    """All that a watch was told, by work."""

    def __init__(self) -> None:
        self.told: dict[str, list[tuple[int, int]]] = {}

    def __call__(self, work: str, done: int, total: int) -> None:
        self.told.setdefault(work, []).append((done, total))

    def check(self) -> None:
        """Work grows, up to its total at most."""
        for told in self.told.values():
            assert [done for done, _ in told] == sorted(done for done, _ in told)
            assert len({total for _, total in told}) == 1
            assert all(0 <= done <= total for done, total in told if total)


def test_a_tally_adds_up_and_parts_are_named() -> None:
    seen = Seen()
    tally = Tally(part_of("sharing none", seen), "spikes", 10)
    for amount in (3, 7):
        tally.add(amount)
    assert seen.told == {"sharing none: spikes": [(3, 10), (10, 10)]}


def test_stretches_grow_while_they_are_short_and_shrink_when_they_take_long(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr("lifsim.watch.time.monotonic", lambda: now[0])
    found = []
    for length in itertools.islice(stretches(8), 12):
        found.append(length)
        now[0] += length / 100
    assert found == [8, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16]
    found.clear()
    for length in itertools.islice(stretches(1000), 7):
        found.append(length)
        now[0] += length / 100
    assert found == [1000, 500, 250, 125, 62, 31, 31]


@pytest.mark.parametrize("writes", [0.0, 0.4, 1.0])
@pytest.mark.parametrize("name", ["ddr4_2400", "hbm2"])
def test_a_dram_that_is_watched_does_what_it_does_unwatched(
    name: str, writes: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = load_dram(name)
    for requests in (random_stream(spec, 1, 400, writes, 4096, 0.2), runs_of_bursts(spec, 2, 12, 300, writes)):
        monkeypatch.setattr(stream, "FIRST_CYCLES", stream.FAR)
        whole = simulate(spec, requests)
        monkeypatch.setattr(stream, "FIRST_CYCLES", 13)
        monkeypatch.setattr("lifsim.watch.STRETCH_S", 0.0)  # stretches do not grow
        seen = Seen()
        assert simulate(spec, requests, seen) == whole
        assert len(seen.told["DRAM bursts"]) > 20
        seen.check()


@pytest.mark.parametrize("settings", [[], ["dram.model=bandwidth", "dram.bandwidth_bytes_per_s=10GB"]])
@pytest.mark.parametrize("mode", ["inference", "training"])
def test_a_run_that_is_watched_is_the_run_that_is_not(
    mode: str, settings: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(watch: Callable[[str, int, int], None]) -> lifsim.Result:
        arch = "sata_training" if mode == "training" else "sata128"
        return lifsim.run(arch, "lenet5_mnist", "channel2", mode=mode, batch=3, overrides=settings, watch=watch)

    monkeypatch.setattr(timing, "FIRST_STEPS", 1 << 40)
    whole = run(lambda *_: None)
    monkeypatch.setattr(timing, "FIRST_STEPS", 1)
    monkeypatch.setattr("lifsim.watch.STRETCH_S", 0.0)
    seen = Seen()
    stretched = run(seen)
    assert stretched.records == whole.records
    assert stretched.totals == whole.totals
    assert set(seen.told) == {"spikes", "KiB of DRAM traffic"}
    assert len(seen.told["KiB of DRAM traffic"]) > 10
    assert seen.told["spikes"][-1][0] == seen.told["spikes"][-1][1] > 0
    seen.check()


def test_the_engine_is_watched_layer_by_layer() -> None:
    seen = Seen()
    lifsim.run(workload="lenet5_mnist", spikes="engine", batch=2, watch=seen)
    for work in ("layers calibrated", "images of layers", "spikes"):
        assert seen.told[work][-1][0] == seen.told[work][-1][1] > 0
    seen.check()


def test_a_trace_is_read_and_written_under_watch(tmp_path: Path) -> None:
    path, seen = tmp_path / "d.trace", Seen()
    path.write_text("0x40 READ 0\n" * 200_000)
    read_dram_trace(path, seen)
    assert seen.told["bytes of the trace"][-1] == (path.stat().st_size, path.stat().st_size)
    assert len(seen.told["bytes of the trace"]) > 1
    seen.check()


def _slow(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    """Every look at the clock is so much later than the one before."""
    now = itertools.count(0.0, seconds)
    monkeypatch.setattr(watching.time, "monotonic", lambda: next(now))


RUN = ["run", "--workload", "lenet5_mnist", "--batch", "2", "--sharing", "channel2", "--force", "--out"]


@pytest.mark.parametrize(
    ("command", "told"),
    [
        (RUN, "sharing channel2: spikes, "),
        (["explain", "--workload", "lenet5_mnist", "--batch", "2", "--layer", "conv2"], "spikes, "),
        (["memory", "--workload", "lenet5_mnist", "--sharing", "none,layer"], "networks under sharings, "),
        (["trace", "make", "--workload", "lenet5_mnist", "--batch", "2", "--force", "--out"], "spikes, "),
        (["trace", "record", "--workload", "lenet5_mnist", "--batch", "2", "--force", "--out"], "images of layers, "),
        (["plot", "fig9", "--part", "bottom", "--networks", "lenet5_mnist", "--out"], "schedules, "),
    ],
)
def test_commands_tell_now_and_then_what_takes_long(
    command: list[str], told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    names = {"trace": "t.npz", "plot": "f.svg", "run": "run"}
    target = [str(tmp_path / names[command[0]])] if command[-1] == "--out" else []
    assert main([*command, *target]) == 0
    assert " s left" not in capsys.readouterr().err  # short work
    (tmp_path / "f.svg").unlink(missing_ok=True)
    (tmp_path / "f.csv").unlink(missing_ok=True)
    _slow(monkeypatch, 40.0)
    assert main([*command, *target]) == 0
    lines = [line for line in capsys.readouterr().err.splitlines() if told in line]
    assert lines
    assert any(" % of " in line and line.endswith(" s left") for line in lines)


def test_a_terminal_sees_a_bar_of_what_takes_long(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert main([*RUN, str(tmp_path / "run")]) == 0
    assert "spikes" not in capsys.readouterr().err
    _slow(monkeypatch, 1.0)
    assert main([*RUN, str(tmp_path / "run")]) == 0
    assert "sharing channel2: spikes" in capsys.readouterr().err


@pytest.mark.parametrize("columns", [60, 80, 120])
def test_times_stay_whole_in_a_narrow_terminal(columns: int) -> None:
    seen = Console(file=io.StringIO(), width=columns)
    progress = Progress(*progress_columns(TaskProgressColumn()), console=seen)
    progress.add_task("sharing channel4: compiling the DRAM model: bytes of code", total=100, completed=5)
    with seen.capture() as shown:
        seen.print(progress.get_renderable())
    assert "5% 0:00:00 -:--:--" in " ".join(shown.get().split())
    assert "…" not in shown.get()


def test_what_the_machine_cannot_hold_is_refused_before_it_is_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "memory_bytes", lambda: 10_000_000)
    seen = Seen()
    with pytest.raises(InputError, match=r"batch: the work of 65,536 images, .* MiB, must fit into the 9\.\d* MiB"):
        lifsim.run(workload="lenet5_mnist", batch=1 << 16, overrides=["dram.model=ideal"], watch=seen)
    assert not seen.told


def test_the_steps_of_a_run_must_fit_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "memory_bytes", lambda: 2_000_000)
    with pytest.raises(InputError, match=r"batch: .* tiles of 64 images, .* must fit into the 1\.\d* MiB"):
        lifsim.run(workload="lenet5_mnist", batch=64, schedule="fused:2", overrides=["buffers.spike_in.size_bytes=64"])


def test_memory_that_the_system_refuses_is_no_internal_error(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    def refuse(*_: object) -> None:
        np.zeros(1 << 60, np.uint8)

    monkeypatch.setattr("lifsim.simulate.spikes.work_of_each", refuse)
    assert main([*RUN, str(tmp_path / "run")]) == 2
    assert "must need less memory than this machine gives: Unable to allocate" in capsys.readouterr().err
