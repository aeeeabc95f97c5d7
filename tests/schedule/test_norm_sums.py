"""Do sums that wait for their batch norm move as a walk value by value moves them, and is the cheaper way taken?"""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from lifsim.errors import InputError
from lifsim.keeping import KEEPINGS, Keeping
from lifsim.model.arch import Arch
from lifsim.model.network import Layer, Network
from lifsim.model.sharing import Sharing
from lifsim.schedule.plan import GroupPlan, Plan, ScheduleOptions
from lifsim.schedule.tensors.products import gemm_of
from lifsim.schedule.tensors.psums import working_set_bytes
from lifsim.training.norm_sums import NormSums, norm_sums
from lifsim.training.run_again import product_again
from lifsim.training.sizes import TrainingSizes
from lifsim.training.traffic import training_traffic
from tests.oracles import norm as oracle
from tests.oracles.timestep_twice import Twice
from tests.schedule import build
from tests.schedule.networks import Op, network
from tests.schedule.normed import normed_networks, with_norms
from tests.schedule.on_arch import trained_plan_on
from tests.schedule.test_timestep import archs

QUIET = settings(deadline=None, suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow])
STATISTICS = st.sampled_from(["timestep", "all_timesteps"])
KEEPS = st.sampled_from([*KEEPINGS.values()])


def planned(net: Network, arch: Arch, schedule: str, batch: int) -> Plan:
    try:
        return trained_plan_on(net, Sharing(), arch, ScheduleOptions(schedule, batch))
    except InputError:
        assume(False)
        raise


def normed(plan: Plan, sizes: TrainingSizes) -> list[tuple[Layer, GroupPlan, NormSums]]:
    found = []
    for layer in sizes.layers:
        group = plan.group_of(layer.index)
        norm = norm_sums(sizes, layer, group)
        if norm is not None:
            found.append((layer, group, norm))
    return found


def room_of(plan: Plan, group: GroupPlan, layer: Layer) -> int:
    """Of the psum buffer, beside the psums of the largest tile and the currents that wait to be replayed."""
    into = group.layers[layer.index - group.first].tiling.cut
    rounds = layer.rounds if group.tick_batched else 1
    tiles = [tile for tile, _ in into.tiles(gemm_of(layer, into.chains))]
    working = max(working_set_bytes(tile, plan.chip.psums.of(layer), rounds) for tile in tiles)
    waiting = 0
    if not group.tick_batched:
        replays = (plan.facts.layers[index].replay_bytes for index in group.indices)
        walked = group.walked.group
        waiting = group.images * sum(replays) - int(walked.replayed(group.images).sum())
    return max(0, plan.chip.room.psum - waiting - working)


@pytest.mark.slow
@settings(QUIET, max_examples=25)
@given(normed_networks(STATISTICS), archs(), st.sampled_from(["tick", "timestep"]), st.integers(1, 3), KEEPS)
def test_waiting_sums_equal_those_of_a_walk(
    net: Network, arch: Arch, schedule: str, batch: int, keeping: Keeping
) -> None:
    """Two bytes each: out and in, of all channels that the array works on at a time."""
    plan = planned(net, arch, schedule, batch)
    sizes = TrainingSizes(plan.facts, plan.chip, batch, keeping)
    for layer, group, norm in normed(plan, sizes):
        tiling = group.layers[layer.index - group.first].tiling
        replayed = not group.tick_batched and layer.rounds < layer.timesteps
        if norm.way != "round trip" or (replayed and layer.lif):
            continue
        lots = (
            oracle.tick_order(layer, tiling.order, tiling.filters, batch)
            if group.tick_batched
            else oracle.timestep_order(layer, tiling.filters, batch)
        )
        kept = not (keeping.product_again and layer.lif)
        moved = oracle.round_trip(lots, layer, room_of(plan, group, layer), 2, batch, kept=kept)
        assert (norm.forward_write, norm.forward_read) == (moved.written, moved.read)


