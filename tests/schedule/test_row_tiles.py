"""Row tiles of all heights, and all numbers of filters, of a layer alone: nothing moves less than what is taken."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from lifsim.model.arch import Arch
from lifsim.model.network import Layer
from lifsim.model.sharing import Sharing
from lifsim.schedule.chip import Chip, TileRoom
from lifsim.schedule.tensors.input_reads import traversal_reads
from lifsim.schedule.tensors.rows import RowAxis, RowTiles, higher_row_tiles, row_tiles
from lifsim.schedule.tensors.storage import Reals, images_together
from lifsim.schedule.tick import plan as tick
from lifsim.schedule.tick.nest import nest_of
from lifsim.schedule.tick.tilings import Asked, tilings
from lifsim.schedule.tick.ways import Way
from lifsim.schedule.timestep.group import Chunks
from lifsim.schedule.traffic import LayerTraffic
from lifsim.schedule.window import Part, StateRoom, Visits, Window
from tests.oracles.loop_nest import cut, needed_rows
from tests.schedule import build
from tests.schedule.on_arch import facts_on

SIZES = st.one_of(st.integers(1, 60), st.integers(10, 200), st.integers(20, 600), st.just(build.ENDLESS))


@st.composite
def layers(draw: st.DrawFn) -> Layer:
    """With windows of up to seven rows."""
    groups, rows = draw(st.sampled_from([1, 1, 1, 2])), draw(st.integers(3, 24))
    kernel = draw(st.integers(1, min(7, rows)))
    return build.conv_layer(
        in_shape=(groups * draw(st.integers(1, 3)), rows, draw(st.integers(1, 4))),
        filters=groups * draw(st.sampled_from([1, 2, 4, 7, 12])),
        kernel=(kernel, 1),
        stride=(draw(st.sampled_from([1, 1, 2, 3])), 1),
        padding=(draw(st.integers(0, kernel - 1)), 0),
        groups=groups,
        timesteps=draw(st.integers(2, 4)),
        rounds=draw(st.sampled_from([None, None, 1])),
        levels=draw(st.sampled_from([1, 4, None])),
    )


@st.composite
def archs(draw: st.DrawFn) -> Arch:
    return build.arch(
        rows=draw(st.integers(1, 5)),
        cols=draw(st.integers(1, 4)),
        dataflow=draw(st.sampled_from(["os", "ws", "is", "row_stationary"])),
        weight_bits=draw(st.sampled_from([1, 4, 8])),
        psum_bits=draw(st.sampled_from([8, 12, 16])),
        weight=draw(SIZES),
        spike_in=draw(SIZES),
        psum=draw(SIZES),
        membrane=draw(SIZES),
    )


@st.composite
def asked(draw: st.DrawFn) -> tuple[Asked, tuple[Way, ...], int]:
    """A layer, tick-batched or in windows, perhaps with rows that wait where tiles cut the windows of a pool."""
    layer, arch, batch = draw(layers()), draw(archs()), draw(st.integers(1, 3))
    chip, network = Chip.of(arch), build.network_of(layer)
    channels = draw(st.sampled_from([1, 1, 2])) if layer.filters % 2 == 0 else 1
    room: TileRoom = chip.tiles
    begun: tuple[int, ...] = ()
    if draw(st.booleans()):
        apart, size, rows = draw(st.sampled_from([2, 3])), draw(st.integers(1, 8)), layer.out_shape[1]
        begun = tuple(size if 0 < row < rows and row % apart else 0 for row in range(rows + 1))
        room = replace(room, spike_out=draw(st.sampled_from([0, 1, 4, 100])))
    visits = Visits((Part(layer, batch, 1),))
    if draw(st.booleans()):
        state = facts_on(network, Sharing(), arch).state_of(0)
        window = Window(draw(st.integers(1, layer.timesteps - 1)))
        chunks = Chunks(batch, draw(st.integers(1, batch))).sizes
        visits = Visits.of(layer, window, chunks, StateRoom.of(state, chip.room.membrane))
    reals = Reals.of(network, arch.precision.psum_bits)
    return Asked(layer, reals, room, begun, visits), chip.ways_of(layer, channels), batch


def fewest(asked: Asked, way: Way) -> int:
    """Of all heights, all numbers of filters that fill whole columns, and both orders, looked at one by one."""
    nests = [
        nest_of(part.layer, asked.reals, asked.room, images_together(part.layer, part.images), way)
        for part in asked.visits.parts
    ]
    smallest, every = int(nests[0].filters[0]), nests[0].all_filters
    filters = np.unique(np.minimum(smallest * np.arange(1, every + 1), every))
    axis = nests[0].rows.axis
    rows = RowTiles(axis, np.arange(1, axis.rows_out + 1))
    return tilings(asked, way, [replace(nest, rows=rows, filters=filters) for nest in nests]).fewest


@settings(max_examples=150, deadline=None)
@given(asked())
def test_no_height_and_no_number_of_filters_move_less(case: tuple[Asked, tuple[Way, ...], int]) -> None:
    asked, ways, batch = case
    found = tick.traffic(asked.layer, asked.reals, asked.room, batch, ways, asked.begun, asked.visits)
    legal = [one for one in (fewest(asked, way) for way in ways) if one < 1 << 60]
    assert isinstance(found, LayerTraffic) == bool(legal)
    if isinstance(found, LayerTraffic):
        moved = found.dram
        assert moved.total - moved.spikes_out - moved.residual == min(legal)


@st.composite
def axes(draw: st.DrawFn) -> RowAxis:
    rows, kernel = draw(st.integers(1, 20)), draw(st.integers(1, 7))
    stride, padding = draw(st.integers(1, 3)), draw(st.integers(0, kernel - 1))
    rows_in = max(1, (rows - 1) * stride + kernel - 2 * padding + draw(st.integers(0, stride - 1)))
    return RowAxis(rows_in, rows, kernel, stride, padding)


@settings(max_examples=200, deadline=None)
@given(axes())
def test_higher_tiles_are_all_that_are_not_the_lowest_of_as_many(axis: RowAxis) -> None:
    lowest, higher = row_tiles(axis).heights.tolist(), higher_row_tiles(axis).heights.tolist()
    assert sorted(lowest + higher) == list(range(1, axis.rows_out + 1))
    for tiles in {-(-axis.rows_out // height) for height in lowest}:
        assert [height for height in lowest if -(-axis.rows_out // height) == tiles] == [-(-axis.rows_out // tiles)]


@settings(max_examples=120, deadline=None)
@given(layers(), archs(), st.integers(1, 2), st.integers(0, 60))
def test_no_height_reads_less_timestep_by_timestep(layer: Layer, arch: Arch, images: int, resident: int) -> None:
    """The oracle: row by row and tile by tile, without bytes that are on chip already; the smallest filter tile
    fits."""
    facts = facts_on(build.network_of(layer), Sharing(), arch).layers[0]
    row_bytes, rows_in = facts.rows.row_bytes, facts.rows.axis.rows_in
    buffer = arch.buffers.spike_in.usable_bytes
    found = traversal_reads(facts, images, resident, buffer)
    size = images * rows_in * row_bytes
    plane = [(image, row) for image in range(images) for row in range(rows_in)]
    least = []
    for height in range(1, facts.rows.axis.rows_out + 1):
        windows = [needed_rows(layer, tile) for tile in cut(facts.rows.axis.rows_out, height)]
        window = max(map(len, windows)) * row_bytes
        if window > buffer and height > 1:
            continue
        pinned = min(size, resident + max(0, buffer - window))
        covered = set().union(*map(set, windows))
        once = again = 0
        for number, (_, row) in enumerate(plane):
            begin, end = number * row_bytes, (number + 1) * row_bytes
            kept, gone = max(0, min(end, pinned) - max(begin, resident)), end - max(begin, pinned)
            once += kept * (row in covered)
            again += max(0, gone) * sum(row in each for each in windows)
        least.append([once + again * int(count) for count in facts.tile_counts])
    if resident >= size:
        assert not found.any()
    elif min(len(needed_rows(layer, range(row, row + 1))) for row in range(facts.rows.axis.rows_out)) and (
        row_tiles(facts.rows.axis).tallest_window[0] * row_bytes <= buffer
    ):
        assert found[1:].tolist() == np.min(least, axis=0).tolist()


def test_at_the_lower_edge_higher_tiles_read_less() -> None:
    """Windows of seven rows on 19, of which spike_in holds 12, and two filter tiles: three tiles of 6 rows and one of
    one read windows of 9, 12, 10 and 4 rows, as often as there are filter tiles. Four of 5, 5, 5 and 4 rows read 37, of
    which one stays."""
    layer = build.conv_layer(in_shape=(8, 19, 1), filters=8, kernel=(7, 1), padding=(3, 0))
    facts = facts_on(build.network_of(layer), Sharing(), build.arch(1, 4, spike_in=12)).layers[0]
    assert facts.tile_counts.tolist() == [2, 1]
    assert traversal_reads(facts, 1, 0, 12)[1:].tolist() == [2 * 35, 35]


def test_where_nothing_may_wait_tiles_end_between_the_windows_of_a_pool() -> None:
    """Of ten rows spike_in holds eight: two tiles of 5 rows would cut a window of two rows, 6 and 4 do not."""
    layer = build.conv_layer(in_shape=(8, 10, 1), filters=8, kernel=(3, 1), padding=(1, 0))
    arch = build.arch(1, 4, spike_in=16)
    begun = tuple(8 * (row % 2) for row in range(11))
    room, reals = replace(Chip.of(arch).tiles, spike_out=0), Reals.of(build.network_of(layer), 16)
    found = [tick.traffic(layer, reals, room, 1, begun=waiting) for waiting in ((), begun)]
    assert [one.tiling.rows for one in found if isinstance(one, LayerTraffic)] == [5, 6]
