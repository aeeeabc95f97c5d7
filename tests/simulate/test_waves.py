"""A run in waves: its cycles, accesses and time are those of its strips, one behind the other."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from lifsim.config.arch import load_arch
from lifsim.model.arch import Arch
from lifsim.model.sharing import Sharing
from lifsim.play.trial import Tried
from lifsim.schedule.plan import GroupPlan, Plan
from lifsim.schedule.window import TICK, TIMESTEP
from tests.oracles.waves import Array, Counted, Product, count
from tests.schedule.broken import STRIPS
from tests.schedule.hand_waves import Asked, waves_by_hand
from tests.schedule.networks import network
from tests.schedule.test_wave_steps import POOLED
from tests.simulate.waves import assert_books_balance, counted, ran, rated

FUSED, SKEWED = Asked("fused", 1, 3, filters=3), Asked("skewed", 2, 3, filters=3)


def arch(*settings: str) -> Arch:
    """Four rows of three PEs."""
    return load_arch(
        "sata128", ["array.rows=4", "array.cols=3", "lif.latency_cycles=50", "dram.model=ideal", *settings]
    )


def in_waves(asked: Asked, machine: Arch, timesteps: int = 3, batch: int = 1) -> tuple[Plan, Tried]:
    """Three layers, fused without sharing, or skewed with one state."""
    net = rated(network(STRIPS if asked.kind == "skewed" else POOLED, (2, 8, 8), timesteps))
    sharing = Sharing.parse("layer" if asked.kind == "skewed" else "none")
    asked = replace(asked, batch=batch, images=batch)
    plan = waves_by_hand(net, sharing, machine, asked)
    return plan, ran(net, sharing, machine, plan, batch)


def told(plan: Plan, index: int) -> Product:
    """A layer as the oracle is told it."""
    (group,) = plan.groups
    layer, waves = plan.facts.layers[index].layer, group.in_waves
    rows = [
        [
            [(mine.start, mine.stop) for mine in (waves.rows(index, wave, t) for t in range(end - first))]
            for wave in range(waves.count(end - first))
        ]
        for first, end in group.window.spans(layer.timesteps)
    ]
    tile = group.layers[index].tiling.filters
    return Product(layer.reduction, layer.filters, plan.facts.layers[index].rows.row_pixels, tile, rows, waves.skewed)


@pytest.mark.parametrize(("asked", "window"), list(product([FUSED, SKEWED], [3, 2])))
@pytest.mark.parametrize("overlapped", ["true", "false"])
@pytest.mark.parametrize("dataflow", ["os", "ws"])
def test_cycles_and_accesses_are_those_of_the_loops(dataflow: str, overlapped: str, asked: Asked, window: int) -> None:
    machine = arch(f"array.dataflow={dataflow}", "array.sparsity=none", f"lif.overlapped={overlapped}")
    plan, tried = in_waves(replace(asked, window=window), machine)
    array = Array(4, 3, dataflow, lif=50, hidden=overlapped == "true")
    for index, record in enumerate(tried.records):
        cycles, accesses = record.counts.cycles, record.counts.sram_accesses
        ours = Counted(cycles.array + cycles.fill_drain, cycles.lif, accesses.spike_in.reads, accesses.weight.reads)
        assert ours == count(told(plan, index), array)
        assert cycles.lif > 0


@pytest.mark.parametrize("sparsity", ["none", "gate", "skip", "ptb"])
@pytest.mark.parametrize("overlapped", ["true", "false"])
@pytest.mark.parametrize("encoding", ["rate", "direct"])
def test_one_fused_wave_is_tick_batched(encoding: str, overlapped: str, sparsity: str) -> None:
    """Layers in one wave, their tiles those of layers alone: the same counts, and waits for ports."""
    machine = arch(f"array.sparsity={sparsity}", f"lif.overlapped={overlapped}", "buffers.weight.port_bits=32")
    net = rated(network(POOLED, (2, 8, 8), 3, encoding))
    plan = waves_by_hand(net, Sharing(), machine, replace(FUSED, height=8, batch=2, images=2))
    (group,) = plan.groups
    alone = tuple(
        GroupPlan(index, index, 2, (), None, (traffic,), TICK)
        for index, traffic in zip(group.indices, group.layers, strict=True)
    )
    ours, one = (counted(net, Sharing(), machine, each, 2) for each in (plan, replace(plan, groups=alone)))
    assert [replace(layer, tiling="") for layer in ours] == [replace(layer, tiling="") for layer in one]
    assert "fused" in ours[0].tiling


@pytest.mark.parametrize("sparsity", ["none", "gate", "skip"])
@pytest.mark.parametrize("overlapped", ["true", "false"])
@pytest.mark.parametrize("encoding", ["rate", "direct"])
def test_one_skewed_wave_of_one_timestep_is_timestep_major(encoding: str, overlapped: str, sparsity: str) -> None:
    machine = arch(
        f"array.sparsity={sparsity}",
        f"lif.overlapped={overlapped}",
        "buffers.membrane.port_bits=32",
        "lif.latency_cycles=1",
    )
    net, layer = rated(network(STRIPS, (2, 8, 8), 1, encoding)), Sharing.parse("layer")
    plan = waves_by_hand(net, layer, machine, replace(SKEWED, height=12, window=1, batch=2, images=2))
    (group,) = plan.groups
    other = replace(plan, groups=(replace(group, waves=None, window=TIMESTEP),))
    ours, one = (counted(net, layer, machine, each, 2) for each in (plan, other))
    assert [replace(layer, tiling="") for layer in ours] == [replace(layer, tiling="") for layer in one]
    assert "skewed" in ours[0].tiling
    assert overlapped == "true" or sum(layer.port_stalls.membrane for layer in ours) > 0


@pytest.mark.parametrize("memory", ["ideal", "bandwidth", "cycle"])
@pytest.mark.parametrize("asked", [FUSED, SKEWED, replace(SKEWED, window=2), replace(FUSED, window=2)])
def test_books_balance_whatever_the_memory(asked: Asked, memory: str) -> None:
    """Every byte is asked for; all that the array does is in some step; cycles are the sum of their causes."""
    more = ["dram.bandwidth_bytes_per_s=400MB"] if memory == "bandwidth" else []
    plan, tried = in_waves(asked, arch(f"dram.model={memory}", *more), batch=2)
    assert_books_balance(plan, tried)


def test_a_step_takes_what_its_timestep_does() -> None:
    """Skewed, where timesteps have other spikes: the cycles of each are dealt to its steps alone."""
    _, tried = in_waves(SKEWED, arch("dram.model=cycle", "array.sparsity=skip", "lif.overlapped=true"))
    assert tried.timeline is not None
    steps, counts = tried.timeline.steps, tried.records[1].counts
    visits = [visit for visit in steps.visits if visit.layer == 1]
    timestep = np.concatenate([np.broadcast_to(visit.timestep, visit.steps) for visit in visits])
    took = steps.program.step_cycles[steps.layer == 1]
    lif = counts.cycles.lif + counts.port_stalls.total
    for number, one in enumerate(counts.timesteps):
        ours = int(took[timestep == number].sum())
        assert 0 <= ours - one.array_cycles - one.fill_drain_cycles <= lif
    assert len({int(took[timestep == number].sum()) for number in range(3)}) > 1
