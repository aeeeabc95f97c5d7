"""Is everything worked on once, in the order in which it is played? And is on chip what the plan keeps there?"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

import lifsim
from lifsim.errors import InputError
from lifsim.memo import Memo
from lifsim.model.arch import Arch
from lifsim.model.network import Network
from lifsim.model.sharing import Sharing
from lifsim.play.steps import visits
from lifsim.schedule.occupancy import peak_bytes
from lifsim.schedule.on_chip import handed_over, on_chip
from lifsim.schedule.plan import Plan, ScheduleOptions
from lifsim.schedule.tensors.storage import tensor_bytes
from lifsim.schedule.waves.waves import Skewed
from lifsim.schedule.window import TICK
from lifsim.schedule.work_order import Work, work_order
from tests.schedule import build
from tests.schedule.networks import network, networks
from tests.schedule.on_arch import plan_on
from tests.schedule.test_timestep import SHARINGS, archs

QUIET = settings(deadline=None, suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow])
SCHEDULES = ("tick", "timestep", "window:2", "fused", "skewed", "auto")


def planned(net: Network, name: str, arch: Arch, schedule: str, batch: int) -> Plan:
    """Where it can be."""
    try:
        return plan_on(net, Sharing.parse(name), arch, ScheduleOptions(schedule, batch))
    except InputError:
        assume(False)
        raise


def places(order: list[Work]) -> Counter[tuple[int, int, int, int]]:
    """How often each (layer, image, timestep, row) is worked on."""
    return Counter(
        (work.layer, image, timestep, row)
        for work in order
        for image in work.images
        for timestep, first, end in work.spans
        for row in range(first, end)
    )


def all_places(plan: Plan, batch: int) -> set[tuple[int, int, int, int]]:
    """Of a network: what is computed once has work where its LIFs have."""
    found = set()
    for index, facts in enumerate(plan.facts.layers):
        last = plan.facts.timesteps - 1
        when = {"every": range(last + 1), "first": range(last + 1 if facts.layer.lif else 1), "last": [last]}
        for timestep in when[facts.when]:
            rows = range(facts.rows.axis.rows_out)
            found |= {(index, image, timestep, row) for image in range(batch) for row in rows}
    return found


@pytest.mark.slow
@settings(QUIET, max_examples=80)
@given(networks(), st.sampled_from(SHARINGS), archs(), st.integers(1, 3), st.sampled_from(SCHEDULES))
def test_every_row_is_worked_on_once_in_the_order_that_is_played(
    net: Network, name: str, arch: Arch, batch: int, schedule: str
) -> None:
    plan = planned(net, name, arch, schedule, batch)
    order, played = work_order(plan, batch), visits(plan, batch, Memo())
    found = places(order)
    assert set(found) == all_places(plan, batch)
    assert set(found.values()) == {1}
    assert [work.layer for work in order] == [visit.layer for visit in played]
    for work, visit in zip(order, played, strict=True):
        group, layer = plan.groups[work.group], plan.facts.layers[work.layer].layer
        assert work.layer in group.indices
        if group.walk is not None:
            ((timestep, first, end),) = work.spans
            assert visit.timestep == timestep
            assert int(visit.outputs.sum()) == (end - first) * len(work.images) * layer.filters


@pytest.mark.slow
@settings(QUIET, max_examples=40)
@given(networks(), st.sampled_from(SHARINGS), archs(), st.integers(1, 3), st.sampled_from(SCHEDULES))
def test_the_fullest_moment_is_as_full_as_the_plan_says(
    net: Network, name: str, arch: Arch, batch: int, schedule: str
) -> None:
    """Of spikes; weights and membranes may be fewer at any time than there is room kept for. A smaller last chunk has a
    split of its own."""
    plan = planned(net, name, arch, schedule, batch)
    assume(all(batch % group.images == 0 for group in plan.groups))
    order = work_order(plan, batch)
    held, most = on_chip(plan, batch, order), peak_bytes(plan, batch)
    assert len(held) == len(order)
    assert max(one.spikes for one in held) == most.spike_out
    assert max(one.weights for one in held) <= most.weight
    assert max(one.membranes for one in held) <= most.membrane
    assert min(min(one.weights, one.membranes, one.spikes) for one in held) >= 0


@pytest.mark.slow
@settings(QUIET, max_examples=40)
@given(networks(), archs(), st.integers(1, 2))
def test_between_layers_alone_dram_holds_what_they_write_until_it_is_read(net: Network, arch: Arch, batch: int) -> None:
    """Tick-batched, of one behind the other: what each writes, unless nobody reads it."""
    plan = planned(net, "none", arch, "tick", batch)
    assume(all(group.tick_batched for group in plan.groups))
    written = {layer.layer: layer.dram.spikes_out for layer in plan.layers}
    outputs = [facts.layer.outputs for facts in plan.facts.layers]
    assume(all(len(one) == 1 for one in outputs))
    for border, size in enumerate(handed_over(plan, batch)):
        lasting = [
            written[plan.facts.layers[index].layer.name]
            for index in range(border + 1)
            if any(reader > border for reader in plan.facts.tensors[outputs[index][0].name].readers)
        ]
        assert size == sum(lasting)


@pytest.mark.parametrize("schedule", ["tick", "auto", "fused"])
def test_at_a_border_lies_what_is_made_before_it_and_read_behind_it(schedule: str) -> None:
    """Of shortcuts that pass several borders, too: border by border, tensor by tensor."""
    plan = lifsim.run("sata128", "resnet19_cifar10", schedule=schedule, overrides=["dram.model=ideal"]).plan
    assert plan is not None
    facts, found = plan.facts, handed_over(plan, 2)
    stored = {tensor.name: tensor for layer in facts.layers for tensor in layer.layer.outputs}
    for group, size in zip(plan.groups, found, strict=False):
        lying = 0
        for name, tensor in facts.tensors.items():
            if tensor.producer is None or tensor.producer > group.last or max(tensor.readers, default=0) <= group.last:
                continue
            packed = plan.group_of(tensor.producer).tick_batched
            times = facts.timesteps if tensor.when == "every" else 1
            lying += tensor_bytes(stored[name], facts.reals) if packed else times * tensor.bytes
        assert size == 2 * lying > 0
    assert len(found) == len(plan.groups) - 1 > 1


@pytest.mark.parametrize("timesteps", [1, 3])
def test_waves_have_every_timestep_of_a_window_in_each_of_their_turns(timesteps: int) -> None:
    """A plan of two layers of one state, put into skewed waves by hand."""
    layers = [
        op
        for number in (1, 2)
        for op in (
            {"name": f"conv{number}", "op": "conv", "out": 2, "kernel": 3, "padding": 1},
            {"name": f"lif{number}", "op": "lif"},
        )
    ]
    two = network(layers, (2, 9, 2), timesteps)
    plan = plan_on(two, Sharing.parse("layer"), build.arch(), ScheduleOptions("timestep", 2))
    (group,) = plan.groups
    waves = Skewed(0, 2, 9, (0, 1))
    skewed = replace(plan, groups=(replace(group, images=1, walk=None, waves=waves, window=TICK),))
    order = work_order(skewed, 2)
    assert set(places(order)) == all_places(plan, 2)
    assert set(places(order).values()) == {1}
    assert {len(work.images) for work in order} == {1}
    assert max(len(work.spans) for work in order) == min(timesteps, waves.count(timesteps))
