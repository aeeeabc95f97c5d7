"""Does a timestep-major group move exactly the bytes that the literal interpreter moves?"""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from lifsim.memo import Memo
from lifsim.model.arch import Arch
from lifsim.model.network import Network
from lifsim.model.sharing import Sharing
from lifsim.schedule.chip import Chip
from lifsim.schedule.chunks import chunk_sizes
from lifsim.schedule.plan import GroupPlan, ScheduleOptions
from lifsim.schedule.timestep.plan import plan_group
from lifsim.schedule.timestep.steps import group_visits
from lifsim.schedule.timestep.unrolled import LayerStep, unroll
from lifsim.schedule.traffic import DramBytes
from tests.oracles import timestep_major
from tests.schedule import build
from tests.schedule.networks import network, networks, relay_networks
from tests.schedule.on_arch import facts_on, plan_on

SHARINGS = ["none", "layer", "channel2", "layer+channel2"]
QUIET = settings(deadline=None, suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow])


@st.composite
def archs(draw: st.DrawFn) -> Arch:
    sizes = st.one_of(st.integers(2, 120), st.just(build.ENDLESS))
    return build.arch(
        rows=draw(st.integers(1, 5)),
        cols=draw(st.integers(1, 3)),
        dataflow=draw(st.sampled_from(["os", "ws", "is"])),
        weight_bits=draw(st.sampled_from([1, 4, 8])),
        membrane_bits=draw(st.sampled_from([4, 8, 12])),
        double_buffered=draw(st.booleans()),
        weight=draw(st.one_of(st.integers(2, 400), st.just(build.ENDLESS))),
        spike_in=draw(sizes),
        spike_out=draw(sizes),
        membrane=draw(sizes),
        psum=draw(sizes),
    )


def not_zero(moved: dict[str, int]) -> dict[str, int]:
    return {name: size for name, size in moved.items() if size}


def test_chunks_are_tried_from_the_whole_batch_down() -> None:
    """The smallest chunk for each number of chunks, 1 to 5; of chunks that move as much the largest is taken."""
    assert chunk_sizes(5, None) == [5, 3, 2, 1]
    assert chunk_sizes(5, 4) == [4]
    net = network([{"name": "conv", "op": "conv", "out": 4, "kernel": 3}, {"name": "lif", "op": "lif"}], (2, 4, 4), 2)
    (group,) = plan_on(net, Sharing(), build.arch(), ScheduleOptions("timestep", batch=5)).groups
    assert group.images == 5


@pytest.mark.slow
@settings(QUIET, max_examples=60)
@given(relay_networks(st.just(2)), st.integers(2, 6), st.integers(1, 24), st.sampled_from([20, build.ENDLESS]))
def test_groups_in_strips_equal_the_literal_interpreter(
    network: Network, high: int, spike_out: int, spike_in: int
) -> None:
    """Spikes between the layers, under pools, and in pools that have begun take room in spike_out from everything
    else."""
    sharing = Sharing.parse("layer-where-possible")
    arch = build.arch(2, 2, spike_in=spike_in, spike_out=spike_out, membrane=4 * high)
    (group,) = plan_on(network, sharing, arch, ScheduleOptions("timestep")).groups
    walked = timestep_major.walk(network, sharing, arch, group, 1)
    for step in unroll(group.walked):
        assert not_zero(vars(step.dram)) == not_zero(walked[step.timestep][network.layers[step.layer].name])


@pytest.mark.slow
@settings(QUIET, max_examples=100)
@given(networks(), st.sampled_from(SHARINGS), archs(), st.integers(1, 2), st.integers(1, 2), st.data())
def test_equals_the_literal_interpreter_at_every_timestep(
    network: Network, name: str, arch: Arch, chunk: int, chunks: int, data: st.DataObject
) -> None:
    sharing = Sharing.parse(name)
    schedule = data.draw(st.sampled_from(["tick", "timestep"]))
    options = ScheduleOptions(schedule, batch=chunk * chunks, chunk=chunk)
    groups = [group for group in plan_on(network, sharing, arch, options).groups if not group.tick_batched]
    assume(groups)
    for group in groups:
        walked = timestep_major.walk(network, sharing, arch, group, options.batch)
        steps = list(unroll(group.walked))
        for step in steps:
            counted = walked[step.chunk * network.timesteps + step.timestep][network.layers[step.layer].name]
            assert not_zero(vars(step.dram)) == not_zero(counted)
        assert adds_up(group, steps)


@settings(QUIET, max_examples=40)
@given(networks(), st.sampled_from(SHARINGS), archs(), st.integers(2, 5), st.data())
def test_timesteps_add_up_where_the_last_chunk_is_smaller(
    network: Network, name: str, arch: Arch, batch: int, data: st.DataObject
) -> None:
    sharing, chunk = Sharing.parse(name), data.draw(st.integers(1, batch))
    made = plan_on(network, sharing, arch, ScheduleOptions("timestep", batch, chunk))
    for group in made.groups:
        assert group.tick_batched or adds_up(group, list(unroll(group.walked)))


