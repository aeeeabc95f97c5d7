"""A run in time windows: its cycles, accesses and time are those of the windows, one behind the other."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

import lifsim
from lifsim.cli.main import main
from lifsim.config.arch import load_arch
from lifsim.hardware.lif_unit import lif_cycles
from lifsim.model.network import Network
from lifsim.model.sharing import Sharing
from lifsim.simulate.options import Options
from lifsim.simulate.pipeline import run
from lifsim.simulate.result import Result
from tests.schedule.networks import network

OPS = [
    {"name": "conv1", "op": "conv", "out": 6, "kernel": 3, "padding": 1},
    {"name": "lif1", "op": "lif"},
    {"name": "conv2", "op": "conv", "out": 4, "kernel": 3, "padding": 1},
    {"name": "lif2", "op": "lif"},
    {"name": "fc", "op": "linear", "out": 4},
    {"name": "lif3", "op": "lif"},
]


def net(timesteps: int) -> Network:
    """Three layers at a rate of their own."""
    made = network(OPS, (4, 6, 6), timesteps)
    rates = {layer.name: (0.3,) for layer in made.layers}
    return dataclasses.replace(made, spikes=dataclasses.replace(made.spikes, rates=rates))


def ran(timesteps: int, schedule: str, *settings: str, sharing: str = "none", batch: int = 2) -> Result:
    """On four rows of four PEs."""
    arch = load_arch("sata128", ["array.rows=4", "array.cols=4", "dram.model=ideal", *settings])
    return run(arch, net(timesteps), Sharing.parse(sharing), Options(schedule=schedule, batch=batch, chunk=batch))


@pytest.mark.parametrize("sharing", ["none", "channel2"])
@pytest.mark.parametrize("overlapped", ["true", "false"])
@pytest.mark.parametrize("dataflow", ["os", "ws", "is", "row_stationary"])
def test_windows_are_runs_of_fewer_timesteps(dataflow: str, overlapped: str, sharing: str) -> None:
    """Of six timesteps in windows of two, three times what two timesteps take, tick-batched: cycles of the array and of
    the LIF units, what passes the array's ports; weights come once, for they stay."""
    chosen = (f"array.dataflow={dataflow}", "array.sparsity=none", f"lif.overlapped={overlapped}")
    windows, alone = ran(6, "window:2", *chosen, sharing=sharing), ran(2, "tick", *chosen, sharing=sharing)
    assert [group.tick_batched for group in windows.plan.groups] == [False] * 3
    for ours, one in zip(windows.records, alone.records, strict=True):
        a, b = ours.counts, one.counts
        for name in ("array", "fill_drain", "lif"):
            assert getattr(a.cycles, name) == 3 * getattr(b.cycles, name), name
        for name in ("weight", "spike_in", "psum"):
            assert getattr(a.sram_accesses, name).reads == 3 * getattr(b.sram_accesses, name).reads, name
        assert a.ops.macs_dense == 3 * b.ops.macs_dense
        assert a.dram_bytes.weights == b.dram_bytes.weights
        assert a.dram_bytes.spikes_in == 3 * b.dram_bytes.spikes_in


def test_a_short_window_is_one_of_fewer_timesteps() -> None:
    """Five timesteps in windows of three."""
    whole, three, two = ran(5, "window:3"), ran(3, "tick"), ran(2, "tick")
    for ours, first, last in zip(whole.records, three.records, two.records, strict=True):
        assert ours.counts.cycles.fill_drain == first.counts.cycles.fill_drain + last.counts.cycles.fill_drain
        moved, parts = ours.counts.dram_bytes, (first.counts.dram_bytes, last.counts.dram_bytes)
        assert moved.spikes_out == sum(part.spikes_out for part in parts)
        assert moved.membrane_read == moved.membrane_write == 0


@pytest.mark.parametrize("sparsity", ["skip", "ptb", "gate"])
def test_windows_see_the_spikes_of_their_timesteps(sparsity: str) -> None:
    """What the array works on is the same in windows as all together: every round has folds of its own. PTB, whose own
    windows of four timesteps end with a visit, takes what its two windows take."""
    windows, alone = (ran(4, schedule, f"array.sparsity={sparsity}") for schedule in ("window:2", "tick"))
    for ours, one in zip(windows.records, alone.records, strict=True):
        assert ours.counts.ops.macs_effective == one.counts.ops.macs_effective
        assert [step.macs_effective for step in ours.counts.timesteps] == [
            step.macs_effective for step in one.counts.timesteps
        ]
        if sparsity != "ptb":
            assert ours.counts.cycles.array == one.counts.cycles.array
        else:
            assert ours.counts.cycles.array != one.counts.cycles.array


