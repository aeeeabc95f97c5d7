"""Do images that exit early take with them what they would have moved, and nothing else?"""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from lifsim.graph.tensors import behind_mean
from lifsim.model.arch import Arch
from lifsim.model.network import Network
from lifsim.model.sharing import Sharing
from lifsim.schedule.exits import Exits, ExitShares, of_last_bytes, share_faults
from lifsim.schedule.leaving import leaving, lets_go
from lifsim.schedule.plan import ScheduleOptions
from lifsim.schedule.timestep.unrolled import unroll
from lifsim.schedule.traffic import DramBytes
from tests.oracles import timestep_major
from tests.schedule import build
from tests.schedule.networks import network, networks, relay_networks
from tests.schedule.on_arch import plan_on
from tests.schedule.test_timestep import SHARINGS, archs, not_zero

QUIET = settings(deadline=None, suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow])
SEVERAL = st.integers(2, 4)


def moves_what_is_walked(net: Network, sharing: Sharing, arch: Arch, chunk: int, stops: tuple[int, ...]) -> None:
    plan = plan_on(net, sharing, arch, ScheduleOptions("timestep", batch=len(stops), chunk=chunk))
    assert all(layer.when != "last" for layer in plan.facts.layers)  # they are refused
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
    assume(all(layer.rounds == net.timesteps or not behind_mean(net.nodes) for layer in net.layers))
    stops = data.draw(st.tuples(*[each] * (chunk * chunks)))
    moves_what_is_walked(net, Sharing.parse(name), arch, chunk, stops)


@pytest.mark.slow
@settings(QUIET, max_examples=30)
@given(relay_networks(st.just(3)), st.integers(2, 6), st.integers(1, 48), st.tuples(*[st.integers(1, 3)] * 2))
def test_exits_from_strips_equal_the_literal_interpreter(
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


CONV = [{"name": "conv", "op": "conv", "out": 4, "kernel": 3, "padding": 1}, {"name": "lif", "op": "lif"}]
FC = {"name": "fc", "op": "linear", "out": 2}


def psums(net: Network, arch: Arch, stops: tuple[int, ...]) -> tuple[int, int]:
    """Read and written."""
    moves_what_is_walked(net, Sharing(), arch, len(stops), stops)
    plan = plan_on(net, Sharing(), arch, ScheduleOptions("timestep", batch=len(stops), chunk=len(stops)))
    moved = leaving(plan, Exits(stops, net.timesteps)).dram
    return moved.psum_read, moved.psum_write


@pytest.mark.parametrize(("stops", "reads"), [((5, 5), 4), ((1, 5), 4), ((5, 1), 0), ((3, 2), 1), ((1, 1), 0)])
def test_currents_that_wait_in_dram_are_read_for_their_images(stops: tuple[int, ...], reads: int) -> None:
    """Of two images' 128 bytes each the psum buffer keeps 210: all of the first, all but 46 of the second, which comes
    back as long as that runs."""
    net = network([*CONV, FC], (2, 4, 4), 5, "direct")
    assert psums(net, build.arch(psum=210), stops) == (46 * reads, 46)


def test_psums_spill_for_images_that_run() -> None:
    """Under ws a row's 4 x 4 psums of 2 bytes pass from fold to fold, of 18 products in rows of 4 five: of an image and
    timestep 4 hand-overs of 4 rows."""
    net = network([*CONV, FC], (2, 4, 4), 3)
    every, early = (psums(net, build.arch(4, 4, dataflow="ws", psum=0), stops) for stops in ((3, 3), (1, 2)))
    assert every[0] == every[1] > 0
    assert early == (every[0] * 3 // 6, every[1] * 3 // 6)


def test_a_mean_leaves_when_its_image_does() -> None:
    """Two values of two bytes per image, written once, at whatever timestep the image exits."""
    net = network([*CONV, FC, {"name": "mean", "op": "time_mean"}], (2, 4, 4), 3)
    for stops in ((3, 3), (1, 3), (2, 1), (1, 1)):
        moves_what_is_walked(net, Sharing(), build.arch(), 2, stops)
        plan = leaving(plan_on(net, Sharing(), build.arch(), ScheduleOptions("timestep", 2, 2)), Exits(stops, 3))
        assert plan.layers[1].dram.spikes_out == 2 * 4


def test_shares_are_dealt_by_largest_remainder() -> None:
    shares = ExitShares.parse("4:0.1, 1:0.6,2:0.3")
    assert shares.shares == ((1, 0.6), (2, 0.3), (4, 0.1))
    assert shares.of(10) == {1: 6, 2: 3, 4: 1}
    assert shares.of(16) == {1: 10, 2: 5, 4: 1}  # 9.6, 4.8, 1.6: of the equal ones, 0.6 cut off, the earlier step
    assert shares.of(1) == {1: 1, 2: 0, 4: 0}
    assert shares.least_batch() == 7  # 4.2, 2.1, 0.7; of 6 it is 3.6, 1.8, 0.6, and the last one is step 1's
    assert ExitShares.parse("1:0.29,2:0.71").of(100) == {1: 29, 2: 71}  # 0.29 * 100 is 28.999... in floats
    with pytest.raises(ValueError, match="sum to 1"):
        ExitShares.parse("1:0.6")


def test_faults_of_shares_are_told_one_by_one() -> None:
    assert [*share_faults("1:0.5,2:0.5")] == []
    assert [*share_faults("1:1/2")] == ["'1:1/2' must be TIMESTEPS:SHARE, as in 1:0.6,2:0.3,4:0.1"]
    assert len([*share_faults("-1:0.5,1.5:0.5,:1,1:")]) == 4


@given(st.integers(1, 5), st.integers(1, 6), st.data())
def test_the_last_bytes_of_images_are_counted_byte_by_byte(images: int, size: int, data: st.DataObject) -> None:
    last = data.draw(st.integers(0, images * size))
    chosen = sorted(data.draw(st.sets(st.integers(0, images - 1))))
    every = [image for image in range(images) for _ in range(size)]
    expected = sum(image in chosen for image in every[len(every) - last :])
    assert of_last_bytes(last, size, images, chosen) == expected


def test_exits_are_of_images_that_run() -> None:
    for steps in ((), (0,), (4,)):
        with pytest.raises(ValueError, match="must exit after 1 to 3"):
            Exits(steps, 3)
    exits = Exits((3, 1, 2), 3)
    assert (exits.run, exits.saved, exits.images) == (6, 1 / 3, {1: 1, 2: 1, 3: 1})
    assert [exits.running(step) for step in range(4)] == [(0, 1, 2), (0, 2), (0,), ()]
    assert exits.of_images(1, 2).steps == (1, 2)
    assert exits.words == "1, 1, 1 of 3 images exit after 1, 2, 3 of 3 timesteps"