@pytest.mark.slow
@settings(QUIET, max_examples=25)
@given(normed_networks(STATISTICS), archs(), st.sampled_from(["tick", "timestep"]), st.integers(1, 3))
def test_the_way_back_passes_twice_over_gradients_and_sums(net: Network, arch: Arch, schedule: str, batch: int) -> None:
    plan = planned(net, arch, schedule, batch)
    room = plan.chip.room
    for layer, group, norm in normed(plan, TrainingSizes(plan.facts, plan.chip, batch, KEEPINGS["stored"])):
        lots = list(oracle.tick_order(layer, "inputs_outer", layer.filters, batch))
        lots = [[one for lot in lots for one in lot]]
        if not group.tick_batched:
            lots = [[one for one in lots[0] if one[2] == timestep] for timestep in range(layer.rounds)]
        psum = room.psum if plan.chip.dataflow.name == "os" else 0
        dy, sums = oracle.two_passes(lots, 2, room.spike_out, psum)
        assert norm.first_read + norm.second_read == sums.read
        if norm.way != "handed on":
            assert norm.gradient_read == dy.read
            assert norm.gradient_write in (0, dy.written)  # none where a residual operand is handed dy


@pytest.mark.slow
@settings(QUIET, max_examples=40)
@given(normed_networks(STATISTICS), archs(), st.integers(1, 3))
def test_a_product_that_runs_twice_fetches_what_did_not_stay(net: Network, arch: Arch, batch: int) -> None:
    plan = planned(net, arch, "tick", batch)
    sizes = TrainingSizes(plan.facts, plan.chip, batch, KEEPINGS["stored"])
    for group in plan.groups:
        layer, traffic = plan.facts.layers[group.first].layer, group.layers[0]
        if not group.tick_batched:
            continue
        bits = 8 if layer.sees_image else layer.input.bits(16)
        tiling = traffic.tiling
        walk = oracle.Twice(layer, arch, batch, tiling.order, tiling.rows, tiling.filters, bits)
        again = product_again(sizes, layer, group)
        assert (again.weights, again.spikes_in) == walk.again()


@pytest.mark.slow
@settings(QUIET, max_examples=40)
@given(normed_networks(st.just("timestep")), archs(), st.integers(1, 3))
def test_timestep_by_timestep_it_fetches_what_did_not_stay_either(net: Network, arch: Arch, batch: int) -> None:
    plan = planned(net, arch, "timestep", batch)
    sizes = TrainingSizes(plan.facts, plan.chip, batch, KEEPINGS["stored"])
    for group in plan.groups:
        again = Twice(net, Sharing(), arch, group, batch).again
        for index in group.indices:
            found = product_again(sizes, net.layers[index], group)
            name = net.layers[index].name
            assert (found.weights, found.spikes_in) == (again[name, "weights"], again[name, "spikes"])


CONV: list[Op] = [
    {"name": "conv", "op": "conv", "out": 4, "kernel": 3, "padding": 1},
    {"name": "lif", "op": "lif"},
]


def test_of_a_tile_that_streams_the_region_keeps_its_part() -> None:
    """The region has 8 bytes, a tile of the first layer; of the second one's 2 x 72 bytes 122 are pinned. The region
    brings 8 once a visit, which are there for the second run; 14 stream past for each of four rows, at two timesteps,
    in both."""
    second: list[Op] = [
        {"name": "again", "op": "conv", "out": 2, "kernel": 3, "padding": 1},
        {"name": "lif2", "op": "lif"},
    ]
    first: list[Op] = [CONV[0] | {"out": 8, "kernel": 1, "padding": 0}, CONV[1]]
    net = with_norms(network([*first, *second], (2, 4, 4), 2), {"conv", "again"})
    plan = trained_plan_on(net, Sharing(), build.arch(weight=130, spike_in=4), ScheduleOptions("timestep"))
    (group,) = plan.groups
    assert group.residency is not None
    assert (group.residency.weight_region, group.layers[1].tiling.resident_weight_bytes) == (8, 122)
    assert group.layers[1].dram.weights == 122 + 2 * (8 + 4 * 14)
    sizes = TrainingSizes(plan.facts, plan.chip, 1, KEEPINGS["stored"])
    assert product_again(sizes, net.layers[1], group).weights == 2 * 4 * 14


