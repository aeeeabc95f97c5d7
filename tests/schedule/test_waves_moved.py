"""What groups in waves move, against the literal interpreter of loop orders, and what it never is."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from math import inf

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from lifsim.errors import Fault
from lifsim.graph.states import channels_by_layer, states_of
from lifsim.model.sharing import Sharing
from lifsim.schedule.chip import Chip
from lifsim.schedule.plan import GroupPlan
from lifsim.schedule.waves.plan import WavesAsked, in_waves
from lifsim.schedule.window import Window
from tests.loop_orders import compared
from tests.oracles.loop_order import walk
from tests.oracles.loop_order_net import IllegalOrderError
from tests.schedule import build
from tests.schedule.loop_order import is_plain, loops_of, net_of, room_of
from tests.schedule.networks import network
from tests.schedule.on_arch import facts_on
from tests.schedule.wave_cases import Case, cases

QUIET = settings(deadline=None, suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow])


@pytest.mark.slow
@settings(QUIET, max_examples=80)
@given(cases("fused"))
def test_fused_groups_move_what_the_interpreter_moves(case: Case | None) -> None:
    """By tensor and layer, in any waves: strides, pools, adds, chains, chunks, windows, weights that stay in part."""
    assume(case is not None)
    assert not list(case.differences())


@pytest.mark.slow
@settings(QUIET, max_examples=60)
@given(cases("grouped"))
def test_groups_of_convolutions_that_take_turns_move_what_the_interpreter_moves(case: Case | None) -> None:
    """Chains lead through groups, which hold their weights and membranes together: N groups each, or all."""
    assume(case is not None)
    assert is_plain(case.network, case.group, grouped=True)
    assert not list(case.differences(grouped=True))


@pytest.mark.slow
@settings(QUIET, max_examples=60)
@given(cases("skewed"))
def test_skewed_strips_move_what_the_interpreter_moves(case: Case | None) -> None:
    """And currents that wait, or are computed again."""
    assume(case is not None)
    assert not list(case.differences())


def test_a_tile_of_groups_that_take_turns_holds_the_weights_of_all_of_them() -> None:
    """Two depthwise layers of 12 filters of 3 bytes, channel2: 6 tiles of 2 groups each. In a region of 3 bytes a tile
    lacks 3, so that 18 of each layer stay, and 37 of 40 bytes are not fetched again: one more of the layer that has
    more visits."""
    ops = []
    for number in range(2):
        conv = {"name": f"conv{number}", "op": "conv", "out": 12, "groups": 12, "kernel": [3, 1], "padding": [1, 0]}
        ops += [conv, {"name": f"lif{number}", "op": "lif"}]
    net = network(ops, (12, 8, 1), 2)
    plan = asked(net, "channel2", build.arch(cols=2, weight=40, spike_out=9), Window(None, "fused"))
    visits = [plan.waves.visits(layer, 2) for layer in range(2)]
    assert min(visits) > 1
    stay = [18 + (count == max(visits) and number == visits.index(max(visits))) for number, count in enumerate(visits)]
    expected = [36 * count - kept * (count - 1) for count, kept in zip(visits, stay, strict=True)]
    assert sum(layer.dram.weights for layer in plan.layers) == sum(expected)
    assert plan.residency.weight_region == 3


@pytest.mark.parametrize(("cols", "dataflow"), [(6, "os"), (6, "ws"), (10, "os"), (8, "os"), (6, "is")])
def test_chains_are_worked_off_in_the_cheapest_way(cols: int, dataflow: str) -> None:
    """Of as many bytes those in which the array works the least: not more than with all whole, all in turn, or any one
    layer the other way. Four channels of a chain leave two of six columns idle where they are whole; `ws` would
    load weights again at every timestep where they are not."""
    ops = []
    for number in range(3):
        conv = {"name": f"conv{number}", "op": "conv", "out": 24, "kernel": [3, 1], "padding": [1, 0]}
        ops += [conv, {"name": f"lif{number}", "op": "lif"}]
    net, sharing = network(ops, (2, 6, 1), 3), Sharing.parse("channel4")
    arch = build.arch(2, cols, dataflow)
    channels = tuple(channels_by_layer(net, states_of(net, sharing)))
    told = WavesAsked(facts_on(net, sharing, arch), Chip.of(arch), 0, 2, 1, None, channels)
    plan = in_waves(told, Window(None, "fused"))
    assert isinstance(plan, GroupPlan)
    chosen, cost = plan.waves_walked.group, plan.waves_walked.cost
    each = [replace(chosen, ways=ways) for ways in product(*told.ways)]
    prices = [one.cost(waves, inf).price for one in each for waves in one.candidates]
    assert cost.price == min(prices)
    whole = replace(chosen, ways=tuple(ways[0] for ways in told.ways))
    idle = (cols, dataflow) == (6, "os")  # 4 folds of 6 for 6 of 4
    assert idle == (min(whole.cost(waves, inf).price for waves in whole.candidates) > cost.price)


@pytest.mark.parametrize("kind", ["fused", "skewed"])
def test_groups_that_are_always_the_same_move_what_the_interpreter_moves(kind: str) -> None:
    """So few that they are walked in every run, and so many that each rule of what moves has a group that it moves."""
    assert sum(compared(kind, 50, 16).values()) == 50


def stack(layers: int, timesteps: int, rows: int, kernel: int = 3) -> list[dict[str, object]]:
    """Convolutions of 2 filters, each with its LIF, on signals of so many rows."""
    found: list[dict[str, object]] = []
    for number in range(layers):
        conv = {"name": f"conv{number}", "op": "conv", "out": 2, "kernel": [1, kernel], "padding": [0, kernel // 2]}
        found += [conv, {"name": f"lif{number}", "op": "lif"}]
    return found


def asked(net: object, sharing: str, arch: object, window: Window, batch: int = 1) -> GroupPlan | Fault:
    states = states_of(net, Sharing.parse(sharing))
    facts, channels = facts_on(net, Sharing.parse(sharing), arch), tuple(channels_by_layer(net, states))
    last = len(net.layers) - 1
    return in_waves(WavesAsked(facts, Chip.of(arch), 0, last, batch, None, channels), window)


@pytest.mark.parametrize("layers", [2, 3])
@pytest.mark.parametrize("timesteps", [2, 5])
@pytest.mark.parametrize("extra", [-1, 0])
def test_skewed_strips_need_rows_of_every_timestep(layers: int, timesteps: int, extra: int) -> None:
    """T*(1 + P) rows of state for strips of one row: 2 membranes of a byte each. With a byte less there are none, and
    the way out is said."""
    net = network(stack(layers, timesteps, 40), (2, 1, 40), timesteps)
    needed = 2 * timesteps * layers  # 1 + P rows, P of half a kernel between any two
    plan = asked(net, "layer", build.arch(membrane=needed + extra), Window(None, "skewed"))
    if extra:
        assert isinstance(plan, Fault)
        assert (plan.path, f"must be >= {needed} " in plan.message) == ("buffers.membrane.size_bytes", True)
    else:
        assert plan.waves.height == 1
        assert plan.dram.membrane_read == plan.dram.membrane_write == 0


def test_skewed_strips_move_nothing_else_than_what_they_must_where_weights_stay() -> None:
    """Weights once, spikes once each way."""
    net = network(stack(2, 4, 20), (2, 1, 20), 4)
    plan = asked(net, "layer", build.arch(membrane=16), Window(None, "skewed"))
    assert plan.dram.weights == 2 * 2 * 6
    assert plan.dram.spikes_in == plan.dram.spikes_out == 4 * 20
    assert plan.dram.total == 24 + 160


def test_fused_layers_hand_over_no_spikes() -> None:
    """Two layers of 20 rows, a byte a row and window of 4 timesteps of 2 channels; spike_out takes the 3 rows that one
    row of the second needs, and no more: a wave a row, weights as often where they do not stay."""
    net = network(stack(2, 4, 20), (2, 1, 20), 4)
    tight = asked(net, "none", build.arch(cols=2, spike_out=3, weight=12), Window(None, "fused"))
    assert (tight.waves.height, tight.dram.spikes_in, tight.dram.spikes_out) == (1, 20, 20)
    assert tight.dram.weights == 24 + 12 * 19
    assert asked(net, "none", build.arch(spike_out=2), Window(None, "fused")).path == "buffers.spike_out.size_bytes"
    wide = asked(net, "none", build.arch(cols=2, weight=12), Window(None, "fused"))
    assert (wide.waves.height, wide.dram.total) == (20, 24 + 40)


def test_a_wave_too_early_is_refused_by_the_interpreter() -> None:
    """The comparison bites: layers that are not as far ahead as windows need, timesteps that are not apart enough."""
    net = network(stack(2, 3, 12), (2, 1, 12), 3)
    arch = build.arch(membrane=100)
    plan = asked(net, "layer", arch, Window(None, "skewed"))
    loops, sharing = loops_of(net, arch, plan, 1), Sharing.parse("layer")
    walk(net_of(net, sharing, arch, plan, 1), loops, room_of(arch))
    for broken in (replace(loops, skew=loops.skew - 1), replace(loops, lags=(0, 0))):
        with pytest.raises(IllegalOrderError):
            walk(net_of(net, sharing, arch, plan, 1), broken, room_of(arch))


@pytest.mark.parametrize(
    ("layers", "sharing", "kind", "why"),
    [
        (stack(2, 3, 8), "layer", "fused", "'conv0' to 'conv1' share membranes"),
        (stack(2, 3, 8), "none", "skewed", "are not the layers of one state"),
        (
            [*stack(1, 3, 8), {"name": "mean", "op": "time_mean"}, {"name": "fc", "op": "linear", "out": 2}],
            "none", "fused", "'fc' is behind a mean over time",
        ),
        (
            [*stack(1, 3, 8), {"name": "half", "op": "conv", "out": 2, "kernel": [1, 2], "stride": [1, 2]},
             {"name": "back", "op": "conv", "out": 2, "kernel": [1, 3], "padding": [0, 3]},
             {"name": "lifb", "op": "lif", "group": "a"}],
            "layer", "skewed", "are not the layers of one state",
        ),
    ],
    ids=["shared", "unshared", "mean", "other layers between"],
)  # fmt: skip
def test_what_cannot_run_in_waves_says_why(layers: list[dict[str, object]], sharing: str, kind: str, why: str) -> None:
    plan = asked(network(layers, (2, 1, 8), 3), sharing, build.arch(), Window(None, kind))
    assert isinstance(plan, Fault)
    assert why in plan.message


@settings(QUIET, max_examples=40)
@given(cases("fused"), st.sampled_from(["weight", "spike_in", "spike_out", "membrane"]), st.integers(1, 200))
def test_more_buffer_never_means_more_bytes(case: Case | None, name: str, more: int) -> None:
    """Of the best waves."""
    assume(case is not None)
    window = Window(case.group.window.timesteps, "fused")
    moved = []
    for added in (0, more):
        size = getattr(case.arch.buffers, name).size_bytes + added
        buffer = getattr(case.arch.buffers, name).model_copy(update={"size_bytes": size})
        arch = case.arch.model_copy(update={"buffers": case.arch.buffers.model_copy(update={name: buffer})})
        states = states_of(case.network, case.sharing)
        facts, channels = facts_on(case.network, case.sharing, arch), tuple(channels_by_layer(case.network, states))
        span = case.group.first, case.group.last
        plan = in_waves(WavesAsked(facts, Chip.of(arch), *span, case.batch, case.group.images, channels), window)
        moved.append(plan.dram.total)
    assert moved[1] <= moved[0] <= case.group.dram.total
