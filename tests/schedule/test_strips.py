"""Do strips lag by all that lies between their layers, and do their visits work on the rows that are there?"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from lifsim.graph.reach import Read, steps_behind
from lifsim.hardware.pipeline.kinds import Kind
from lifsim.memo import Memo
from lifsim.model.network import Network
from lifsim.model.sharing import Sharing
from lifsim.schedule.plan import Plan, ScheduleOptions
from lifsim.schedule.timestep.steps import group_visits
from lifsim.schedule.timestep.strips import Relay, strip_relays
from lifsim.schedule.window import TICK, TIMESTEP, Window
from tests.oracles.legality import IllegalPlanError
from tests.schedule import build
from tests.schedule.legality.walked import obeyed
from tests.schedule.networks import Op, network
from tests.schedule.on_arch import facts_on, plan_on

LAYER = Sharing.parse("layer")


def conv(number: int, kernel: int = 3, **more: object) -> list[Op]:
    name = {"name": f"c{number}", "op": "conv", "out": 4, "kernel": kernel, "padding": kernel // 2}
    return [name | more, {"name": f"l{number}", "op": "lif"}]


def pool(number: int, kernel: int = 3) -> Op:
    return {"name": f"q{number}", "op": "max_pool", "kernel": kernel, "stride": 1, "padding": kernel // 2}


def relays(layers: list[Op], rows: int = 16) -> tuple[Relay, ...]:
    net = network(layers, (2, rows, 8), 4)
    return strip_relays(facts_on(net, LAYER, build.arch()), 0, len(net.layers) - 1)


PLAIN = [*conv(0), *conv(1), *conv(2), *conv(3)]
POOLED = [*conv(0), *conv(1), pool(1), *conv(2), pool(2), *conv(3)]
ADDED = [
    *conv(0),
    pool(0, 5),
    *conv(1, 1, input="l0")[:1],
    {"name": "a1", "op": "add", "inputs": ["c1", "q0"]},
    *conv(1)[1:],
]


@pytest.mark.parametrize(
    ("layers", "lags"),
    [
        (PLAIN, (0, 1, 2, 3)),
        (POOLED, (0, 1, 3, 5)),
        ([*conv(0), pool(0), pool(9), *conv(1)], (0, 3)),
        (ADDED, (0, 2)),
        ([*conv(0), *conv(1, 5), *conv(2, 1, input="l0")], (0, 2, 2)),
    ],
)
def test_lags_are_the_rows_beneath_that_layers_pools_and_adds_need(layers: list[Op], lags: tuple[int, ...]) -> None:
    (relay,) = relays(layers)
    assert relay.lags == lags
    assert relay.state_window_bytes(2) == (2 + lags[-1]) * relay.state_row_bytes


def test_spikes_that_wait_for_a_pool_have_room() -> None:
    """Between l0 and c1 those of l0, half a pool before the rows of q0 that come next, and those of q0, half a kernel
    before c1's; the last strip of 4 rows goes to the end. A row of 4 channels and 8 columns is 4 bytes."""
    (relay,) = relays([*conv(0), pool(0), *conv(1)])
    assert sorted(relay.waiting) == [(4, 0, 1 + 1), (4, 1, 2 + 1)]
    assert relay.spike_window_bytes(4) == 4 * (4 + 2) + 4 * (4 + 3)


@pytest.mark.parametrize(("height", "begun"), [(4, 0), (3, 2)])
def test_rows_of_a_pool_that_a_strip_cuts_have_room(height: int, begun: int) -> None:
    """Strips of 4 rows end between the windows of half the rows, strips of 3 within one: a row of 4 channels and 4
    columns is 2 bytes. The next layer reads what is before the pool."""
    beside = {"name": "half", "op": "max_pool", "kernel": 2, "input": "l0"}
    (without,), (relay,) = relays([*conv(0), *conv(1)]), relays([*conv(0), beside, *conv(1, input="l0")])
    assert relay.spike_window_bytes(height) == without.spike_window_bytes(height) + begun


def test_a_pool_over_the_whole_map_waits_as_a_whole() -> None:
    """Counts of 16 spikes, 5 bits each; what is left of the map is a signal of 8 rows, of 4 channels each."""
    over = {"name": "over", "op": "avg_pool", "kernel": [16, 1]}
    (without,), (relay,) = relays([*conv(0), *conv(1)]), relays([*conv(0), *conv(1), over])
    assert relay.spike_window_bytes(4) == without.spike_window_bytes(4) + 8 * 3


