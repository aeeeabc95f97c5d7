"""The literal interpreter of one loop order: against the formulas of skewed strips, against what lifsim's schedules
move, and against orders that cannot be."""

from __future__ import annotations

from dataclasses import replace
from math import ceil

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from lifsim.model.network import Network
from lifsim.model.sharing import Sharing
from lifsim.schedule.plan import GroupPlan, ScheduleOptions
from tests.oracles.loop_order import Walker, walk
from tests.oracles.loop_order_net import IllegalOrderError, Layer, Loops, Nest, Net, Plane, Room, State, Window
from tests.schedule import build
from tests.schedule.loop_order import is_plain, walked
from tests.schedule.networks import networks, relay_networks
from tests.schedule.on_arch import plan_on

QUIET = settings(deadline=None, suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow])
SHARINGS = ["none", "layer-where-possible", "channel2-where-possible", "layer+channel2-where-possible"]


def stack(layers: int, timesteps: int, rows: int, half: int, shared: bool = True, images: int = 1) -> Net:
    """Layers of one filter and one byte a row, kernels of half rows above and below, on states of a byte a row."""
    planes = [Plane(f"p{n}", rows, 8, leaves=n in (0, layers)) for n in range(layers + 1)]
    return Net(
        timesteps,
        images,
        {plane.name: plane for plane in planes},
        tuple(
            Layer(f"l{n}", f"p{n}", Window(1 + 2 * half, 1, half), rows, 1, 1, f"p{n + 1}",
                  state="s" if shared else f"s{n}")
            for n in range(layers)
        ),
        {name: State(name, 1, 1) for name in (["s"] if shared else [f"s{n}" for n in range(layers)])},
    )  # fmt: skip


def lagging(layers: int, half: int) -> tuple[int, ...]:
    return tuple(half * number for number in range(layers))


def skewed(layers: int, half: int, height: int, window: int) -> Loops:
    """The design's formula: layer l of timestep t lags t * (h + P) + p_1 + .. + p_l rows."""
    lags = lagging(layers, half)
    return Loops(window, height, lags, height + lags[-1])


def total(walker: Walker, tensor: str) -> int:
    return sum(moved[tensor] for moved in walker.moved.values())


SKEWS = [
    (layers, timesteps, rows, half, height)
    for layers in (1, 2, 3, 4)
    for timesteps in (1, 2, 4, 5)
    for rows in (1, 4, 7, 16)
    for half in (0, 1, 2)
    for height in (1, 2, 5)
][::7]


@pytest.mark.parametrize(("layers", "timesteps", "rows", "half", "height"), SKEWS)
def test_skewed_strips_are_what_their_formulas_say(
    layers: int, timesteps: int, rows: int, half: int, height: int
) -> None:
    """T*(h + P) rows of state at most, no membrane to DRAM, weights of a layer once a wave in which it has work, no
    more than ceil((E + (T-1)*(h + P) + P) / h) of them; spikes between the layers never leave the chip."""
    between = half * (layers - 1)
    walker = walk(stack(layers, timesteps, rows, half), skewed(layers, half, height, timesteps), Room())
    assert walker.membranes.most_rows <= min(rows, timesteps * (height + between))
    assert total(walker, "membrane_read") == total(walker, "membrane_write") == 0
    waves = ceil((rows + (timesteps - 1) * (height + between) + between) / height)
    assert all(1 <= fetched <= waves for fetched in walker.fetches.values())
    assert total(walker, "spikes_in") == timesteps * rows
    assert total(walker, "spikes_out") == timesteps * rows


@pytest.mark.parametrize("window", [1, 2, 3, 4, 5])
@pytest.mark.parametrize(("layers", "half", "height"), [(1, 0, 2), (2, 1, 1), (3, 1, 4), (2, 2, 3)])
def test_skewed_windows_make_round_trips_of_membranes_between_them(
    window: int, layers: int, half: int, height: int
) -> None:
    """Of TW timesteps: min(E, TW*(h + P)) rows at most, ceil(T/TW) - 1 round trips of the state."""
    timesteps, rows = 5, 16
    walker = walk(stack(layers, timesteps, rows, half), skewed(layers, half, height, window), Room())
    assert walker.membranes.most_rows <= min(rows, window * (height + half * (layers - 1)))
    trips = ceil(timesteps / window) - 1
    assert total(walker, "membrane_read") == total(walker, "membrane_write") == trips * rows


