"""Does the product of two spike tensors move exactly the bytes that literal walks move, and is no reuse claimed that
there cannot be?"""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lifsim.config.arch import Arch
from lifsim.config.network import Layer, Network
from lifsim.config.sharing import Sharing
from lifsim.hardware.pipeline.kinds import Kind
from lifsim.memo import Memo
from lifsim.schedule.chip import buffer_bytes
from lifsim.schedule.occupancy import peak_bytes
from lifsim.schedule.plan import ScheduleOptions
from lifsim.schedule.traffic import LayerTraffic
from lifsim.schedule.unrolled import unroll
from lifsim.simulate.steps import visits
from tests.oracles import matmul, timestep_major
from tests.schedule import build
from tests.schedule.attention import attention_networks
from tests.schedule.networks import network
from tests.schedule.on_arch import facts_on, plan_on, traffic_on
from tests.schedule.test_timestep import QUIET, adds_up, archs, not_zero


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
@given(attention_networks(), archs(), st.integers(1, 3))
def test_tick_batched_it_moves_what_a_walk_moves_and_the_fewest(net: Network, arch: Arch, batch: int) -> None:
    for layer in products_of(net):
        found: LayerTraffic = traffic_on(net, layer, arch, batch)
        every, tiling, moved = every_tiling(layer, arch, batch), found.tiling, found.dram
        assert (moved.operand, moved.spikes_in - moved.operand) == every[tiling.order, tiling.rows, tiling.filters]
        assert moved.weights == 0
        if moved.psum == 0:
            assert moved.spikes_in == min(map(sum, every.values()))


@settings(QUIET, max_examples=60)
@given(attention_networks(), st.sampled_from(["none", "layer"]), archs(), st.integers(1, 2), st.integers(1, 2))
def test_timestep_major_it_moves_what_a_walk_moves(
    net: Network, name: str, arch: Arch, chunk: int, chunks: int
) -> None:
    sharing, options = Sharing.parse(name), ScheduleOptions("timestep", batch=chunk * chunks, chunk=chunk)
    made = plan_on(net, sharing, arch, options)
    for group in made.groups:
        if group.tick_batched:
            continue
        walked = timestep_major.walk(net, sharing, arch, group, options.batch)
        steps = list(unroll(facts_on(net, sharing, arch), buffer_bytes(arch.buffers), group, options.batch))
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
@given(attention_networks(), archs(), st.integers(1, 3), st.sampled_from(["tick", "timestep", "auto"]))
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
    assert moved.operand == 2 * 3 * expected
