"""Is what is wrong with inputs together told at the line of the file, or at the option, that says it?"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import lifsim
from lifsim.cli.main import main
from lifsim.config.resolve import find
from lifsim.errors import InputError

NETWORK = """\
name: net
timesteps: 3
input: {shape: [2, 8, 8], encoding: rate}
norm_statistics: all_timesteps
neuron:
  reset: hard
layers:
- {name: conv1, op: conv, out: 6, kernel: 3, padding: 1, batch_norm: true}
- {name: lif1, op: lif}
- {name: conv2, op: conv, out: 6, kernel: 3, padding: 1, batch_norm: true}
- {name: lif2, op: lif, neuron: {reset: hard}}
- {name: fc1, op: linear, out: 2}
spikes:
  rates: {conv1: 0.2, conv2: 0.2, fc1: 0.2}
  provenance: nobody's
"""
TRAINING = ["--mode", "training"]

CASES: list[tuple[list[str], list[str]]] = [
    (["--sharing", "channel4"], ["net.yaml:9:3 sharing: channel4 must divide the 6 channels of lif1, lif2; `share"]),
    ([*TRAINING, "--schedule", "timestep"], ["net.yaml:4:1 norm_statistics: 'all_timesteps' must be timestep"]),
    ([*TRAINING, "--sharing", "layer"], ["net.yaml:4:1 norm_statistics: 'all_timesteps' must be"]),
    (
        [*TRAINING, "--bptt", "reversed"],
        ["net.yaml:6:3 layers.lif1: hard reset forgets", "net.yaml:11:34 layers.lif2: hard reset forgets"],
    ),
    (
        [*TRAINING, "--bptt", "reversed", "--set", "neuron.reset=hard"],
        ["--set neuron.reset layers.lif1: hard reset forgets", "net.yaml:11:34 layers.lif2: hard reset"],
    ),
    (
        ["--set", "buffers.membrane.size_bytes=0", "--schedule", "timestep"],
        ["--set buffers.membrane.size_bytes: 0 must be > 0 where layers run timestep by timestep", "need none"],
    ),
    (["--arch", "bare.yaml", *TRAINING], ["components: must have at least one of tag pgu", "sata_training has such"]),
    (
        ["--arch", "bare.yaml", "--schedule", "timestep"],
        [" buffers.membrane.size_bytes: 0 must be > 0 where layers run timestep by timestep"],
    ),
]  # fmt: skip


BARE = find("arch", "sata128").read_text().replace("membrane: {size_bytes: 32KiB", "membrane: {size_bytes: 0")
"""No unit of gradients, and no membrane buffer."""


@pytest.fixture(autouse=True)
def _files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("net.yaml").write_text(NETWORK)
    Path("bare.yaml").write_text(BARE)


def _line(text: str) -> int:
    return next(number for number, line in enumerate(BARE.splitlines(), 1) if line.startswith(text))


@pytest.mark.parametrize(("options", "told"), CASES)
def test_a_fault_of_inputs_together_has_its_place(
    options: list[str], told: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", "--workload", "net.yaml", *options]) == 2
    err = capsys.readouterr().err
    for words in told:
        assert words in err


def test_a_fault_of_inputs_together_has_its_place_in_the_architecture(capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["run", "--workload", "net.yaml", "--arch", "bare.yaml"]
    assert main([*asked, *TRAINING]) == 2
    assert f"bare.yaml:{_line('components:')}:1 components: must have" in capsys.readouterr().err
    assert main([*asked, "--schedule", "timestep"]) == 2
    told = f"bare.yaml:{_line('  membrane: {')}:14 buffers.membrane.size_bytes: 0 must be > 0"
    assert told in capsys.readouterr().err


def test_python_names_the_file_too_and_objects_have_none() -> None:
    with pytest.raises(InputError, match=r"net\.yaml:9:3 sharing: channel4 must divide"):
        lifsim.run("sata128", "net.yaml", "channel4")
    with pytest.raises(InputError, match=r"^sharing: channel4 must divide"):
        lifsim.run("sata128", lifsim.load_workload("net.yaml"), "channel4")


def test_a_layer_without_a_gradient_is_told_at_its_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "--workload", "spikformer_block_cifar10", *TRAINING]) == 2
    told = capsys.readouterr().err
    assert re.search(r"spikformer_block_cifar10\.yaml:\d+:\d+ layers\.attention: matmul has no gradient yet", told)


def test_a_configuration_names_its_lines_too(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "--workload", "net.yaml", "--arch", "sata_training", "--out", "ran"]) == 0
    assert main(["run", "--config", "ran/config.resolved.yaml", "--set", "buffers.membrane.size_bytes=0"]) == 0
    text = Path("ran/config.resolved.yaml").read_text().replace("schedule: tick", "schedule: timestep")
    Path("again.yaml").write_text(text.replace("mode: inference", "mode: training"))
    capsys.readouterr()
    assert main(["run", "--config", "again.yaml"]) == 2
    found = re.search(r"again\.yaml:(\d+):3 norm_statistics: 'all_timesteps' must be", capsys.readouterr().err)
    assert found
    assert "all_timesteps" in Path("again.yaml").read_text().splitlines()[int(found[1]) - 1]
