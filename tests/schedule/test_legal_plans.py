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
from tests.legal_plans.cases import SCHEDULES, SHARED, Case, cases
from tests.oracles.legality import IllegalPlanError
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


@pytest.mark.parametrize("sharing", SHARED)
@pytest.mark.parametrize("schedule", SCHEDULES)
def test_plans_of_a_small_network_are_legal(sharing: str, schedule: str) -> None:
    Case("lenet5_mnist", "sata128", sharing, schedule).obey()


SMALL = ("lenet5_mnist", "har_fcn", "har_sdcl_ucihar", "har_sfcn_ucihar", "digits_cnn", "vgg9_cifar10")
OVER = Case("har_sdcl_ucihar", "eyeriss_like", "layer-where-possible", "auto")
SOME = [case for case in cases() if case.workload in SMALL and case != OVER][::17]


@pytest.mark.slow
@pytest.mark.parametrize("case", SOME, ids=str)
def test_plans_of_shipped_networks_are_legal(case: Case) -> None:
    """A few of all kinds: `python -m tests.legal_plans` walks them all."""
    case.obey()


@pytest.mark.slow
@pytest.mark.xfail(raises=IllegalPlanError, strict=True, reason="rows under a pool that strips do not reserve")
def test_spikes_under_a_pool_behind_strips_have_no_room_yet() -> None:
    """Known and not mended: 10,656 bytes wait in a spike_out of 10,240 (docs/model.md, section 5)."""
    OVER.obey()


@pytest.mark.parametrize("sharing", SHARED)
@pytest.mark.parametrize("size", [300, 4096, 16384])
def test_plans_beside_a_small_membrane_buffer_are_legal(sharing: str, size: int) -> None:
    """Membranes stream, stay in part, and, under `layer`, pass in strips."""
    network, shared = load_workload("vgg9_cifar10"), Sharing.parse(sharing)
    arch = load_arch("sata128", [f"buffers.membrane.size_bytes={size}", "buffers.membrane.double_buffered=false"])
    obeyed(network, shared, plan_on(network, shared, arch, ScheduleOptions("timestep")), 1)
