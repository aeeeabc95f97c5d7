"""Do SCALE-Sim's topologies and configurations become networks and machines, and bad ones a list of faults?"""

from __future__ import annotations

from pathlib import Path

import pytest

from lifsim.cli.main import main
from lifsim.config.arch import load_arch
from lifsim.config.network import Network
from lifsim.config.workload import load_workload
from lifsim.hardware.array import DATAFLOWS, ArrayShape, Gemm, dense_cycles

HEADER = "Layer name, IFMAP Height, IFMAP Width, Filter Height, Filter Width, Channels, Num Filter, Strides,\n"
CONFIG = """[general]
run_name = x
[architecture_presets]
ArrayHeight:    32
ArrayWidth:     16
IfmapSramSzkB:    64
FilterSramSzkB:   128
OfmapSramSzkB:    16
IfmapOffset:    0
Dataflow : ws
[run_presets]
InterfaceBandwidth: CALC
"""


def imported(tmp_path: Path, topology: str, config: str | None = None) -> Network:
    source, out, cfg = tmp_path / "t.csv", tmp_path / "net.yaml", tmp_path / "s.cfg"
    source.write_text(topology)
    options = []
    if config is not None:
        cfg.write_text(config)
        options = ["--config", str(cfg)]
    assert main(["import", "scalesim", str(source), "--out", str(out), *options]) == 0
    assert main(["check", str(out)]) == 0
    return load_workload(str(out))


def refused(tmp_path: Path, capsys: pytest.CaptureFixture[str], topology: str, config: str = CONFIG) -> list[str]:
    (tmp_path / "t.csv").write_text(topology)
    (tmp_path / "s.cfg").write_text(config)
    out = tmp_path / "net.yaml"
    arguments = [str(tmp_path / "t.csv"), "--config", str(tmp_path / "s.cfg"), "--out", str(out)]
    assert main(["import", "scalesim", *arguments]) == 2
    assert not out.exists()
    return [line.replace(f"{tmp_path}/", "") for line in capsys.readouterr().err.splitlines()]


def test_lines_become_layers_without_padding(tmp_path: Path) -> None:
    lines = [
        "Conv1, 34, 34, 3, 3, 3, 64, 1,",
        "",
        "C 2, 11, 9, 3, 1, 64, 32, 2, 1,",
        "FC, 1, 1, 1, 1, 512, 10, 1, 1, 1:1,",
    ]
    network = imported(tmp_path, HEADER + "\n".join(lines) + "\n")
    assert [(each.name, each.in_shape, each.out_shape, each.stride) for each in network.layers] == [
        ("Conv1", (3, 34, 34), (64, 32, 32), (1, 1)),
        ("C_2", (64, 11, 9), (32, 5, 9), (2, 1)),
        ("FC", (512, 1, 1), (10, 1, 1), (1, 1)),
    ]
    assert (network.timesteps, network.lifs) == (1, ())


def test_the_layers_give_scale_sims_cycles(tmp_path: Path) -> None:
    layer = imported(tmp_path, HEADER + "Conv1, 34, 34, 3, 3, 3, 64, 1,\n").layers[0]
    gemm = Gemm(layer.pixels, layer.reduction, layer.group_filters)
    assert dense_cycles(DATAFLOWS["os"], gemm, ArrayShape(16, 8), 1, tick_batched=True).total == 25087 + 1


def test_a_gemm_topology_becomes_one_by_one_convolutions(tmp_path: Path) -> None:
    network = imported(tmp_path, "Layer, M, N, K,\nG1, 100, 20, 30,\n")
    layer = network.layers[0]
    assert (layer.pixels, layer.group_filters, layer.reduction) == (100, 20, 30)


def test_a_configuration_gives_array_dataflow_and_buffers(tmp_path: Path) -> None:
    imported(tmp_path, HEADER + "Conv1, 34, 34, 3, 3, 3, 64, 1,\n", CONFIG)
    arch = load_arch(str(tmp_path / "net_arch.yaml"))
    assert (arch.array.rows, arch.array.cols, arch.array.dataflow) == (32, 16, "ws")
    sizes = [arch.buffers.spike_in, arch.buffers.weight, arch.buffers.spike_out]
    assert [(buffer.size_bytes, buffer.double_buffered) for buffer in sizes] == [
        (64 << 10, True), (128 << 10, True), (16 << 10, True),
    ]  # fmt: skip


def test_every_fault_of_both_files_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    topology = (
        HEADER + "A, 34, 34, 3, 3, -3, x, 1,\nB, 34, 34, 3\nC, 2, 9, 3, 3, 1, 1, 1\nD, 9, 9, 3, 3, 1, 1, 1, 1, 2:4\n"
    )
    config = CONFIG.replace("ArrayHeight", "ArrayHeigt").replace(": 64", ": many").replace(": ws", ": wz")
    config = config.replace("IfmapSramSzkB:    64", "IfmapSramSzkB: 0")
    assert refused(tmp_path, capsys, topology, config) == [
        "t.csv:2:1 channels: '-3' must be a whole number from 1 to 1048576",
        "t.csv:2:1 filters: 'x' must be a whole number from 1 to 1048576",
        "t.csv:3:1: must have a name and 7 numbers (ifmap height, ifmap width, filter height, filter width, channels, "
        "filters, stride), has 3",
        "t.csv:4:1 filter height: 3 must be <= ifmap height 2",
        "t.csv:5:1 sparsity: 2:4 must be dense, such as 1:1: LIFSim has no weight sparsity",
        "s.cfg architecture_presets.arrayheight: must be given: rows of the array; did you mean 'arrayheigt'?",
        "s.cfg architecture_presets.ifmapsramszkb: '0' must be a whole number from 1 to 1073741824",
        "s.cfg architecture_presets.dataflow: 'wz' must be one of os, ws, is",
    ]


@pytest.mark.parametrize(
    ("topology", "config", "fault"),
    [
        ("", CONFIG, "t.csv: must have a header and a layer"),
        (HEADER, CONFIG, "t.csv: must have a layer below its header"),
        ("A, 34, 34, 3, 3, 3, 4, 1\n", CONFIG, "t.csv:1:1: must be the header, which SCALE-Sim skips"),
        (HEADER + "A, 3, 3, 3, 3, 3, 4, 1\n", "ArrayHeight: 3\n", "s.cfg:1:1: must be a configuration of SCALE-Sim"),
        (HEADER + "A, 3, 3, 3, 3, 3, 4, 1\n", "[a]\nx: 1\nx: 2\n", "s.cfg:3:1: must be a configuration of SCALE-Sim"),
        (HEADER + "A, 3, 3, 3, 3, 3, 4, 1\n", "[a]\n", "s.cfg: must have the section [architecture_presets]"),
    ],
)
def test_files_that_are_none_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], topology: str, config: str, fault: str
) -> None:
    (found,) = refused(tmp_path, capsys, topology, config)
    assert found.startswith(fault)


def test_garbage_missing_files_and_folders_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    binary = tmp_path / "b.csv"
    for content in (b"\xff\xfe\x00\x01", b"a,\0\n"):
        binary.write_bytes(content)
        assert main(["import", "scalesim", str(binary), "--out", str(tmp_path / "o.yaml")]) == 2
    for path in (tmp_path, tmp_path / "none.csv"):
        assert main(["import", "scalesim", str(path), "--out", str(tmp_path / "o.yaml")]) == 2
    assert "Traceback" not in capsys.readouterr().err
    assert not (tmp_path / "o.yaml").exists()
