"""Does the lower half of fig9 show what schedules move, and keep the sign of what sharing does?"""

from __future__ import annotations

import csv
import itertools
from collections.abc import Mapping
from pathlib import Path

import pytest

import lifsim
from lifsim.cli.main import main
from lifsim.config.arch import load_arch
from lifsim.config.workload import load_workload
from lifsim.model.sharing import Sharing
from lifsim.report.dram_readings import readings

TENSORS = ("weights", "spikes_in", "spikes_out", "residual", "membrane_read", "membrane_write", "psum")


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def _bottom(*arguments: str) -> dict[tuple[str, str, str], Mapping[str, str]]:
    assert main(["plot", "fig9", "--part", "bottom", "--out", "fig9.png", "--force", *arguments]) == 0
    with Path("fig9.csv").open() as file:
        rows = list(csv.DictReader(file))
    return {(row["reading"], row["batch"], row["sharing"]): row for row in rows if row["reading"] != "S curve"}


@pytest.mark.slow
def test_its_bytes_are_those_of_runs(capsys: pytest.CaptureFixture[str]) -> None:
    rows = _bottom("--networks", "vgg9_cifar10", "--mini-batch", "2")
    assert len(rows) == 4 * 2 * 2
    for (reading, batch, sharing), row in rows.items():
        assert float(row["normalised"]) == pytest.approx(
            int(row["total_bytes"]) / int(rows[reading, batch, "none"]["total_bytes"])
        )
        if reading in ("S", "D"):
            schedule = {"S": "timestep", "D": "auto"}[reading]
            result = lifsim.run(workload="vgg9_cifar10", sharing=sharing, schedule=schedule, batch=int(batch))
            moved = result.totals.dram_bytes
            assert {t: int(row[f"{t}_bytes"]) for t in TENSORS} == {t: getattr(moved, t) for t in TENSORS}
    for reading in ("A", "B"):
        membranes = [int(rows[reading, "2", "layer"][f"membrane_{way}_bytes"]) for way in ("read", "write")]
        assert int(rows["A", "2", "layer"]["total_bytes"]) == sum(membranes)


@pytest.mark.slow
def test_layer_sharing_saves_membranes_timestep_major_and_loses_against_tick_batching() -> None:
    """One state of 128 KiB fits, six of them do not; weights of 15 MiB do not either."""
    rows = _bottom("--networks", "vgg16_efficientlif_cifar10", "--set", "buffers.membrane.size_bytes=128KiB")
    shared, unshared = rows["S", "1", "layer"], rows["S", "1", "none"]
    assert int(shared["membrane_read_bytes"]) < int(unshared["membrane_read_bytes"])
    assert float(shared["normalised"]) < 1
    assert int(rows["D", "1", "none"]["membrane_read_bytes"]) == 0
    assert float(rows["D", "1", "layer"]["normalised"]) > 1


def test_the_curve_marks_where_the_sign_changes() -> None:
    """Sharing costs where no strip of a state fits, and saves where one does."""
    arguments = ["--networks", "vgg9_cifar10", "--mini-batch", "1"]
    assert main(["plot", "fig9", "--part", "bottom", "--out", "fig9.svg", *arguments]) == 0
    with Path("fig9.csv").open() as file:
        curve = [row for row in csv.DictReader(file) if row["reading"] == "S curve" and row["sharing"] == "layer"]
    sizes = [int(row["membrane_buffer_bytes"]) for row in curve]
    assert sizes == [1 << bits for bits in range(10, 28)]
    change = [float(row["normalised"]) - 1 for row in curve]
    marked = [row["sign_changes"] == "True" for row in curve]
    signs = [(index, value > 0) for index, value in enumerate(change) if value]
    flips = {later for (_, old), (later, new) in itertools.pairwise(signs) if old != new}
    assert flips
    assert {index for index, mark in enumerate(marked) if mark} == flips


