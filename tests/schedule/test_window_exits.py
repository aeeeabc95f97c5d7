"""Do images that exit between windows take with them what they would have moved, and nothing else?"""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from lifsim.model.arch import Arch
from lifsim.model.network import Network
from lifsim.model.sharing import Sharing
from lifsim.schedule.chip import Chip
from lifsim.schedule.exits import Exits
from lifsim.schedule.leaving import leaving, lets_go
from lifsim.schedule.plan import Plan, ScheduleOptions
from lifsim.schedule.traffic import DramBytes
from tests.oracles.loop_order import walk
from tests.schedule import build
from tests.schedule.bands import Case as BandCase
from tests.schedule.bands import by_hand, two_layers
from tests.schedule.bands import cases as band_cases
from tests.schedule.legality.bands import otherwise
from tests.schedule.loop_order import is_plain, loops_of, net_of, room_of
from tests.schedule.networks import networks
from tests.schedule.on_arch import plan_on
from tests.schedule.wave_cases import SIZES, Case, cases

QUIET = settings(deadline=None, suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow])


def moved(one: DramBytes) -> dict[str, int]:
    """All but partial sums, which the interpreter does not know."""
    return {key: size for key, size in vars(one).items() if size and not key.startswith("psum")}


def moves_what_is_walked(net: Network, sharing: Sharing, arch: Arch, plan: Plan, stops: tuple[int, ...]) -> None:
    (group,) = plan.groups
    assert lets_go(plan)
    left = leaving(plan, Exits(stops, net.timesteps))
    loops = loops_of(net, arch, group, len(stops), stops)
    walked = walk(net_of(net, sharing, arch, group, len(stops)), loops, room_of(arch))
    for index, traffic in zip(group.indices, left.layers, strict=True):
        assert moved(traffic.dram) == {k: size for k, size in walked.moved[net.layers[index].name].items() if size}


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["fused", "skewed"])
def test_in_waves_it_equals_the_literal_interpreter(kind: str) -> None:
    """By tensor and layer, in any waves: windows that do not divide the timesteps, chunks, weights and membranes that
    stay in part."""
    several = 0

    @settings(QUIET, max_examples=60)
    @given(cases(kind, whole=True), st.data())
    def equals(case: Case | None, data: st.DataObject) -> None:
        nonlocal several
        assume(case is not None and lets_go(case.plan) and is_plain(case.network, case.group))
        stops = data.draw(st.tuples(*[st.integers(1, case.network.timesteps)] * case.batch))
        several += len(set(stops)) > 1
        moves_what_is_walked(case.network, case.sharing, case.arch, case.plan, stops)

    equals()
    assert several > 10


@pytest.mark.slow
def test_in_bands_of_columns_it_equals_the_literal_interpreter() -> None:
    """By tensor and layer, and by step, as far as these tell them apart: borders of bands that stay, or a part of
    which moves, of the images that run."""
    several, moves = 0, 0

    @settings(QUIET, max_examples=60)
    @given(band_cases(several_windows=True), st.data())
    def equals(case: BandCase | None, data: st.DataObject) -> None:
        nonlocal several, moves
        assume(case is not None)
        plan = Plan((case.group,), case.cost.facts, Chip.of(case.arch))
        assume(len(case.group.indices) == len(case.network.layers) and lets_go(plan))
        stops = data.draw(st.tuples(*[st.integers(1, case.network.timesteps)] * case.batch))
        (left,) = leaving(plan, Exits(stops, case.network.timesteps)).groups
        told = replace(case.told, group=left)
        assert not list(otherwise(told, told.walked()))
        exits = left.exits.steps
        several += len(set(exits)) > 1
        moves += min(exits) < case.network.timesteps and left.in_waves.kept_rows < left.in_waves.map_rows

    equals()
    assert several > 5
    assert moves > 5


@pytest.mark.parametrize("membrane", [64, 384])
@pytest.mark.parametrize("stops", [(1, 5), (5, 2), (3, 4)])
def test_steps_of_bands_move_the_state_of_images_that_run(membrane: int, stops: tuple[int, int]) -> None:
    """Where none of it stays between windows, every visit's part is its own: of two images with 280 bytes of state
    each, of which the one that is left would have room in 384."""
    net, walked = two_layers((8, 5, 7), {"kernel": 3, "padding": 1}, timesteps=5), 0
    for case in by_hand(net, build.arch(membrane=membrane), images=2, window=2):
        if not sum(case.group.residency.permanent.values()):
            plan = Plan((case.group,), case.cost.facts, Chip.of(case.arch))
            (left,) = leaving(plan, Exits(stops, net.timesteps)).groups
            told = replace(case.told, group=left)
            assert not list(otherwise(told, told.walked()))
            walked += 1
    assert walked > 0


@pytest.mark.slow
@settings(QUIET, max_examples=80)
@given(
    networks(st.integers(3, 5)).filter(lambda net: len(net.layers) == 1),
    st.sampled_from(["none", "channel2-where-possible"]),
    st.tuples(st.integers(1, 3), st.integers(1, 2)),
    st.tuples(SIZES, SIZES, SIZES),
    st.data(),
)
def test_a_layer_in_windows_equals_the_literal_interpreter(
    net: Network, name: str, chunks: tuple[int, int], sizes: tuple[int, int, int], data: st.DataObject
) -> None:
    sharing, window = Sharing.parse(name), data.draw(st.integers(2, net.timesteps - 1), "window")
    arch = build.arch(2, data.draw(st.integers(1, 4), "cols"), weight=sizes[0], spike_in=sizes[1], membrane=sizes[2],
                      membrane_bits=8)  # fmt: skip
    plan = plan_on(net, sharing, arch, ScheduleOptions(f"window:{window}", chunks[0] * chunks[1], chunks[0]))
    assume(lets_go(plan) and plan.groups[0].tiled and is_plain(net, plan.groups[0]))
    stops = data.draw(st.tuples(*[st.integers(1, net.timesteps)] * (chunks[0] * chunks[1])))
    moves_what_is_walked(net, sharing, arch, plan, stops)