@pytest.mark.parametrize(("spike_out", "window"), [(4, TICK), (3, TIMESTEP)])
def test_row_tiles_that_cut_windows_have_room_for_rows_that_have_begun(spike_out: int, window: Window) -> None:
    """spike_in holds three rows of 2 x 8 x 2 spikes, so that tiles have one row. A row of the pool, in two timesteps of
    4 channels and 4 columns, is 4 bytes."""
    net = network([*conv(0), {"name": "half", "op": "max_pool", "kernel": 2}], (2, 8, 8), 2)
    arch = build.arch(spike_in=12, spike_out=spike_out)
    plan = plan_on(net, Sharing(), arch, ScheduleOptions("tick"))
    assert plan.groups[0].window == window
    assert ("buffers.spike_out.size_bytes must be >= 4" in plan.groups[0].why) == (window == TIMESTEP)
    obeyed(net, Sharing(), plan, 1)


@pytest.mark.parametrize(
    "layers",
    [
        [*conv(0)[:1], pool(0), *conv(0)[1:], *conv(1)],
        [*conv(0), *conv(1)[:1], pool(1), *conv(1)[1:]],
        [*conv(0), *conv(1)[:1], {"name": "a", "op": "add", "inputs": ["c1", "l0"]}, pool(1), *conv(1)[1:]],
    ],
)
def test_sums_that_would_wait_for_one_another_forbid_strips(layers: list[Op]) -> None:
    """A pool between a convolution and its LIF: its currents have no place."""
    assert relays(layers) == ()


def in_strips(layers: list[Op] = POOLED, height: int = 3, batch: int = 1) -> tuple[Network, Plan]:
    """A plan whose buffer of membranes holds h + 5 rows of 4 x 8 bytes."""
    net = network(layers, (2, 16, 8), 2)
    arch = build.arch(weight=8, spike_in=16, membrane=32 * (height + 5) * batch)
    return net, plan_on(net, LAYER, arch, ScheduleOptions("timestep", batch))


def test_visits_work_on_the_rows_that_their_layer_has_come_to() -> None:
    net, plan = in_strips()
    (group,) = plan.groups
    (strip,) = group.strips
    assert (strip.first, strip.last) == (0, 3)
    done = dict.fromkeys(range(4), 0)
    seen = []
    for visit in group_visits(plan.facts, 1, group, Memo()):
        if visit.timestep == 0:
            rows = int(visit.outputs.sum()) // 4
            seen.append((visit.layer, done[visit.layer], done[visit.layer] + rows))
            done[visit.layer] += rows
    strips = -(-16 // strip.rows)
    expected = []
    for number in range(strips):
        for layer, lag in enumerate((0, 1, 3, 5)):
            end = 16 if number == strips - 1 else max(0, (number + 1) * strip.rows - lag)
            begin = max(0, number * strip.rows - lag)
            if end > begin:
                expected.append((layer, begin, end))
    assert seen == expected
    obeyed(net, LAYER, plan, 1)


def test_strips_bring_the_windows_of_their_rows() -> None:
    """spike_in holds a window of c0's input, 2 channels of 8 spikes a row: rows and both halos, as far as there are."""
    _, plan = in_strips()
    (group,) = plan.groups
    height = group.strips[0].rows
    visits = [v for v in group_visits(plan.facts, 1, group, Memo()) if v.layer == 0 and v.timestep == 0]
    windows = [(max(0, begin - 1), min(16, begin + height + 1)) for begin in range(0, 16, height)]
    assert [visit.moves.total(Kind.SPIKES_IN) for visit in visits] == [2 * (end - begin) for begin, end in windows]
    for visit, (begin, _) in zip(visits, windows, strict=True):
        (move,) = np.flatnonzero(visit.moves.kind == Kind.SPIKES_IN)
        assert visit.moves.offset[move] == 2 * begin


@pytest.mark.parametrize("lags", [(0, 1, 2, 3), (0, 0, 2, 4), (0, 1, 3, 4)])
def test_shorter_lags_are_illegal(lags: tuple[int, ...]) -> None:
    net, plan = in_strips()
    (group,) = plan.groups
    walked = group.walked.group
    (state,) = walked.in_strips
    walked.in_strips[state] = replace(walked.in_strips[state], lags=lags)
    with pytest.raises(IllegalPlanError, match="are not all computed yet"):
        obeyed(net, LAYER, plan, 1)


def test_reach_of_nodes_along_a_signal_is_that_of_its_length() -> None:
    ops = [
        {"name": "c", "op": "conv", "out": 2, "kernel": [1, 5], "padding": [0, 2]},
        {"name": "l", "op": "lif"},
        {"name": "p", "op": "max_pool", "kernel": [1, 3], "stride": 1, "padding": [0, 1]},
        {"name": "d", "op": "conv", "out": 2, "kernel": [1, 3], "stride": [1, 2], "padding": [0, 1]},
    ]
    first, second = steps_behind(network(ops, (2, 1, 9), 1))
    assert [step.reads for step in first] == [(Read("input", 2, 2),), (Read("c"),), (Read("l", 1, 1),)]
    assert second[0].reads == (Read("p", 1, 1, stride=2),)
