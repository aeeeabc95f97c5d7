"""Do the steps of timestep-major groups move exactly the bytes that the plan counts, layer by layer?"""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pytest

import lifsim
from lifsim.config.arch import load_arch
from lifsim.config.workload import load_workload
from lifsim.hardware.pipeline.kinds import Kind
from lifsim.memo import Memo
from lifsim.model.sharing import Sharing
from lifsim.play.steps import visits
from lifsim.schedule.plan import Plan, ScheduleOptions
from lifsim.schedule.tensors.moves import REPLAY, Moves
from lifsim.schedule.timestep.steps import group_visits
from lifsim.schedule.timestep.unrolled import unroll
from tests.schedule import build
from tests.schedule.networks import network
from tests.schedule.on_arch import facts_on, plan_on

COUNTED = {
    Kind.WEIGHTS: "weights",
    Kind.SPIKES_IN: "spikes_in",
    Kind.RESIDUAL: "residual",
    Kind.SPIKES_OUT: "spikes_out",
    Kind.PSUM_READ: "psum_read",
    Kind.PSUM_WRITE: "psum_write",
    Kind.MEMBRANE_READ: "membrane_read",
    Kind.MEMBRANE_WRITE: "membrane_write",
}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("workload", "sharing", "batch", "overrides"),
    [
        ("vgg9_cifar10", "none", 1, []),
        ("vgg9_cifar10", "channel2", 3, ["buffers.weight.size_bytes=4MiB"]),
        ("resnet19_shared_cifar10", "layer", 1, []),
        ("mobilenet_cifar10", "none", 2, ["buffers.membrane.size_bytes=4KiB"]),
        ("har_sdcl_ucihar", "layer", 3, []),
    ],
)
def test_bytes_of_the_visits_are_those_of_the_plan(
    workload: str, sharing: str, batch: int, overrides: list[str]
) -> None:
    network, arch, shared = load_workload(workload), load_arch("sata128", overrides), Sharing.parse(sharing)
    for schedule in ("tick", "timestep"):
        facts = facts_on(network, shared, arch)
        made = plan_on(network, shared, arch, ScheduleOptions(schedule=schedule, batch=batch))
        for group in made.groups:
            if group.tick_batched:
                continue
            visits = group_visits(facts, batch, group, Memo())
            for index, traffic in zip(range(group.first, group.last + 1), group.layers, strict=True):
                mine = [visit for visit in visits if visit.layer == index]
                moved = {name: sum(v.moves.total(kind) for v in mine) for kind, name in COUNTED.items()}
                assert moved | {"operand": 0} == vars(traffic.dram)
                computed = sum(int(v.outputs.sum()) for v in mine if v.round != REPLAY)
                rows = facts.layers[index].rows.axis.rows_out
                assert computed == batch * network.layers[index].rounds * network.layers[index].filters * rows


@pytest.mark.parametrize(("filters", "tiles"), [(1, [1]), (64, [1] * 64), (65, [*[2] * 32, 1]), (130, [*[3] * 43, 1])])
def test_more_than_64_filter_tiles_of_a_visit_are_joined(filters: int, tiles: list[int]) -> None:
    """On an array of one column every filter is a tile of its own."""
    ops = [{"name": "fc1", "op": "linear", "out": filters}, {"name": "lif", "op": "lif"}]
    net = network([*ops, {"name": "fc2", "op": "linear", "out": 1}], (3,), 1)
    plan = plan_on(net, Sharing(), build.arch(cols=1, weight=3), ScheduleOptions("timestep"))
    (group,) = plan.groups
    assert group.layers[0].tiling.filters == 1
    visit, _ = group_visits(plan.facts, 1, group, Memo())
    assert visit.outputs.tolist() == tiles


def strips(timesteps: int) -> Plan:
    """Of two convolutions that share membranes, more than their buffer holds."""
    convolution = {"op": "conv", "out": 2, "kernel": 3, "padding": 1}
    layers = [{"name": "one", **convolution}, {"name": "lif1", "op": "lif"}, {"name": "two", **convolution}]
    what = network([*layers, {"name": "lif2", "op": "lif"}], (2, 12, 4), timesteps)
    room = ["buffers.membrane.size_bytes=64", "array.rows=4", "array.cols=2"]
    result = lifsim.run("sata128", what, "layer", schedule="timestep", rate=0.5, overrides=room)
    assert result.plan is not None
    return result.plan


def test_weights_that_stay_come_with_the_first_strip() -> None:
    mine = [visit for visit in visits(strips(2), 1, Memo()) if visit.layer == 0]
    assert len(mine) > 2 * 2
    weights = [visit.moves.total(Kind.WEIGHTS) for visit in mine]
    assert weights == [2 * 2 * 9] + [0] * (len(mine) - 1)


def test_timesteps_that_are_alike_come_one_behind_the_other() -> None:
    plan = strips(5)
    (group,) = plan.groups
    steps = list(unroll(group.walked))
    assert [(step.timestep, step.layer) for step in steps] == list(product(range(5), (0, 1)))
    assert steps[2:4] == [replace(step, timestep=1) for step in steps[4:6]]
    every = [visit.timestep for visit in visits(plan, 1, Memo())]
    assert every == sorted(timestep for timestep in range(5) for _ in range(len(every) // 5))


def test_membranes_that_move_with_a_strip_lie_behind_those_of_the_strips_above() -> None:
    plan = strips(3)
    (state,), residency = plan.facts.states, plan.groups[0].residency
    assert residency is not None
    moving = state.bytes - residency.permanent[state.name]
    for layer, kind in ((0, Kind.MEMBRANE_READ), (1, Kind.MEMBRANE_WRITE)):
        there = [visit for visit in visits(plan, 1, Memo()) if (visit.layer, visit.timestep) == (layer, 1)]
        assert len(there) > 2
        moves = Moves.joined(visit.moves.only(visit.moves.kind == kind) for visit in there)
        begins = np.sort(moves.offset)
        assert begins.tolist() == np.append(0, np.sort(moves.ends)[:-1]).tolist()
        assert int(moves.ends.max()) == moves.total(kind) == moving > 0
