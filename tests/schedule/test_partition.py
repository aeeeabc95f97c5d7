"""Is the schedule legal, never below what must move, never worse with more buffer, and the best of all partitions?"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from itertools import combinations, pairwise, product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lifsim.config.arch import load_arch
from lifsim.config.workload import load_workload
from lifsim.errors import InputError
from lifsim.graph.states import channels_by_layer, states_of
from lifsim.memo import Memo
from lifsim.model.arch import Arch
from lifsim.model.network import Network
from lifsim.model.sharing import Sharing
from lifsim.schedule.chip import BufferBytes, Chip
from lifsim.schedule.choices import Choice, choices_of, legal_cuts
from lifsim.schedule.partition import allowed, fewest, no_matter
from lifsim.schedule.plan import Begin, GroupPlan, ScheduleOptions
from lifsim.schedule.timestep.group import Chunks, Group
from lifsim.schedule.timestep.plan import plan_group
from lifsim.schedule.timestep.strip_search import cheapest
from lifsim.schedule.window import TICK, TIMESTEP, Window
from tests.schedule import build
from tests.schedule.networks import Op, network, networks
from tests.schedule.on_arch import facts_on, plan_on, traffic_on
from tests.schedule.test_timestep import QUIET, SHARINGS, archs

NAMES = st.sampled_from(SHARINGS).map(Sharing.parse)
BUFFERS = ("weight", "spike_in", "spike_out", "membrane", "psum")


def usable(arch: Arch) -> BufferBytes:
    return BufferBytes(**{name: getattr(arch.buffers, name).usable_bytes for name in BUFFERS})


def total(net: Network, sharing: Sharing, arch: Arch, schedule: str, batch: int = 1, chunk: int | None = None) -> int:
    return plan_on(net, sharing, arch, ScheduleOptions(schedule, batch, chunk)).dram.total


@pytest.mark.slow
@settings(QUIET, max_examples=40)
@given(networks(), NAMES, archs(), st.integers(1, 3))
def test_auto_is_the_best_of_all_legal_partitions(net: Network, sharing: Sharing, arch: Arch, batch: int) -> None:
    facts = facts_on(net, sharing, arch)
    cuts = legal_cuts(facts)

    states = states_of(net, sharing)
    choices = choices_of(net, states, Chip.of(arch), batch, None, Memo(), None)
    channels = channels_by_layer(net, states)

    def cost(first: int, end: int) -> int:
        """The best of all windows, each planned by itself."""
        found = [plan_group(facts, first, end - 1, usable(arch), batch, None).dram.total]
        if end - first == 1 and channels[first] == 1:  # there are no chains to keep in a tile
            found.append(traffic_on(net, net.layers[first], arch, batch).dram.total)
        for size, waves in product((None, *range(2, net.timesteps)), ("fused", "skewed") if end - first > 1 else ("",)):
            with suppress(InputError):  # layers that cannot run so
                found.append(choices.planned(first, end, Window(size, waves)).dram_bytes)
        return min(found)

    every_partition = (
        sum(cost(first, end) for first, end in pairwise([0, *inner, len(net.layers)]))
        for size in range(len(cuts) - 1)
        for inner in combinations(cuts[1:-1], size)
    )
    best = total(net, sharing, arch, "auto", batch)
    assert best == min(every_partition)
    assert best <= min(total(net, sharing, arch, "tick", batch), total(net, sharing, arch, "timestep", batch))


@pytest.mark.slow
@settings(QUIET, max_examples=60)
@given(networks(), NAMES, archs(), st.integers(1, 2))
def test_layers_that_share_a_state_are_in_one_group(net: Network, sharing: Sharing, arch: Arch, batch: int) -> None:
    layer_of = {layer.lif.name: layer.index for layer in net.layers if layer.lif}
    for schedule in ("tick", "auto"):
        chosen = plan_on(net, sharing, arch, ScheduleOptions(schedule, batch))
        assert [layer.layer for layer in chosen.layers] == [layer.name for layer in net.layers]
        for state in states_of(net, sharing):
            assert len({chosen.group_of(layer_of[lif]).first for lif in state.lifs}) == 1


@pytest.mark.slow
@settings(QUIET, max_examples=40)
@given(networks(), st.sampled_from(["layer", "layer+channel2"]), archs(), st.integers(1, 2))
def test_no_choice_of_strips_moves_fewer_bytes(net: Network, name: str, arch: Arch, images: int) -> None:
    facts = facts_on(net, Sharing.parse(name), arch)
    group = Group(facts, 0, len(net.layers) - 1, usable(arch), Chunks(images, images))
    best = cheapest(group).total
    buffers = group.buffers
    for heights in product(*([None, *range(1, relay.rows)] for relay in group.in_strips.values())):
        chosen = {relay.state: h for relay, h in zip(group.in_strips.values(), heights, strict=True) if h is not None}
        fits = all(
            images * group.in_strips[state].state_window_bytes(h) <= buffers.membrane
            and images * group.in_strips[state].spike_window_bytes(h) <= buffers.spike_out
            for state, h in chosen.items()
        )
        if fits:
            assert best <= group.cost(chosen).total


@pytest.mark.slow
@settings(QUIET, max_examples=60)
@given(networks(), NAMES, archs(), st.integers(1, 3), st.sampled_from(BUFFERS), st.integers(1, 60))
def test_more_buffer_never_moves_more(
    net: Network, sharing: Sharing, arch: Arch, batch: int, name: str, more: int
) -> None:
    buffer = getattr(arch.buffers, name)
    larger = buffer.model_copy(update={"size_bytes": buffer.size_bytes + more})
    grown = arch.model_copy(update={"buffers": arch.buffers.model_copy(update={name: larger})})
    for schedule in ("timestep", "auto"):
        assert total(net, sharing, grown, schedule, batch) <= total(net, sharing, arch, schedule, batch)


@pytest.mark.slow
@settings(QUIET, max_examples=60)
@given(networks(), NAMES, archs(), st.integers(1, 3))
def test_never_below_the_compulsory_bytes_and_equal_to_them_with_endless_buffers(
    net: Network, sharing: Sharing, arch: Arch, batch: int
) -> None:
    endless = build.arch(arch.array.rows, arch.array.cols, arch.array.dataflow, weight_bits=arch.precision.weight_bits)
    tight = plan_on(net, sharing, arch, ScheduleOptions("timestep", batch)).dram
    free = plan_on(net, sharing, endless, ScheduleOptions("timestep", batch)).dram
    assert free.weights == sum(
        layer.filters * -(-layer.reduction * arch.precision.weight_bits // 8) for layer in net.layers
    )
    assert (free.membrane_read, free.membrane_write, free.psum, free.residual) == (0, 0, 0, 0)
    for name, least in vars(free).items():
        assert getattr(tight, name) >= least


@pytest.mark.slow
@settings(QUIET, max_examples=40)
@given(networks(timesteps=st.just(1)), archs(), st.integers(1, 2))
def test_one_timestep_without_sharing_moves_no_membranes(net: Network, arch: Arch, batch: int) -> None:
    for schedule in ("tick", "timestep", "auto"):
        moved = plan_on(net, Sharing(), arch, ScheduleOptions(schedule, batch)).dram
        assert (moved.membrane_read, moved.membrane_write) == (0, 0)


def chain(layers: int, rows: int, timesteps: int, channels: int = 4, behind: Sequence[Op] = ()) -> Network:
    """Convolutions of one shape, 3 x 3, a LIF behind each, and what is `behind` them."""
    operations = [
        operation
        for number in range(layers)
        for operation in (
            {"name": f"conv{number}", "op": "conv", "out": channels, "kernel": 3, "padding": 1},
            {"name": f"lif{number}", "op": "lif"},
        )
    ]
    return network([*operations, *behind], (channels, rows, 4), timesteps)


def membranes(net: Network, sharing: str, membrane: int) -> int:
    moved = plan_on(net, Sharing.parse(sharing), build.arch(membrane=membrane), ScheduleOptions("timestep")).dram
    return moved.membrane_read + moved.membrane_write


def test_membranes_of_a_chain_by_hand() -> None:
    # 3 layers, state 4 x 16 x 4 = 256 bytes, T = 5: 4 reads and 4 writes of what does not stay. A row of 4 filters,
    # 16 bytes, is at work while it streams; under channel2 2 chains, 8 bytes.
    net = chain(3, 16, 5)
    assert membranes(net, "none", 100) == 8 * (3 * 256 - (100 - 16))
    assert membranes(net, "channel2", 100) == 8 * (3 * 128 - (100 - 8))
    assert membranes(net, "layer", 256) == 0
    # A strip of one row works on 1 + 2 rows of 16 bytes; the other 100 - 48 bytes stay. Weights are all on chip.
    assert membranes(net, "layer", 100) == 8 * (256 - (100 - 48))
    # Not even that fits: one state is read and written by three layers, 14 times each.
    assert membranes(net, "layer", 47) == 28 * (256 - (47 - 16))


def test_a_layer_behind_a_run_in_strips_may_stride() -> None:
    """A convolution of every second row reads what the second layer, in strips with the first, reads row by row: a
    strip of one row works on 1 + 1 rows of 16 bytes, the other 100 - 32 bytes stay."""
    strided = {"name": "last", "op": "conv", "input": "lif0", "out": 4, "kernel": 3, "padding": 1, "stride": 2}
    assert membranes(chain(2, 16, 5, behind=[strided]), "layer", 100) == 8 * (256 - (100 - 32))


def test_sharing_pays_with_weights_that_come_again() -> None:
    net, small = chain(3, 16, 5), build.arch(weight=200, membrane=100)
    none = plan_on(net, Sharing(), small, ScheduleOptions("tick")).dram
    layer = plan_on(net, Sharing.parse("layer"), small, ScheduleOptions("tick")).dram
    assert none.weights == 3 * 4 * 36
    assert none.membrane_read == 0
    assert layer.weights > none.weights
    assert layer.membrane_read > 0


def test_images_of_a_chunk_share_weights_and_multiply_states() -> None:
    net, arch = chain(3, 16, 5), build.arch(weight=1, membrane=512)
    one = plan_on(net, Sharing(), arch, ScheduleOptions("timestep", batch=4, chunk=1)).dram
    four = plan_on(net, Sharing(), arch, ScheduleOptions("timestep", batch=4, chunk=4)).dram
    stays = 512 - 16  # beside the row of an image that is at work
    assert (one.membrane_read, four.membrane_read) == (4 * 4 * (768 - stays), 4 * (4 * 768 - stays))
    best = total(net, Sharing(), arch, "timestep", 4)
    assert best == min(total(net, Sharing(), arch, "timestep", 4, chunk) for chunk in (1, 2, 3, 4))


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"schedule": "tik"}, "did you mean 'tick'"),
        ({"batch": 0}, "0 must be >= 1"),
        ({"batch": 4, "chunk": 5}, "5 must lie in 1..4, the batch"),
        ({"chunk": 0}, "0 must lie in 1..1, the batch"),
    ],
)
def test_options_that_cannot_be_are_refused(options: dict[str, str | int], reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        ScheduleOptions(**options)


ONE = chain(1, 16, 5)
STATE = 4 * 16 * 4


def alone(schedule: str, begin: Begin | None = None, membrane: int = 100) -> GroupPlan:
    """How the one layer of a network runs."""
    options = ScheduleOptions(schedule, groups=None if begin is None else (begin,))
    (group,) = plan_on(ONE, Sharing(), build.arch(membrane=membrane), options).groups
    return group


@pytest.mark.parametrize(
    ("schedule", "begin", "window"),
    [
        ("tick", None, TICK),
        ("timestep", None, TIMESTEP),
        ("auto", None, TICK),
        ("tick", Begin(0), TICK),
        ("timestep", Begin(0), TIMESTEP),
        ("tick", Begin(0, TIMESTEP), TIMESTEP),
        ("timestep", Begin(0, TICK), TICK),
    ],
)
def test_a_layer_alone_runs_as_it_is_told(schedule: str, begin: Begin | None, window: Window) -> None:
    """Timestep-major its membranes wait: of a state of 256 bytes those that the buffer has no room for, beside a row of
    16 at work, move 2 * 4 times. Tick-batched none do."""
    group = alone(schedule, begin)
    assert group.window == window
    moved = 0 if window == TICK else 8 * (STATE - (100 - 16))
    assert group.dram.membrane_read + group.dram.membrane_write == moved


@pytest.mark.parametrize("begins", [None, (Begin(0),)])
@pytest.mark.parametrize("window", [TICK, Window(2), Window(4), TIMESTEP])
def test_auto_takes_a_layer_alone_in_either_way(window: Window, begins: tuple[Begin, ...] | None) -> None:
    """The one that moves less, or of equals the better one by other criteria; also if the groups are given."""
    chip = Chip.of(build.arch())
    choices = choices_of(ONE, states_of(ONE, Sharing()), chip, 1, None, Memo(), None)

    def dislike(choice: Choice) -> int:
        return choice.group.window != window

    def dislikes(tied: Sequence[Choice]) -> dict[Choice, float]:
        return {choice: dislike(choice) for choice in tied}

    groups = allowed(choices, ScheduleOptions("auto", groups=begins))
    assert [choice.group.window for choice in fewest(groups, dislike, no_matter)] == [window]
    assert [choice.group.window for choice in fewest(groups, lambda _: 0, dislikes)] == [window]


def test_a_plan_s_groups_make_the_same_plan() -> None:
    net = chain(3, 16, 5)
    begins = (Begin(0), Begin(1, TIMESTEP), Begin(2, TICK))
    for schedule in ("tick", "timestep", "auto"):
        made = plan_on(net, Sharing(), build.arch(membrane=100), ScheduleOptions(schedule, groups=begins))
        again = ScheduleOptions("tick", groups=made.begins)
        assert made.groups[1].window == TIMESTEP
        assert made.groups[2].window == TICK
        assert plan_on(net, Sharing(), build.arch(membrane=100), again) == made


def test_several_layers_cannot_tick() -> None:
    rule = "conv1 to conv2 must run timestep by timestep, fused or skewed: only a layer alone can tick"
    with pytest.raises(InputError, match=rule):
        plan_on(chain(3, 8, 2), Sharing(), build.arch(), ScheduleOptions(groups=(Begin(1, TICK),)))
    with pytest.raises(ValueError, match="layers 0 to 1 must run timestep-major"):
        GroupPlan(0, 1, 1, (), None, (), TICK)


def test_no_membrane_buffer_is_refused_where_a_layer_alone_must_wait() -> None:
    with pytest.raises(InputError, match="as conv0 does"):
        alone("timestep", membrane=0)
    assert alone("auto", membrane=0).window == TICK


@pytest.mark.parametrize(("sharing", "schedule"), [("none", "timestep"), ("layer", "tick"), ("layer", "auto")])
def test_no_membrane_buffer_is_refused_where_membranes_must_wait(sharing: str, schedule: str) -> None:
    with pytest.raises(InputError, match="must be > 0 where layers run timestep by timestep"):
        plan_on(chain(3, 8, 2), Sharing.parse(sharing), build.arch(membrane=0), ScheduleOptions(schedule))


def test_no_membrane_buffer_leaves_only_what_has_all_timesteps_back_to_back() -> None:
    """Layers alone, and fused ones, whose membranes live in the PEs."""
    for room in ({}, {"spike_out": 100, "weight": 30}, {"spike_out": 10}):
        chosen = plan_on(chain(3, 8, 3), Sharing(), build.arch(membrane=0, **room), ScheduleOptions("auto"))
        assert all(group.window == TICK for group in chosen.groups)


def test_chains_of_a_depthwise_layer_wait_on_chip() -> None:
    """MobileNet under channel4, timestep by timestep: 102,912 bytes of states, of which 32 KiB stay. A chain is the
    same position of 4 maps, which are worked off one after the other: while a state moves, a map of it waits, beside
    what stays: of the smallest maps, 4 x 4, the ones that move, 16 bytes. That is less than what streams needs in any
    case, the row of 2 chains that 8 columns work on in the largest maps: 64 bytes."""
    net, arch = load_workload("mobilenet_cifar10"), load_arch("sata128")
    (group,) = plan_on(net, Sharing.parse("channel4"), arch, ScheduleOptions("timestep")).groups
    states = sum(state.bytes for state in group.walked.group.facts.states)
    assert group.residency is not None
    assert group.residency.reserved == 2 * 32
    moved = group.dram.membrane_read + group.dram.membrane_write
    assert moved == 2 * (net.timesteps - 1) * (states - 32 * 1024 + 64)
