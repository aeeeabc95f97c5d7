"""Does a command tell every fault of all its options in one go, and one kind of fault in one line?"""

from __future__ import annotations

from pathlib import Path

import pytest

from lifsim.cli.main import main
from tests.checkout import ROOT

SHIPPED = "must be a file or a shipped"
WORKLOAD, ARCH, DEVICE = (f"'no_{kind}' {SHIPPED} {kind}" for kind in ("workload", "architecture", "DRAM"))
SHARING = "'chanel3' must be none, layer, channelN"
UNKNOWN = "'foo' must be a key of the architecture or the workload"
MISSPELT = "buffers.wieght: is not a known key; did you mean 'weight'?"
PICTURE = "must end in .png, .svg or .pdf"
BATCH = "batch: 0 must be >= 1"
DATA = "'no_data' must be a data set"
RATE = "learning rate: -1.0 must be finite and > 0"

BAD_SET = ["--set", "foo.bar=2", "--set", "buffers.wieght.size_bytes=3"]
BAD_NAMES = ["--workload", "no_workload", "--arch", "no_architecture"]
BAD_DEVICE, BAD_SHARING, BAD_BATCH = ["--dram", "no_DRAM"], ["--sharing", "chanel3"], ["--batch", "0"]
BAD_RUN = [*BAD_NAMES, *BAD_DEVICE, *BAD_SHARING, *BAD_BATCH, *BAD_SET]
OF_A_RUN = [WORKLOAD, ARCH, DEVICE, SHARING, BATCH, UNKNOWN, MISSPELT]
GROUPS = "groups: 'no_layer' must be layers of lenet5_mnist"
FEW = ["--workload", "lenet5_mnist", "--groups", "no_layer", "--rates-scale", "-2", "--trace", "no_trace.npz"]
OF_FEW = [GROUPS, "rates_scale: -2 must be > 0", "no_trace.npz: no such file", DEVICE, SHARING, MISSPELT]
PLOTTED = ["--out", "x.jpg"]
TRAINED = ["--out", "x.npz", "--data", "no_data", "--rate", "-1", *BAD_SHARING]


