"""Plain strips of all heights, of one relay and of several: nothing moves less than what is taken."""

from __future__ import annotations

from itertools import product

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from lifsim.model.arch import Arch
from lifsim.model.network import Network
from lifsim.model.sharing import Sharing
from lifsim.schedule.tensors.rows import RowAxis, single_windows
from lifsim.schedule.timestep.group import Chunks, Group
from lifsim.schedule.timestep.strip_search import cheapest
from lifsim.schedule.timestep.strips import Relay
from tests.oracles.strip_heights import plain, rows_from
from tests.schedule import build
from tests.schedule.networks import Op, network, relay_networks
from tests.schedule.on_arch import facts_on
from tests.schedule.test_partition import usable
from tests.schedule.test_timestep import archs

QUIET = settings(deadline=None, suppress_health_check=list(HealthCheck))
SHARED = Sharing.parse("layer-where-possible")


@st.composite
def two_states(draw: st.DrawFn) -> Network:
    """Two relays of two layers each, whose kernels and channels differ."""
    rows, ops = draw(st.integers(5, 11)), list[Op]()
    for state in ("a", "b"):
        channels = draw(st.integers(1, 3))
        for number in (1, 2):
            kernel = draw(st.sampled_from([1, 3, 3, 5, 7]))
            conv = {"kernel": [kernel, 1], "padding": [kernel // 2, 0], "out": channels}
            ops.append({"name": f"conv_{state}{number}", "op": "conv", **conv})
            if number == 2 and draw(st.integers(0, 3)) == 0:
                ops.append({"name": f"add_{state}", "op": "add", "inputs": [f"conv_{state}2", f"lif_{state}1"]})
            ops.append({"name": f"lif_{state}{number}", "op": "lif", "group": state})
    shape = (2, rows, draw(st.integers(1, 2)))
    return network(ops, shape, draw(st.integers(2, 3)), draw(st.sampled_from(["rate", "direct"])))


def grouped(net: Network, arch: Arch, images: int, sizes: tuple[int, int]) -> Group:
    """One group of a whole network. sizes: of the membrane buffer and of spike_out."""
    resized = {
        name: getattr(arch.buffers, name).model_copy(update={"size_bytes": size})
        for name, size in zip(("membrane", "spike_out"), sizes, strict=True)
    }
    arch = arch.model_copy(update={"buffers": arch.buffers.model_copy(update=resized)})
    return Group(facts_on(net, SHARED, arch), 0, len(net.layers) - 1, usable(arch), Chunks(images, images))


def fewest(group: Group) -> int:
    """The cheapest of all combinations: each relay in strips of any height, or in none."""
    images, found = group.chunks.images, list[int]()
    for heights in product(*([0, *range(1, relay.rows)] for relay in group.in_strips.values())):
        chosen = {relay: height for relay, height in zip(group.in_strips.values(), heights, strict=True) if height}
        if all(
            images * relay.state_window_bytes(height) <= group.buffers.membrane
            and images * relay.spike_window_bytes(height) <= group.buffers.spike_out
            for relay, height in chosen.items()
        ):
            found.append(group.cost({relay.state: height for relay, height in chosen.items()}).total)
    return min(found)


@settings(QUIET, max_examples=100)
@given(two_states(), archs(), st.integers(1, 2), st.integers(6, 80), st.integers(6, 90))
def test_no_heights_of_two_relays_move_less(net: Network, arch: Arch, images: int, room: int, spike_out: int) -> None:
    group = grouped(net, arch, images, (room, spike_out))
    assume(len(group.in_strips) == 2)
    assert cheapest(group).total == fewest(group)


@settings(QUIET, max_examples=50)
@given(relay_networks(), archs(), st.integers(1, 2), st.integers(6, 120), st.integers(6, 120))
def test_no_height_of_a_relay_moves_less(net: Network, arch: Arch, images: int, room: int, spike_out: int) -> None:
    group = grouped(net, arch, images, (room, spike_out))
    assert cheapest(group).total == fewest(group)


def windows_of(axis: RowAxis) -> list[set[int]]:
    first, past = single_windows(axis)
    return [set(range(*one)) for one in zip(first.tolist(), past.tolist(), strict=True)]


@settings(QUIET, max_examples=60)
@given(st.one_of(relay_networks(), two_states()))
def test_heights_that_are_left_out_are_in_nothing_better_than_a_lower_one(net: Network) -> None:
    facts = facts_on(net, SHARED, build.arch())
    group = Group(facts, 0, len(net.layers) - 1, usable(build.arch()), Chunks(1, 1))
    for relay in group.in_strips.values():
        kept = relay.heights()
        for height in set(range(1, relay.rows)) - set(kept):
            lower = max(one for one in kept if -(-relay.rows // one) == -(-relay.rows // height) and one < height)
            assert relay.state_window_bytes(lower) <= relay.state_window_bytes(height)
            assert relay.spike_window_bytes(lower) <= relay.spike_window_bytes(height)
            for layer, lag in enumerate(relay.lags, relay.first):
                low, high = (plain(one, lag, relay.rows) for one in (lower, height))
                assert [strip[0] for strip in high] == list(relay.starts(layer, height))
                assert len(low) <= len(high)
                if facts.tensors[facts.layers[layer].layer.input.name].producer not in range(relay.first, layer):
                    windows = windows_of(facts.layers[layer].rows.axis)
                    for first in range(facts.layers[layer].rows.axis.rows_in):
                        assert rows_from(low, windows, first) <= rows_from(high, windows, first)


def relay_of(kernel: int, rows: int) -> Relay:
    """Two layers of one column, the first one with such a kernel."""
    ops: list[Op] = []
    for number, size in enumerate((kernel, 1)):
        conv = {"kernel": [size, 1], "padding": [size // 2, 0], "out": 1}
        ops += [{"name": f"conv{number}", "op": "conv", **conv}, {"name": f"lif{number}", "op": "lif"}]
    (relay,) = grouped(
        network(ops, (2, rows, 1), 2), build.arch(), 1, (build.ENDLESS, build.ENDLESS)
    ).in_strips.values()
    return relay


def test_at_the_lower_edge_higher_strips_are_tried_too() -> None:
    """Windows of five rows, two of them beneath: strips that end with one row have fewer in common."""
    assert relay_of(3, 12).heights() == [1, 2, 3, 4, 6]
    assert relay_of(5, 12).heights() == [1, 2, 3, 4, 6, 11]
    assert relay_of(7, 12).heights() == [1, 2, 3, 4, 5, 6, 10, 11]


def test_higher_strips_read_fewer_rows_twice() -> None:
    """In two strips of 6 of 12 rows four rows come twice, in strips of 11 and 1 three: a byte less in each timestep."""
    ops: list[Op] = []
    for number, size in enumerate((5, 1)):
        conv = {"kernel": [size, 1], "padding": [size // 2, 0], "out": 8}
        ops += [{"name": f"conv{number}", "op": "conv", **conv}, {"name": f"lif{number}", "op": "lif"}]
    net = network(ops, (8, 12, 1), 2)
    arch = build.arch(1, 8, spike_in=11, spike_out=build.ENDLESS)
    group = grouped(net, arch, 1, (build.ENDLESS, build.ENDLESS))
    moved = {height: group.cost({0: height}).total for height in (6, 11)}
    assert moved[6] - moved[11] == 2
