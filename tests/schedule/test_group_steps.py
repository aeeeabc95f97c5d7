"""Do the steps of timestep-major groups move exactly the bytes that the plan counts, layer by layer?"""

from __future__ import annotations

import pytest

from lifsim.config.arch import load_arch
from lifsim.config.workload import load_workload
from lifsim.hardware.pipeline.kinds import Kind
from lifsim.model.sharing import Sharing
from lifsim.schedule.group_steps import group_visits
from lifsim.schedule.moves import REPLAY
from lifsim.schedule.plan import ScheduleOptions
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
            visits = group_visits(facts, batch, group)
            for index, traffic in zip(range(group.first, group.last + 1), group.layers, strict=True):
                mine = [visit for visit in visits if visit.layer == index]
                moved = {name: sum(v.moves.total(kind) for v in mine) for kind, name in COUNTED.items()}
                assert moved | {"operand": 0} == vars(traffic.dram)
                computed = sum(int(v.outputs.sum()) for v in mine if v.round != REPLAY)
                rows = facts.layers[index].rows.axis.rows_out
                assert computed == batch * network.layers[index].rounds * network.layers[index].filters * rows
