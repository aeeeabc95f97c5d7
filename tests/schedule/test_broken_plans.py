"""Does the legality oracle reject what no machine can follow? Plans that it obeys, each broken in one place."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.oracles.legality import walk
from tests.oracles.legality_events import Compute, Drop, Finish, Fire, Load, Put, Store
from tests.schedule.broken import Events, find, moved, plan_of, rejected, without


@pytest.mark.parametrize("name", ["strips", "channel", "residual", "alone", "relays", "pooled"])
def test_the_whole_plans_are_obeyed(name: str) -> None:
    walked = plan_of(name)
    walk(walked.net, walked.states, walked.events)


def test_a_row_before_those_that_it_needs() -> None:
    """A layer in strips without a lag: it takes all its rows so far, and the next one."""

    def hurry(events: Events) -> Events:
        index = find(events, Compute, layer="c1")
        first, end = events[index].pixels  # type: ignore[union-attr]
        return [*events[:index], replace(events[index], pixels=(first, end + 8)), *events[index + 1 :]]  # type: ignore[type-var]

    rejected("strips", hurry, r"rows 0 to 2 of l0 are not all computed yet")


def test_channel_groups_in_the_wrong_order() -> None:
    def swap(events: Events) -> Events:
        index = find(events, Fire, layer="c0", call=1)
        return moved(events, index, find(events, Fire, layer="c0", call=0))

    rejected("channel", swap, "the call before this one has not been")


def test_weights_that_were_not_loaded() -> None:
    def forget(events: Events) -> Events:
        return without(events, find(events, Load, place="weight", thing=("/weights", "c1")))

    rejected("strips", forget, r"weights: bytes \d+ to \d+ are not all on chip")


def test_a_region_that_is_too_small() -> None:
    def hoard(events: Events) -> Events:
        return [event for event in events if not (isinstance(event, Drop) and event.place == "weight")]

    rejected("alone", hoard, "bytes do not fit into weight, 40 bytes")


L1 = ("state", "l1", 0, "moves")


def test_membranes_that_were_written_before_they_were_updated() -> None:
    def early(events: Events) -> Events:
        index = find(events, Store, thing=L1)
        return moved(events, index, find(events, Fire, thing=L1))

    rejected("channel", early, "DRAM does not hold the last state of these membranes")


def test_membranes_that_overwrite_what_is_still_to_be_read() -> None:
    """A store of the size of two tiles."""

    def widen(events: Events) -> Events:
        index = find(events, Store, thing=L1)
        store = events[index]
        return [*events[:index], replace(store, high=store.high + 8), *events[index + 1 :]]  # type: ignore[union-attr, type-var]

    rejected("channel", widen, "not all of it is on chip")


def test_a_residual_that_was_dropped() -> None:
    def drop(events: Events) -> Events:
        index = find(events, Compute, layer="c2")
        return [*events[:index], Drop("spike_out", ("l0", 0, 0)), *events[index:]]

    rejected("residual", drop, r"l0: bytes 0 to \d+ are not all on chip")


def test_a_strip_without_its_halo() -> None:
    def trim(events: Events) -> Events:
        index = find(events, Load, thing=("input", 0, 0))
        load = events[index]
        return [*events[:index], replace(load, high=load.high - 1), *events[index + 1 :]]  # type: ignore[union-attr, type-var]

    rejected("strips", trim, r"input: bytes 0 to \d+ are not all on chip")


def test_spikes_that_are_read_before_they_were_stored() -> None:
    def keep(events: Events) -> Events:
        return without(events, find(events, Store, thing=("l0", 0, 1)))

    rejected("alone", keep, r"DRAM does not hold \('l0', 0, 1\) yet")


def test_a_state_that_two_relays_share_without_writing_it_back() -> None:
    def forget(events: Events) -> Events:
        return [e for e in events if not (isinstance(e, Store) and e.thing[:2] == ("state", "l0"))]

    rejected("relays", forget, "DRAM does not hold the last state of these membranes")


def test_timesteps_in_the_wrong_order() -> None:
    def swap(events: Events) -> Events:
        ends = [i for i, e in enumerate(events) if isinstance(e, Drop) and e.place == "array" and e == Drop("array")]
        second = find(events, Compute, timestep=1)
        begin = max(i for i in ends if i < second) + 1
        third = find(events, Compute, timestep=2)
        until = max(i for i in ends if i < third) + 1
        return [*events[begin:until], *events[:begin], *events[until:]]

    rejected(
        "strips", swap, "not on chip|the call before this one has not been|not all computed yet|rest no more|not hold"
    )


def test_a_lif_before_its_sums_are_complete() -> None:
    def early(events: Events) -> Events:
        index = find(events, Finish, layer="c0")
        return moved(events, index, find(events, Compute, layer="c0"))

    rejected("alone", early, "its sums are not complete")


def test_a_membrane_buffer_that_is_over_full() -> None:
    def keep(events: Events) -> Events:
        return [event for event in events if not (isinstance(event, Drop) and event.place == "membrane")]

    rejected("channel", keep, "bytes do not fit into membrane, 128 bytes")


def test_a_layer_that_never_runs() -> None:
    def skip(events: Events) -> Events:
        last = [e for e in events if isinstance(e, Compute | Finish | Fire) and e.layer == "c2" and e.timestep == 2]
        return [event for event in events if event not in last]

    rejected("alone", skip, "not every call on l2 has been|has been computed|has been stored")


def test_spikes_that_are_kept_before_the_array_has_put_them_out() -> None:
    def early(events: Events) -> Events:
        index = find(events, Put, place="spike_out", thing=("l0", 0, 0))
        return moved(events, index, find(events, Compute, layer="c0"))

    rejected("strips", early, "are not all on chip")


def test_rows_of_a_pool_that_have_begun_and_were_not_kept() -> None:
    def forget(events: Events) -> Events:
        return without(events, find(events, Put, place="spike_out", thing=("/begun", "pool", 0, 0)))

    rejected("pooled", forget, r"row \d+ of l2, which pool needs, is gone")
