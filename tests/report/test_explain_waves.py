"""Does the explanation of layers in waves evaluate to the figures of the run, and say in what order they run?"""

from __future__ import annotations

from typing import Any

import pytest

import lifsim
from lifsim.cli.main import main
from lifsim.report.explain.layer import explain
from lifsim.schedule.work_order import work_order
from lifsim.simulate.result import Result
from tests.report.test_explain import FEW_PSUMS, _check_layer, _evaluated

WAVING = ("buffers.membrane.size_bytes=96KiB", "buffers.weight.size_bytes=48KiB", "lif.overlapped=true")
ROOM = "buffers.membrane.size_bytes=128KiB"
NARROW = "buffers.membrane.size_bytes=12KiB"
"""For 4 * (1 + 1) rows of 2 KiB there is no room: they run in bands of columns."""


SKEWED = {"sharing": "layer", "groups": ("conv1:skewed", "conv3", "conv5", "fc1")}
FUSED = {"groups": ("conv1:fused", "conv3:fused", "conv5", "fc1")}
IN_WINDOWS = {"sharing": "layer", "groups": ("conv1:skewed:3", "conv3:skewed:2", "conv5", "fc1")}
FUSED_IN_WINDOWS = {"groups": ("conv1:fused:2", "conv3:fused:3", "conv5", "fc1")}


@pytest.mark.slow
@pytest.mark.parametrize("chosen", [
    {**SKEWED, "overrides": (ROOM,)},
    {**IN_WINDOWS, "batch": 3, "chunk": 2, "overrides": WAVING},
    {**SKEWED, "sharing": "layer+channel2", "overrides": (ROOM, "array.dataflow=ws", FEW_PSUMS)},
    {**SKEWED, "overrides": (ROOM, "array.sparsity=skip", "lif.overlapped=true")},
    {**IN_WINDOWS, "overrides": (ROOM, "array.dataflow=is", "lif.overlapped=true")},
    {**SKEWED, "overrides": (NARROW,)},
    {**IN_WINDOWS, "batch": 3, "chunk": 2, "overrides": ("buffers.membrane.size_bytes=24KiB", *WAVING[1:])},
    {**SKEWED, "sharing": "layer+channel2", "overrides": (NARROW, "array.dataflow=ws", FEW_PSUMS)},
    {**SKEWED, "overrides": (NARROW, "array.sparsity=skip", "lif.overlapped=true")},
    {**FUSED, "overrides": ("buffers.weight.size_bytes=24KiB",)},
    {**FUSED_IN_WINDOWS, "batch": 3, "chunk": 2, "overrides": WAVING},
    {**FUSED, "sharing": "channel2", "overrides": ("array.dataflow=ws", FEW_PSUMS)},
    {**FUSED_IN_WINDOWS, "overrides": ("array.sparsity=skip", "lif.overlapped=true")},
    {"workload": "resnet19_cifar10", "sharing": "layer", "schedule": "skewed", "overrides": (ROOM,)},
])  # fmt: skip
def test_every_line_evaluates_to_the_runs_figure(chosen: dict[str, Any]) -> None:
    result = lifsim.run(**{"workload": "vgg9_cifar10", **chosen})
    assert result.plan is not None
    waves = [group for group in result.plan.groups if group.waves is not None]
    assert waves
    for group in waves:
        for index in group.indices:
            record = result.records[index]
            _check_layer(explain(result, record.counts.name), record.counts.cycles, record.counts.dram_bytes)


def test_the_order_is_said_in_a_sentence() -> None:
    result = lifsim.run(workload="vgg9_cifar10", **SKEWED, overrides=(ROOM,))
    assert result.plan is not None
    group = result.plan.groups[0]
    (said,) = [line for line in explain(result, "conv2").head if line.startswith("for each")]
    visits = sum(work.layer == 1 for work in work_order(result.plan, 1))
    assert said.startswith(f"for each of {group.in_waves.count(4)} waves of ")
    assert "conv1 to conv2 in turn, 4 timesteps each, one " in said
    assert f"weights of conv2 come {visits} times" in said or "weights of conv2 stay" in said
    fused = explain(lifsim.run(workload="vgg9_cifar10", schedule="fused"), "conv2").head
    assert any("all 4 timesteps of a tile back to back" in line for line in fused)


@pytest.mark.parametrize(
    ("chosen", "out", "lif"),
    [
        (SKEWED, "images x rows x timesteps x bytes of a row; ", "timesteps x (images x passes x "),
        (IN_WINDOWS, "images x rows x timesteps x bytes of a row; ", "timesteps x (images x passes x "),
        (FUSED_IN_WINDOWS, "images x rows x windows x bytes of a row, the timesteps of a window packed; ",
         "windows x (images x timesteps x passes x "),
    ],
)  # fmt: skip
def test_words_name_each_factor_once(chosen: dict[str, Any], out: str, lif: str) -> None:
    """Also of bytes: 16 rows of 64 x 16 bits at each of 4 timesteps."""
    lines = {line.quantity: line for line in explain(_explained(chosen), "conv2").lines}
    assert lines["spikes out"].why.startswith(out)
    assert lines["spikes out"].value == 16 * 4 * (64 * 16 // 8)
    assert lines["lif"].why.startswith(lif)
    rounds = "timesteps x (images x folds x " if "sharing" in chosen else "windows x (images x rounds x folds x "
    assert lines["array"].why.startswith(rounds)
    for quantity in ("spikes out", "lif", "array"):
        assert _evaluated(lines[quantity].expression) == lines[quantity].value


def test_rows_from_outside_are_those_of_every_timestep() -> None:
    """Skewed, each lies by itself; an analogue image is there once; what is packed for a window is one row."""
    skewed, fused = _explained(IN_WINDOWS), _explained(FUSED_IN_WINDOWS)
    for result, layer, rows in (
        (skewed, "conv3", "rows of every timestep"),
        (skewed, "conv1", "rows"),
        (fused, "conv3", "rows"),
    ):
        (read,) = [line for line in explain(result, layer).lines if line.quantity == "spikes in"]
        assert f" x images x {rows} x bytes of a row: " in read.why
        assert _evaluated(read.expression) == read.value > 0


def _explained(chosen: dict[str, Any]) -> Result:
    return lifsim.run(workload="vgg9_cifar10", **chosen, overrides=(ROOM, "dram.model=ideal"))


def test_the_command_prints_it(capsys: pytest.CaptureFixture[str]) -> None:
    command = ["explain", "--workload", "vgg9_cifar10", "--schedule", "fused", "--layer", "conv2"]
    assert main(command) == 0
    assert " of a tile back to back" in " ".join(capsys.readouterr().out.split())


def test_strips_higher_than_the_map_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    command = ["explain", "--workload", "vgg16_cifar10", "--sharing", "layer", "--schedule", "skewed"]
    assert main([*command, "--layer", "conv9"]) == 0
    told = " ".join(capsys.readouterr().out.split())
    assert " of 12 rows of conv10: " in told
    assert " (strips higher than the map of 4 rows: a wave takes whole maps, of fewer timesteps at once)" in told
    assert main([*command, "--layer", "conv1"]) == 0
    told = " ".join(capsys.readouterr().out.split())
    assert " of 1 row of conv2: " in told
    assert "higher than the map" not in told
