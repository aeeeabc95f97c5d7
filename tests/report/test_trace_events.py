"""Is timeline.json what the Trace Event format asks for, and does Perfetto's own reader find the waits of the books?"""

from __future__ import annotations

import csv
import io
import json
import shutil
import subprocess
from collections import defaultdict
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

import lifsim
from lifsim.report import timeline as written
from lifsim.report.quantities import CAUSES
from lifsim.report.summary import summary
from lifsim.report.timeline import MAX_EVENTS, write_timeline
from lifsim.simulate.result import Result

Event = dict[str, Any]

NEEDED = {
    "X": {"pid": int, "tid": int, "name": str, "ts": (int, float), "dur": (int, float)},
    "C": {"pid": int, "name": str, "ts": (int, float), "args": dict},
    "M": {"pid": int, "name": str, "args": dict},
}
"""By phase what an event must have ("Trace Event Format", Google): complete ones, counters, metadata."""
PAIRED = {"B": "E", "b": "e", "s": "f"}
"""What begins, and what must end it on the same track."""

RUNS = {
    "simulated DRAM": {"workload": "mobilenet_cifar10", "overrides": ["dram.model=cycle", "dram.device=hbm2"]},
    "timestep by timestep": {"workload": "lenet5_mnist", "schedule": "timestep", "sharing": "channel2"},
    "channels in turn": {"workload": "lenet5_mnist", "sharing": "channel2"},
    "slow ports": {
        "workload": "lenet5_mnist",
        "schedule": "timestep",
        "overrides": ["buffers.spike_in.port_bits=32", "buffers.membrane.port_bits=32"],
    },
    "streams": {"workload": "vgg9_cifar10", "schedule": "timestep", "sharing": "layer"},
    "plain bandwidth": {
        "workload": "lenet5_mnist",
        "overrides": ["dram.model=bandwidth", "dram.bandwidth_bytes_per_s=100MB"],
    },
    "training": {"arch": "sata_training", "workload": "lenet5_mnist", "mode": "training", "batch": 2},
}


@pytest.fixture(scope="module", params=RUNS)
def told(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Result, Path]:
    """A run, and its timeline."""
    result, path = lifsim.run(**RUNS[request.param]), tmp_path_factory.mktemp("timeline") / "timeline.json"
    write_timeline(result, path)
    return result, path


def events(path: Path) -> list[Event]:
    tree = json.loads(path.read_text(encoding="utf-8"))
    assert tree["displayTimeUnit"] in ("ms", "ns")
    return tree["traceEvents"]


def test_every_event_has_what_its_phase_asks_for(told: tuple[Result, Path]) -> None:
    result, path = told
    end = result.totals.cycles.total / result.arch.clock_hz * 1e6
    for event in events(path):
        needed = NEEDED[event["ph"]]
        assert all(isinstance(event.get(key), kind) for key, kind in needed.items()), event
        assert 0 <= event.get("ts", 0) <= end * (1 + 1e-9)
        assert event.get("dur", 0) >= 0
        assert event.get("ts", 0) + event.get("dur", 0) <= end * (1 + 1e-9)
        if event["ph"] == "C":
            assert all(isinstance(value, int | float) and value >= 0 for value in event["args"].values())


def test_what_begins_ends(told: tuple[Result, Path]) -> None:
    """Complete events do by their `dur`; of others there are as many ends as beginnings, on each track, in order."""
    open_on: dict[tuple[Any, Any], list[str]] = defaultdict(list)
    for event in events(told[1]):
        track = event["pid"], event.get("tid")
        if event["ph"] in PAIRED:
            open_on[track].append(PAIRED[event["ph"]])
        elif event["ph"] in PAIRED.values():
            assert open_on[track].pop() == event["ph"]
    assert not any(open_on.values())


def test_every_track_has_a_name_and_its_bars_follow_each_other(told: tuple[Result, Path]) -> None:
    found = events(told[1])
    threads = {(one["pid"], one["tid"]) for one in found if one["ph"] == "M" and one["name"] == "thread_name"}
    processes = {one["pid"] for one in found if one["ph"] == "M" and one["name"] == "process_name"}
    bars: dict[tuple[int, int], list[tuple[float, float]]] = defaultdict(list)
    for one in found:
        assert one["pid"] in processes
        if one["ph"] == "X":
            bars[one["pid"], one["tid"]].append((one["ts"], one["ts"] + one["dur"]))
    assert set(bars) <= threads
    for mine in bars.values():
        assert all(end <= begin + 1e-6 for (_, end), (begin, _) in pairwise(sorted(mine)))


