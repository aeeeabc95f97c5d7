"""Do plans of a training run keep to the order that batch norms ask for, and is what cannot be refused in words?"""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from lifsim.errors import InputError
from lifsim.model.arch import Arch
from lifsim.model.network import Network
from lifsim.model.sharing import Sharing
from lifsim.schedule.norms import Norms
from lifsim.schedule.plan import Begin, ScheduleOptions
from lifsim.schedule.window import TIMESTEP
from tests.oracles.legality import IllegalPlanError, walk
from tests.oracles.legality_events import Compute, Load
from tests.schedule import build
from tests.schedule.broken import find, moved
from tests.schedule.legality.walked import obeyed
from tests.schedule.networks import Op, network
from tests.schedule.normed import normed_networks, with_norms
from tests.schedule.on_arch import plan_on, trained_plan_on
from tests.schedule.test_timestep import SHARINGS, archs

QUIET = settings(deadline=None, suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow])
LAYER = Sharing.parse("layer")


def conv(number: int) -> list[Op]:
    layer: Op = {"name": f"c{number}", "op": "conv", "out": 4, "kernel": 3, "padding": 1}
    return [layer, {"name": f"l{number}", "op": "lif"}]


CHAIN = network([*conv(0), *conv(1), *conv(2)], (2, 8, 8), 3)
NORMED = with_norms(CHAIN, {"c1"})
SMALL = build.arch(weight=40, spike_in=40, membrane=32 * 4)
"""Plans strips for three layers of one state whose weights exceed the weight buffer."""


@pytest.mark.slow
@settings(QUIET, max_examples=30)
@given(
    normed_networks(st.sampled_from(["timestep", "all_timesteps", "frozen"])),
    st.sampled_from(SHARINGS), archs(), st.integers(1, 3), st.data(),
)  # fmt: skip
def test_random_plans_of_training_are_legal(
    network: Network, name: str, arch: Arch, batch: int, data: st.DataObject
) -> None:
    sharing = Sharing.parse(name)
    schedule = data.draw(st.sampled_from(["tick", "timestep", "timestep", "auto"]))
    options = ScheduleOptions(schedule, batch, data.draw(st.sampled_from([None, None, 1])))
    try:
        plan = trained_plan_on(network, sharing, arch, options)
    except InputError:
        assume(False)
    obeyed(network, sharing, plan, batch, training=True)


def test_strips_end_where_a_norm_waits_for_the_map() -> None:
    """In training also for one image; inference and frozen training do have strips."""
    options = ScheduleOptions("timestep")
    assert plan_on(NORMED, LAYER, SMALL, options).groups[0].strips
    assert not trained_plan_on(NORMED, LAYER, SMALL, options).groups[0].strips
    frozen = replace(NORMED, norm_statistics="frozen")
    assert trained_plan_on(frozen, LAYER, SMALL, options).groups[0].strips
    with pytest.raises(IllegalPlanError, match="the batch norm of c1 lacks sums of image 0, timestep 0"):
        obeyed(NORMED, LAYER, plan_on(NORMED, LAYER, SMALL, options), 1, training=True)


def test_a_chunk_is_the_batch_where_a_norm_waits_for_its_images() -> None:
    options = ScheduleOptions("timestep", batch=4)
    assert trained_plan_on(NORMED, Sharing(), build.arch(), options).groups[0].images == 4
    asked = replace(options, chunk=2)
    with pytest.raises(IllegalPlanError, match="the batch norm of c1 lacks sums of image 2, timestep 0"):
        obeyed(NORMED, Sharing(), plan_on(NORMED, Sharing(), build.arch(), asked), 4, training=True)
    told = "chunk: 2 must be 4, the batch, where c0 to c2 run timestep by timestep: the batch norm of 'c1' has the"
    with pytest.raises(InputError, match=told):
        trained_plan_on(NORMED, Sharing(), build.arch(), asked)


def test_auto_takes_no_group_that_a_chunk_would_part_from_its_batch() -> None:
    options = ScheduleOptions("auto", batch=4, chunk=2)
    plan = trained_plan_on(NORMED, Sharing(), build.arch(), options)
    of_the_norm = plan.group_of(1)
    assert of_the_norm.tick_batched
    obeyed(NORMED, Sharing(), plan, 4, training=True)


