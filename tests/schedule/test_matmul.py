"""Does the product of two spike tensors move exactly the bytes that literal walks move, and is no reuse claimed that
there cannot be?"""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lifsim.hardware.pipeline.kinds import Kind
from lifsim.memo import Memo
from lifsim.model.arch import Arch
from lifsim.model.network import Layer, Network
from lifsim.model.sharing import Sharing
from lifsim.play.steps import visits
from lifsim.schedule.occupancy import peak_bytes
from lifsim.schedule.plan import ScheduleOptions
from lifsim.schedule.timestep.unrolled import unroll
from lifsim.schedule.traffic import LayerTraffic
from tests.oracles import matmul, timestep_major
from tests.schedule import build
from tests.schedule.attention import attention_networks
from tests.schedule.networks import network
from tests.schedule.on_arch import plan_on, traffic_on
from tests.schedule.test_timestep import QUIET, adds_up, archs, not_zero


@st.composite
def machines(draw: st.DrawFn) -> Arch:
    """The architectures of other tests, often with a weight buffer too small for a tile of a small operand."""
    arch = draw(archs())
    size = draw(st.sampled_from([1, 2, 3, arch.buffers.weight.size_bytes]))
    weight = arch.buffers.weight.model_copy(update={"size_bytes": size})
    return arch.model_copy(update={"buffers": arch.buffers.model_copy(update={"weight": weight})})


def products_of(net: Network) -> list[Layer]:
    return [layer for layer in net.layers if layer.operand is not None]


def sizes_of(layer: Layer) -> matmul.Sizes:
    channels, height, width = layer.in_shape
    rows, across = (width, height) if height == 1 else (height, width)
    bits = (layer.input.bits(0), layer.operand.bits(0)) if layer.operand else (0, 0)
    return matmul.Sizes(
        layer.groups, channels // layer.groups, rows, across, layer.filters // layer.groups, bits, layer.rounds
    )


def machine_of(arch: Arch) -> matmul.Machine:
    buffers = arch.buffers
    return matmul.Machine(arch.array.cols, buffers.weight.usable_bytes, buffers.spike_in.usable_bytes)