def test_counters_go_forward(told: tuple[Result, Path]) -> None:
    last: dict[tuple[int, str], float] = {}
    for one in events(told[1]):
        if one["ph"] == "C":
            key = one["pid"], one["name"]
            assert one["ts"] >= last.get(key, 0)
            last[key] = one["ts"]
    assert last


def test_cycles_by_cause_are_those_of_the_books(told: tuple[Result, Path]) -> None:
    """What is still to be stored when the last step has ended is in no bar: the array is done."""
    result, path = told
    found = [one["args"] for one in events(path) if one["ph"] == "X" and (one["pid"], one["tid"]) == (1, 1)]
    sums: dict[str, int] = defaultdict(int)
    for args in found:
        for name, value in args.items():
            sums[name] += value
    cycles, timeline = result.totals.cycles, result.timeline
    assert timeline is not None
    tail = timeline.timing.total - int(timeline.timing.end[-1])
    stalls = {name: getattr(cycles, name) for name in vars(cycles) if name.startswith("stall_")}
    told_stalls = sum(sums[name] for name in stalls) + sums["port_stall_cycles"] + tail
    assert sums["array_cycles"] == cycles.array + cycles.fill_drain
    assert sums["lif_cycles"] == cycles.lif
    assert told_stalls == sum(stalls.values())
    ports = sum(timeline.port_cycles)
    for name, counted in stalls.items():
        rest = tail if name == "stall_writeback" else 0
        assert counted - ports <= sums[name] + rest <= counted, name


@pytest.mark.parametrize("limit", [MAX_EVENTS, 3])
def test_slices_of_waits_sum_to_the_stalls_of_the_books(
    told: tuple[Result, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: int
) -> None:
    """Cause by cause and layer by layer, to the cycle, whether every wait is drawn or many as one."""
    result, _ = told
    monkeypatch.setattr(written, "MAX_EVENTS", limit)
    write_timeline(result, tmp_path / "timeline.json")
    sums: dict[str, int] = defaultdict(int)
    lasting: dict[str, float] = defaultdict(float)
    for one in events(tmp_path / "timeline.json"):
        if one["ph"] == "X" and (one["pid"], one["tid"]) == (1, 3):
            assert one["name"] == CAUSES[one["args"]["cause"]]
            sums[one["args"]["cause"]] += one["args"]["cycles"]
            lasting[one["name"]] += one["dur"] * result.arch.clock_hz / 1e6
    told_stalls = summary(result)["cycles"]
    booked = {name: cycles for name, cycles in told_stalls.items() if name.startswith("stall_") and cycles}
    assert sums == booked
    by_words: dict[str, int] = defaultdict(int)
    for name, cycles in booked.items():
        by_words[CAUSES[name]] += cycles
    assert lasting == pytest.approx(by_words, rel=1e-9)


STALLS = """select slice.name as cause, sum(slice.dur) as ns
from slice join thread_track on slice.track_id = thread_track.id join thread using (utid)
where thread.name = 'waiting' group by cause"""
"""Time that the array waits, by what for."""


def test_perfetto_reads_it_and_finds_the_waits(told: tuple[Result, Path], tmp_path: Path) -> None:
    shell = shutil.which("trace_processor_shell") or shutil.which("trace_processor")
    if shell is None:
        pytest.skip("needs trace_processor_shell of Perfetto on the PATH: not found")
    result, path = told
    query = tmp_path / "stalls.sql"
    query.write_text(STALLS + ";\n")
    done = subprocess.run([shell, "-q", query, path], capture_output=True, text=True, check=True)
    rows = list(csv.DictReader(io.StringIO(done.stdout[done.stdout.index('"cause"') :])))
    bars = [one for one in events(path) if one["ph"] == "X" and (one["pid"], one["tid"]) == (1, 3)]
    cycles = result.totals.cycles
    stalls = {CAUSES[name]: getattr(cycles, name) for name in vars(cycles) if name.startswith("stall_")}
    booked = {words: counted / result.arch.clock_hz * 1e9 for words, counted in stalls.items() if counted}
    assert {row["cause"] for row in rows} == set(booked)
    for row in rows:
        assert float(row["ns"]) == pytest.approx(booked[row["cause"]], abs=len(bars))  # ns are whole there
