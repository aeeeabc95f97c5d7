"""Do images that exit early take with them what they would have moved, and nothing else?"""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from lifsim.model.arch import Arch
from lifsim.model.network import Network
from lifsim.model.sharing import Sharing
from lifsim.schedule.exits import Exits
from lifsim.schedule.leaving import leaving, lets_go
from lifsim.schedule.plan import ScheduleOptions
from lifsim.schedule.traffic import DramBytes
from lifsim.schedule.unrolled import unroll
from tests.oracles import timestep_major
from tests.schedule import build
from tests.schedule.networks import networks, relay_networks
from tests.schedule.on_arch import plan_on
from tests.schedule.test_timestep import SHARINGS, archs, not_zero

QUIET = settings(deadline=None, suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow])
SEVERAL = st.integers(2, 4)


def moves_what_is_walked(net: Network, sharing: Sharing, arch: Arch, chunk: int, stops: tuple[int, ...]) -> None:
    plan = plan_on(net, sharing, arch, ScheduleOptions("timestep", batch=len(stops), chunk=chunk))
    assume(all(layer.when != "last" for layer in plan.facts.layers))  # they are refused
    assert lets_go(plan)
    exits = Exits(stops, net.timesteps)
    left = leaving(plan, exits)
    walked = timestep_major.walk_exits(net, sharing, arch, plan.groups[0], stops)
    steps = list(unroll(left.groups[0].walked, exits))
    for step in steps:
        counted = walked[step.chunk, step.timestep][net.layers[step.layer].name]
        assert not_zero(vars(step.dram)) == not_zero(counted)
    assert {(step.chunk, step.timestep) for step in steps} == set(walked)
    for index, layer in enumerate(left.layers):
        assert layer.dram == sum((step.dram for step in steps if step.layer == index), DramBytes())


@pytest.mark.slow
@settings(QUIET, max_examples=100)
@given(networks(SEVERAL), st.sampled_from(SHARINGS), archs(), st.integers(1, 3), st.integers(1, 2), st.data())
def test_equals_the_literal_interpreter(
    net: Network, name: str, arch: Arch, chunk: int, chunks: int, data: st.DataObject
) -> None:
    each = st.integers(1, net.timesteps)
    stops = data.draw(st.tuples(*[each] * (chunk * chunks)))
    moves_what_is_walked(net, Sharing.parse(name), arch, chunk, stops)


@pytest.mark.slow
@settings(QUIET, max_examples=30)
@given(relay_networks(st.just(3)), st.integers(2, 6), st.integers(1, 48), st.tuples(*[st.integers(1, 3)] * 2))
def test_in_strips_it_equals_the_literal_interpreter(
    net: Network, high: int, spike_out: int, stops: tuple[int, ...]
) -> None:
    arch = build.arch(2, 2, spike_in=20, spike_out=spike_out, membrane=8 * high)
    moves_what_is_walked(net, Sharing.parse("layer-where-possible"), arch, 2, stops)


@settings(QUIET, max_examples=40)
@given(networks(SEVERAL), st.sampled_from(SHARINGS), archs(), st.integers(1, 3), st.data())
def test_images_that_all_run_to_the_end_move_what_is_planned(
    net: Network, name: str, arch: Arch, batch: int, data: st.DataObject
) -> None:
    plan = plan_on(net, Sharing.parse(name), arch, ScheduleOptions("timestep", batch, data.draw(st.integers(1, batch))))
    left = leaving(plan, Exits((net.timesteps,) * batch, net.timesteps))
    assert [layer.dram for layer in left.layers] == [layer.dram for layer in plan.layers]
