"""Do SCALE-Sim's configurations of all versions become machines, and is all told that is not taken over?"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lifsim.cli.main import main
from lifsim.config.arch import load_arch
from lifsim.model.arch import Arch

TOPOLOGY = "Layer name,M,N,K,\nfc,1,1024,512,\n"
BUFFERS = "IfmapSramSzkB: 64\nFilterSramSzkB: 128\nOfmapSramSzkB: 32\n"
PRESETS = f"[architecture_presets]\nArrayHeight: 16\nArrayWidth: 8\nDataflow: os\n{BUFFERS}"
USER = "[run_presets]\nInterfaceBandwidth: USER\n"
CALC = "[run_presets]\nInterfaceBandwidth: CALC\n"


def converted(tmp_path: Path, config: str) -> int:
    """The exit code of the import of TOPOLOGY with that configuration."""
    (tmp_path / "t.csv").write_text(TOPOLOGY)
    (tmp_path / "s.cfg").write_text(config)
    files = [str(tmp_path / "t.csv"), "--config", str(tmp_path / "s.cfg"), "--out", str(tmp_path / "net.yaml")]
    return main(["import", "scalesim", *files, "--force", "--out-arch", str(tmp_path / "machine.yaml")])


def machine(tmp_path: Path, config: str) -> Arch:
    """What the configuration becomes."""
    assert converted(tmp_path, config) == 0
    return load_arch(str(tmp_path / "machine.yaml"))


def told(capsys: pytest.CaptureFixture[str]) -> list[str]:
    """The lines of stderr, without folders."""
    return [line.removeprefix("note: ").rpartition("/")[2] for line in capsys.readouterr().err.splitlines()]


def cycles(tmp_path: Path, capsys: pytest.CaptureFixture[str], config: str) -> int:
    """Of a run of TOPOLOGY on what the configuration becomes."""
    machine(tmp_path, config)
    files = ["--arch", str(tmp_path / "machine.yaml"), "--workload", str(tmp_path / "net.yaml")]
    capsys.readouterr()
    assert main(["run", *files, "--out", str(tmp_path / "out"), "--force", "--format", "json"]) == 0
    return int(json.loads(capsys.readouterr().out)["cycles"]["total"])


@pytest.mark.parametrize(
    "config",
    [
        PRESETS + CALC,
        PRESETS.replace("kB", ""),  # version 1, of ARM: KiB, too, and no [run_presets]
        "\ufeff# mine\r\n" + PRESETS.replace("\n", "\r\n") + CALC,
        PRESETS.upper().replace(": OS", ": OS") + CALC,
        '[general]\nrun_name = "x"\n' + PRESETS.replace(": ", "  =  "),
    ],
    ids=["version 2", "version 1", "byte-order mark and CRLF", "upper case", "equals signs"],
)
def test_every_version_gives_the_same_machine(tmp_path: Path, config: str) -> None:
    arch = machine(tmp_path, config)
    assert (arch.array.rows, arch.array.cols, arch.array.dataflow) == (16, 8, "os")
    buffers = arch.buffers
    sizes = [each.size_bytes >> 10 for each in (buffers.spike_in, buffers.weight, buffers.spike_out)]
    assert sizes == [64, 128, 32]


def test_words_a_cycle_bound_the_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """512 x 1024 weights, each used once, take as many cycles at one word a cycle, and a quarter at four."""
    slow, fast = (PRESETS + f"Bandwidth : {words}\n" + USER for words in (1, 4))
    weights = 512 * 1024
    assert weights <= cycles(tmp_path, capsys, slow) <= 1.2 * weights
    assert weights / 4 <= cycles(tmp_path, capsys, fast) <= 1.2 * weights / 4
    arch = machine(tmp_path, fast)
    assert (arch.dram.model, arch.dram.bandwidth_bytes_per_s) == ("bandwidth", 4 * arch.clock_hz)
    assert any("Bandwidth: 4 words of a byte a cycle" in line for line in told(capsys))


def test_without_words_a_cycle_the_dram_is_that_of_the_base_and_that_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert machine(tmp_path, PRESETS + "Bandwidth: 10\n" + CALC).dram == load_arch("sata128").dram
    lines = [line for line in told(capsys) if line.startswith("s.cfg")]
    assert lines[0] == (
        "s.cfg run_presets.InterfaceBandwidth: SCALE-Sim does not wait; the DRAM is that of sata128: "
        "`--set memory.model=ideal` for its cycles"
    )
    assert "s.cfg [architecture_presets]: not used: Bandwidth" in lines


def test_all_that_is_not_taken_over_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = (
        PRESETS + "IfmapOffset: 0\nMemoryBanks: 1\nBandwith: 10\n[layout]\nIfmapCustomLayout: True\n"
        "[sparsity]\nSparsitySupport: false\nNonZeroElems: 2\nBlockSize: 8\n"
        "[run_presets]\nInterfaceBandwidth: CALC\nTimeLinearModel: TPUv4\nClock: 1\n[networks]\na: 1\n"
        '[network_presets]\nTopologyCsvLoc: "x.csv"\n'
    )
    assert converted(tmp_path, config) == 0
    assert [line for line in told(capsys) if line.startswith("s.cfg")][1:] == [
        "s.cfg [architecture_presets]: not used: IfmapOffset, MemoryBanks",
        "s.cfg [run_presets]: not used: TimeLinearModel",
        "s.cfg [network_presets]: not used: TopologyCsvLoc",
        "s.cfg [layout]: not used: IfmapCustomLayout",
        "s.cfg [sparsity]: not used: NonZeroElems, BlockSize",
        "s.cfg architecture_presets.Bandwith: is no key of SCALE-Sim's and is not used; did you mean 'Bandwidth'?",
        "s.cfg run_presets.Clock: is no key of SCALE-Sim's and is not used",
        "s.cfg [networks]: is no section of SCALE-Sim's and is not used; did you mean 'network_presets'?",
    ]


@pytest.mark.parametrize(
    ("config", "fault"),
    [
        (PRESETS + USER, "s.cfg architecture_presets.Bandwidth: must be given with InterfaceBandwidth: USER"),
        (PRESETS + "Bandwidth: 0\n" + USER, "s.cfg architecture_presets.Bandwidth: '0' must be a whole number from 1"),
        (PRESETS + "Bandwidth: 10,20\n" + USER, "s.cfg architecture_presets.Bandwidth: '10,20' must be one number"),
        (PRESETS + "[run_presets]\nInterfaceBandwidth: MINE\n", "s.cfg run_presets.InterfaceBandwidth: 'MINE' must be"),
        (PRESETS + "[sparsity]\nSparsitySupport: true\n", "s.cfg sparsity.SparsitySupport: 'true' must be false"),
        (
            PRESETS + "IfmapSramSz: 64\n",
            "s.cfg architecture_presets.IfmapSramSz: must not be given beside IfmapSramSzkB",
        ),
        (PRESETS.replace("IfmapSramSzkB: 64", "IfmapSramSz: x"), "s.cfg architecture_presets.IfmapSramSz: 'x' must be"),
        (PRESETS + "arrayheight: 4\n", "s.cfg architecture_presets.arrayheight: must be given once"),
    ],
)
def test_what_cannot_be_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str], config: str, fault: str) -> None:
    assert converted(tmp_path, config) == 2
    (line,) = told(capsys)
    assert line.startswith(fault)
    assert not (tmp_path / "net.yaml").exists()