@settings(QUIET, max_examples=60)
@given(
    st.one_of(networks(), relay_networks(st.just(2))), st.sampled_from(SHARINGS), archs(), st.integers(1, 3),
    st.integers(0, 200), st.booleans(),
)  # fmt: skip
def test_a_buffer_that_holds_all_inputs_is_as_good_as_any_larger_one(
    network: Network, name: str, arch: Arch, batch: int, more: int, overlaps: bool
) -> None:
    sharing = Sharing.parse(name)
    facts, room = facts_on(network, sharing, arch), Chip.of(arch).room
    for group in plan_on(network, sharing, arch, ScheduleOptions("timestep", batch)).groups:
        layers = facts.layers[group.first : group.last + 1]
        inputs = batch * sum(facts.tensors[one.layer.input.name].bytes for one in layers)
        assert replace(room, spike_in=inputs + more).for_inputs(inputs) == replace(room, spike_in=inputs)
        assert replace(room, spike_in=inputs - 1).for_inputs(inputs) == replace(room, spike_in=inputs - 1)
        larger, least = (
            plan_group(
                facts,
                group.first,
                group.last,
                replace(room, spike_in=size),
                batch,
                None,
                "narrowest" if overlaps else "widest",
            )
            for size in (inputs + more, inputs)
        )
        assert larger == least
        assert list(unroll(larger.walked)) == list(unroll(least.walked))
        assert list(group_visits(facts, batch, larger, Memo())) == list(group_visits(facts, batch, least, Memo()))


def adds_up(group: GroupPlan, steps: list[LayerStep]) -> bool:
    return all(
        sum((step.dram for step in steps if step.layer == index), DramBytes()) == layer.dram
        for index, layer in enumerate(group.layers, group.first)
    )


@pytest.mark.parametrize(
    ("dataflow", "psum", "overflow"),
    [("os", 0, 128), ("os", 100, 28), ("os", 128, 0), ("ws", 32, 128), ("ws", 100, 60), ("ws", 159, 1), ("ws", 160, 0)],
)
def test_currents_that_are_replayed_wait_beside_the_psums_at_work(dataflow: str, psum: int, overflow: int) -> None:
    """4 x 16 currents of 2 bytes, written once and read at the 4 later timesteps. Under ws the psums of a row, 4 x 4
    of 2 bytes, are at work between the folds; under os they never leave the PEs."""
    facts, chip = facts_on(DIRECT, Sharing(), build.arch(dataflow=dataflow, psum=psum)), Chip.of(build.arch(psum=psum))
    moved = plan_group(replace(facts, recomputes=False), 0, 1, chip.room, 1, None).dram
    assert (moved.psum_write, moved.psum_read) == (overflow, 4 * overflow)


@pytest.mark.parametrize(("psum", "again"), [(0, True), (100, True), (104, False), (128, False)])
def test_what_is_computed_once_is_replayed_or_computed_again_whichever_moves_fewer_bytes(
    psum: int, again: bool
) -> None:
    """Of 128 bytes of currents the psum buffer keeps `psum`, the others move at each of 5 timesteps; the image, 2 x 16
    bytes, comes 4 times more."""
    plan = plan_on(DIRECT, Sharing(), build.arch(psum=psum), ScheduleOptions("timestep"))
    (group,), overflow = plan.groups, 128 - psum
    assert (5 * overflow > 4 * 32) == again == group.layers[0].computed_again
    assert group.layers[0].dram.spikes_in == 32 * (5 if again else 1)
    assert group.dram.psum == (0 if again else 5 * overflow)
    assert plan.facts.layers[0].when == ("every" if again else "first")


DIRECT = network(
    [
        {"name": "conv", "op": "conv", "out": 4, "kernel": 3, "padding": 1},
        {"name": "lif", "op": "lif"},
        {"name": "fc", "op": "linear", "out": 2},
    ],
    (2, 4, 4),
    5,
    "direct",
)
"""Its first layer sees an analogue image of 8 bits a value."""


def test_plans_are_equal_where_their_groups_are() -> None:
    """The network and the chip that they were made for do not count."""
    one, other = (network([{"name": "fc", "op": "linear", "out": out}], (3,), 2) for out in (2, 4))
    made = plan_on(one, Sharing(), build.arch(), ScheduleOptions("timestep"))
    facts, chip = facts_on(other, Sharing(), build.arch()), Chip.of(build.arch(psum=1))
    assert (made.facts, made.chip) != (facts, chip)
    assert replace(made, facts=facts) == made == replace(made, chip=chip)
    assert replace(made, groups=()) != made
