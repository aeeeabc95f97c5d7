"""Do SCALE-Sim's topologies and configurations become networks and machines, and bad ones a list of faults?"""

from __future__ import annotations

from pathlib import Path

import pytest

from lifsim.cli.main import main
from lifsim.config.arch import load_arch
from lifsim.config.workload import load_workload
from lifsim.hardware.array import DATAFLOWS, ArrayShape, Gemm, dense_cycles
from lifsim.model.network import Network

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
    assert main(["import", "scalesim", str(source), "--out", str(out), "--force", *options]) == 0
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
        HEADER + "A, 34, 34, 3, 3, -3, x, 1,\nB, 34, 34, 3\nC, 2, 9, 3, 3, 1, 1, 1\nD, 9, 9, 3, 3, 1, 1, 1, 1, 2:4,\n"
    )
    config = CONFIG.replace("ArrayHeight", "ArrayHeigt").replace(": 64", ": many").replace(": ws", ": wz")
    config = config.replace("IfmapSramSzkB:    64", "IfmapSramSzkB: 0")
    assert refused(tmp_path, capsys, topology, config) == [
        "t.csv:2:1 channels: '-3' must be a whole number from 1 to 1048576",
        "t.csv:2:1 filters: 'x' must be a whole number from 1 to 1048576",
        "t.csv:3:1: must have a value for filter width, channels, filters, stride",
        "t.csv:4:1 filter height: 3 must be <= ifmap height 2",
        "t.csv:5:1 sparsity: 2:4 must be dense, such as 1:1: LIFSim has no weight sparsity",
        "s.cfg architecture_presets.ArrayHeight: must be given: rows of the array; did you mean 'ArrayHeigt'?",
        "s.cfg architecture_presets.IfmapSramSzkB: '0' must be a whole number from 1 to 1073741824",
        "s.cfg architecture_presets.Dataflow: 'wz' must be one of os, ws, is",
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


ONE_BIT = (
    "t.csv: inputs are spikes, of one bit each (all ones); in SCALE-Sim they are words: bytes of inputs are not its own"
)


def notes(capsys: pytest.CaptureFixture[str]) -> list[str]:
    """What was said of the files besides the files written, without their places' folders: what every import says
    (`ONE_BIT`) must be there, and is left out."""
    lines = capsys.readouterr().err.splitlines()
    found = [line.removeprefix("note: ").rpartition("/")[2] for line in lines if line.startswith("note: ")]
    assert found.count(ONE_BIT) == 1
    return [line for line in found if line != ONE_BIT]


def shape(network: Network) -> list[tuple[int, int, int, int]]:
    """Pixels, products, filters of a group, and groups of each layer."""
    return [(x.pixels, x.reduction, x.group_filters, x.filters // x.group_filters) for x in network.layers]


STANDARD = "Layer name,IFMAP Height,IFMAP Width,Filter Height,Filter Width,Channels,Num Filter,Strides,"
SAME_LAYER = {
    "as published": f"{STANDARD}\nc,20,18,3,1,5,7,1,\n",
    "no comma at the end": f"{STANDARD[:-1]}\nc,20,18,3,1,5,7,1\n",
    "a comma at the end of the header alone": f"{STANDARD}\nc,20,18,3,1,5,7,1\n",
    "a comma at the end of the lines alone": f"{STANDARD[:-1]}\nc,20,18,3,1,5,7,1,\n",
    "other cases and words": "Layer,Ifmap height,ifmap width,filter height,filter width,channel,num filters,stride,\n"
    "c,20,18,3,1,5,7,1,\n",
    "another order": "Num Filter,Strides,Layer name,Filter Width,Filter Height,IFMAP Width,IFMAP Height,Channels,\n"
    "7,1,c,1,3,18,20,5,\n",
    "byte-order mark, CRLF, blank lines": f"\ufeff{STANDARD}\r\n\r\nc,20,18,3,1,5,7,1,\r\n\r\n",
    "tabs": f"{STANDARD}\nc,20,18,3,1,5,7,1,\n".replace(",", "\t"),
    "quotes and comments": f'# mine\n{STANDARD}\n"c", "20",18,3,1,5,7,1,\n// end\n',
    "two strides": f"{STANDARD.replace('Strides', 'Stride height,Stride width')}\nc,20,18,3,1,5,7,1,1,\n",
    "dense sparsity": f"{STANDARD}Sparsity,\nc,20,18,3,1,5,7,1,1:1,\n",
    "a name that is no name of a name": f"{STANDARD.replace('Layer name', 'ResNet')}\nc,20,18,3,1,5,7,1,\n",
}


@pytest.mark.parametrize("topology", SAME_LAYER.values(), ids=SAME_LAYER.keys())
def test_a_layer_is_read_by_the_names_of_its_columns(tmp_path: Path, topology: str) -> None:
    (layer,) = imported(tmp_path, topology).layers
    assert (layer.name, layer.in_shape, layer.kernel, layer.filters) == ("c", (5, 20, 18), (3, 1), 7)


def test_a_batch_is_told_and_is_no_stride(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    network = imported(tmp_path, f"{STANDARD}Batch Size,\nc1,16,16,3,3,8,16,1,4,\n")
    assert shape(network) == [(14 * 14, 72, 16, 1)]
    assert notes(capsys) == [
        "t.csv Batch: 4 images: a workload is of one; give `lifsim run` --batch 4".replace("B", "b", 1)
    ]
    (tmp_path / "net.yaml").unlink()
    other = f"{STANDARD}Batch,\nc1,16,16,3,3,8,16,1,4,\nc2,16,16,3,3,8,16,1,2,\n"
    (fault,) = refused(tmp_path, capsys, other)
    assert fault == "t.csv:1:1 batch: must be the same for all layers, is 2, 4: `lifsim run` has one --batch"


def test_names_with_dp_are_depthwise_as_in_scale_sim(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Its 32 layers of one channel: 32 * 16 * 31 cycles on 16 x 8."""
    network = imported(tmp_path, HEADER + "c1_DP,18,18,3,3,32,1,1,\nc2_DP,18,18,3,3,4,2,1,\n")
    assert shape(network) == [(256, 9, 1, 32), (256, 9, 2, 4)]
    first = network.layers[0]
    gemm = Gemm(first.pixels, first.reduction, first.group_filters)
    assert 32 * dense_cycles(DATAFLOWS["os"], gemm, ArrayShape(16, 8), 1, tick_batched=True).total == 15_872
    assert notes(capsys) == ["t.csv: c1_DP, c2_DP: depthwise, as SCALE-Sim reads names with DP in them"]


def test_what_scale_sim_computes_otherwise_than_names_say_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    network = imported(
        tmp_path, HEADER + "DepthwiseConv2D_1,18,18,3,3,8,1,1,\nc2,16,16,3,3,8,1,2,\nadwise,9,9,3,3,4,1,1,\n"
    )
    assert shape(network) == [(256, 72, 1, 1), (49, 72, 1, 1), (49, 36, 1, 1)]
    assert notes(capsys) == [
        "t.csv: DepthwiseConv2D_1: dense with one filter, as in SCALE-Sim; depthwise layers have DP in their names",
        "t.csv: the stride does not divide the map, which SCALE-Sim rounds up and a convolution down: c2 has 7 x 7 "
        "outputs here, 8 x 8 there",
    ]


@pytest.mark.parametrize(
    ("line", "outputs", "theirs"),
    [
        ("c,10,7,3,2,2,4,4,", (2, 2), (3, 3)),  # (10 - 3) / 4 = 1.75, (7 - 2) / 4 = 1.25
        ("c,11,6,3,2,2,4,4,", (3, 2), None),
        ("c,11,9,3,2,2,4,2,3,", (5, 3), (5, 4)),  # down 8 / 2 = 4, right 7 / 3 = 2.33
        ("c,3,3,3,3,2,4,5,", (1, 1), None),
    ],
)
def test_maps_that_scale_sim_rounds_up_are_told_with_both_sizes(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    line: str,
    outputs: tuple[int, int],
    theirs: tuple[int, int] | None,
) -> None:
    (layer,) = imported(tmp_path, HEADER + line + "\n").layers
    assert layer.out_shape[1:] == outputs
    rounded = [note for note in notes(capsys) if "rounds up" in note]
    if theirs is None:
        assert rounded == []
    else:
        here, there = (f"{rows} x {columns}" for rows, columns in (outputs, theirs))
        assert rounded[0].endswith(f": c has {here} outputs here, {there} there")


def test_a_layout_is_told_from_a_topology(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    header = "Layer name, IFMAP Height Intraline Factor, IFMAP Width Intraline Factor, Channel Interline Order,\n"
    (fault,) = refused(tmp_path, capsys, header + "c, 2, 2, 1,\n")
    assert fault == "t.csv:1:1: is a layout of SCALE-Sim's, which is not used; the topology of the same run is taken"


def test_what_stands_behind_the_last_comma_is_dropped_and_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = "first,20,20,3,3,3,8,1,\nsecond,18,18,3,3,1,1,1,#dw\nthird,18,18,3,3,1,1,2,3\nfourth,18,18,3,3,1,1,3,2:4\n"
    network = imported(tmp_path, HEADER + lines)
    assert [layer.stride for layer in network.layers] == [(1, 1), (1, 1), (2, 2), (3, 3)]
    told = notes(capsys)[0]
    assert (
        told
        == "t.csv:3:1: what stands behind the last comma is dropped, as SCALE-Sim does: '#dw' (and of 2 more lines)"
    )


def test_numbers_in_columns_without_a_name_are_those_of_scale_sims_versions(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    network = imported(tmp_path, HEADER + "c, 21, 21, 3, 3, 3, 8, 2, 3,\nd, 21, 21, 3, 3, 3, 8, 1, 1:1,\n")
    assert [layer.stride for layer in network.layers] == [(2, 3), (1, 1)]
    assert notes(capsys) == ["t.csv:2:1: 3 in a column without a name is taken for the stride width"]
    batched = imported(tmp_path, "Layer,M,N,K,\nscores,128,256,64,12,\nproj,128,512,512,\n")
    assert shape(batched) == [(128, 64, 256, 12), (128, 512, 512, 1)]
    assert notes(capsys) == ["t.csv:2:1: 12 in a column without a name is taken for the batch"]
    (tmp_path / "net.yaml").unlink()
    (fault,) = refused(tmp_path, capsys, HEADER + "c, 21, 21, 3, 3, 3, 8, 2, 3, 4,\n")
    assert fault == "t.csv:2:1: '4' must stand in a column that the header names"


@pytest.mark.parametrize("order", ["MNK", "KMN", "NKM", "MKN"])
def test_a_gemm_is_read_in_any_order_of_its_columns(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], order: str
) -> None:
    size = {"M": 20, "N": 30, "K": 10}
    network = imported(tmp_path, f"Layer,{','.join(order)},\ng1,{','.join(str(size[x]) for x in order)},\n")
    assert shape(network) == [(20, 10, 30, 1)]
    told = notes(capsys)
    assert told == (
        [] if order == "MNK" else ["t.csv:1:1: columns are read by their names; SCALE-Sim itself reads M, N, K"]
    )


def test_a_gemm_written_as_a_convolution_is_the_same_layer(tmp_path: Path) -> None:
    """As published for DLRM, ResNet-50's weight gradients and DeepBench: heights and filters far beyond a map's."""
    sizes = [(5000, 16, 32), (65_536, 1024, 1024), (64, 256, 12_544), (1024, 4, 10)]
    as_gemm = imported(tmp_path, "Layer,M,N,K,\n" + "".join(f"g,{m},{n},{k},\n" for m, n, k in sizes))
    as_conv = imported(tmp_path, HEADER + "".join(f"g,{m},{k},1,{k},1,{n},1,\n" for m, n, k in sizes))
    assert as_gemm.layers == as_conv.layers
    assert shape(as_conv) == [(m, k, n, 1) for m, n, k in sizes]


def test_a_column_that_scale_sim_does_not_have_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    imported(tmp_path, f"{STANDARD}Type,Comment,Empty,\nc,20,20,3,3,3,8,1,conv,mine,,\n")
    assert notes(capsys) == [
        "t.csv:1:1 Type: is no column of SCALE-Sim's and is not used",
        "t.csv:1:1 Comment: is no column of SCALE-Sim's and is not used",
    ]


def test_a_header_of_other_names_stands_for_scale_sims_order(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (layer,) = imported(tmp_path, "name,ih,iw,fh,fw,c,m,s,\nc,20,18,3,1,5,7,2,\n").layers
    assert (layer.in_shape, layer.kernel, layer.filters, layer.stride) == ((5, 20, 18), (3, 1), 7, (2, 2))
    assert notes(capsys)[0].startswith(
        "t.csv:1:1: names no column of SCALE-Sim's: read by position, ifmap height, ifmap"
    )


def test_titles_within_a_file_are_skipped_and_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    network = imported(
        tmp_path, HEADER + "\nAlphaGoZero,\nConv, 19, 19, 3, 3, 17, 256, 1,\n\nAlexnet\nFC, 1, 1, 1, 1, 9, 9, 1, \n"
    )
    assert [layer.name for layer in network.layers] == ["Conv", "FC"]
    assert notes(capsys) == [
        "t.csv:3:1: 'AlphaGoZero' has no sizes: a title, which is skipped",
        "t.csv:6:1: 'Alexnet' has no sizes: a title, which is skipped",
    ]


@pytest.mark.parametrize(
    ("topology", "fault"),
    [
        ("Layer,M,N,\ng,1,2,\n", "t.csv:1:1: columns must be a name and M, N, K; K must be given"),
        (
            STANDARD.replace("Channels", "Chanels") + "\nc,20,20,3,3,3,8,1,\n",
            "t.csv:1:1: columns must be a name and ifmap height, ifmap width, filter height, filter width, channels, "
            "filters, stride; channels must be given; did you mean 'Chanels'?",
        ),
        (f"{STANDARD}Strides,\nc,20,20,3,3,3,8,1,1,\n", "t.csv:1:1 stride: must be named once"),
        (f"{STANDARD}Sparsity,\nc,20,20,3,3,3,8,1,2:4,\n", "t.csv:2:1 sparsity: 2:4 must be dense, such as 1:1"),
        (f"{STANDARD}Sparsity\nc,20,20,3,3,3,8,1,2:4\n", "t.csv:2:1 sparsity: 2:4 must be dense, such as 1:1"),
        (f"{STANDARD}Padding,\nc,20,20,3,3,3,8,1,1,\n", "t.csv:2:1 padding: '1' must be 0: SCALE-Sim knows no padding"),
        (f"{STANDARD}\nc,20,9000,3,8000,3,8,1,\n", "t.csv:2:1 filter width: 8000 must be <= 4096, or cover the width"),
        (f"{STANDARD}\nc,2,2,1,1,,8,1,\n", "t.csv:2:1: must have a value for channels"),
        (
            f'{STANDARD}\n"c,20,20,3,3,3,8,1,\n',
            "t.csv:2:1: must be cells with ',' between them: unexpected end of data",
        ),
        ("Layer,M,N,K,\ng,2,2,1048577,\n", "t.csv:2:1 K: '1048577' must be a whole number from 1 to 1048576"),
        ("Layer,M,N,K,\ng,65536,1024,8192,\n", "t.csv:2:1 inputs: 536870912 in all must be <= 268435456"),
        ("Layer,M,N,K,\ng,65536,8192,1,\n", "t.csv:2:1 outputs: 536870912 in all must be <= 268435456"),
        (f"{STANDARD}\ng,2,2048,1,2048,1024,8,1,\n", "t.csv:2:1 channels: 2097152 in all must be <= 1048576"),
    ],
)
def test_what_is_no_layer_is_refused_by_its_column(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], topology: str, fault: str
) -> None:
    (found,) = refused(tmp_path, capsys, topology)
    assert found.startswith(fault)


def test_semicolons_and_changed_names_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    imported(tmp_path, "Layer;M;N;K\nfc 1;1;2;3\nfc 1;1;2;3\nfc;1;2;3\n")
    told = capsys.readouterr().err
    assert "t.csv:1:1: cells are separated by semicolons; SCALE-Sim itself reads commas only" in told
    assert "t.csv: names of layers are not taken as they are: 'fc 1' is fc_1, 'fc 1' is fc_1_2" in told
    imported(tmp_path, "Layer,M,N,K\nfc,1,2,3\n")
    assert notes(capsys) == []
