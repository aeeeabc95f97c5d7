"""Is the device that DRAMsim3 is timed on the one that LIFSim simulates, and the trace the one that was meant?"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import yaml

from benchmarks import bench_dramsim3
from benchmarks.bench_dramsim3 import PEER, PROTOCOLS, device_file, figures, patterns, save
from benchmarks.frame.session import Session
from lifsim.config.dram import load_dram
from lifsim.hardware.dram.simulate import simulate
from lifsim.interchange.dram_trace import read_dram_trace
from lifsim.interchange.dramsim3 import device_from_dramsim3


@pytest.mark.parametrize("device", PROTOCOLS)
def test_the_file_is_of_the_device(device: str, tmp_path: Path) -> None:
    spec, file = load_dram(device), tmp_path / "device.ini"
    file.write_text(device_file(spec, PROTOCOLS[device]))
    file.write_text(f"{file.read_text()}\n[power]\nVDD = 1.2\n")
    told = tmp_path / "told.yaml"
    told.write_text(yaml.safe_dump(device_from_dramsim3(file, "told").data))
    read = load_dram(str(told))
    assert read.organisation == spec.organisation
    assert read.mapping == spec.mapping
    for name in bench_dramsim3.TIMINGS:
        assert getattr(read.timing, name) == getattr(spec.timing, name), name
    assert read.timing.activate_to_write_cycles == spec.timing.activate_to_write_cycles
    assert read.controller == spec.controller.model_copy(update={"power_down_after_cycles": "off"})


def test_a_trace_asks_for_one_burst_a_cycle(tmp_path: Path) -> None:
    spec, file = load_dram("ddr4_2400"), tmp_path / "tile.trace"
    requests = patterns(spec, bench_dramsim3.REQUESTS)["tile"]
    assert save(file, requests, spec.organisation.burst_bytes) == bench_dramsim3.REQUESTS
    read = read_dram_trace(file)
    counts = simulate(spec, requests).counts
    assert len(read.cycles) == counts.reads + counts.writes
    assert read.is_write.sum() == counts.writes
    assert (read.cycles <= np.arange(len(read.cycles))).all()
    assert (np.arange(len(read.cycles)) - read.cycles < 64).all()


def test_without_its_program_the_peer_is_not_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench_dramsim3, "REQUESTS", 100)
    monkeypatch.setattr("shutil.which", lambda _: None)
    figure = next(figures(Session(1, tmp_path)))
    assert (figure.peer, figure.theirs) == (PEER, None)
    assert figure.ours.median > 0


def test_the_program_is_given_device_cycles_and_trace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "program"
    program.write_text('#!/bin/sh\necho "$@" >> words\n')
    program.chmod(0o700)
    monkeypatch.setattr(bench_dramsim3, "REQUESTS", 100)
    monkeypatch.setattr("shutil.which", lambda _: str(program))
    figure = next(figures(Session(1, tmp_path)))
    assert figure.ratio is not None
    words = (tmp_path / "words").read_text().split("\n")[0].split()
    assert [words[0], *words[3:]] == ["ddr3_1866.ini", "-t", "ddr3_1866-sequential.trace", "-o", "."]
    assert int(words[2]) > 100
