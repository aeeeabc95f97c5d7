"""Can a run's timeline and requests be read by the programs that they are written for?"""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

import lifsim
from lifsim.errors import InputError
from lifsim.hardware.pipeline.kinds import Kind
from lifsim.interchange.dram_trace import read_dram_trace
from lifsim.report import timeline as written
from lifsim.report.requests import write_requests
from lifsim.report.timeline import write_timeline
from lifsim.simulate.result import Result


@pytest.fixture(scope="module")
def result() -> Result:
    return lifsim.run(workload="mobilenet_cifar10", overrides=["dram.model=cycle", "dram.device=hbm2"])


def bars(path: Path) -> list[dict]:
    return [event for event in json.loads(path.read_text())["traceEvents"] if event["ph"] == "X"]


@pytest.mark.parametrize("limit", [20_000, 7])
def test_bars_of_a_track_do_not_overlap_and_hold_every_cycle(
    result: Result, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: int
) -> None:
    monkeypatch.setattr(written, "MAX_EVENTS", limit)
    write_timeline(result, tmp_path / "timeline.json")
    found = bars(tmp_path / "timeline.json")
    for track in {(bar["pid"], bar["tid"]) for bar in found}:
        mine = sorted((bar["ts"], bar["dur"]) for bar in found if (bar["pid"], bar["tid"]) == track)
        assert all(dur >= 0 for _, dur in mine)
        assert all(ts + dur <= later + 1e-6 for (ts, dur), (later, _) in pairwise(mine))
    array = [bar["args"] for bar in found if (bar["pid"], bar["tid"]) == (1, 1)]
    cycles = result.totals.cycles
    assert sum(args["array_cycles"] for args in array) == cycles.array + cycles.fill_drain
    assert sum(args["lif_cycles"] for args in array) == cycles.lif
    assert sum(args.get("stall_weights", 0) for args in array) == cycles.stall_weights
    assert len(array) <= max(limit, 0) + len(result.records) or limit > len(array)


def test_every_dram_channel_has_its_track(result: Result, tmp_path: Path) -> None:
    write_timeline(result, tmp_path / "timeline.json")
    assert {bar["tid"] for bar in bars(tmp_path / "timeline.json") if bar["pid"] == 3} == set(range(1, 9))


def test_every_byte_of_the_run_passes_its_buffer_as_its_tensor(result: Result, tmp_path: Path) -> None:
    write_timeline(result, tmp_path / "timeline.json")
    moved: dict[str, int] = {}
    for bar in bars(tmp_path / "timeline.json"):
        if bar["pid"] == 2:
            kind = bar["args"]["tensor"].partition(":")[0]
            moved[kind] = moved.get(kind, 0) + bar["args"]["bytes"]
    counted = result.totals.dram_bytes
    assert moved["weights"] == counted.weights
    assert moved["tensor"] == counted.spikes_in + counted.spikes_out + counted.residual
    assert sum(moved.values()) == counted.total


def test_requests_are_those_of_the_run(result: Result, tmp_path: Path) -> None:
    count = write_requests(result, tmp_path / "dram.trace", "dramsim3")
    read = read_dram_trace(tmp_path / "dram.trace")
    assert len(read.addresses) == count
    assert (read.cycles[1:] >= read.cycles[:-1]).all()
    assert count * 64 >= result.totals.dram_bytes.total
    assert read.is_write.any()
    assert not read.is_write.all()
    write_requests(result, tmp_path / "ramulator.trace", "ramulator")
    lines = (tmp_path / "ramulator.trace").read_text().splitlines()
    assert len(lines) == count
    assert [line.split()[0] == "ST" for line in lines] == read.is_write.tolist()
    assert [int(line.split()[1], 16) for line in lines] == read.addresses.tolist()


def test_an_ideal_memory_has_neither(tmp_path: Path) -> None:
    ideal = lifsim.run(workload="lenet5_mnist", overrides=["dram.model=ideal"])
    with pytest.raises(InputError, match="bandwidth or cycle"):
        write_timeline(ideal, tmp_path / "timeline.json")
    with pytest.raises(InputError, match="bandwidth or cycle"):
        write_requests(ideal, tmp_path / "dram.trace", "ramulator")


@pytest.mark.parametrize("parts", [1, 7, 240])
def test_the_most_that_a_buffer_holds_is_seen_in_however_few_parts(result: Result, parts: int) -> None:
    """Against every cycle in which something comes or goes, one after the other."""
    timeline = result.timeline
    assert timeline is not None
    timing, requests = timeline.timing, timeline.steps.program.requests
    mine = [place for place, kind in enumerate(requests.kind) if kind == Kind.SPIKES_OUT]
    begin, until, size = timing.start[requests.step[mine]], timing.answered[mine], requests.bytes[mine]
    edges = np.linspace(0, timing.total, parts + 1)
    instants = np.unique(np.concatenate([begin, until, edges]))
    held = np.array([size[(begin <= now) & (now < until)].sum() for now in instants])
    expected = [held[(low <= instants) & (instants < high)].max() for low, high in pairwise(edges)]
    assert written.held_bytes(timeline, (Kind.SPIKES_OUT,), edges)[:-1].tolist() == expected
