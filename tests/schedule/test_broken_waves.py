"""Does the legality oracle reject waves that no machine can follow? Plans that it obeys, each broken in one place: in
their waves, in their bytes, or in the order of what happens."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache

import pytest

from lifsim.model.arch import Arch
from lifsim.model.network import Network
from lifsim.model.sharing import Sharing
from lifsim.schedule.plan import Plan
from lifsim.schedule.traffic import DramBytes
from lifsim.schedule.waves.waves import Fused, Skewed
from tests.oracles.legality import IllegalPlanError, walk
from tests.oracles.legality_events import Drop, Event, Finish, Fire, Load, Put, Store
from tests.schedule import build
from tests.schedule.broken import STRIPS, Events, conv, find, without
from tests.schedule.hand_waves import Asked, waves_by_hand
from tests.schedule.legality.walked import Walked, obeyed
from tests.schedule.networks import network
from tests.schedule.test_wave_steps import POOLED

WINDOW = {"name": "pool", "op": "max_pool", "kernel": 3, "stride": 1, "padding": 1}
STATE_ROW = 4 * 8
"""4 channels of 8 columns, 8 bits."""

SKEWED = Asked("skewed", height=1, window=2)


@dataclass(frozen=True)
class Given:
    """What is walked."""

    network: Network
    sharing: Sharing
    arch: Arch
    asked: Asked

    @property
    def plan(self) -> Plan:
        return waves_by_hand(self.network, self.sharing, self.arch, self.asked)

    def obey(self, plan: Plan | None = None) -> Walked:
        return obeyed(self.network, self.sharing, plan or self.plan, self.asked.batch)


@cache
def given(name: str) -> Given:
    """skewed: three layers of one state, two timesteps, each three rows behind the other: six rows of state. windows:
    the same, four timesteps, two at a time; chunks: the same, two images at a time. behind: the second layer reads a
    pool of stride 1. fused: strides, and a pool between layers; spike_in has less room than the 8 rows of 6 bytes that
    the input of three timesteps is, as of the 16 of 2 bytes that skewed strips read of two."""
    layer, six = Sharing.parse("layer"), build.arch(spike_in=31, membrane=6 * STATE_ROW)
    if name == "skewed":
        return Given(network(STRIPS, (2, 8, 8), 2), layer, six, SKEWED)
    if name == "windows":
        return Given(network(STRIPS, (2, 8, 8), 4), layer, six, SKEWED)
    if name == "chunks":
        six = build.arch(membrane=2 * 6 * STATE_ROW)
        return Given(network(STRIPS, (2, 8, 8), 2), layer, six, replace(SKEWED, batch=2, images=2))
    if name == "behind":
        ops = [*conv(0), WINDOW, *conv(1)]
        return Given(network(ops, (2, 8, 8), 2), layer, build.arch(), SKEWED)
    return Given(network(POOLED, (2, 8, 8), 3), Sharing(), build.arch(spike_in=40), Asked("fused", 1, 3))


NAMES = ["skewed", "windows", "chunks", "behind", "fused"]


@pytest.mark.parametrize("name", NAMES)
def test_the_whole_plans_are_obeyed(name: str) -> None:
    walked = given(name).obey()
    walk(walked.net, walked.states, walked.events)


def rejected(name: str, broken: Callable[[Plan], Plan], because: str) -> None:
    with pytest.raises(IllegalPlanError, match=because):
        given(name).obey(broken(given(name).plan))


def broken_group(plan: Plan, **changes: object) -> Plan:
    (group,) = plan.groups
    return replace(plan, groups=(replace(group, **changes),))  # type: ignore[arg-type]


# Their waves


def test_a_layer_that_lags_too_little() -> None:
    def hurry(plan: Plan) -> Plan:
        return broken_group(plan, waves=Skewed(0, 1, 8, (0, 1, 1)))

    rejected("skewed", hurry, r"rows \d+ to \d+ of l1 are not all computed yet")


@dataclass(frozen=True)
class OneRowShort(Skewed):
    @property
    def skew(self) -> int:
        return self.height + self.lags[-1] - 1


def test_timesteps_that_are_one_row_too_close() -> None:
    def close(plan: Plan) -> Plan:
        return broken_group(plan, waves=OneRowShort(0, 1, 8, (0, 1, 2)))

    rejected("skewed", close, "the call before this one has not been")


def test_a_pool_of_stride_1_that_is_ignored() -> None:
    def ignore(plan: Plan) -> Plan:
        (group,) = plan.groups
        assert isinstance(group.waves, Skewed)
        assert group.waves.lags == (0, 2)
        return broken_group(plan, waves=replace(group.waves, lags=(0, 1)))

    rejected("behind", ignore, r"rows \d+ to \d+ of pool are not all computed yet")


def test_timesteps_of_a_shared_state_back_to_back() -> None:
    """Windows across a state that layers share: a tile's membranes do not live and die with it."""

    def fuse(plan: Plan) -> Plan:
        ends = tuple(tuple(min(wave + ahead, 8) for wave in range(1, 9)) for ahead in (2, 1, 0))
        return broken_group(plan, waves=Fused(0, 1, ends))

    rejected("skewed", fuse, "the call before this one has not been")


