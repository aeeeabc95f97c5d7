"""Is what a shared run is compared with like it in all but sharing, and is nothing of the difference lost?"""

from __future__ import annotations

import re
from dataclasses import replace
from math import prod
from pathlib import Path
from typing import Any

import pytest
from rich.table import Table

import lifsim
from lifsim.cli.main import main
from lifsim.report.schedule_table import schedule_table
from lifsim.schedule import choices
from lifsim.schedule.begins import group_ways, unshared_groups
from lifsim.simulate.inputs import Inputs, load_inputs
from lifsim.simulate.result import Result
from lifsim.sweeps.beside import Comparison, run_beside_baseline, run_sharings
from lifsim.units import format_bytes

MEMORY = ["dram.model=bandwidth", "dram.bandwidth_bytes_per_s=1GB", "dram.energy=per_bit"]


def compared(sharing: str, *settings: str, workload: str = "vgg9_cifar10", **options: Any) -> Comparison:
    inputs = load_inputs("sata128", workload, sharing, options, [*MEMORY, *settings])
    found = run_beside_baseline(inputs)[1]
    assert found is not None
    return found


def counts(result: Result) -> list[Any]:
    return [record.counts for record in result.records]


def without_registers(result: Result) -> list[Any]:
    return [replace(record.counts, registers=None, tiling="") for record in result.records]


@pytest.mark.parametrize("channels", [2, 4])
def test_channel_sharing_stands_beside_as_few_lif_units(channels: int) -> None:
    """And beside the machine as it is: each the run that the command line would make."""
    found = compared(f"channel{channels}")
    few = lifsim.run("sata128", "vgg9_cifar10", "none", overrides=[*MEMORY, f"lif.units={128 // channels}"])
    as_it_is = lifsim.run("sata128", "vgg9_cifar10", "none", overrides=MEMORY)
    assert [counts(baseline.result) for baseline in found.baselines] == [counts(few), counts(as_it_is)]
    assert [baseline.result.totals for baseline in found.baselines] == [few.totals, as_it_is.totals]


@pytest.mark.parametrize("channels", [2, 4])
def test_of_channel_sharing_registers_and_memory_are_its_own(channels: int) -> None:
    """Tick-batched, with as many LIF units, `none` has the same cycles and bytes to the last one."""
    found = compared(f"channel{channels}")
    shared, alike = found.shared, found.alike.result
    assert without_registers(shared) == without_registers(alike)
    for ours, theirs in zip(counts(shared), counts(alike), strict=True):
        assert channels * ours.registers.reads == theirs.registers.reads
        assert channels * ours.registers.writes == theirs.registers.writes
    memory = shared.totals.lif_memory_bytes
    assert memory.forward * channels == memory.forward_baseline == alike.totals.lif_memory_bytes.forward


@pytest.mark.parametrize("sharing", ["layer", "layer+channel2"])
@pytest.mark.parametrize("schedule", ["tick", "auto"])
def test_layer_sharing_stands_beside_none_in_the_same_groups(sharing: str, schedule: str) -> None:
    found = compared(sharing, schedule=schedule)
    shared, alike, machine = found.shared.plan, found.alike.result.plan, found.machine.result.plan
    assert shared is not None
    assert alike is not None
    assert machine is not None
    network = found.shared.network
    assert group_ways(network, alike) == unshared_groups(group_ways(network, shared))[0]
    assert shared.begins != machine.begins
    own = lifsim.run("sata128", "vgg9_cifar10", "none", schedule=schedule, overrides=MEMORY)
    assert counts(found.machine.result) == counts(own)
    ours, theirs = found.shared.totals, found.alike.result.totals
    if any(group.waves is not None for group in shared.groups):
        return  # skewed strips of every timestep end at other rows than those of fused ones
    for cause in ("array", "fill_drain", "lif"):
        assert getattr(ours.cycles, cause) == getattr(theirs.cycles, cause)


@pytest.mark.parametrize("sharing", ["channel4", "layer", "layer+channel2"])
def test_the_steps_come_to_the_whole_difference(sharing: str) -> None:
    found = compared(sharing)
    *steps, whole = found.steps
    for name in ("cycles.total", "energy_pj.total", "dram_bytes.total", "area_mm2", "lif_memory_bytes.forward"):
        ratios = [step.ours.totals.figures[name] / step.theirs.totals.figures[name] for step in steps]
        assert prod(ratios) == pytest.approx(whole.ours.totals.figures[name] / whole.theirs.totals.figures[name])
    assert [step.own for step in found.steps] == [True] + [False] * (len(found.steps) - 1)


def test_the_table_of_schedules_plans_only_what_no_run_was_planned_under(monkeypatch: pytest.MonkeyPatch) -> None:
    """The runs were planned under `tick`: shared, alike, and none as it is; the table plans the whole network as one
    group under `timestep`, with shared states and with those of none, which is alike, too. Its figures are theirs."""
    found, planned, tiled = compared("layer"), [], []
    group, tick = choices.plan_group, choices.tick.traffic
    monkeypatch.setattr(choices, "plan_group", lambda *given: (planned.append(given[1:3]), group(*given))[1])
    monkeypatch.setattr(choices.tick, "traffic", lambda *given: (tiled.append(given), tick(*given))[1])
    table = schedule_table(found.shared, found)
    assert planned == [(0, len(found.shared.network.layers) - 1)] * 2
    assert not tiled
    assert table is not None
    assert_first_row_is_that_of_the_runs(table, found)