def test_statistics_of_all_timesteps_forbid_to_go_timestep_by_timestep() -> None:
    net = with_norms(CHAIN, {"c1", "c2"}, "all_timesteps")
    tick = trained_plan_on(net, Sharing(), SMALL, ScheduleOptions("tick", 2))
    obeyed(net, Sharing(), tick, 2, training=True)
    with pytest.raises(InputError) as told:
        trained_plan_on(net, LAYER, SMALL, ScheduleOptions("tick"))
    assert str(told.value) == (
        "norm_statistics: 'all_timesteps' must be timestep or frozen, or the layers share no membranes (share: false,"
        " or another sharing), where c0 to c2 run timestep by timestep: a neuron of 'c1' waits for the sums of the"
        " timesteps to come"
    )
    begins = (Begin(0), Begin(1, TIMESTEP), Begin(2))
    with pytest.raises(InputError, match="or the layers tick-batched, where c1 runs timestep by timestep"):
        trained_plan_on(net, Sharing(), SMALL, ScheduleOptions("tick", groups=begins))
    with pytest.raises(IllegalPlanError, match="the batch norm of c1 lacks sums of image 0, timestep 1"):
        obeyed(net, Sharing(), plan_on(net, Sharing(), SMALL, ScheduleOptions("timestep")), 1, training=True)


def test_a_layer_that_is_computed_once_has_the_statistics_of_its_one_round() -> None:
    """Direct encoding: statistics over all timesteps are those of the only round."""
    net = with_norms(network([*conv(0), *conv(1)], (2, 8, 8), 3, "direct"), {"c0"}, "all_timesteps")
    plan = trained_plan_on(net, LAYER, build.arch(), ScheduleOptions("timestep", 2))
    obeyed(net, LAYER, plan, 2, training=True)


def test_all_that_norms_forbid_is_told_at_once() -> None:
    net = with_norms(CHAIN, {"c0", "c2"}, "all_timesteps")
    with pytest.raises(InputError) as told:
        trained_plan_on(net, Sharing(), SMALL, ScheduleOptions("timestep", batch=3, chunk=1))
    assert re.findall(r"^(\w+): ", str(told.value), re.MULTILINE) == ["norm_statistics", "chunk"]


SHORTCUT = [
    *conv(0),
    {"name": "c1", "op": "conv", "out": 4, "kernel": 3, "padding": 1},
    {"name": "c2", "op": "conv", "input": "l0", "out": 4, "kernel": 1},
    {"name": "add", "op": "add", "inputs": ["c1", "c2"]},
    {"name": "l2", "op": "lif"},
]


def test_sums_that_are_handed_on_wait_where_they_are_read() -> None:
    """c1 has no neurons: c2, which adds its sums, knows their statistics when c1 has been computed for all images. By
    itself c1 may go chunk by chunk, in one group with c2 it may not."""
    net = with_norms(network(SHORTCUT, (2, 4, 4), 2), {"c1"})
    assert Norms.of(net) == Norms(frozenset({1}), frozenset(), frozenset({1}))
    apart = (Begin(0), Begin(1, TIMESTEP), Begin(2))
    options = ScheduleOptions("timestep", batch=2, chunk=1, groups=apart)
    plan = trained_plan_on(net, Sharing(), build.arch(), options)
    assert plan.groups[1].images == 1
    obeyed(net, Sharing(), plan, 2, training=True)
    together = replace(options, groups=(Begin(0), Begin(1)))
    with pytest.raises(InputError, match="chunk: 1 must be 2, the batch, where c1 to c2 run timestep by timestep"):
        trained_plan_on(net, Sharing(), build.arch(), together)
    with pytest.raises(IllegalPlanError, match="the batch norm of c1 lacks sums of image 1"):
        obeyed(net, Sharing(), plan_on(net, Sharing(), build.arch(), together), 2, training=True)


READ_BY_A_PRODUCT = [*conv(0), *conv(1)[:1], *conv(2)]


def test_a_product_of_sums_that_are_handed_on_waits_for_their_statistics() -> None:
    """c2 reads the sums of c1: in one group with it chunk by chunk; alone all timesteps of a row side by side."""
    net = with_norms(network(READ_BY_A_PRODUCT, (2, 4, 4), 2), {"c1"})
    together = ScheduleOptions("timestep", batch=2, chunk=1, groups=(Begin(0), Begin(1)))
    with pytest.raises(IllegalPlanError, match=r"Compute\(layer='c2'.*the batch norm of c1 lacks sums of image 1"):
        obeyed(net, Sharing(), plan_on(net, Sharing(), build.arch(), together), 2, training=True)
    apart = (Begin(0), Begin(1, TIMESTEP), Begin(2))
    plan = trained_plan_on(net, Sharing(), build.arch(), ScheduleOptions("tick", batch=2, chunk=1, groups=apart))
    walked = obeyed(net, Sharing(), plan, 2, training=True)
    events = list(walked.events)
    early = find(events, Load, thing=("/packed", "c2", 0, 0))
    with pytest.raises(IllegalPlanError, match=r"Load\(.*the batch norm of c1 lacks sums of image 1"):
        walk(walked.net, walked.states, moved(events, early, find(events, Compute, layer="c1", image=1)))
