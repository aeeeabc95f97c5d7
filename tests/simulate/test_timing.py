"""Does the memory make runs wait where and as long as it must, and never the ideal one?"""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

import lifsim
from lifsim.config.arch import load_arch
from lifsim.config.dram import load_dram
from lifsim.errors import InputError
from lifsim.hardware.pipeline.kinds import Kind
from lifsim.model.sharing import Sharing
from lifsim.simulate.options import Options
from lifsim.simulate.pipeline import run as simulate
from lifsim.simulate.result import Result
from tests.workload import building

WORKLOAD = "lenet5_mnist"
STALLS = ("stall_weights", "stall_spikes", "stall_membrane", "stall_writeback")


def run(*overrides: str, workload: str = WORKLOAD, batch: int = 2) -> Result:
    return lifsim.run(workload=workload, batch=batch, overrides=overrides)


def with_bandwidth(bandwidth: str, *overrides: str, workload: str = WORKLOAD) -> Result:
    return run("dram.model=bandwidth", f"dram.bandwidth_bytes_per_s={bandwidth}", *overrides, workload=workload)


def double_buffered() -> list[str]:
    return [f"buffers.{name}.double_buffered=true" for name in ("weight", "spike_in", "spike_out")]


@pytest.mark.parametrize("workload", ["lenet5_mnist", "vgg9_cifar10", "mobilenet_cifar10", "resnet19_cifar10"])
def test_steps_move_the_bytes_of_the_schedule_and_waiting_is_all_that_is_added(workload: str) -> None:
    ideal, timed = run("dram.model=ideal", workload=workload), with_bandwidth("2GB", workload=workload)
    assert timed.timeline is not None
    moves, moved = timed.timeline.steps.moves, timed.totals.dram_bytes
    assert moves.total(Kind.WEIGHTS) == moved.weights
    assert moves.total(Kind.SPIKES_IN) == moved.spikes_in
    assert moves.total(Kind.SPIKES_OUT) == moved.spikes_out
    assert moves.total(Kind.RESIDUAL) == moved.residual
    assert moved == ideal.totals.dram_bytes
    assert timed.timeline.steps.program.step_cycles.sum() == ideal.totals.cycles.total
    assert timed.timeline.timing.total == timed.totals.cycles.total
    for ours, theirs in zip(timed.records, ideal.records, strict=True):
        assert ours.counts.cycles.array == theirs.counts.cycles.array
        assert ours.counts.cycles.total >= theirs.counts.cycles.total
    assert all(getattr(ideal.totals.cycles, stall) == 0 for stall in STALLS)


def test_a_slow_memory_takes_the_time_of_its_bytes_and_an_endless_one_next_to_none() -> None:
    slow = with_bandwidth("1MB").totals
    seconds = slow.dram_bytes.total / 1e6
    assert seconds <= slow.time_s <= seconds + run("dram.model=ideal").totals.time_s
    fast, ideal = with_bandwidth("400TB", "dram.model=bandwidth"), run("dram.model=ideal")
    ports = sum(r.counts.cycles.stall_weights + r.counts.cycles.stall_spikes for r in fast.records)
    assert fast.totals.cycles.total - ports - fast.totals.cycles.stall_writeback == ideal.totals.cycles.total


def test_memory_is_another_word_for_dram_in_a_setting() -> None:
    assert run("memory.model=ideal").totals == run("dram.model=ideal").totals


def test_double_buffers_hide_what_single_ones_wait_for() -> None:
    """At one tiling: halves of buffers of twice the size."""
    sizes = [
        "buffers.weight.size_bytes=288KiB",
        "buffers.spike_in.size_bytes=64KiB",
        "buffers.spike_out.size_bytes=64KiB",
    ]
    single = with_bandwidth("4GB", workload="vgg9_cifar10").totals.cycles
    double = with_bandwidth("4GB", *sizes, *double_buffered(), workload="vgg9_cifar10").totals.cycles
    assert double.total < single.total
    assert (double.array, double.fill_drain, double.lif) == (single.array, single.fill_drain, single.lif)


@pytest.mark.parametrize("device", ["ddr4_2400", "hbm2"])
def test_a_simulated_dram_moves_the_bytes_of_the_run(device: str) -> None:
    timed = run("dram.model=cycle", f"dram.device={device}")
    assert timed.timeline is not None
    dram, moved = timed.timeline.timing.dram, timed.totals.dram_bytes
    assert dram is not None
    assert moved.weights <= dram.moved_bytes  # what is read right behind its write comes from the write queue
    assert timed.totals.cycles.total >= run("dram.model=ideal").totals.cycles.total
    assert timed.totals.time_s * dram.spec.peak_bytes_per_cycle >= moved.total * dram.spec.timing.tCK_ns * 1e-9


