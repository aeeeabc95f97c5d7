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
from lifsim.schedule.plan import ScheduleOptions, Strip
from tests.legal_plans.cases import SCHEDULES, SHARED, Case, cases
from tests.schedule import build
from tests.schedule.attention import attention_networks
from tests.schedule.legality.walked import obeyed
from tests.schedule.networks import networks, relay_networks
from tests.schedule.on_arch import plan_on
from tests.schedule.test_timestep import SHARINGS, archs

QUIET = settings(deadline=None, suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow])


@settings(QUIET, max_examples=60)
@given(st.one_of(networks(), attention_networks()), st.sampled_from(SHARINGS), archs(), st.integers(1, 3), st.data())
def test_random_plans_are_legal(network: Network, name: str, arch: Arch, batch: int, data: st.DataObject) -> None:
    sharing = Sharing.parse(name)
    between = f"window:{data.draw(st.integers(1, network.timesteps))}"
    schedule = data.draw(st.sampled_from(["tick", "timestep", "timestep", between, between, "auto"]))
    options = ScheduleOptions(schedule, batch, data.draw(st.integers(1, batch)))
    try:
        plan = plan_on(network, sharing, arch, options)
    except InputError:
        assume(False)
    obeyed(network, sharing, plan, batch)


@settings(QUIET, max_examples=25)
@given(relay_networks(st.integers(2, 3)), st.sampled_from(["os", "ws", "is"]), st.integers(1, 2), st.data())
def test_plans_in_strips_are_legal(network: Network, dataflow: str, batch: int, data: st.DataObject) -> None:
    """Rows between the layers, under pools and in pools that have begun, with no more room than they need, or less."""
    sharing = Sharing.parse("layer-where-possible")
    arch = build.arch(
        2,
        2,
        dataflow,
        spike_in=data.draw(st.sampled_from([4, 40, build.ENDLESS]), "spike_in"),
        spike_out=data.draw(st.integers(1, 30), "spike_out"),
        membrane=4 * batch * data.draw(st.integers(2, 8), "rows of membranes"),
    )
    obeyed(network, sharing, plan_on(network, sharing, arch, ScheduleOptions("timestep", batch)), batch)


@pytest.mark.parametrize("sharing", SHARED)
@pytest.mark.parametrize("schedule", SCHEDULES)
def test_plans_of_a_small_network_are_legal(sharing: str, schedule: str) -> None:
    Case("lenet5_mnist", "sata128", sharing, schedule).obey()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arch", "sharing"), [("tpu_like_small", "none"), ("tpu_like_small", "channel4-where-possible")]
)
def test_windows_of_a_shipped_network_are_legal(arch: str, sharing: str) -> None:
    """Windows of three timesteps, and a last one of one."""
    Case("har_sdcl_ucihar", arch, sharing, "window:3").obey()


SMALL = ("lenet5_mnist", "har_fcn", "har_sdcl_ucihar", "har_sfcn_ucihar", "digits_cnn", "vgg9_cifar10")
REPLAYED = Case("har_sdcl_ucihar", "eyeriss_like", "layer-where-possible", "auto")
SOME = [case for case in cases() if case.workload in SMALL and case != REPLAYED][::17]


@pytest.mark.slow
@pytest.mark.parametrize("case", SOME, ids=str)
def test_plans_of_shipped_networks_are_legal(case: Case) -> None:
    """A few plans of each kind; `python -m tests.legal_plans` walks all of them."""
    case.obey()


@pytest.mark.slow
def test_currents_that_are_replayed_in_strips_fire_strip_by_strip() -> None:
    """Four layers in strips of 22 rows, the first replayed, a pool over the whole signal behind the last: its 9 rows of
    64 bytes wait in spike_out beside the 78 rows of 72 bytes between the layers."""
    (group, _) = REPLAYED.plan().groups
    (relay,) = group.walked.group.in_strips.values()
    assert group.strips == (Strip(0, 3, 22),)
    assert relay.spike_window_bytes(22) == 78 * 72 + 9 * 64
    REPLAYED.obey()


@pytest.mark.parametrize("sharing", SHARED)
@pytest.mark.parametrize("size", [300, 4096, 16384])
def test_plans_beside_a_small_membrane_buffer_are_legal(sharing: str, size: int) -> None:
    """Membranes stream, stay in part, and, under `layer`, are loaded strip by strip."""
    network, shared = load_workload("vgg9_cifar10"), Sharing.parse(sharing)
    arch = load_arch("sata128", [f"buffers.membrane.size_bytes={size}", "buffers.membrane.double_buffered=false"])
    obeyed(network, shared, plan_on(network, shared, arch, ScheduleOptions("timestep")), 1)
