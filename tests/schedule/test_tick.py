"""Does the tick-batched closed form move exactly the bytes that the loop nest moves, and the fewest?"""

from __future__ import annotations

import dataclasses
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import lifsim
from lifsim.hardware.array import Cut, dataflow_of, dense_cycles, shape_of
from lifsim.model.arch import Arch
from lifsim.model.network import Layer, Tensor
from lifsim.schedule.chip import Chip, Overlap
from lifsim.schedule.tensors.products import gemm_of
from lifsim.schedule.tensors.storage import Reals, filter_bytes
from lifsim.schedule.tick import plan as tick
from lifsim.schedule.tick.nest import inputs_outer, nest_of, staying_of
from lifsim.schedule.tick.ways import UNCHAINED
from lifsim.schedule.traffic import LayerTraffic, Tiling
from tests.oracles import loop_nest
from tests.oracles.pinned_tiles import most_that_stay
from tests.schedule import build
from tests.schedule.on_arch import traffic_on

BUFFERS = ("weight", "spike_in", "psum")


@st.composite
def layers(draw: st.DrawFn) -> Layer:
    groups = draw(st.sampled_from([1, 1, 1, 2, 3]))
    one_dimensional = draw(st.sampled_from([False, False, False, True]))
    size = st.integers(1, 7)
    height, width = (1, draw(size)) if one_dimensional else (draw(size), draw(size))
    kernel = (1 if one_dimensional else draw(st.integers(1, min(4, height))), draw(st.integers(1, min(4, width))))
    return build.conv_layer(
        in_shape=(groups * draw(st.integers(1, 3)), height, width),
        filters=groups * draw(st.integers(1, 9)),
        kernel=kernel,
        stride=(1 if one_dimensional else draw(st.integers(1, 3)), draw(st.integers(1, 3))),
        padding=(0 if one_dimensional else draw(st.integers(0, kernel[0] - 1)), draw(st.integers(0, kernel[1] - 1))),
        groups=groups,
        timesteps=draw(st.integers(1, 3)),
        rounds=draw(st.sampled_from([None, 1])),
        levels=draw(st.sampled_from([1, 4, None])),
    )


@st.composite
def archs(draw: st.DrawFn) -> Arch:
    sizes = st.one_of(st.integers(1, 250), st.just(build.ENDLESS))
    return build.arch(
        rows=draw(st.integers(1, 5)),
        cols=draw(st.integers(1, 4)),
        dataflow=draw(st.sampled_from(["os", "ws", "is"])),
        double_buffered=draw(st.booleans()),
        weight_bits=draw(st.sampled_from([1, 4, 8])),
        weight=draw(sizes),
        spike_in=draw(sizes),
        psum=draw(sizes),
    )


def traffic(layer: Layer, arch: Arch, batch: int) -> LayerTraffic:
    return traffic_on(build.network_of(layer), layer, arch, batch)


def every_tiling(layer: Layer, arch: Arch, batch: int) -> dict[tuple[str, int, int], loop_nest.Counted]:
    """Walks of all heights, and of every number of filters that fills whole columns."""
    bits = layer.input.bits(8)
    out_rows = layer.out_shape[1 + loop_nest.axis_of(layer)]
    smallest = min(arch.array.cols, layer.group_filters)
    return {
        (order, rows, filters): loop_nest.run(layer, arch, batch, order, rows, filters, bits)
        for order in ("weights_outer", "inputs_outer")
        for rows in range(1, out_rows + 1)
        for filters in {min(smallest * folds, layer.group_filters) for folds in range(1, layer.group_filters + 1)}
        if loop_nest.legal(layer, arch, rows, filters, bits)
    }


def streaming(in_shape: tuple[int, int, int], padding: int, levels: int | None, spike_in: int) -> tuple[Layer, Arch]:
    """A layer whose one filter tile streams through a weight buffer of half its size."""
    layer = build.conv_layer(
        in_shape=in_shape, filters=2, kernel=(2, 1), stride=(1, 1), padding=(padding, 0), groups=1, timesteps=2,
        rounds=None, levels=levels,
    )  # fmt: skip
    arch = build.arch(
        rows=1, cols=2, dataflow="os", double_buffered=True, weight_bits=1, weight=2, spike_in=spike_in,
        psum=build.ENDLESS,
    )  # fmt: skip
    return layer, arch


