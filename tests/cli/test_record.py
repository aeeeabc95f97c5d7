"""Does `lifsim trace record` record, and refuse with exit code 2 what it cannot?"""

from __future__ import annotations

from pathlib import Path

import pytest

from lifsim.cli.main import main


@pytest.mark.parametrize("sharing", ["none", "layer+channel2"])
def test_does_it_record_a_shipped_workload(tmp_path: Path, capsys: pytest.CaptureFixture[str], sharing: str) -> None:
    out = tmp_path / "t.npz"
    arguments = ["trace", "record", "--workload", "lenet5_mnist", "--sharing", sharing, "--out", str(out)]
    assert main(arguments) == 0
    assert main([*arguments[:2], "--workload", "vgg16_cifar10", "--out", str(out)]) == 2
    assert "--force" in capsys.readouterr().err
    assert main(["trace", "info", str(out), "--workload", "lenet5_mnist"]) == 0
    assert f"sharing {sharing}" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["--sharing", "channel4"], "lif1"),
        (["--weights", "missing.npz"], "missing.npz"),
        (["--input", "digits"], "[1, 1, 8, 8]"),
        (["--input", "rndom"], "did you mean"),
        (["--set", "timesteps=0"], "timesteps"),
        (["--set", "neuron.reset=none"], "neuron.reset"),
    ],
)
def test_is_what_cannot_be_recorded_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], options: list[str], reason: str
) -> None:
    out = tmp_path / "t.npz"
    assert main(["trace", "record", "--workload", "lenet5_mnist", "--out", str(out), *options]) == 2
    assert reason in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
