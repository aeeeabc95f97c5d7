"""Does `lifsim workload show` print the layers, their work and whose membranes they use?"""

from __future__ import annotations

import csv
import io
import json

import pytest

from lifsim.cli.main import main


def run(capsys, *arguments: str) -> tuple[int, str, str]:
    status = main(["workload", "show", *arguments])
    captured = capsys.readouterr()
    return status, captured.out, captured.err


def test_json_has_layers_totals_and_the_sets_of_membranes(capsys):
    status, out, _ = run(capsys, "vgg16_efficientlif_shared_cifar10", "--sharing", "layer+channel2", "--format", "json")
    table = json.loads(out)
    assert status == 0
    assert table["totals"]["membranes"] == 160768
    assert table["totals"]["lif_neurons"] == 407552
    rows = {row["layer"]: row for row in table["layers"]}
    assert [rows[f"conv{i}"]["state"] for i in (1, 2, 3, 4)] == ["lif1", "lif2", "lif3", "lif3"]
    assert rows["conv1"]["runs"] == 1
    assert rows["conv2"]["macs"] == 5 * 32 * 32 * 128 * 128 * 9


def test_csv_has_a_line_per_layer_and_the_overridden_value(capsys):
    status, out, _ = run(capsys, "vgg16_cifar10", "--set", "layers.conv1.out=32", "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(out)))
    assert status == 0
    assert len(rows) == 14
    assert (rows[0]["output"], rows[1]["input"], rows[-1]["output"]) == ("32x32x32", "32x32x32", "10")


def test_the_table_ends_with_totals(capsys):
    status, out, _ = run(capsys, "vgg16_cifar10", "--sharing", "none")
    assert status == 0
    assert "conv13" in out
    assert "276,480" in out
    assert "14,715,584" in out


def test_membranes_are_shown_as_layers_share_them_unless_told_otherwise(capsys):
    for arguments, sharing in (((), "layer"), (("--sharing", "none"), "none")):
        status, out, _ = run(capsys, "lenet5_mnist", *arguments)
        assert status == 0
        assert f"membranes as under --sharing {sharing}" in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("vgg16_cifar01",), "did you mean 'vgg16_cifar10'?"),
        (("vgg16_cifar10", "--sharing", "channel3"), "channel3 must divide the 64 channels of lif1"),
        (("vgg16_cifar10", "--sharing", "chanel4"), "did you mean"),
        (("vgg16_cifar10", "--set", "layers.conv3.kernel=99"), "layers.conv3.kernel: [99, 99] must fit"),
    ],
)
def test_bad_input_exits_with_2_and_the_reason(capsys, arguments, message):
    status, out, err = run(capsys, *arguments)
    assert (status, out) == (2, "")
    assert message in err


def test_check_follows_extends(capsys, tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text("name: mine\nextends: vgg16_cifar10\nset: {layers.fc1.out: 100}\n")
    assert main(["check", str(path)]) == 0
    assert "ok (workload)" in capsys.readouterr().out
    path.write_text("name: mine\nextends: vgg16_cifar10\nset: {layers.fc1.out: 0}\n")
    assert main(["check", str(path)]) == 2
    assert "mine.yaml:3:7 layers.fc1.out: 0 must be >= 1" in capsys.readouterr().err