@settings(max_examples=200, deadline=None)
@given(layers(), archs(), st.integers(1, 3))
@example(*streaming((1, 3, 1), 0, None, 10), 2)
@example(*streaming((3, 2, 3), 1, 1, 8), 2)
def test_equals_the_literal_interpreter_and_nothing_moves_fewer_bytes(layer: Layer, arch: Arch, batch: int) -> None:
    chosen = traffic(layer, arch, batch)
    walks = every_tiling(layer, arch, batch)
    walked = walks[chosen.tiling.order, chosen.tiling.rows, chosen.tiling.filters]
    moved = chosen.dram
    assert (moved.weights, moved.spikes_in, moved.psum_read) == (walked.weights, walked.spikes, walked.psums)
    assert moved.psum_read == moved.psum_write
    assert walked.total == min(walk.total for walk in walks.values())


def lowest(walks: dict[tuple[str, int, int], loop_nest.Counted]) -> set[int]:
    """Heights of row tiles among which cycles count: the lowest for each number of tiles; all, if a higher one moves
    less than any of them."""
    every = {rows for _, rows, _ in walks}
    found = {-(-max(every) // tiles) for tiles in range(1, max(every) + 1)} & every
    least = min(walk.total for walk in walks.values())
    return found if any(walk.total == least and rows in found for (_, rows, _), walk in walks.items()) else every


def cut_of(layer: Layer, rows: int, filters: int, order: str) -> Cut:
    pixels = layer.pixels // layer.out_shape[1 + loop_nest.axis_of(layer)]
    return Cut(tuple(range(0, layer.pixels, rows * pixels)), filters, order == "inputs_outer")


def cycles_of(layer: Layer, arch: Arch, tiling: Tiling) -> int:
    """Tile by tile, each a product of its own."""
    dataflow, shape = dataflow_of(arch.array), shape_of(arch.array)
    return sum(
        dense_cycles(dataflow, tile, shape, layer.rounds, tick_batched=True).total * tiles
        for tile, tiles in tiling.cut.tiles(gemm_of(layer))
    )


@settings(max_examples=100, deadline=None)
@given(layers(), archs(), st.integers(1, 3), st.integers(1, 400))
def test_at_no_price_of_a_byte_another_tiling_is_better(layer: Layer, arch: Arch, batch: int, price: int) -> None:
    """Bytes and cycles, a cycle costing `price` / 20 bytes."""
    network, chip = build.network_of(layer), Chip.of(arch)
    reals = Reals.of(network, arch.precision.psum_bits)
    chosen = traffic(layer, arch, batch)
    others = tick.others(layer, reals, chip.tiles, batch, chip.ways_of(layer, 1)).faster
    moved = [one.dram.total for one in (chosen, *others)]
    cycles = [cycles_of(layer, arch, one.tiling) for one in (chosen, *others)]
    assert moved == sorted({*moved})
    assert cycles == sorted({*cycles}, reverse=True)
    handed_over = chosen.dram.spikes_out + chosen.dram.residual
    walks = every_tiling(layer, arch, batch)
    width = {-(-layer.group_filters // filters): filters for _, _, filters in sorted(walks, reverse=True)}
    every = (
        20 * (walk.total + handed_over) + price * cycles_of(layer, arch, replace(chosen.tiling, cut=cut))
        for (order, rows, filters), walk in walks.items()
        if width[-(-layer.group_filters // filters)] == filters and rows in lowest(walks)
        for cut in [cut_of(layer, rows, filters, order)]
    )
    assert min(20 * m + price * c for m, c in zip(moved, cycles, strict=True)) == min(every)


def lif_waits(layer: Layer, arch: Arch, tiling: Tiling, pass_cycles: int) -> int:
    """Cycles that the array waits for LIF units in an image, all blocks being alike: the passes for the last one, and
    those for the others as far as the blocks behind them do not hide them."""
    dataflow, (rows, cols) = dataflow_of(arch.array), (arch.array.rows, arch.array.cols)
    tiles = tiling.cut.tiles(gemm_of(layer))
    blocks = sum(dataflow.folds(tile, shape_of(arch.array)).outputs * tile.groups * n for tile, n in tiles)
    blocks *= 1 if dataflow.joins_rounds else layer.rounds
    passes = layer.timesteps * sum(
        -(-tile.pixels // rows) * -(-tile.filters // cols) * tile.groups * n for tile, n in tiles
    )
    last = -(-passes // blocks) * pass_cycles
    work = cycles_of(layer, arch, tiling)
    return last + max(0, passes * pass_cycles - last - (work - work // blocks))


@settings(max_examples=100, deadline=None)
@given(layers(), archs(), st.integers(1, 3), st.integers(1, 64), st.sampled_from([0, 1, 5, 40]))
def test_of_equal_bytes_the_array_with_what_it_waits_for_takes_the_fewest_cycles(
    layer: Layer, arch: Arch, batch: int, rate: int, pass_cycles: int
) -> None:
    """For the first weights, where the other tiles' come while the array works, eighths of a byte a cycle; and for LIF
    units that serve under its work."""
    chip, reals = Chip.of(arch), Reals.of(build.network_of(layer), arch.precision.psum_bits)
    overlap = Overlap(prefetches=True, weight_rate=Fraction(rate, 8))
    room = replace(chip.tiles, overlap=overlap, pass_cycles=pass_cycles)
    chosen = tick.traffic(layer, reals, room, batch, chip.ways_of(layer, 1))
    assert isinstance(chosen, LayerTraffic)
    walks = every_tiling(layer, arch, batch)
    fewest = min(walk.total for walk in walks.values())

    def cost(order: str, rows: int, filters: int) -> int:
        tiling = replace(chosen.tiling, cut=cut_of(layer, rows, filters, order))
        work = cycles_of(layer, arch, tiling) + bool(pass_cycles) * lif_waits(layer, arch, tiling, pass_cycles)
        return batch * work + -(-filters * filter_bytes(layer, room.weight_bits, layer.rounds) * 8 // rate)

    one, width = chosen.tiling, {-(-layer.group_filters // key[2]): key[2] for key in sorted(walks, reverse=True)}
    heights = lowest(walks)
    equals = [
        key
        for key, walk in walks.items()
        if walk.total == fewest and width[-(-layer.group_filters // key[2])] == key[2] and key[1] in heights
    ]
    assert cost(one.order, one.rows, one.filters) == min(cost(*key) for key in equals)


@settings(max_examples=100, deadline=None)
@given(layers(), archs(), st.integers(1, 3), st.booleans())
def test_narrower_tiles_move_as_many_bytes_and_are_a_half_at_most(
    layer: Layer, arch: Arch, batch: int, double: bool
) -> None:
    """As many as one of those that are the best at some price; with a weight buffer of one half there are none."""
    weight = arch.buffers.weight.model_copy(update={"double_buffered": double})
    arch = arch.model_copy(update={"buffers": arch.buffers.model_copy(update={"weight": weight})})
    chip = Chip.of(arch)
    asked = (
        layer,
        Reals.of(build.network_of(layer), arch.precision.psum_bits),
        chip.tiles,
        batch,
        chip.ways_of(layer, 1),
    )
    faster, found = tick.others(*asked)
    best = [tick.traffic(*asked), *faster]
    assert double or not found
    walks = every_tiling(layer, arch, batch)
    for one in found:
        assert (one.tiling.order, one.tiling.rows, one.tiling.filters) in walks
        wide = [
            other.tiling for other in best if isinstance(other, LayerTraffic) and other.dram.total == one.dram.total
        ]
        assert any(one.tiling.filter_tiles >= 2 * tiling.filter_tiles for tiling in wide)


@settings(max_examples=150, deadline=None)
@given(layers(), archs(), st.integers(1, 3), st.sampled_from(BUFFERS), st.integers(1, 300))
def test_more_buffer_never_moves_more(layer: Layer, arch: Arch, batch: int, name: str, more: int) -> None:
    buffer = getattr(arch.buffers, name)
    larger = buffer.model_copy(update={"size_bytes": buffer.size_bytes + more})
    grown = arch.model_copy(update={"buffers": arch.buffers.model_copy(update={name: larger})})
    assert traffic(layer, grown, batch).dram.total <= traffic(layer, arch, batch).dram.total


@settings(max_examples=150, deadline=None)
@given(layers(), archs(), st.integers(1, 3))
def test_of_the_weights_that_pass_again_as_many_stay_as_can_and_never_fewer_than_beside_a_whole_tile(
    layer: Layer, arch: Arch, batch: int
) -> None:
    reals = Reals.of(build.network_of(layer), arch.precision.psum_bits)
    nest = nest_of(layer, reals, Chip.of(arch).tiles, batch, UNCHAINED)
    buffer, every = nest.weight_buffer, range(nest.all_filters)
    for filters, stays in zip(nest.filters.tolist(), inputs_outer(nest).resident_weights.tolist(), strict=True):
        tiles = [
            [(number, byte) for number in every[first : first + filters] for byte in range(nest.filter_bytes)]
            for first in range(0, nest.all_filters, filters)
        ]
        assert stays == (min(len(tiles[0]), buffer) if len(tiles) == 1 else len(most_that_stay(tiles, buffer)))
        sizes = np.array([len(tile) for tile in tiles])
        assert stays >= min(int(sizes.sum()), max(buffer - int(sizes[0]), 0))
        of_each = staying_of(sizes, stays, buffer)
        assert of_each.sum() == stays
        assert stays == 0 or len(tiles) == 1 or (sizes - of_each).max() <= buffer - stays


def test_weights_of_which_a_part_stays_need_room_for_the_rest_only() -> None:
    """4 filters of 18 bytes in tiles of two pass for each of two row tiles. Beside a whole tile 24 of 60 bytes would
    stay; with room for 12 bytes 24 of either tile do, and only 12 of each come again."""
    layer = build.conv_layer((2, 4, 4), 4, timesteps=30)
    moved = traffic(layer, build.arch(cols=2, weight=60, spike_in=90), 1)
    assert (moved.tiling.order, moved.tiling.row_tiles, moved.tiling.filters) == ("inputs_outer", 2, 2)
    assert moved.tiling.resident_weight_bytes == 48
    assert (moved.dram.weights, moved.dram.spikes_in) == (72 + 24, 2 * 3 * 30)


@settings(max_examples=100, deadline=None)
@given(layers(), archs(), st.integers(1, 3))
def test_never_below_the_compulsory_bytes_and_equal_to_them_with_endless_buffers(
    layer: Layer, arch: Arch, batch: int
) -> None:
    out_rows = layer.out_shape[1 + loop_nest.axis_of(layer)]
    used = loop_nest.needed_rows(layer, range(out_rows))
    spikes_in = batch * layer.groups * len(used) * loop_nest.row_bytes(layer, layer.input.bits(8))
    weights = layer.filters * -(-layer.reduction * arch.precision.weight_bits // 8)
    moved = traffic(layer, arch, batch).dram
    assert moved.weights >= weights
    assert moved.spikes_in >= spikes_in
    endless = build.arch(dataflow=arch.array.dataflow, weight_bits=arch.precision.weight_bits)
    moved = traffic(layer, endless, batch).dram
    assert (moved.weights, moved.spikes_in, moved.psum) == (weights, spikes_in, 0)


def test_a_layer_by_hand() -> None:
    # 2 channels of 4 x 4, 3 timesteps: a row is 24 bits, 3 bytes, an image 12; 4 filters of 18 bytes, two columns.
    layer = build.conv_layer((2, 4, 4), 4, timesteps=3)
    narrow = build.arch(cols=2, weight=36, spike_in=9)
    # Three rows fit: two tiles of two output rows; their windows (rows 0-2, 1-3) come for each filter tile of 2.
    # Inputs outer would fetch all weights for each of the two row tiles.
    moved = traffic(layer, narrow, 1)
    assert (moved.dram.weights, moved.dram.spikes_in, moved.dram.spikes_out) == (72, 2 * 6 * 3, 4 * 6)
    assert (moved.tiling.order, moved.tiling.rows, moved.tiling.filters) == ("weights_outer", 2, 2)
    # With all weights on chip one filter tile is enough.
    assert traffic(layer, build.arch(cols=2, weight=72, spike_in=9), 1).dram.spikes_in == 6 * 3
    # With a whole image on chip it is fetched once.
    assert traffic(layer, build.arch(cols=2, weight=36, spike_in=12), 1).dram.spikes_in == 12


def test_no_membrane_leaves_the_array() -> None:
    moved = traffic(build.conv_layer((4, 6, 6), 8), build.arch(membrane=0), 3).dram
    assert (moved.membrane_read, moved.membrane_write) == (0, 0)


def test_outputs_are_written_and_residuals_read_once() -> None:
    layer = build.conv_layer((2, 4, 4), 4, timesteps=3)
    pooled = Tensor("pool", (4, 2, 2), 3, 1)
    operand = Tensor("skip", (4, 4, 4), 3, 2)
    layer = dataclasses.replace(layer, outputs=(pooled,), residuals=(operand,))
    moved = traffic(layer, build.arch(weight=1, spike_in=1, double_buffered=True), 5).dram
    assert moved.spikes_out == 5 * 2 * 3  # two rows of 4 * 2 * 3 bits
    assert moved.residual == 5 * 4 * 12  # four rows of 4 * 4 * 3 * 2 bits


@pytest.mark.parametrize("dataflow", ["ws", "is"])
def test_psums_spill_between_the_folds_over_k(dataflow: str) -> None:
    # K = 18 on 4 rows: 5 folds, 4 hand-overs. 16 pixels, 4 filters, 16-bit psums, 1 timestep.
    layer = build.conv_layer((2, 4, 4), 4, timesteps=1)
    whole = traffic(layer, build.arch(dataflow=dataflow, psum=0), 1).dram
    assert whole.psum_read == whole.psum_write == 4 * 16 * 4 * 2
    assert traffic(layer, build.arch(dataflow=dataflow), 1).dram.psum == 0


@pytest.mark.parametrize(
    ("filters", "batch", "weights"),
    [
        (8, 1, 72 + 3 * 2 * 26),  # two tiles of 36 bytes, of which 10 stay while 4 rows pass
        (8, 2, 72 + 7 * 2 * 26),
        (9, 1, 81 + 3 * 2 * 26),  # the last tile, one filter of 9 bytes, stays as a whole
        (10, 1, 90 + 3 * (2 * 26 + 8)),
    ],
)
def test_filter_tiles_that_overflow_the_buffer_stream_again_for_every_row(
    filters: int, batch: int, weights: int
) -> None:
    layer, arch = build.conv_layer((1, 4, 4), filters), build.arch(cols=4, weight=10)
    found = traffic_on(build.network_of(layer), layer, arch, batch)
    assert found.tiling.order == "weights_outer"
    assert (found.tiling.rows, found.tiling.filters) == (1, 4)
    assert found.dram.weights == weights


def test_a_linear_layer_reads_a_map_row_by_row() -> None:
    """fc1 of LeNet-5 reads 16 x 6 x 6 spikes of 32 timesteps, a bit each: 6 rows of 16 x 6 x 32 / 8 bytes."""
    records = lifsim.run(workload="lenet5_mnist", overrides=("dram.model=ideal",)).records
    moved = {record.counts.name: record.counts.dram_bytes.spikes_in for record in records}
    assert moved["fc1"] == 6 * 384