def assert_first_row_is_that_of_the_runs(table: Table, found: Comparison) -> None:
    first = [next(iter(column.cells)) for column in table.columns]
    runs = (found.shared, found.alike.result, found.machine.result)
    assert [first[place] for place in (1, 2, 4)] == [format_bytes(run.totals.dram_bytes.total) for run in runs]


def test_the_table_of_schedules_takes_as_many_images_at_a_time_as_the_runs() -> None:
    """One at a time, weights of timestep-major groups come again for each of the two."""
    found = compared("layer", batch=2, chunk=1)
    table = schedule_table(found.shared, found)
    assert table is not None
    assert_first_row_is_that_of_the_runs(table, found)


def test_a_schedule_that_cannot_run_is_told_as_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without a membrane buffer no layer runs timestep by timestep; the run itself, fused, needs none."""
    asked = ["--sharing", "channel2", "--schedule", "fused", "--set", "buffers.membrane.size_bytes=0", "--rate", "0.3"]
    where = ["--set", "timesteps=3", "--out", str(tmp_path / "out"), "--full", "--layers"]
    assert main(["run", "--workload", "lenet5_mnist", *asked, *where]) == 0
    out = capsys.readouterr().out
    assert re.search("timestep .*cannot run", out)
    assert re.search("fused .*KiB", out)
    assert out.rstrip().splitlines()[-1].startswith("total")


def test_where_sharing_brings_nothing_else_there_is_one_baseline() -> None:
    """Under `timestep` all networks take turns alike; and `layer` has all the LIF units."""
    found = compared("layer", schedule="timestep")
    assert found.alike is found.machine
    assert [step.own for step in found.steps] == [True]
    tree = found.tree()
    assert [one["schedule"] for one in tree["baselines"]] == ["own"]
    assert tree["steps"][0]["change"]["cycles.total"] == (
        found.shared.totals.cycles.total / found.alike.result.totals.cycles.total - 1
    )


@pytest.mark.parametrize("bptt", ["stored", "reversed"])
def test_training_is_compared_with_training_that_keeps_membranes_alike(bptt: str) -> None:
    inputs = load_inputs(
        "sata_training", "lenet5_mnist", "channel2", {"mode": "training", "bptt": bptt, "batch": 1}, MEMORY
    )
    found = run_beside_baseline(inputs)[1]
    assert found is not None
    for baseline in found.baselines:
        assert baseline.result.options.bptt == bptt
        ours = found.shared.totals.lif_memory_bytes
        assert ours.backward_baseline == baseline.result.totals.lif_memory_bytes.backward
    moved = [run.totals.dram_bytes.states_write for run in (found.shared, found.alike.result)]  # type: ignore[attr-defined]
    assert moved == [found.shared.totals.lif_memory_bytes.backward, found.alike.result.totals.lif_memory_bytes.backward]


def test_python_has_the_same_comparison() -> None:
    result = lifsim.run("sata128", "lenet5_mnist", "channel2", overrides=MEMORY)
    found = lifsim.beside_none(result)
    assert found is not None
    assert found.shared.totals == result.totals
    frame = found.frame
    assert list(frame.columns) == ["channel2", *(step.says for step in found.steps)]
    assert frame.loc["energy_pj.compute.lif", "no sharing: 64 LIF units, not 128"] < -0.4
    assert frame.loc["cycles.total", "sharing's own, none alike"] == 0
    assert lifsim.beside_none(lifsim.run("sata128", "lenet5_mnist", overrides=MEMORY)) is None


def test_the_engine_fires_for_each_sharing_what_that_fires() -> None:
    """Beside a run on the engine's spikes stand those of `none`, however often it runs."""
    few = ("timesteps=2", "spikes.rates={conv2: 0.2, fc1: 0.2, fc2: 0.2, fc3: 0.2}")
    inputs = load_inputs("sata128", "lenet5_mnist", "channel2", {"spikes": "engine"}, [*MEMORY, *few])
    found = run_beside_baseline(inputs)[1]
    assert found is not None
    spikes = {run.totals.ops.macs_effective for run in (found.alike.result, found.machine.result)}
    assert len(spikes) == 1
    assert found.shared.totals.ops.macs_effective not in spikes
    assert found.alike.result.spikes.recorded_under == "none"


def test_runs_of_several_sharings_tell_every_fault() -> None:
    inputs: Inputs = load_inputs("sata128", "lenet5_mnist", "none", {}, MEMORY)
    with pytest.raises(lifsim.errors.InputError) as caught:
        run_sharings(inputs, ["none", "chanel2", "channel5"])
    assert len(caught.value.faults) > 1