def test_skewed_windows_of_one_timestep_are_plain_strips() -> None:
    """Except for the last strip, which plain strips extend to the end of the map."""
    net, height = stack(3, 4, 12, 1), 3
    one, plain = walk(net, skewed(3, 1, height, 1), Room()), walk(net, Loops(1, height, lagging(3, 1)), Room())
    for tensor in ("spikes_in", "spikes_out", "membrane_read", "membrane_write"):
        assert total(one, tensor) == total(plain, tensor)
    assert total(plain, "membrane_read") == 3 * 12
    assert plain.fetches == {"l0": 16, "l1": 16, "l2": 16}


@pytest.mark.parametrize("height", [1, 2, 3, 7])
def test_fused_tick_batching_moves_only_what_enters_and_leaves(height: int) -> None:
    """Strips, all timesteps of a layer, layer after layer: membranes live for a strip, each layer's weights come once a
    strip; only rows that later strips need wait."""
    net = stack(3, 4, 7, 1, shared=False)
    walker = walk(net, Loops(4, height, lagging(3, 1)), Room())
    assert total(walker, "membrane_read") == total(walker, "membrane_write") == 0
    assert total(walker, "spikes_in") == total(walker, "spikes_out") == 7 * 4  # 8 bits of 4 timesteps a row
    assert walker.membranes.most_rows <= height + 2
    assert max(walker.fetches.values()) == ceil(7 / height)


@pytest.mark.parametrize("timesteps", [1, 2, 5])
@pytest.mark.parametrize("window", [1, 2, 3, 5])
def test_windows_of_a_layer_fetch_weights_and_membranes_so_often(timesteps: int, window: int) -> None:
    """ceil(T/TW) times, and ceil(T/TW) - 1 round trips."""
    walker = walk(stack(1, timesteps, 6, 1, images=2), Loops(window, images=2), Room())
    windows = ceil(timesteps / window)
    assert total(walker, "weights") == windows
    assert total(walker, "membrane_read") == total(walker, "membrane_write") == 2 * 6 * (windows - 1)


def test_what_stays_of_weights_and_membranes_is_moved_once_or_never() -> None:
    """Of 2 filters of 3 bytes 4 bytes stay; of 2 images' 6 bytes of membranes 5."""
    net = stack(1, 6, 3, 0, images=2)
    net = replace(net, layers=(replace(net.layers[0], filters=2, filter_bytes=3),), states={"s": State("s", 2, 1)})
    loops = Loops(2, images=2, nests={"l0": Nest(filters=1, stays=4, at_work=1)}, permanent={"s": 5})
    walker = walk(net, loops, Room(weight=5, membrane=5))
    assert total(walker, "weights") == 4 + 3 * 2
    assert total(walker, "membrane_read") == total(walker, "membrane_write") == 2 * (2 * 3 * 2 - 5)
    with pytest.raises(IllegalOrderError, match="must stay"):
        walk(net, loops, Room(weight=5, membrane=4))


def test_spikes_for_which_there_is_no_room_go_to_dram_and_come_back() -> None:
    """Of 4 rows of a byte at each of 3 timesteps, between two layers, one."""
    walker = walk(stack(2, 3, 4, 1), Loops(1), Room(spike_out=3))
    assert walker.moved["l0"]["spikes_out"] == walker.moved["l1"]["spikes_in"] == 3
    assert walker.most_spikes == 3


@pytest.mark.parametrize(
    ("loops", "sentence"),
    [
        (Loops(2), "l0 calls chain 0 of row 0 at timestep 1: 1 calls of 2 have been"),
        (Loops(4, 2, (0, 1)), "l0 calls chain 0 of row 0 at timestep 1: 1 calls of 2 have been"),
        (Loops(4, 2, (0, 1), 2), "l0 calls chain 0 of row 1 at timestep 1: 1 calls of 2 have been"),
        (Loops(4, 2, (0, 0), 4), "l1 at timestep 0 needs row 2 of p1, which is not there yet"),
        (Loops(1, 2, (0, 0)), "l1 at timestep 0 needs row 2 of p1, which is not there yet"),
    ],
    ids=["window", "fused", "skewed too little", "skewed without lags", "strips without lags"],
)
def test_orders_that_cannot_be_are_refused(loops: Loops, sentence: str) -> None:
    """Two layers that share a state, kernels of three rows."""
    with pytest.raises(IllegalOrderError, match=sentence):
        walk(stack(2, 4, 6, 1), loops, Room())


@pytest.mark.parametrize(("fold", "alternating", "legal"), [(1, False, False), (2, False, True), (1, True, True)])
def test_chains_are_whole_in_a_fold_or_take_turns(fold: int, alternating: bool, legal: bool) -> None:
    """u(t+1, group 0) follows u(t, group 1)."""
    net = stack(1, 4, 2, 0)
    net = replace(net, layers=(replace(net.layers[0], filters=4, calls=2),), states={"s": State("s", 2, 1)})
    for window in (1, 2, 4):
        loops = Loops(window, nests={"l0": Nest(fold=fold, alternating=alternating)})
        if legal or window == 1:
            walk(net, loops, Room())
        else:
            with pytest.raises(IllegalOrderError, match="calls of"):
                walk(net, loops, Room())


