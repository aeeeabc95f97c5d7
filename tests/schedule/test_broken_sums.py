"""Does the legality oracle reject sums, currents and membranes that are in no PE, register or buffer?"""

from __future__ import annotations

from dataclasses import replace

import pytest

from lifsim.model.sharing import Sharing
from lifsim.schedule.plan import ScheduleOptions
from tests.oracles.legality import IllegalPlanError, walk
from tests.oracles.legality_events import Compute, Drop, Fire, Load, Put, Store
from tests.schedule import build
from tests.schedule.broken import STRIPS, Events, find, moved, plan_of, rejected, without
from tests.schedule.legality.walked import obeyed
from tests.schedule.networks import network
from tests.schedule.on_arch import plan_on


@pytest.mark.parametrize("name", ["psums", "image", "replayed"])
def test_the_whole_plans_are_obeyed(name: str) -> None:
    walked = plan_of(name)
    walk(walked.net, walked.states, walked.events)


def test_partial_sums_that_were_not_kept() -> None:
    def forget(events: Events) -> Events:
        return without(events, find(events, Put, place="psum"))

    rejected("psums", forget, r"partial sums: bytes 0 to \d+ are not all on chip")


def test_partial_sums_that_were_not_written() -> None:
    def forget(events: Events) -> Events:
        return without(events, find(events, Store, place="sums"))

    rejected("psums", forget, "DRAM does not hold these bytes yet")


def test_partial_sums_that_did_not_come_back() -> None:
    def forget(events: Events) -> Events:
        spilled = find(events, Store, place="sums")
        return without(events, find(events, Load, place="passing", thing=events[spilled].thing))  # type: ignore[union-attr]

    rejected("psums", forget, r"partial sums: bytes 0 to \d+ are not all on chip")


def test_a_part_of_a_sum_that_was_left_out() -> None:
    """18 products a sum on 4 rows: the parts between the first and the fifth."""

    def skip(events: Events) -> Events:
        return without(events, find(events, Compute, layer="c0", parts=(1, 4)))

    rejected("psums", skip, "the part before it has not been added")


def test_a_psum_buffer_that_is_over_full() -> None:
    def keep(events: Events) -> Events:
        return [event for event in events if not (isinstance(event, Drop) and event.place == "psum")]

    rejected("psums", keep, "bytes do not fit into psum, 64 bytes")


def test_lifs_that_fire_before_their_sums_are_complete() -> None:
    def early(events: Events) -> Events:
        return moved(events, find(events, Compute, layer="c0", parts=(4, 5)), find(events, Fire, layer="c0") + 1)

    rejected("psums", early, "its sums are not complete")


def test_psums_that_are_not_paid() -> None:
    """A plan that counts fewer spilled bytes than its tiles spill."""
    net = network(STRIPS, (2, 8, 8), 3)
    plan = plan_on(net, Sharing(), build.arch(4, 2, "ws", psum=64), ScheduleOptions("tick"))
    group = plan.groups[0]
    (layer,) = group.layers
    assert layer.dram.psum_write > 0
    less = replace(layer, dram=replace(layer.dram, psum_write=layer.dram.psum_write - 1))
    cheaper = replace(plan, groups=(replace(group, layers=(less,)), *plan.groups[1:]))
    with pytest.raises(IllegalPlanError, match=r"c0 moves \d+ bytes of PSUM_WRITE of \d+ that it spills"):
        obeyed(net, Sharing(), cheaper, 1)


def test_currents_that_another_fold_has_taken_the_place_of() -> None:
    def interrupt(events: Events) -> Events:
        first = find(events, Compute, layer="c0")
        second = first + 1 + find(events[first + 1 :], Compute, layer="c0")
        return moved(events, second, find(events, Fire, layer="c0", timestep=1))

    rejected("image", interrupt, "its currents are in the PEs no more")


def test_currents_that_wait_nowhere() -> None:
    def forget(events: Events) -> Events:
        return without(events, find(events, Put, place="psum"))

    rejected("replayed", forget, r"currents that were computed before: bytes 0 to \d+ are not all on chip")


def test_registers_that_hold_more_than_there_are() -> None:
    def keep(events: Events) -> Events:
        return [event for event in events if not (isinstance(event, Drop) and event.place == "registers of c0")]

    rejected("image", keep, "bytes do not fit into registers of c0, 4 bytes")
