"""Is a copy of a shipped file one's own, under a name of its own, and is one that kept the name told?"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from lifsim.cli.main import main
from lifsim.config.resolve import find
from lifsim.config.workload import load_workload
from lifsim.simulate.api import load_arch
from tests.checkout import ROOT

SMALL = ("--workload", "lenet5_mnist", "--set", "dram.model=ideal")


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_a_copy_is_the_same_under_a_name_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", "archs", "--copy", "sata128", "new/my machine.yaml"]) == 0
    assert main(["list", "workloads", "--copy", "lenet5_mnist", "net.yaml"]) == 0
    assert main(["list", "drams", "--copy", "hbm2", "device.yaml"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "written to new/my machine.yaml", "written to net.yaml", "written to device.yaml",
    ]  # fmt: skip
    assert load_arch("new/my machine.yaml") == load_arch("sata128").model_copy(update={"name": "my_machine"})
    assert load_workload("net.yaml").name == "net"
    assert load_workload("net.yaml").nodes == load_workload("lenet5_mnist").nodes
    assert Path("device.yaml").read_bytes() == find("dram", "hbm2").read_bytes()
    assert main(["run", *SMALL, "--arch", "new/my machine.yaml"]) == 0
    assert "note: new" not in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["archs", "workloads"])
def test_every_shipped_file_can_be_copied(kind: str) -> None:
    for path in sorted((ROOT / ("arch_configs" if kind == "archs" else kind)).glob("*.yaml")):
        assert main(["list", kind, "--copy", path.stem, f"{path.stem}_copy.yaml"]) == 0
        copy = load_arch(f"{path.stem}_copy.yaml") if kind == "archs" else load_workload(f"{path.stem}_copy.yaml")
        assert copy.name.startswith(path.stem[:40])
        assert copy.name != path.stem or len(path.stem) > 40


def test_a_copy_takes_no_other_file_s_place(capsys: pytest.CaptureFixture[str]) -> None:
    Path("mine.yaml").write_text("mine")
    assert main(["list", "archs", "--copy", "sata128", "mine.yaml"]) == 2
    assert "mine.yaml exists and must not be overwritten" in capsys.readouterr().err
    assert main(["list", "archs", "--copy", "sata182", "new.yaml"]) == 2
    assert "did you mean 'sata128'" in capsys.readouterr().err
    assert main(["list", "neurons", "--copy", "lif", "new.yaml"]) == 2
    assert main(["list", "archs", "--copy", "mine.yaml", "mine.yaml"]) == 2
    assert Path("mine.yaml").read_text() == "mine"


def test_a_file_that_is_called_as_a_shipped_one_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copy(find("arch", "sata128"), "faster.yaml")
    assert main(["run", *SMALL, "--arch", "faster.yaml", "--out", "r"]) == 0
    assert "note: faster.yaml has the name of a shipped file, sata128" in capsys.readouterr().err
    assert main(["run", *SMALL, "--arch", "sata128.yaml", "--out", "s"]) == 0
    assert "has the name" not in capsys.readouterr().err


def test_devices_are_listed_with_what_they_hold(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", "drams"]) == 0
    lines = dict(line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines())
    assert lines["lpddr3_1600_x32"] == "LPDDR3-1600, one 4 Gb x32 device: 512 MiB"
    assert lines["hbm2"].endswith(": 8 GiB")
