"""Do networks of SATA_Sim's training tool become the layers that they describe?"""

from __future__ import annotations

from pathlib import Path

import pytest

from lifsim.cli.main import main
from lifsim.config.workload import load_workload
from lifsim.model.network import Network

CONV = "  type: 2dconv\n  H_h: {h}\n  H_w: {h}\n  C: {c}\n  R_h: 3\n  R_w: 3\n  K: {k}\n  E_h: {e}\n  E_w: {e}\n"
VGG = (
    "conv1:\n" + CONV.format(h=32, c=3, k=8, e=32) + "conv2:\n" + CONV.format(h=32, c=8, k=16, e=16)
    + "lin3:\n  type: linear\n  in: 4096\n  out: 20\nlin4:\n  type: out_linear\n  in: 20\n  out: 10\n"
)  # fmt: skip
TOLD = ("--timesteps", "8", "--sparsity", "0.9")


def converted(tmp_path: Path, text: str, *options: str) -> int:
    (tmp_path / "train.yaml").write_text(text)
    return main(["import", "satasim", str(tmp_path / "train.yaml"), "--out", str(tmp_path / "net.yaml"), *options])


def imported(tmp_path: Path, text: str) -> Network:
    assert converted(tmp_path, text, *TOLD) == 0
    return load_workload(str(tmp_path / "net.yaml"))


def test_sizes_give_stride_and_padding_and_the_options_the_rest(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    network = imported(tmp_path, VGG)
    found = [(x.name, x.kind, x.in_shape, x.out_shape, x.stride, x.padding) for x in network.layers]
    assert found == [
        ("conv1", "conv", (3, 32, 32), (8, 32, 32), (1, 1), (1, 1)),
        ("conv2", "conv", (8, 32, 32), (16, 16, 16), (2, 2), (1, 1)),
        ("lin3", "linear", (4096, 1, 1), (20, 1, 1), (1, 1), (0, 0)),
        ("lin4", "linear", (20, 1, 1), (10, 1, 1), (1, 1), (0, 0)),
    ]
    assert (network.timesteps, set(network.spikes.rates.values())) == (8, {(0.1,)})
    assert len(network.lifs) == 3
    assert "lin4: has no neurons, and SATA_Sim counts no operations of it" in capsys.readouterr().err


def test_the_notations_of_activity_recognition_are_read_without_a_type(tmp_path: Path) -> None:
    text = "2dconv1: {w_kt: 5, w_ks: 1, w_cin: 1, w_cout: 64, out_s: 9, out_t: 124}\n"
    text += "conv2: {w_k: 8, w_cin: 9, w_cout: 32, in: 128, out: 129}\nfc1: {in: 2304, out: 6}\n"
    found = [(x.in_shape, x.out_shape, x.kernel, x.padding) for x in imported(tmp_path, text).layers]
    assert found == [
        ((1, 9, 128), (64, 9, 124), (1, 5), (0, 0)),
        ((9, 1, 128), (32, 1, 129), (1, 8), (0, 4)),
        ((2304, 1, 1), (6, 1, 1), (1, 1), (0, 0)),
    ]


def test_without_the_options_it_is_told_what_the_file_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert converted(tmp_path, VGG) == 2
    assert capsys.readouterr().err.splitlines() == [
        "--timesteps: must be given: a network of SATA_Sim's training tool does not say it",
        "--sparsity: must be given: a network of SATA_Sim's training tool does not say it",
    ]


def test_every_fault_is_told_at_its_place(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = VGG.replace("C: 3", "C: 0").replace("E_h: 16", "E_h: 40").replace("out: 20", "ouy: 20")
    assert converted(tmp_path, text.replace("out_linear", "readout"), *TOLD) == 2
    said = [line.rpartition("/")[2] for line in capsys.readouterr().err.splitlines()]
    assert said == [
        "train.yaml:5:3 conv1.C: 0 must be >= 1",
        "train.yaml:11:1 conv2: no stride and padding lead from 32 by a filter of 3 to 40",
        "train.yaml:21:1 lin3.out: must be given",
        "train.yaml:24:3 lin3.ouy: is not a known key; did you mean 'out'?",
        "train.yaml:26:3 lin4.type: 'readout' must be one of 2dconv, 1dconv, linear, out_linear",
    ]


def test_its_machines_and_options_of_the_other_notation_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "hw.yaml").write_text("arch: {n_pe: 128}\npe: {mul: 0, acc: 1}\n")
    assert converted(tmp_path, VGG, *TOLD, "--arch", str(tmp_path / "hw.yaml")) == 2
    assert "the shipped sata_training is such a machine" in capsys.readouterr().err
    assert converted(tmp_path, "General: {timestep: 4, sparsity: 0.5}\nLayers: []\n", *TOLD) == 2
    assert "must not be given: a workload with General says both" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("General: {timestep: 4, sparsity: 0.5}\nLayers: []\n", "a workload of SATA_Sim, which lifsim import satasim"),
        (VGG, "a network of SATA_Sim's training tool, which lifsim import satasim takes"),
        ("fc1:\n  in: 64\n  out: 10\n", "a network of SATA_Sim's training tool, which lifsim import satasim takes"),
        ("architecture: {name: x, subtree: []}\n", "an architecture of SATA_Sim, which lifsim import satasim --arch"),
        ("arch: {n_pe: 128}\npe: {mul: 0}\n", "a machine of SATA_Sim's training tool"),
    ],
)
def test_its_files_are_told_by_name_where_lifsims_belong(
    text: str, told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "theirs.yaml"
    file.write_text(text)
    for command in (["run", "--workload", str(file)], ["run", "--arch", str(file)], ["check", str(file)]):
        assert main(command) == 2
        assert f"; it is {told}" in capsys.readouterr().err
