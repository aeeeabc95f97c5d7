"""Does `lifsim memory` print bytes and ratios for every pair of workload and sharing, or all that is wrong?"""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from lifsim.cli.main import main


def _memory(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    status = main(["memory", *arguments])
    captured = capsys.readouterr()
    return status, captured.out, captured.err


def test_the_grouping_that_fits_the_paper_gives_its_ratios(capsys: pytest.CaptureFixture[str]) -> None:
    workload = ("--workload", "resnet19_positions_imagenet100", "--timesteps", "5")
    status, out, _ = _memory(capsys, *workload, "--sharing", "none,layer&C#2", "--format", "json")
    assert status == 0
    none, shared = json.loads(out)
    assert set(none["lif_memory_ratio"].values()) == {1}
    assert shared["lif_memory_bytes"]["forward"] == {"own": 172032 * 49, "unshared": 753664 * 49}
    forgotten = 5 * 753664 * 49 * 2 // 8  # of every call 2 bits, which is less than copies of 8 bits
    undone = {"own": 172032 * 49 + forgotten, "unshared": 753664 * 49 + forgotten}
    assert shared["lif_memory_bytes"]["backward_reversed"] == undone
    again = 4 * (65536 + 32768 + 8192) * 49 + 6 * 65536 * 49
    assert shared["lif_memory_bytes"]["backward_recomputed"] == {"own": again, "unshared": 0}
    assert shared["lif_memory_bytes"]["backward_stored"] == {"own": 5 * 753664 * 49, "unshared": 5 * 753664 * 49}
    assert shared["lif_memory_bytes"]["backward_paper"] == {"own": 172032 * 49, "unshared": 5 * 753664 * 49}
    assert shared["lif_memory_ratio"] == {
        "forward": pytest.approx(4.381, abs=5e-4),
        "backward_stored": 1,
        "backward_reversed": undone["unshared"] / undone["own"],
        "backward_recomputed": 0,
        "backward_paper": pytest.approx(21.90, abs=5e-3),
    }


def test_every_workload_and_sharing_has_a_row_in_every_format(capsys: pytest.CaptureFixture[str]) -> None:
    pairs = ("--workload", "vgg9_cifar10,resnet19_cifar10", "--sharing", "none, layer,channel4", "--batch", "2")
    _, out, _ = _memory(capsys, *pairs, "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(out)))
    assert [(row["workload"], row["sharing"]) for row in rows] == [
        (workload, sharing)
        for workload in ("vgg9_cifar10", "resnet19_cifar10")
        for sharing in ("none", "layer", "channel4")
    ]
    for row in rows:
        for phase in ("forward", "backward_stored", "backward_reversed", "backward_recomputed", "backward_paper"):
            names = ("weights", "lif", "activations", "optimizer", "total")
            parts = [int(row[f"memory_bytes.{phase}.{part}"]) for part in names]
            assert sum(parts[:4]) == parts[4]
            assert row[f"memory_bytes.{phase}.lif"] == row[f"lif_memory_bytes.{phase}.own"]
    status, out, _ = _memory(capsys, *pairs)
    assert status == 0
    assert "4.000 x" in out
    for words in ("bits of a membrane", "KiB │ bits", "B in flight"):
        assert words in out
    assert "KiB" in out


def test_what_the_optimizer_keeps_stands_beside_the_weights(capsys: pytest.CaptureFixture[str]) -> None:
    """Two values of 32 bits a weight and its master of 32; an optimizer that keeps nothing has no column."""
    asked = ("--workload", "lenet5_mnist", "--sharing", "none")
    adam = ("--optimizer", "adam", "--set", "optimizer.master_weights=true")
    _, out, _ = _memory(capsys, *asked, *adam, "--format", "json")
    found = json.loads(out)[0]["memory_bytes"]
    assert found["backward_stored"]["optimizer"] == 3 * 4 * found["forward"]["weights"]  # of 8 bits
    assert found["forward"]["optimizer"] == 0
    _, table, _ = _memory(capsys, *asked, *adam)
    assert "trained by adam and 32-bit master weights" in " ".join(table.split())
    assert "967.9 KiB" in table
    _, plain, _ = _memory(capsys, *asked)
    assert "optimizer's" not in plain
    assert _memory(capsys, *asked, "--optimizer", "adm")[0] == 2


def test_hard_reset_stores_every_membrane(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    text = "name: hard\ntimesteps: 3\ninput: {shape: [2, 4, 4]}\nneuron: {reset: hard}\nlayers:\n"
    text += "- {name: conv1, op: conv, out: 4, kernel: 3, padding: 1}\n- {name: lif1, op: lif}\n"
    file = tmp_path / "hard.yaml"
    file.write_text(text + "- {name: fc1, op: linear, out: 2}\n")
    _, printed, _ = _memory(capsys, "--workload", str(file), "--sharing", "channel2", "--format", "json")
    assert json.loads(printed)[0]["lif_memory_ratio"] == {
        "forward": 2,
        "backward_stored": 1,
        "backward_reversed": 1,
        "backward_recomputed": 1,
        "backward_paper": 1,
    }


def test_every_width_has_its_ways(capsys: pytest.CaptureFixture[str]) -> None:
    workload = ("--workload", "resnet19_positions_imagenet100", "--timesteps", "5", "--sharing", "layer+channel2")
    _, out, _ = _memory(capsys, *workload, "--format", "json")
    widths = json.loads(out)[0]["lif_backward_by_membrane_bits"]
    assert [*widths] == ["8", "16", "32"]
    kept = {bits: ways["reversed"]["kept"] for bits, ways in widths.items()}
    assert kept == {"8": "bits", "16": "bits", "32": "bits and copies"}
    assert widths["16"]["reversed"]["ratio_to_unshared_stored"] == pytest.approx(5.86, abs=5e-3)
    for ways in widths.values():
        assert ways["recomputed"]["ratio_to_unshared_stored"] == pytest.approx(4.60, abs=5e-3)
        assert ways["stored"]["ratio"] == 1


def test_a_sharing_that_finds_nothing_to_share_saves_nothing_and_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = _memory(capsys, "--workload", "lenet5_mnist", "--sharing", "layer")
    assert status == 0
    assert "lenet5_mnist: layer is none here" in out
    _, out, _ = _memory(capsys, "--workload", "lenet5_mnist", "--sharing", "layer", "--format", "json")
    assert set(json.loads(out)[0]["lif_memory_ratio"].values()) == {1}


def test_all_that_is_wrong_is_told_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    wrong = ("--workload", "vgg9_cifar,resnet91_cifar10", "--sharing", "layr,channel1", "--batch", "0")
    status, out, err = _memory(capsys, *wrong, "--arch", "sata182")
    assert (status, out) == (2, "")
    for part in ("vgg9_cifar10", "resnet19_cifar10", "did you mean 'layer'", "N of channelN", "batch: 0", "sata128"):
        assert part in err
    status, _, err = _memory(capsys, "--workload", "vgg9_cifar10,lenet5_mnist", "--sharing", "none,channel3,channel7")
    assert status == 2
    for part in ("vgg9_cifar10 sharing: channel3", "lenet5_mnist sharing: channel3", "lenet5_mnist sharing: channel7"):
        assert part in err
    assert _memory(capsys, "--timesteps", "0")[0] == 2


def test_a_sharing_that_its_batch_norms_forbid_to_train_is_told(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """As `lifsim run --mode training` refuses it; one whose layers run tick-batched is not."""
    path = tmp_path / "net.yaml"
    layers = "".join(
        f"- {{name: c{n}, op: conv, out: 4, kernel: 3, padding: 1, batch_norm: true}}\n- {{name: l{n}, op: lif}}\n"
        for n in range(3)
    )
    head = "name: net\ntimesteps: 3\ninput: {shape: [4, 8, 8], encoding: rate}\n"
    path.write_text(f"{head}norm_statistics: all_timesteps\nlayers:\n{layers}")
    _, out, _ = _memory(capsys, "--workload", str(path), "--sharing", "none,layer,channel2")
    assert out.count("cannot be trained") == 1
    assert "net: layer cannot be trained" in " ".join(out.split())
    path.write_text(f"{head}layers:\n{layers}")
    assert "cannot be trained" not in _memory(capsys, "--workload", str(path), "--sharing", "none,layer")[1]