# Against lifsim


def agrees(network: Network, name: str, group: GroupPlan, walker: Walker) -> None:
    for index, traffic in zip(group.indices, group.layers, strict=True):
        moved = walker.moved[network.layers[index].name]
        counted = {key: size for key, size in vars(traffic.dram).items() if size}
        assert counted == {key: size for key, size in moved.items() if size}, (name, traffic)


SIZES = st.one_of(st.integers(2, 120), st.just(build.ENDLESS))


@settings(QUIET, max_examples=60)
@given(networks(), st.sampled_from(SHARINGS), st.integers(1, 2), st.tuples(SIZES, SIZES), st.integers(1, 4))
def test_it_moves_what_tick_batching_moves(
    network: Network, name: str, batch: int, sizes: tuple[int, int], cols: int
) -> None:
    sharing = Sharing.parse(name)
    arch = build.arch(2, cols, weight=sizes[0], spike_in=sizes[1], membrane_bits=8)
    for group in plan_on(network, sharing, arch, ScheduleOptions("tick", batch)).groups:
        if group.tick_batched and is_plain(network, group):
            agrees(network, name, group, walked(network, sharing, arch, group, batch))


@settings(QUIET, max_examples=100)
@given(
    networks(st.integers(2, 5)),
    st.sampled_from(["none", "channel2-where-possible"]),
    st.tuples(st.integers(1, 2), st.integers(1, 2)),
    st.tuples(SIZES, SIZES, SIZES),
    st.data(),
)
def test_it_moves_what_windows_move(
    network: Network, name: str, chunks: tuple[int, int], sizes: tuple[int, int, int], data: st.DataObject
) -> None:
    """Weights and membranes that stay in part, chains, chunks; a layer that is computed once is computed again in each
    window."""
    sharing, window = Sharing.parse(name), data.draw(st.integers(1, network.timesteps), "window")
    arch = build.arch(2, data.draw(st.integers(1, 4), "cols"), weight=sizes[0], spike_in=sizes[1], membrane=sizes[2],
                      membrane_bits=8)  # fmt: skip
    options = ScheduleOptions(f"window:{window}", chunks[0] * chunks[1], chunks[0])
    for group in plan_on(network, sharing, arch, options).groups:
        if group.tiled and is_plain(network, group):
            agrees(network, name, group, walked(network, sharing, arch, group, options.batch))


@pytest.mark.slow
@settings(QUIET, max_examples=18)
@given(
    networks().filter(lambda network: network.encoding == "rate"),
    st.sampled_from(SHARINGS[:2]),
    st.tuples(st.integers(1, 2), st.integers(1, 2)),
    st.tuples(st.one_of(st.integers(30, 400), st.just(build.ENDLESS)), SIZES),
    st.booleans(),
)
def test_it_moves_what_timestep_major_groups_move(
    network: Network, name: str, chunks: tuple[int, int], sizes: tuple[int, int], whole: bool
) -> None:
    """Weights and membranes that stay in part."""
    sharing = Sharing.parse(name)
    arch = build.arch(2, 2, weight=sizes[0], membrane=sizes[1], membrane_bits=8)
    options = ScheduleOptions("timestep" if whole else "tick", chunks[0] * chunks[1], chunks[0])
    groups = [group for group in plan_on(network, sharing, arch, options).groups if not group.tick_batched]
    groups = [group for group in groups if is_plain(network, group) and not group.strips and no_overflow(group)]
    assume(groups)
    for group in groups:
        agrees(network, name, group, walked(network, sharing, arch, group, options.batch))


def no_overflow(group: GroupPlan) -> bool:
    """Whether no filter tile streams through its region."""
    return bool(all(tile > 0 for tile in group.walked.cost.tile))


@pytest.mark.slow
@settings(QUIET, max_examples=40)
@given(relay_networks(), st.integers(2, 10), st.integers(1, 2))
def test_it_moves_what_plain_strips_move(network: Network, rows: int, batch: int) -> None:
    sharing = Sharing.parse("layer-where-possible")
    arch = build.arch(2, 2, weight=20, membrane=4 * rows * batch, membrane_bits=8)
    for group in plan_on(network, sharing, arch, ScheduleOptions("tick", batch)).groups:
        in_strips = [(strip.first, strip.last) for strip in group.strips]
        if in_strips == [(group.first, group.last)] and is_plain(network, group) and no_overflow(group):
            agrees(network, "layer", group, walked(network, sharing, arch, group, batch))