def test_a_network_larger_than_the_dram_is_refused(tmp_path: Path) -> None:
    small = tmp_path / "small.yaml"
    spec = load_dram("ddr4_2400", ["organisation.rows=1"])
    small.write_text(yaml.safe_dump(spec.model_dump(exclude_none=True)))
    with pytest.raises(InputError, match="must fit into"):
        run("dram.model=cycle", f"dram.device={small}", workload="vgg9_cifar10")


def test_more_bandwidth_is_never_slower() -> None:
    totals = [with_bandwidth(f"{gigabytes}GB").totals.cycles.total for gigabytes in (1, 2, 4, 8, 16, 32)]
    assert totals == sorted(totals, reverse=True)


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["dram.model=bandwidth"], "bandwidth_bytes_per_s: must be given"),
        (["dram.model=bandwidth", "dram.bandwidth_bytes_per_s=0"], "0 must be >="),
        (["dram.model=bandwidth", "dram.bandwidth_bytes_per_s=1GB", "dram.latency_ns=-1"], "latency_ns"),
        (["dram.model=bandwidth", "dram.bandwidth_bytes_per_s=10GB", "clock_hz=1kHz"], "2^20"),
        (["dram.device=null"], "device: must be given"),
        (["dram.model=cycle", "dram.device=ddr5"], "'ddr5' must be a file or a shipped DRAM"),
    ],
)
def test_a_memory_that_cannot_be_is_refused(overrides: list[str], message: str) -> None:
    with pytest.raises(InputError, match=message.replace("^", r"\^")):
        run(*overrides)


@pytest.mark.parametrize("sharing", ["none", "layer"])
def test_layers_that_run_timestep_by_timestep_move_and_take_what_their_plan_says(sharing: str) -> None:
    overrides = ["dram.model=bandwidth", "dram.bandwidth_bytes_per_s=2GB", "buffers.membrane.size_bytes=1KiB"]
    timed = lifsim.run(workload="vgg9_cifar10", sharing=sharing, schedule="timestep", overrides=overrides)
    assert timed.timeline is not None
    moves, moved = timed.timeline.steps.moves, timed.totals.dram_bytes
    assert moves.total(Kind.MEMBRANE_READ) == moved.membrane_read > 0
    assert moves.total(Kind.MEMBRANE_WRITE) == moved.membrane_write > 0
    assert int(moves.bytes.sum()) == moved.total
    cycles = timed.totals.cycles
    ports = sum(record.counts.port_stalls.total for record in timed.records)
    assert timed.timeline.steps.program.step_cycles.sum() == cycles.array + cycles.fill_drain + cycles.lif + ports
    assert cycles.stall_membrane > 0


RESIDUAL = """
- {name: conv1, op: conv, out: 8, kernel: 3, padding: 1}
- {name: lif1, op: lif}
- {name: conv2, op: conv, out: 2, kernel: 1}
- {name: lif2, op: lif}
- {name: conv3, op: conv, out: 8, kernel: 1}
"""
ADD = "- {name: sum, op: add, inputs: [conv3, lif1]}\n"
LIF = """- {name: lif3, op: lif}
spikes: {source: rates, provenance: made up, rates: {conv1: 0.3, conv2: 0.3, conv3: 0.3}}
"""


def test_waits_for_operands_of_an_add_are_waits_for_spikes() -> None:
    """The same network with and without the add, 400 cycles a byte: the operands are all that comes in addition, and
    while they come the array does its work, which they hide."""
    arch = load_arch("sata128", ["dram.model=bandwidth", "dram.bandwidth_bytes_per_s=1MB"])
    plain, added = (
        simulate(arch, building.network(RESIDUAL + add + LIF, encoding="rate"), Sharing(), Options())
        for add in ("", ADD)
    )
    before, after = (each.records[-1].counts for each in (plain, added))
    operands = 8 * 8 * 8 * 4 // 8
    assert (before.dram_bytes.residual, after.dram_bytes.residual) == (0, operands)
    assert after.dram_bytes.total - before.dram_bytes.total == operands
    worked = before.cycles.array + before.cycles.fill_drain + before.cycles.lif
    more = {name: getattr(after.cycles, name) - getattr(before.cycles, name) for name in STALLS}
    assert 400 * operands - worked <= more.pop("stall_spikes") <= 400 * operands
    assert set(more.values()) == {0}