@pytest.mark.parametrize(("timesteps", "window"), [(6, 2), (5, 3), (4, 2), (7, 5)])
def test_membranes_pass_their_buffer_between_windows_and_registers_within(timesteps: int, window: int) -> None:
    """Neuron by neuron, timestep by timestep: what a call finds, and where it leaves it."""
    result = ran(timesteps, f"window:{window}")
    for record, layer in zip(result.records, result.network.layers, strict=True):
        buffer, registers = [0, 0], [0, 0]
        for t in range(timesteps):
            opens, closes = t % window == 0 and t > 0, (t + 1) % window == 0 and t < timesteps - 1
            if t > 0:
                (buffer if opens else registers)[0] += 1
            (buffer if closes else registers)[1] += 1
        neurons = 2 * layer.lif_elements
        membrane, in_array = record.counts.sram_accesses.membrane, record.counts.registers
        assert [membrane.reads, membrane.writes] == [neurons * count for count in buffer]
        assert [in_array.reads, in_array.writes] == [neurons * count for count in registers]


def test_what_is_computed_once_is_computed_in_every_window() -> None:
    """Direct encoding: the image is read and multiplied three times."""
    made = lifsim.run("sata128", "vgg9_cifar10", schedule="window:2", overrides=("dram.model=ideal",))
    tick = lifsim.run("sata128", "vgg9_cifar10", overrides=("dram.model=ideal",))
    ours, once = made.records[0].counts, tick.records[0].counts
    assert made.network.timesteps == 4
    assert (ours.cycles.array, ours.ops.macs_dense) == (2 * once.cycles.array, 2 * once.ops.macs_dense)
    assert ours.dram_bytes.spikes_in == 2 * once.dram_bytes.spikes_in
    assert len(ours.timesteps) == 2
    assert "computed again in every window" in ours.tiling


@pytest.mark.parametrize("sharing", ["none", "channel2"])
@pytest.mark.parametrize("membrane", ["1KiB", "32KiB"])
def test_time_follows_the_windows(membrane: str, sharing: str) -> None:
    """Played against a memory: books balance in the records, every byte is asked for, nobody is faster than the pins;
    membranes that do not stay are waited for."""
    chosen = (
        "dram.model=bandwidth", "dram.bandwidth_bytes_per_s=400MB", f"buffers.membrane.size_bytes={membrane}",
        "buffers.membrane.double_buffered=false", "array.rows=16", "array.cols=8", "lif.overlapped=false",
    )  # fmt: skip
    result = ran(6, "window:2", *chosen, sharing=sharing, batch=16)
    moved = result.totals.dram_bytes
    assert result.timeline.steps.moves.bytes.sum() == moved.total
    assert result.totals.cycles.total >= moved.total
    streams = membrane == "1KiB"
    assert (moved.membrane_read > 0) == (moved.membrane_write > 0) == streams
    ports = sum(record.counts.port_stalls.membrane for record in result.records)
    assert ports > sum(record.counts.port_stalls.membrane for record in ran(6, "tick", *chosen, batch=16).records) == 0


def test_passes_of_the_first_and_last_timestep_may_take_longer() -> None:
    """Two passes of three timesteps behind two blocks of 4 and 9 cycles: 2 + 1 + 5 cycles are ready under the second
    block, all of which it hides; 2 + 1 + 6 behind it are waited for."""
    passes = np.array([[2, 1, 5], [2, 1, 6]])
    blocks = np.array([[4, 9]])
    assert lif_cycles(passes, 2, 3, blocks, tick_batched=True, overlapped=True) == 9
    assert lif_cycles(passes, 2, 3, np.array([[4, 5]]), tick_batched=True, overlapped=True) == 3 + 9
    assert lif_cycles(passes, 2, 3, blocks, tick_batched=True, overlapped=False) == 17
    alike = np.array([[2, 2], [3, 3]])
    for overlapped in (True, False):
        of_passes = lif_cycles(np.array([2, 3]), 2, 2, blocks, tick_batched=True, overlapped=overlapped)
        assert lif_cycles(alike, 2, 2, blocks, tick_batched=True, overlapped=overlapped) == of_passes


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--schedule", "window:0"], "must be window:TW, TW timesteps, a whole number >= 1"),
        (["--schedule", "windows:2"], "one of tick, timestep, window:TW, fused, fused:TW, skewed, skewed:TW, auto"),
        (["--schedule", "window:99"], "must be at most window:"),
        (["--schedule", "window:2", "--sharing", "layer"], "share membranes"),
        (["--schedule", "window:2", "--mode", "training", "--arch", "sata_training"], "no windows between"),
        (
            ["--groups", "conv1:window:0,conv2"],
            "conv1:window:TW, TW timesteps, a whole number from 1 to 4",
        ),
    ],
)
def test_windows_that_cannot_be_exit_2_with_the_reason(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", "--workload", "vgg9_cifar10", *arguments]) == 2
    said = " ".join(capsys.readouterr().err.split())
    assert words in said
    assert "Traceback" not in said