def sums_of(arch: Arch, batch: int, bptt: str = "stored") -> NormSums:
    net = with_norms(network(CONV, (2, 4, 4), 3), {"conv"})
    plan = trained_plan_on(net, Sharing(), arch, ScheduleOptions("tick", batch))
    sizes = TrainingSizes(plan.facts, plan.chip, batch, KEEPINGS[bptt])
    found = norm_sums(sizes, sizes.layers[0], plan.groups[0])
    assert found is not None
    return found


def test_the_way_that_moves_fewer_bytes_is_taken() -> None:
    """4 filters x 16 pixels x 3 timesteps x 2 bytes = 384 an image, against weights and an input of which nothing comes
    again where the buffers hold them."""
    assert sums_of(build.arch(), 2).all == 768
    roomy = build.arch(psum=384)
    assert (sums_of(roomy, 1).way, sums_of(roomy, 1).forward_read) == ("round trip", 0)
    assert sums_of(build.arch(psum=383), 1).way == "twice"  # everything else stays on chip
    assert sums_of(build.arch(psum=383), 1).again.total == 0


@pytest.mark.parametrize(("bptt", "way"), [("stored", "round trip"), ("reversed", "twice"), ("recomputed", "twice")])
def test_sums_that_nobody_keeps_go_out_for_the_round_trip_alone(bptt: str, way: str) -> None:
    """Of 384 bytes ten find no room. Of the weights 4 bytes stream past for each of four rows, the input stays: again
    16 come. Kept sums are in DRAM anyway, so that ten come back; others go out, too."""
    norm = sums_of(build.arch(psum=374, weight=68), 1, bptt)
    assert (norm.all, norm.way, norm.again.total) == (384, way, 16 if way == "twice" else 0)


def test_of_sums_that_are_handed_on_every_reader_has_a_gradient() -> None:
    """The norm is applied by two readers: each hands back a gradient, and the second pass needs their sum."""
    readers: list[Op] = [
        op
        for number in (1, 2)
        for op in (CONV[0] | {"name": f"reader{number}", "input": "conv"}, {"name": f"lif{number}", "op": "lif"})
    ]
    net = with_norms(network([CONV[0], *readers], (2, 4, 4), 3), {"conv"})
    plan = trained_plan_on(net, Sharing(), build.arch(spike_out=100), ScheduleOptions("tick"))
    norm = norm_sums(TrainingSizes(plan.facts, plan.chip, 1, KEEPINGS["stored"]), net.layers[0], plan.groups[0])
    assert norm is not None
    assert (norm.way, norm.all, norm.gradient_write, norm.gradient_read) == ("handed on", 384, 0, 2 * (384 - 100))


def test_sums_wait_beside_the_psums_of_the_product() -> None:
    """Weight-stationary: of a tile of 4 pixels x 4 filters x 3 timesteps 96 bytes wait between folds."""
    norm = sums_of(build.arch(dataflow="ws", psum=300, weight=18, spike_in=6), 1)
    assert (norm.way, norm.all, norm.forward_read) == ("round trip", 384, 384 - (300 - 96))


@pytest.mark.parametrize("bptt", ["stored", "reversed", "recomputed"])
def test_sums_are_kept_where_membranes_are(bptt: str) -> None:
    """As `lifsim memory` counts them; recomputed ones wait from pass to pass only, as far as they do not fit."""
    norm = sums_of(build.arch(psum=300), 1, bptt)
    if bptt == "stored":
        assert (norm.forward_write, norm.first_read, norm.second_read) == (384, 384, 84)
    else:
        assert (norm.forward_write, norm.first_read) == (0, 0)
        assert norm.recomputed_twice == (norm.recompute_write == 0)


def test_frozen_statistics_move_nothing() -> None:
    net = with_norms(network(CONV, (2, 4, 4), 3), {"conv"}, "frozen")
    bare = replace(net, nodes=network(CONV, (2, 4, 4), 3).nodes)
    moved = []
    for one in (net, bare):
        plan = trained_plan_on(one, Sharing(), build.arch(psum=0), ScheduleOptions("tick", 2))
        moved.append(training_traffic(TrainingSizes(plan.facts, plan.chip, 2, KEEPINGS["stored"]), plan))
    assert moved[0] == moved[1]
    assert moved[0][0].gradient_sums is None