@pytest.mark.parametrize(
    ("command", "told"),
    [
        (["run", *BAD_RUN, "--rates-scale", "many"], [*OF_A_RUN, "rates_scale: 'many' must be a number"]),
        (["run", *FEW, *BAD_DEVICE, *BAD_SHARING, *BAD_SET[2:]], OF_FEW),
        (["run", "--groups", "fc1,conv2", *BAD_BATCH], ["in the network's order", BATCH]),
        (["explain", "--layer", "no_layer", *FEW, *BAD_DEVICE, *BAD_SHARING, *BAD_SET[2:]],
         [*OF_FEW, "lenet5_mnist has no layer 'no_layer'"]),
        (["sweep", *BAD_NAMES, *BAD_DEVICE, *BAD_SHARING, *BAD_SET, "--batch", "x", "--vary", "zzz=3"],
         [WORKLOAD, ARCH, DEVICE, SHARING, UNKNOWN, MISSPELT, "'x' must be a whole number", "'zzz' must be"]),
        (["optimize", *BAD_NAMES, *BAD_SHARING, "--minimise", "luck", "--limit", "x"],
         [WORKLOAD, ARCH, SHARING, "'luck' must be a figure", "'x' must"]),
        (["memory", *BAD_NAMES, *BAD_SHARING, *BAD_BATCH, *BAD_SET, "--timesteps", "few"],
         [WORKLOAD, ARCH, SHARING, BATCH, UNKNOWN, MISSPELT, "timesteps: 'few' must be a whole number"]),
        (["plot", "fig1", *BAD_NAMES, *BAD_BATCH, *BAD_SET, *PLOTTED],
         [WORKLOAD, ARCH, BATCH, UNKNOWN, MISSPELT, PICTURE]),
        (["plot", "fig7", *BAD_NAMES, *BAD_SHARING, *BAD_BATCH, *BAD_SET, *PLOTTED],
         [WORKLOAD, ARCH, SHARING, BATCH, UNKNOWN, MISSPELT, PICTURE]),
        (["plot", "fig8", "no_study", "--arch", "no_architecture", "--shares", "3", *PLOTTED],
         [ARCH, "no_study: must be the folder of a study", "shares: 3.0 must be", PICTURE]),
        (["plot", "fig9", *BAD_RUN[:6], *BAD_SET, "--networks", "no_net", "--mini-batch", "-3", *PLOTTED],
         [WORKLOAD, ARCH, DEVICE, UNKNOWN, MISSPELT, PICTURE, f"'no_net' {SHIPPED} workload", "batch: -3"]),
        (["plot", "fig10", "--networks", "no_workload", *BAD_NAMES[2:], *BAD_SHARING, *BAD_SET, "--mini-batch", "-3",
          "--buffers", "few", *PLOTTED],
         [WORKLOAD, ARCH, SHARING, UNKNOWN, MISSPELT, PICTURE, "batch: -3", "buffers: 'few' must be a size"]),
        (["plot", "roofline", *BAD_RUN, *PLOTTED], [*OF_A_RUN, PICTURE]),
        (["plot", "schedule", *BAD_RUN, *PLOTTED], [*OF_A_RUN, PICTURE]),
        (["plot", "schedule", *FEW[:2], "--layers", "conv1:conv9", "--image", "3", "--batch", "2", *PLOTTED],
         ["layers: 'conv9' must be a layer", "image: 3 must lie in 1..2, the batch", PICTURE]),
        (["train", "--workload", "no_workload", *TRAINED], [WORKLOAD, DATA, RATE, SHARING]),
        (["train", "--workload", "lenet5_mnist", *TRAINED], [DATA, RATE, SHARING]),
        (["study", "--workload", "no_workload", *TRAINED], [WORKLOAD, DATA, RATE, SHARING]),
    ],
    ids=lambda value: " ".join(value[:4]),
)  # fmt: skip
def test_every_fault_of_all_options_is_told_at_once(
    command: list[str],
    told: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(command) == 2
    faults = capsys.readouterr().err.splitlines()
    assert [words for words in told if not any(words in fault for fault in faults)] == []
    assert len(faults) == len(told)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("command", ["run", "memory", "explain --layer conv1", "workload show vgg16_cifar10"])
def test_channels_that_do_not_fit_are_one_fault(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    named = [] if "show" in command else ["--workload", "vgg16_cifar10"]
    assert main([*command.split(), *named, "--sharing", "channel3"]) == 2
    (fault,) = capsys.readouterr().err.splitlines()
    assert (
        "channel3 must divide the 64 channels of lif1, lif2; the 128 channels of lif3, lif4; the 256 channels" in fault
    )


def test_a_setting_of_an_unreadable_architecture_is_judged_as_far_as_it_goes(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Its components have names that nobody knows, and what it has not set it may have."""
    settings = ("components.mine.count=2", "buffers.weight.size_bytes=4KiB", "lif.units=many")
    assert main(["run", "--arch", "no_architecture", *(text for one in settings for text in ("--set", one))]) == 2
    missing, units = capsys.readouterr().err.splitlines()
    assert ARCH in missing
    assert units == "--set lif.units: 'many' must be a whole number"


@pytest.mark.parametrize(
    ("file", "kind"),
    [
        ("arch_configs/sata128.yaml", "an architecture, which --arch takes"),
        ("workloads/lenet5_mnist.yaml", "a workload, which --workload takes"),
        ("arch_configs/dram/hbm2.yaml", "a DRAM device, which --dram takes"),
    ],
)
def test_a_file_of_another_kind_is_told_for_what_it_is(
    file: str, kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", "--config", str(ROOT / file)]) == 2
    (fault,) = capsys.readouterr().err.splitlines()
    assert f"must be a config.resolved.yaml that a run has written; it is {kind}" in fault


def test_a_name_that_others_begin_with_brings_these(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "--workload", "vgg16"]) == 2
    (fault,) = capsys.readouterr().err.splitlines()
    assert "did you mean one of vgg16_cifar10, vgg16_cifar100, vgg16_efficientlif_cifar10," in fault
    assert "lenet5" not in fault