def every_tiling(layer: Layer, arch: Arch, batch: int) -> dict[tuple[str, int, int], tuple[int, int]]:
    sizes, machine = sizes_of(layer), machine_of(arch)
    smallest = min(machine.cols, sizes.columns)
    folds = -(-sizes.columns // smallest)
    heights = {-(-sizes.rows // tiles) for tiles in range(1, sizes.rows + 1)}
    widths = {min(smallest * -(-folds // tiles), sizes.columns) for tiles in range(1, folds + 1)}
    return {
        (order, rows, filters): matmul.tick(sizes, machine, batch, order, rows, filters)
        for order in ("weights_outer", "inputs_outer")
        for rows in heights
        for filters in widths
        if matmul.legal(sizes, machine, rows, filters)
    }


@settings(QUIET, max_examples=60)
@given(attention_networks(), machines(), st.integers(1, 3))
def test_tick_batched_it_moves_what_a_walk_moves_and_the_fewest(net: Network, arch: Arch, batch: int) -> None:
    """An architecture whose membranes have room for any tile."""
    endless = arch.buffers.membrane.model_copy(update={"size_bytes": build.ENDLESS})
    arch = arch.model_copy(update={"buffers": arch.buffers.model_copy(update={"membrane": endless})})
    for layer in products_of(net):
        found: LayerTraffic = traffic_on(net, layer, arch, batch)
        every, tiling, moved = every_tiling(layer, arch, batch), found.tiling, found.dram
        assert (moved.operand, moved.spikes_in - moved.operand) == every[tiling.order, tiling.rows, tiling.filters]
        assert moved.weights == 0
        if moved.psum == 0:
            assert moved.spikes_in == min(map(sum, every.values()))


@settings(QUIET, max_examples=60)
@given(attention_networks(), st.sampled_from(["none", "layer"]), machines(), st.integers(1, 2), st.integers(1, 2))
def test_timestep_major_it_moves_what_a_walk_moves(
    net: Network, name: str, arch: Arch, chunk: int, chunks: int
) -> None:
    sharing, options = Sharing.parse(name), ScheduleOptions("timestep", batch=chunk * chunks, chunk=chunk)
    made = plan_on(net, sharing, arch, options)
    for group in made.groups:
        if group.tick_batched:
            continue
        walked = timestep_major.walk(net, sharing, arch, group, options.batch)
        steps = list(unroll(group.walked))
        for step in steps:
            counted = walked[step.chunk * net.timesteps + step.timestep][net.layers[step.layer].name]
            assert not_zero(vars(step.dram)) == not_zero(counted)
        assert adds_up(group, steps)
        most = timestep_major.most_spikes_kept(net, sharing, arch, group, options.batch)
        assert peak_bytes(made, options.batch).spike_out == min(most, made.chip.room.spike_out)
        first = next(layer for layer in net.layers if "input" in {tensor.name for tensor in layer.reads})
        if first.operand is not None and first.operand.name == "input" and group.residency is not None:
            moved = group.layers[first.index]
            walked_alone = matmul.timestep(
                sizes_of(first), group.residency.weight_region, options.batch, moved.tiling.filters
            )
            assert moved.dram.operand == walked_alone


@settings(QUIET, max_examples=40)
@given(attention_networks(), machines(), st.integers(1, 3), st.sampled_from(["tick", "timestep", "auto"]))
def test_the_steps_move_what_the_plan_says(net: Network, arch: Arch, batch: int, schedule: str) -> None:
    made = plan_on(net, Sharing(), arch, ScheduleOptions(schedule, batch))
    filters = [0] * len(net.layers)
    inputs = [0] * len(net.layers)
    for visit in visits(made, batch, Memo()):
        filters[visit.layer] += visit.moves.total(Kind.WEIGHTS)
        inputs[visit.layer] += visit.moves.total(Kind.SPIKES_IN)
    assert filters == [layer.dram.weights + layer.dram.operand for layer in made.layers]
    assert inputs == [layer.dram.spikes_in - layer.dram.operand for layer in made.layers]
    peaks = peak_bytes(made, batch)
    assert all(getattr(peaks, name) <= getattr(made.chip.room, name) for name in vars(peaks))


@settings(QUIET, max_examples=30)
@given(attention_networks(), st.integers(1, 2), st.sampled_from(["tick", "timestep"]), st.data())
def test_more_buffer_never_moves_more(net: Network, batch: int, schedule: str, data: st.DataObject) -> None:
    small = {name: data.draw(st.integers(2, 60)) for name in ("weight", "spike_in", "spike_out", "membrane")}
    name = data.draw(st.sampled_from(sorted(small)))
    larger = small | {name: small[name] + data.draw(st.integers(1, 60))}
    options = ScheduleOptions(schedule, batch)
    before, after = (plan_on(net, Sharing(), build.arch(**sizes), options).dram.total for sizes in (small, larger))
    assert after <= before


def attention(timesteps: int) -> Network:
    """4 tokens of 4 features, two heads: 16 bits of keys a timestep, 4 filters of 2 bits a head."""
    layers = [
        {"name": "wq", "op": "conv", "out": 4, "kernel": 1},
        {"name": "q", "op": "lif"},
        {"name": "map", "op": "matmul", "inputs": ["q", "input"], "heads": 2, "transpose_second": True},
        {"name": "lif", "op": "lif"},
    ]
    return network(layers, (4, 2, 2), timesteps)


@pytest.mark.parametrize(("batch", "timesteps", "expected"), [(1, 4, 8), (1, 5, 16), (3, 4, 24)])
def test_by_hand_every_image_brings_its_own_second_operand(batch: int, timesteps: int, expected: int) -> None:
    """Tick-batched, a filter is 2 bits of each timestep: a byte of up to 4; 8 filters an image."""
    net = attention(timesteps)
    moved = plan_on(net, Sharing(), build.arch(), ScheduleOptions("tick", batch)).layers[1].dram
    assert (moved.operand, moved.weights) == (expected, 0)


@pytest.mark.parametrize(("weight", "expected"), [(build.ENDLESS, 8), (4, 8), (2, 12)])
def test_by_hand_timestep_major_nothing_stays_from_one_timestep_to_the_next(weight: int, expected: int) -> None:
    """8 filters of a byte a timestep, in tiles of 4; of 4 bytes a buffer of 2 lets 2 pass again for the second row."""
    layers = [
        {"name": "map", "op": "matmul", "inputs": ["input", "input"], "heads": 2, "transpose_second": True},
        {"name": "lif", "op": "lif"},
        {"name": "fc", "op": "linear", "out": 2},
    ]
    net = network(layers, (16, 2, 2), 3)
    moved = plan_on(net, Sharing(), build.arch(weight=weight), ScheduleOptions("timestep", 2)).layers[0].dram
    assert (moved.operand, moved.weights) == (2 * 3 * expected, 0)


@QUIET
@given(st.integers(1, 40), st.integers(2, 60), st.integers(0, 30), st.integers(72, 120), st.integers(1, 2))
def test_strips_bring_a_second_operand_from_before_them_anew(
    weight: int, spike_in: int, spike_out: int, membrane: int, batch: int
) -> None:
    """Two layers of one state, 12 x 6 x 2 of a byte, of which the buffer holds 3 rows and more: the keys of the first,
    from before the strips, come for each strip if they are not on chip."""
    layers = [
        {"name": "wk", "op": "conv", "out": 4, "kernel": 1},
        {"name": "k", "op": "lif", "group": "keys"},
        {"name": "map", "op": "matmul", "inputs": ["input", "k"], "transpose_second": True},
        {"name": "lif1", "op": "lif", "group": "s"},
        {"name": "conv", "op": "conv", "out": 12, "kernel": 3, "padding": 1},
        {"name": "lif2", "op": "lif", "group": "s"},
    ]
    net, sharing = network(layers, (4, 6, 2), 2), Sharing.parse("layer")
    sizes = {"weight": weight, "spike_in": spike_in, "spike_out": max(spike_out, 1), "membrane": membrane}
    arch, options = build.arch(**sizes), ScheduleOptions("timestep", batch, 1)
    (group,) = plan_on(net, sharing, arch, options).groups
    walked = timestep_major.walk(net, sharing, arch, group, batch)
    for step in unroll(group.walked):
        counted = walked[step.chunk * net.timesteps + step.timestep][net.layers[step.layer].name]
        assert not_zero(vars(step.dram)) == not_zero(counted)


@pytest.mark.parametrize(("spike_out", "times"), [(17, 0), (12, 6)])
def test_by_hand_every_strip_brings_the_whole_second_operand(spike_out: int, times: int) -> None:
    """Strips of a row and a row of lag. Between the layers 3 rows of 3 bytes wait; the 6 bytes of the keys (12 filters
    of a byte) stay beside them or not at all, and are then written and read."""
    layers = [
        {"name": "wk", "op": "conv", "out": 4, "kernel": 1},
        {"name": "k", "op": "lif", "group": "keys"},
        {"name": "map", "op": "matmul", "inputs": ["input", "k"], "transpose_second": True},
        {"name": "lif1", "op": "lif", "group": "s"},
        {"name": "conv", "op": "conv", "out": 12, "kernel": 3, "padding": 1},
        {"name": "lif2", "op": "lif", "group": "s"},
    ]
    net = network(layers, (4, 6, 2), 4)
    arch = build.arch(membrane=72, spike_out=spike_out)
    (group,) = plan_on(net, Sharing.parse("layer"), arch, ScheduleOptions("timestep")).groups
    assert [(strip.first, strip.last, strip.rows) for strip in group.strips] == [(1, 2, 1)]
    assert group.layers[1].dram.operand == 4 * 12 * times
    assert group.layers[0].dram.spikes_out == 4 * 6 * (times > 0)


def test_what_is_read_as_both_operands_stays_beside_what_they_make() -> None:
    """x is 2 rows of a byte, in spike_in as the first operand and in spike_out as the second; the output is 4 bytes."""
    layers = [
        {"name": "w", "op": "conv", "out": 4, "kernel": 1},
        {"name": "x", "op": "lif"},
        {"name": "map", "op": "matmul", "inputs": ["x", "x"], "heads": 2, "transpose_second": True},
        {"name": "lif", "op": "lif"},
        {"name": "fc", "op": "linear", "out": 2},
    ]
    made = plan_on(network(layers, (4, 2, 2), 2), Sharing(), build.arch(), ScheduleOptions("timestep"))
    assert peak_bytes(made, 1).spike_out == 2 + 4
    assert made.layers[1].dram.spikes_in == 0


def test_by_hand_a_tile_of_the_second_operand_lies_beside_weights_that_all_stay() -> None:
    """16 weights of wq, and of a head of the keys 4 filters of a byte."""
    made = plan_on(attention(2), Sharing(), build.arch(), ScheduleOptions("timestep"))
    assert peak_bytes(made, 1).weight == 16 + 4


@pytest.mark.parametrize("schedule", ["tick", "timestep"])
def test_the_second_operand_is_read_from_where_it_lies_each_byte_once(schedule: str) -> None:
    """Features of two bytes a token, so that nothing is lost to rounding: image behind image, in timestep-major
    schedules timestep behind timestep."""
    layers = [
        {"name": "map", "op": "matmul", "inputs": ["input", "input"], "heads": 2, "transpose_second": True},
        {"name": "lif", "op": "lif"},
        {"name": "fc", "op": "linear", "out": 2},
    ]
    made = plan_on(network(layers, (16, 2, 2), 3), Sharing(), build.arch(), ScheduleOptions(schedule, 2))
    read: list[int] = []
    for visit in visits(made, 2, Memo()):
        moves = visit.moves
        for move in range(len(moves.step)):
            if visit.layer == 0 and moves.kind[move] == Kind.WEIGHTS:
                assert visit.regions[moves.region[move]] == "tensor:input"
                for extent in range(moves.extents[move]):
                    begin = moves.offset[move] + extent * moves.pitch[move]
                    read += range(begin, begin + moves.extent_bytes[move])
    assert sorted(read) == list(range(2 * 3 * 8))


def test_where_the_second_operand_of_some_images_is_on_chip_its_steps_bring_that_of_the_others() -> None:
    """A buffer of 2 bytes keeps those of less than all three images: the bytes are no multiple of the images."""
    layers = [
        {"name": "wq", "op": "conv", "out": 3, "kernel": 1},
        {"name": "q", "op": "lif"},
        {"name": "wk", "op": "conv", "input": "input", "out": 3, "kernel": 1},
        {"name": "k", "op": "lif"},
        {"name": "map", "op": "matmul", "inputs": ["q", "k"], "heads": 1, "transpose_second": True},
        {"name": "m", "op": "lif"},
        {"name": "fc", "op": "linear", "out": 2},
    ]
    made = plan_on(
        network(layers, (3, 2, 2), 2), Sharing(), build.arch(weight=4, spike_out=2), ScheduleOptions("timestep", 3)
    )
    moved = sum(visit.moves.total(Kind.WEIGHTS) for visit in visits(made, 3, Memo()) if visit.layer == 2)
    assert moved == made.layers[2].dram.operand
    assert moved % (3 * 2)  # images, timesteps


@pytest.mark.parametrize(("timesteps", "beside"), [(1, 0), (2, 12)])
def test_ws_holds_the_membranes_of_all_outputs_of_a_fold(timesteps: int, beside: int) -> None:
    """4 x 4 outputs on 4 columns, a register each; another second operand comes at every timestep."""
    ops = [
        {"name": "a", "op": "conv", "out": 2, "kernel": 1}, {"name": "q", "op": "lif"},
        {"name": "b", "op": "conv", "out": 2, "kernel": 1, "input": "input"}, {"name": "k", "op": "lif"},
        {"name": "map", "op": "matmul", "inputs": ["q", "k"], "heads": 1, "transpose_second": True},
        {"name": "fired", "op": "lif"},
    ]  # fmt: skip
    net = network(ops, (2, 2, 2), timesteps)
    found = traffic_on(net, net.layers[2], build.arch(4, 4, "ws"), 1)
    assert (found.tiling.held.most, found.tiling.held.all) == (beside, beside)
