"""Can the plans be followed? The legality oracle walks them: random networks, and the shipped ones."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from lifsim.config.arch import load_arch
from lifsim.config.workload import load_workload
from lifsim.errors import InputError
from lifsim.model.arch import Arch
from lifsim.model.network import Network
from lifsim.model.sharing import Sharing
from lifsim.schedule.plan import ScheduleOptions
from tests.schedule.attention import attention_networks
from tests.schedule.legality.walked import obeyed
from tests.schedule.networks import networks
from tests.schedule.on_arch import plan_on
from tests.schedule.test_timestep import SHARINGS, archs

QUIET = settings(deadline=None, suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow])


@settings(QUIET, max_examples=60)
@given(st.one_of(networks(), attention_networks()), st.sampled_from(SHARINGS), archs(), st.integers(1, 3), st.data())
def test_random_plans_are_legal(network: Network, name: str, arch: Arch, batch: int, data: st.DataObject) -> None:
    sharing = Sharing.parse(name)
    schedule = data.draw(st.sampled_from(["tick", "timestep", "timestep", "auto"]))
    options = ScheduleOptions(schedule, batch, data.draw(st.integers(1, batch)))
    try:
        plan = plan_on(network, sharing, arch, options)
    except InputError:
        assume(False)
    obeyed(network, sharing, plan, batch)


SHARED = ["none", "layer-where-possible", "channel4-where-possible"]
SCHEDULES = ["tick", "timestep", "auto"]


@pytest.mark.parametrize("sharing", SHARED)
@pytest.mark.parametrize("schedule", SCHEDULES)
def test_plans_of_a_small_network_are_legal(sharing: str, schedule: str) -> None:
    legal("lenet5_mnist", "sata128", sharing, schedule)


@pytest.mark.slow
@pytest.mark.parametrize("arch", ["sata128", "eyeriss_like", "tpu_like_small"])
@pytest.mark.parametrize("sharing", SHARED)
@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize(
    "workload",
    [
        "lenet5_mnist", "har_fcn", "har_sdcl_ucihar", "har_sfcn_ucihar", "digits_cnn", "vgg9_cifar10",
        "alexnet_cifar10", "mobilenet_cifar10", "resnet19_cifar10", "resnet19_shared_cifar10",
        "spikformer_block_cifar10", "vgg16_cifar10", "vgg16_efficientlif_shared_cifar10",
    ],
)  # fmt: skip
def test_plans_of_shipped_networks_are_legal(workload: str, arch: str, sharing: str, schedule: str) -> None:
    legal(workload, arch, sharing, schedule)


@pytest.mark.parametrize("sharing", SHARED)
@pytest.mark.parametrize("size", [300, 4096, 16384])
def test_plans_beside_a_small_membrane_buffer_are_legal(sharing: str, size: int) -> None:
    """Membranes stream, stay in part, and, under `layer`, pass in strips."""
    network, shared = load_workload("vgg9_cifar10"), Sharing.parse(sharing)
    arch = load_arch("sata128", [f"buffers.membrane.size_bytes={size}", "buffers.membrane.double_buffered=false"])
    obeyed(network, shared, plan_on(network, shared, arch, ScheduleOptions("timestep")), 1)


def legal(workload: str, arch: str, name: str, schedule: str) -> None:
    network, sharing = load_workload(workload), Sharing.parse(name)
    plan = plan_on(network, sharing, load_arch(arch), ScheduleOptions(schedule))
    obeyed(network, sharing, plan, 1)
