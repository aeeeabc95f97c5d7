"""Is no file lost to an option that names it as a place to write to: an input, another output, or what was there?"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lifsim.cli.main import main
from lifsim.sweeps.outcome import Outcome
from lifsim.sweeps.store import Store
from tests.checkout import ROOT

SAMPLES = ROOT / "docs" / "samples"
DEVICE = """[dram_structure]
protocol = DDR4
bankgroups = 4
banks_per_group = 4
rows = 65536
columns = 1024
device_width = 8
BL = 8
[timing]
tCK = 0.63
[system]
channel_size = 8192
channels = 1
bus_width = 64
"""


@pytest.fixture(autouse=True)
def inputs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One of every kind, in the current folder."""
    monkeypatch.chdir(tmp_path)
    for name in ("satasim_workload.yaml", "satasim_config.yaml", "scalesim_topology.csv", "scalesim.cfg"):
        Path(name).write_bytes((SAMPLES / name).read_bytes())
    Path("device.ini").write_text(DEVICE)
    np.savez("spikes.npz", a=np.ones((4, 3), np.uint8))
    network = (ROOT / "workloads" / "digits_cnn.yaml").read_text(encoding="utf-8")
    Path("net.yaml").write_text(network, encoding="utf-8")
    with Store.create_or_open(Path("store"), {"axis array.rows": "..."}) as store:
        store.add(Outcome(0, "0" * 64, {"energy_pj.total": 1.0}), {"array.rows": 8})
    Path("folder").mkdir()
    Path("link").symlink_to("link.yaml")


SATASIM = ["import", "satasim", "satasim_workload.yaml", "--arch", "satasim_config.yaml"]
SCALESIM = ["import", "scalesim", "scalesim_topology.csv", "--config", "scalesim.cfg"]
IMPORTS = (SATASIM, SCALESIM, ["import", "dramsim3", "device.ini"])


@pytest.mark.parametrize("command", IMPORTS, ids=lambda command: command[1])
def test_an_import_replaces_a_file_on_request_only(command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    Path("out.yaml").write_text("mine")
    for taken in ("out.yaml", "link"):
        assert main([*command, "--out", taken]) == 2
        assert f"{taken} exists and must not be overwritten" in capsys.readouterr().err
    assert (Path("out.yaml").read_text(), Path("link").is_symlink()) == ("mine", True)
    assert not Path("out_arch.yaml").exists()
    assert main([*command, "--out", "out.yaml", "--force"]) == 0
    assert Path("out.yaml").read_text() != "mine"
    assert main([*command, "--out", "folder", "--force"]) == 2
    assert "folder must be a file, or not exist" in capsys.readouterr().err


@pytest.mark.parametrize("command", IMPORTS[:2], ids=lambda command: command[1])
def test_the_architecture_of_an_import_has_a_place_of_its_own(
    command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    for same in ("out.yaml", "./folder/../out.yaml"):
        assert main([*command, "--out", "out.yaml", "--out-arch", same, "--force"]) == 2
        assert "must be another file than out.yaml, which is written, too" in capsys.readouterr().err
    Path("machine.yaml").write_text("mine")
    assert main([*command, "--out", "out.yaml", "--out-arch", "machine.yaml"]) == 2
    assert (Path("out.yaml").exists(), Path("machine.yaml").read_text()) == (False, "mine")


READ = [
    ([*SATASIM, "--out"], "satasim_workload.yaml"),
    ([*SATASIM, "--out"], "satasim_config.yaml"),
    ([*SATASIM, "--out", "out.yaml", "--out-arch"], "satasim_workload.yaml"),
    ([*SCALESIM, "--out"], "scalesim_topology.csv"),
    ([*SCALESIM, "--out"], "scalesim.cfg"),
    (["import", "dramsim3", "device.ini", "--out"], "device.ini"),
    (["import", "torch", "spikes.npz", "--workload", "digits_cnn", "--out"], "spikes.npz"),
    (["import", "torch", "spikes.npz", "--workload", "net.yaml", "--out"], "net.yaml"),
    (["store", "export", "store", "--out"], "store"),
    (["trace", "import", "spikes.npz", "--out"], "spikes.npz"),
    (["trace", "make", "--workload", "net.yaml", "--out"], "net.yaml"),
    (["trace", "record", "--workload", "net.yaml", "--out"], "net.yaml"),
    (["trace", "record", "--workload", "net.yaml", "--input", "spikes.npz", "--out"], "spikes.npz"),
    (["trace", "record", "--workload", "net.yaml", "--out", "o.npz", "--membranes"], "net.yaml"),
    (["train", "--workload", "net.yaml", "--data", "spikes.npz", "--out"], "spikes.npz"),
]


@pytest.mark.parametrize(("command", "source"), READ, ids=lambda part: "-".join(part) if isinstance(part, list) else "")
def test_what_is_read_is_not_replaced_even_on_request(
    command: list[str], source: str, capsys: pytest.CaptureFixture[str]
) -> None:
    before = Path(source).read_bytes()
    Path("hard").hardlink_to(source)
    Path("soft").symlink_to(source)
    for name in (source, f"./folder/../{source}", "hard", "soft"):
        assert main([*command, name, "--force"]) == 2
        told = capsys.readouterr().err
        assert f"out: {Path(name)} must be another file than {source}, which is read" in told
        assert Path(source).read_bytes() == before


def test_a_figure_does_not_replace_what_it_is_drawn_from(capsys: pytest.CaptureFixture[str]) -> None:
    Path("store").rename("x.csv")
    before = Path("x.csv").read_bytes()
    assert main(["plot", "sweep", "x.csv", "--x", "array.rows", "--out", "x.png", "--force"]) == 2
    assert "x.csv must be another file than x.csv, which is read" in capsys.readouterr().err
    assert (Path("x.csv").read_bytes(), Path("x.png").exists()) == (before, False)