@pytest.mark.parametrize("double", ["true", "false"])
def test_the_curve_passes_through_this_machine(double: str) -> None:
    """Of a buffer that is double-buffered half holds membranes, whatever its size."""
    settings = [f"buffers.membrane.double_buffered={double}", "buffers.membrane.size_bytes=2KiB"]
    arch = load_arch("sata128", settings)
    networks, sharings = [load_workload("digits_cnn")], [Sharing(), Sharing.parse("layer")]
    found = readings(networks, sharings, [1, 3], arch, curve=(1 << 11,))
    machine, curve = (
        {(one.row.sharing, one.row.batch): one.row.dram for one in found if one.reading == reading}
        for reading in ("S", "S curve")
    )
    assert curve == machine
    assert any(moved.membrane_read for moved in machine.values())


def test_what_is_wrong_with_any_network_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    status = main(["plot", "fig9", "--part", "bottom", "--networks", "vgg61,vgg9_cifar10", "--mini-batch", "0"])
    err = capsys.readouterr().err
    assert status == 2
    assert "'vgg61' must be a file or a shipped workload" in err
    assert err.count("batch: 0 must be >= 1") == 1


UNEVEN = """
name: uneven
timesteps: 2
input: {shape: [1, 8, 8], encoding: direct, bits: 8}
neuron: {tau: 2.0}
layers:
- {name: conv1, op: conv, out: 8, kernel: 3, padding: 1}
- {name: lif1, op: lif}
- {name: conv2, op: conv, out: 8, kernel: 3, padding: 1}
- {name: lif2, op: lif}
- {name: conv3, op: conv, out: 8, kernel: 3, padding: 1}
- {name: lif3, op: lif, group: odd}
- {name: fc1, op: linear, out: 10}
- {name: lif4, op: lif, group: odd}
spikes: {source: rates, provenance: nobody, rates: {conv2: 0.5, conv3: 0.5, fc1: 0.5}}
"""


def test_what_layer_sharing_does_not_fit_is_left_unshared_where_asked(capsys: pytest.CaptureFixture[str]) -> None:
    Path("uneven.yaml").write_text(UNEVEN)
    asked = ["--networks", "uneven.yaml", "--mini-batch", "1"]
    assert main(["plot", "fig9", "--part", "bottom", *asked]) == 2
    (fault,) = capsys.readouterr().err.splitlines()
    assert "group 'odd' must have LIFs of one shape" in fault
    rows = _bottom(*asked, "--share-where-possible")
    assert "layer-where-possible: membranes of their own have lif3 [8, 8, 8], lif4 [10]" in capsys.readouterr().err
    assert {sharing for _, _, sharing in rows} == {"none", "layer-where-possible"}
    moved = [int(rows["S", "1", sharing]["total_bytes"]) for sharing in ("none", "layer-where-possible")]
    alone = [
        lifsim.run(workload="uneven.yaml", sharing=sharing, schedule="timestep").totals.dram_bytes.total
        for sharing in ("none", "layer-where-possible")
    ]
    assert moved == alone


def test_a_network_that_is_named_twice_is_drawn_once(capsys: pytest.CaptureFixture[str]) -> None:
    Path("uneven.yaml").write_text(UNEVEN.replace("group: odd", "share: false"))
    Path("same.yaml").write_text(UNEVEN.replace("group: odd", "share: false"))
    Path("other.yaml").write_text(UNEVEN.replace("group: odd", "share: false").replace("timesteps: 2", "timesteps: 3"))
    once = _bottom("--networks", "uneven.yaml", "--mini-batch", "1")
    drawn = Path("fig9.csv").read_text()
    assert _bottom("--networks", "uneven.yaml,same.yaml,uneven", "--mini-batch", "1") == once
    assert Path("fig9.csv").read_text() == drawn
    assert main(["plot", "fig9", "--part", "bottom", "--networks", "uneven,other"]) == 2
    assert "'uneven' must be the name of one network only" in capsys.readouterr().err
    capsys.readouterr()
    assert main(["memory", "--workload", "uneven,uneven.yaml", "--sharing", "none,none", "--format", "csv"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 2