def test_fused_layers_without_the_rows_of_a_halo() -> None:
    def trim(plan: Plan) -> Plan:
        (group,) = plan.groups
        assert isinstance(group.waves, Fused)
        first, *others = group.waves.ends
        short = tuple(end - 1 if end < first[-1] else end for end in first)
        return broken_group(plan, waves=replace(group.waves, ends=(short, *others)))

    rejected("fused", trim, r"rows \d+ to \d+ of pool are not all computed yet")


def test_fused_layers_whose_last_row_never_comes() -> None:
    def cut(plan: Plan) -> Plan:
        (group,) = plan.groups
        assert isinstance(group.waves, Fused)
        *others, last = group.waves.ends
        return broken_group(plan, waves=replace(group.waves, ends=(*others, (*last[:-1], last[-2]))))

    rejected("fused", cut, "not every call on l2 has been|not all of .* has been computed")


# Their room and their bytes


def test_a_chunk_that_does_not_fit() -> None:
    whole = given("chunks")
    tight = replace(whole, arch=build.arch(membrane=2 * 6 * STATE_ROW - 1))
    with pytest.raises(IllegalPlanError, match="384 bytes do not fit into membrane, 383 bytes"):
        tight.obey()


def test_rows_between_the_layers_that_find_no_room() -> None:
    """At its fullest spike_out has, of 4 rows of a timestep that the first layer has put out since the last visit of
    the second or those that its windows need, and of the second one, each 4 bytes."""
    tight = replace(given("skewed"), arch=build.arch(membrane=6 * STATE_ROW, spike_out=8 * 4))
    with pytest.raises(IllegalPlanError, match="do not fit into spike_out, 32 bytes"):
        tight.obey()


def short(plan: Plan, layer: int, **less: int) -> Plan:
    (group,) = plan.groups
    layers = list(group.layers)
    dram = layers[layer].dram
    fewer = DramBytes(**(vars(dram) | {name: getattr(dram, name) - size for name, size in less.items()}))
    layers[layer] = replace(layers[layer], dram=fewer)
    return broken_group(plan, layers=tuple(layers))


@pytest.mark.parametrize("name", ["skewed", "fused"])
def test_windows_that_come_without_their_halos(name: str) -> None:
    rejected(name, lambda plan: short(plan, 0, spikes_in=1), r"bytes of \d+ that it needs")


@pytest.mark.parametrize("name", ["skewed", "fused"])
def test_weights_that_were_evicted(name: str) -> None:
    """One byte of one visit is missing."""
    rejected(name, lambda plan: short(plan, 1, weights=1), r"weights: bytes \d+ to \d+ are not all on chip")


def test_results_that_do_not_all_leave() -> None:
    rejected("fused", lambda plan: short(plan, 2, spikes_out=1), r"c2 moves \d+ bytes of SPIKES_OUT of \d+")


# The order of what happens


def reordered(name: str, broken: Callable[[Events], Sequence[Event]], because: str) -> None:
    walked = given(name).obey()
    events = list(broken(list(walked.events)))
    assert events != list(walked.events)
    with pytest.raises(IllegalPlanError, match=because):
        walk(walked.net, walked.states, events)


def test_a_state_that_is_overwritten_in_flight() -> None:
    """A state is used for the next timestep before its last call of this one."""

    def begin_again(events: Events) -> Events:
        fired = find(events, Fire, layer="c1", timestep=0)
        other = find(events, Fire, layer="c0", timestep=1)
        early = replace(events[other], low=events[fired].low, high=events[fired].high)  # type: ignore[type-var, union-attr]
        return [*events[:fired], early, *events[fired:]]

    reordered("skewed", begin_again, "the call before this one has not been")


def test_membranes_that_leave_before_the_last_layer_has_called() -> None:
    def early(events: Events) -> Events:
        leaves = (i for i, e in enumerate(events) if isinstance(e, Drop) and e.place == "membrane" and e.low < e.high)
        drop = next(leaves)
        called = find(events, Fire, layer="c2", timestep=0)
        return [*events[:called], events[drop], *events[called:]]

    reordered("skewed", early, "these membranes are not on chip")


def test_membranes_that_are_not_written_between_windows() -> None:
    def forget(events: Events) -> Events:
        return without(events, next(i for i, e in enumerate(events) if isinstance(e, Store) and e.place == "membrane"))

    reordered("windows", forget, "DRAM does not hold the last state of these membranes")


def test_a_row_at_the_border_that_leaves_spike_out_too_soon() -> None:
    """The last row, which the halo of the row before it and its own window need."""

    def hurry(events: Events) -> Events:
        last = max(i for i, e in enumerate(events) if isinstance(e, Finish) and (e.layer, e.timestep) == ("c0", 0))
        put = next(i for i in range(last, len(events)) if isinstance(events[i], Put) and events[i].place == "spike_out")  # type: ignore[union-attr]
        kept = events[put]
        assert isinstance(kept, Put)
        return [*events[: put + 1], Drop("spike_out", kept.thing, kept.high - 4, kept.high), *events[put + 1 :]]

    reordered("skewed", hurry, r"l0: bytes \d+ to \d+ are not all on chip")


def test_a_window_that_is_not_fetched_again() -> None:
    def forget(events: Events) -> Events:
        loads = [i for i, e in enumerate(events) if isinstance(e, Load) and e.place == "windows"]
        return without(events, loads[-1])

    reordered("fused", forget, r"input: bytes \d+ to \d+ are not all on chip")
