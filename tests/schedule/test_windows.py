"""Time windows: between tick and timestep, and equal to them at the ends; what their steps move, what they never do."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

import lifsim
from lifsim.config.arch import load_arch
from lifsim.config.workload import load_workload
from lifsim.errors import InputError
from lifsim.hardware.pipeline.kinds import Kind
from lifsim.model.arch import Arch
from lifsim.model.network import Network
from lifsim.model.sharing import Sharing
from lifsim.schedule.begins import begins_of, group_words
from lifsim.schedule.plan import Begin, GroupPlan, ScheduleOptions
from lifsim.schedule.tensors.storage import filter_bytes, tensor_bytes
from lifsim.schedule.tick.nest import between_visits, nest_of
from lifsim.schedule.tick.window_steps import window_visits
from lifsim.schedule.traffic import DramBytes
from lifsim.schedule.window import TICK, TIMESTEP, Window, layers_of, window_named
from tests.oracles.pinned_tiles import most_that_stay
from tests.schedule import build
from tests.schedule.attention import attention_networks
from tests.schedule.networks import networks
from tests.schedule.on_arch import plan_on
from tests.schedule.test_timestep import archs

QUIET = settings(deadline=None, suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow])
UNSHARED = ["none", "channel2-where-possible"]
SEVERAL = st.integers(2, 5)


def test_windows_have_words() -> None:
    """Of one timestep, of all, and between."""
    assert [window_named(word) for word in ("tick", "timestep", "window:1", "window:12")] == [
        TICK, TIMESTEP, TIMESTEP, Window(12),
    ]  # fmt: skip
    wrong = ["auto", "window", "window:", "window:0", "window:-1", "window:2.5", "window:two", "window:٣", "2", ""]
    assert [window_named(word) for word in wrong] == [None] * len(wrong)
    assert [Window(size).word for size in (None, 1, 7)] == ["tick", "timestep", "window:7"]
    numbers = ["window:0", "window:" + "9" * 5000, "window:-1", "window:1.5", "fused:0", "skewed:x", "window:"]
    for word in numbers:
        way, digits = word.partition(":")[0], " of at most 18 digits" if "999" in word else ""
        with pytest.raises(InputError, match=f"must be {way}:TW, TW timesteps, a whole number >= 1{digits}$"):
            ScheduleOptions(word)
    with pytest.raises(InputError, match="tick, timestep, window:TW, fused, fused:TW, skewed, skewed:TW, auto; did"):
        ScheduleOptions("skewd:2")
    net = load_workload("vgg9_cifar10")
    words = ("conv1", "conv2:window:2", "conv3:tick", "conv4:timestep", "conv5")
    begins = begins_of(net, words)
    assert begins == (Begin(0), Begin(1, Window(2)), Begin(2, TICK), Begin(3, TIMESTEP), Begin(4))
    plan = plan_on(net, Sharing(), load_arch("sata128"), ScheduleOptions("tick", groups=begins))
    assert group_words(net, plan) == ("conv1:tick", *words[1:-1], "conv5:timestep")


def test_a_window_is_the_layer_of_a_network_of_so_many_timesteps() -> None:
    """The last one is short; what is put out once is in it."""
    layer = build.conv_layer((2, 4, 4), 4, timesteps=5)
    mean = replace(layer.outputs[0], name="mean", timesteps=1)
    layer = replace(layer, outputs=(*layer.outputs, mean))
    windows = layers_of(layer, Window(2))
    assert [(one.timesteps, one.rounds, one.input.timesteps) for one in windows] == [(2, 2, 2), (2, 2, 2), (1, 1, 1)]
    assert [[tensor.name for tensor in one.outputs] for one in windows] == [
        ["conv.lif"],
        ["conv.lif"],
        ["conv.lif", "mean"],
    ]
    assert layers_of(layer, TICK) == [layer]
    once = build.conv_layer((2, 4, 4), 4, timesteps=5, rounds=1)
    assert [(one.timesteps, one.rounds) for one in layers_of(once, Window(3))] == [(3, 1), (2, 1)]


@st.composite
def planned(draw: st.DrawFn) -> tuple[Network, Sharing, Arch, int, int]:
    """What there is to plan, images, and how many are together."""
    network = draw(st.one_of(networks(SEVERAL), attention_networks()))
    sharing, batch = Sharing.parse(draw(st.sampled_from(UNSHARED))), draw(st.integers(1, 4))
    return network, sharing, draw(archs()), batch, draw(st.integers(1, batch))


def alone(network: Network, window: Window) -> tuple[Begin, ...]:
    return tuple(Begin(layer.index, window) for layer in network.layers)


@settings(QUIET, max_examples=60)
@given(planned())
def test_windows_of_all_and_of_one_timestep_are_tick_and_timestep(
    asked: tuple[Network, Sharing, Arch, int, int],
) -> None:
    """Byte for byte: one window of all timesteps is tick batching, windows of one timestep are one-layer groups
    timestep by timestep."""
    network, sharing, arch, batch, chunk = asked
    try:
        ends = [
            plan_on(network, sharing, arch, ScheduleOptions("tick", batch, chunk, alone(network, window)))
            for window in (TICK, TIMESTEP)
        ]
        words = (f"window:{network.timesteps}", "window:1") if network.timesteps > 1 else ("tick", "window:1")
        plans = [plan_on(network, sharing, arch, ScheduleOptions(word, batch, chunk)) for word in words]
    except InputError:
        assume(False)
    assert plans == ends


@settings(QUIET, max_examples=100)
@given(planned(), st.data())
def test_steps_of_windows_move_what_the_plan_counts(
    asked: tuple[Network, Sharing, Arch, int, int], data: st.DataObject
) -> None:
    network, sharing, arch, batch, chunk = asked
    word = f"window:{data.draw(st.integers(1, network.timesteps), 'window')}"
    try:
        plan = plan_on(network, sharing, arch, ScheduleOptions(word, batch, chunk))
    except InputError:
        assume(False)
    for group in plan.groups:
        if group.tiled and not group.tick_batched:
            visits, moved = [*window_visits(plan.facts, plan.chip, batch, group)], group.layers[0].dram
            total = {kind: sum(visit.moves.total(kind) for visit in visits) for kind in Kind}
            assert total == {
                Kind.WEIGHTS: moved.filters,
                Kind.SPIKES_IN: moved.first_operand,
                Kind.RESIDUAL: moved.residual,
                Kind.MEMBRANE_READ: moved.membrane_read,
                Kind.PSUM_READ: moved.psum_read,
                Kind.SPIKES_OUT: moved.spikes_out,
                Kind.MEMBRANE_WRITE: moved.membrane_write,
                Kind.PSUM_WRITE: moved.psum_write,
            } | dict.fromkeys(set(Kind) - MOVED, 0)
            assert len(visits) == -(-batch // group.images) * len(
                group.window.spans(plan.facts.layers[group.first].layer.timesteps)
            )


MOVED = {
    Kind.WEIGHTS, Kind.SPIKES_IN, Kind.RESIDUAL, Kind.MEMBRANE_READ, Kind.PSUM_READ, Kind.SPIKES_OUT,
    Kind.MEMBRANE_WRITE, Kind.PSUM_WRITE,
}  # fmt: skip


@settings(QUIET, max_examples=60)
@given(planned(), st.data())
def test_windows_move_at_least_every_weight_and_spike_once(
    asked: tuple[Network, Sharing, Arch, int, int], data: st.DataObject
) -> None:
    """Weights once and spikes once; with unlimited buffers exactly that."""
    network, sharing, arch, batch, chunk = asked
    word = f"window:{data.draw(st.integers(2, max(2, network.timesteps)), 'window')}"
    endless = build.arch(arch.array.rows, arch.array.cols, "os", weight_bits=arch.precision.weight_bits)
    for machine in (arch, endless):
        try:
            plan = plan_on(network, sharing, machine, ScheduleOptions(word, batch, chunk))
        except InputError:
            continue
        for group in plan.groups:
            if group.tiled and not group.tick_batched:
                moved, must = group.layers[0].dram, _must(plan.facts.layers[group.first].layer, plan, group, batch)
                assert all(getattr(moved, name) >= size for name, size in must.items()), (moved, must)
                if machine is endless:
                    assert moved.membrane_read == moved.membrane_write == moved.psum == 0
                    assert {name: getattr(moved, name) for name in must} == must


def _must(layer: object, plan: object, group: GroupPlan, batch: int) -> dict[str, int]:
    """Bytes by tensor: of the input the rows that any window holds, in every window of timesteps."""
    reals, bits = plan.facts.reals, plan.chip.precision.weight_bits
    windows = layers_of(layer, group.window)
    weights = layer.filters * filter_bytes(layer, bits) if layer.operand is None else 0
    operand = sum(layer.filters * filter_bytes(one, bits, one.rounds) for one in windows) * (layer.operand is not None)
    put_out = sum(tensor_bytes(tensor, reals) for one in windows for tensor in one.outputs)
    added = sum(tensor_bytes(tensor, reals) for one in windows for tensor in one.residuals)
    spikes = sum(_input(one, plan) for one in windows)
    return {
        "weights": weights, "operand": batch * operand, "spikes_out": batch * put_out, "residual": batch * added,
        "first_operand": batch * spikes,
    }  # fmt: skip


def _input(layer: object, plan: object) -> int:
    nest = nest_of(layer, plan.facts.reals, plan.chip.tiles, 1, plan.chip.ways_of(layer, 1)[0])
    return layer.groups * nest.rows.covered * nest.row_bytes


@pytest.mark.slow
@settings(QUIET, max_examples=12)
@given(planned(), st.sampled_from(["weight", "spike_in", "spike_out", "membrane", "psum"]), st.data())
def test_more_buffer_never_means_more_bytes(
    asked: tuple[Network, Sharing, Arch, int, int], name: str, data: st.DataObject
) -> None:
    """Of windows as asked for, layer by layer; and auto is no worse than any named schedule."""
    network, sharing, arch, batch, chunk = asked
    size = data.draw(st.integers(1, network.timesteps), "window")
    before: dict[str, tuple[int, ...]] = {}
    for bytes_ in sorted({getattr(arch.buffers, name).size_bytes, 8, 40, 150}):
        buffer = getattr(arch.buffers, name).model_copy(update={"size_bytes": bytes_})
        machine = arch.model_copy(update={"buffers": arch.buffers.model_copy(update={name: buffer})})
        now: dict[str, int] = {}
        for word in (f"window:{size}", "tick", "timestep", "auto"):
            try:
                plan = plan_on(network, sharing, machine, ScheduleOptions(word, batch, chunk))
            except InputError:
                continue
            now[word] = plan.dram.total
            moved = tuple(group.dram.total for group in plan.groups)
            alike = all(not group.why for group in plan.groups) and word.startswith("window")
            if alike and word in before:
                assert all(new <= old for new, old in zip(moved, before[word], strict=True)), (bytes_, word)
            if alike:
                before[word] = moved
        assert all(now["auto"] <= total for total in now.values()) if "auto" in now else not now


def test_lasting_weights_are_the_most_that_can_stay() -> None:
    """Of the filter tiles of all groups, passing again and again: a brute force over the room for the tile at work."""
    for groups, filters, buffer in ((1, 7, 20), (1, 6, 11), (2, 4, 14), (3, 5, 40), (2, 3, 3), (1, 2, 9), (1, 8, 1)):
        layer = build.conv_layer((3 * groups, 3, 3), groups * filters, (1, 1), padding=(0, 0), groups=groups)
        net = build.network_of(layer)
        machine = build.arch(cols=2, weight=buffer)
        plan = plan_on(net, Sharing(), machine, ScheduleOptions("tick"))
        nest = nest_of(layer, plan.facts.reals, plan.chip.tiles, 1, plan.chip.ways_of(layer, 1)[0])
        found = between_visits(nest, "weights_outer", groups)
        for size, stays in zip(nest.filters.tolist(), found.tolist(), strict=True):
            starts = range(0, filters, size)
            tiles = [
                [(g, f, b) for f in range(start, min(start + size, filters)) for b in range(3)]
                for g in range(groups)
                for start in starts
            ]
            alone = min(buffer, len(tiles[0])) if len(tiles) == 1 else 0  # it is its own successor
            assert stays == (alone or len(most_that_stay(tiles, buffer))), (groups, filters, buffer, size)


VGG = load_workload("vgg9_cifar10")


@pytest.mark.parametrize(
    ("sharing", "options", "words"),
    [
        (
            "none",
            ScheduleOptions("window:9"),
            r"schedule: window:9 must be at most window:4: the network has 4 timesteps",
        ),
        ("none", ScheduleOptions("tick", groups=(Begin(0, Window(9)), Begin(1))), "window:9 must be at most window:4"),
        (
            "layer",
            ScheduleOptions("window:2"),
            "window:2 must be tick, timestep, skewed or auto: conv1 to conv2, conv3 to conv4",
        ),
        (
            "none",
            ScheduleOptions("tick", groups=(Begin(0, Window(2)), Begin(2))),
            "only a layer alone can run in windows",
        ),
    ],
)
def test_windows_that_cannot_be_are_refused(sharing: str, options: ScheduleOptions, words: str) -> None:
    with pytest.raises(InputError, match=words):
        plan_on(VGG, Sharing.parse(sharing), load_arch("sata128"), options)


def test_all_that_share_are_named_in_one_sentence() -> None:
    spans = "conv1 to conv2, conv3 to conv4, conv5 to conv6, fc1 to fc2"
    with pytest.raises(InputError, match=f"{spans} share membranes, which pass") as told:
        plan_on(VGG, Sharing.parse("layer"), load_arch("sata128"), ScheduleOptions("window:2"))
    assert len(told.value.faults) == 1


def test_windows_without_a_membrane_buffer_are_refused() -> None:
    with pytest.raises(InputError, match="0 must be > 0 where layers run in windows of 2 timesteps, as conv1 does"):
        plan_on(VGG, Sharing(), build.arch(membrane=0), ScheduleOptions("window:2"))


def test_training_refuses_windows_between_one_and_all_timesteps() -> None:
    for chosen in ({"schedule": "window:2"}, {"groups": ("conv1:window:2", "conv2")}):
        with pytest.raises(InputError, match="must be tick, timestep or auto: training runs in no"):
            lifsim.run("sata_training", "lenet5_mnist", mode="training", batch=1, **chosen)


def test_auto_takes_windows_where_neither_end_is_as_good() -> None:
    """VGG-16 on ImageNet-100, four images on the shipped sata128: the windows of the layers that take them are two
    timesteps, of 5."""
    net, arch = load_workload("vgg16_imagenet100"), load_arch("sata128")
    each = tuple(Begin(layer.index) for layer in net.layers)
    auto = plan_on(net, Sharing(), arch, ScheduleOptions("auto", 4, groups=each))
    between = [group.first for group in auto.groups if group.window == Window(2)]
    assert len(between) == 2
    for index in between:
        ends = [
            plan_on(net, Sharing(), arch, ScheduleOptions("tick", 4, groups=alone(net, window)))
            .layers[index]
            .dram.total
            for window in (TICK, TIMESTEP)
        ]
        assert auto.layers[index].dram.total < min(ends)
    assert sum((layer.dram for layer in auto.layers), DramBytes()).total == auto.dram.total
