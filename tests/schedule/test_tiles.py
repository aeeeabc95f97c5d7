"""Is a product that is cut into tiles worked off tile by tile: cycles, accesses, blocks, passes, psums, membranes?"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lifsim.accounting.own.array_work import lif_calls, served
from lifsim.errors import InputError
from lifsim.hardware.array import DATAFLOWS, SPARSITIES, ArrayShape, Cut, Gemm, Kept, Laid, dense_cycles
from lifsim.hardware.array.dataflow.row_stationary import mapping_of
from lifsim.hardware.gemm import NO_CYCLES, ArrayCycles, Window
from lifsim.model.arch import Arch
from lifsim.model.network import Layer
from lifsim.model.sharing import Sharing
from lifsim.schedule.chip import Chip
from lifsim.schedule.plan import Plan, ScheduleOptions
from lifsim.schedule.tensors.products import gemm_of, laid_out
from lifsim.schedule.tensors.psums import PsumStore
from lifsim.schedule.timestep.step_cut import VisitShape, step_cut
from lifsim.schedule.traffic import Tiling
from lifsim.schedule.window import TIMESTEP
from tests.oracles import tiled_plan
from tests.schedule import build, networks
from tests.schedule.on_arch import plan_on, traffic_on, visit_on
from tests.schedule.test_tick import archs, every_tiling, layers

SKIP = SPARSITIES["skip"]
TICK = ScheduleOptions("tick")


def machine_of(arch: Arch, chain: int = 1) -> tiled_plan.Machine:
    array = arch.array
    held = array.cols if array.dataflow == "ws" else array.pes
    return tiled_plan.Machine(
        array.dataflow,
        array.rows,
        array.cols,
        arch.precision.psum_bits,
        arch.buffers.psum.usable_bytes,
        -(-held // chain),
        chain,
    )


def walked(layer: Layer, arch: Arch, cut: Cut, *, tick_batched: bool, ones: np.ndarray | None = None, chain: int = 1):
    """One group of `layer`."""
    tiles = tiled_plan.tiles_of(list(cut.starts), layer.pixels, cut.filters, layer.group_filters, cut.inputs_outer)
    return tiled_plan.walk(
        machine_of(arch, chain),
        tiles,
        layer.reduction,
        layer.rounds,
        layer.timesteps,
        tick_batched=tick_batched,
        ones=None if ones is None else ones.tolist(),
    )


def laid_on(layer: Layer, arch: Arch, cut: Cut, *, tick_batched: bool) -> Laid:
    shape = ArrayShape(arch.array.rows, arch.array.cols)
    return laid_out(layer, shape, DATAFLOWS[arch.array.dataflow], cut, tick_batched=tick_batched)


def dense(laid: Laid, rounds: int) -> ArrayCycles:
    """Of all tiles, every operand in its cycle."""
    kept = Kept(np.zeros((1, rounds, laid.gemm.groups, laid.gemm.pixels), int))
    return sum(SPARSITIES["none"].cycles(kept, laid), NO_CYCLES)


def same(layer: Layer, arch: Arch, cut: Cut, *, tick_batched: bool) -> tiled_plan.Walked:
    """Requires that the array and its LIF units do what a walk counts; returns the walk."""
    laid, groups = laid_on(layer, arch, cut, tick_batched=tick_batched), layer.groups
    count = walked(layer, arch, cut, tick_batched=tick_batched)
    cycles, accesses = dense(laid, layer.rounds), laid.accesses(layer.rounds)
    found = (cycles.array, cycles.fill_drain, cycles.folds, accesses.inputs, accesses.weights, accesses.outputs)
    here = (count.array, count.fill_drain, count.folds, count.inputs, count.weights, count.outputs)
    assert found == tuple(groups * number for number in here)
    assert (accesses.psum_reads, accesses.psum_writes) == (groups * count.psum_reads, groups * count.psum_writes)
    ((blocks, _),) = SPARSITIES["none"].blocks(Kept(np.zeros((1, layer.rounds, groups, layer.pixels), int)), laid)
    assert blocks.tolist() == [visit * groups for visit in count.blocks]
    calls = lif_calls(layer, 1, overlapped=False)
    if calls is not None:
        assert served(calls, laid).tolist() == count.passes * groups
    return count


@settings(max_examples=150, deadline=None)
@given(layers(), archs(), st.integers(1, 3))
def test_a_tick_batched_layer_is_worked_off_tile_by_tile(layer: Layer, arch: Arch, batch: int) -> None:
    found = traffic_on(build.network_of(layer), layer, arch, batch)
    count = same(layer, arch, found.tiling.cut, tick_batched=True)
    assert found.dram.psum_read == found.dram.psum_write == batch * layer.groups * count.spilled
    assert (found.tiling.held.most, found.tiling.held.all) == (count.most_beside, layer.groups * count.beside)
    cut = found.tiling.cut
    assert len(cut.starts) == found.tiling.row_tiles
    assert len(cut.filter_tiles(gemm_of(layer))) == found.tiling.filter_tiles


@settings(max_examples=100, deadline=None)
@given(layers(), archs(), st.integers(1, 2))
def test_of_equal_bytes_no_tiling_takes_fewer_cycles(layer: Layer, arch: Arch, batch: int) -> None:
    found = traffic_on(build.network_of(layer), layer, arch, batch)
    across = layer.pixels // layer.out_shape[1 if layer.in_shape[1] > 1 else 2]
    tilings = every_tiling(layer, arch, batch)
    moved = {tiling: count.total for tiling, count in tilings.items()}
    chosen = walked(layer, arch, found.tiling.cut, tick_batched=True).cycles
    for (order, rows, filters), size in moved.items():
        if size == min(moved.values()):
            cut = Cut(tuple(range(0, layer.pixels, rows * across)), filters, order == "inputs_outer")
            assert chosen <= walked(layer, arch, cut, tick_batched=True).cycles


@settings(max_examples=60, deadline=None)
@given(layers(), archs(), st.integers(1, 2))
def test_a_step_works_as_long_as_its_tile(layer: Layer, arch: Arch, batch: int) -> None:
    network = build.network_of(layer)
    found = traffic_on(network, layer, arch, batch)
    cut = found.tiling.cut
    tiles = tiled_plan.tiles_of(list(cut.starts), layer.pixels, cut.filters, layer.group_filters, cut.inputs_outer)
    alone = [
        tiled_plan.walk(
            machine_of(arch), [tile], layer.reduction, layer.rounds, layer.timesteps, tick_batched=True
        ).cycles
        for tile in tiles
    ]
    work = visit_on(network, layer, arch, batch, found).array_shares
    assert work.sum() == batch * dense(laid_on(layer, arch, cut, tick_batched=True), layer.rounds).total
    if batch == 1:
        assert work.tolist() == alone * layer.groups


@st.composite
def cuts(draw: st.DrawFn, layer: Layer, cols: int) -> Cut:
    """Rows anywhere, filters in whole columns."""
    rows = layer.out_shape[1 if layer.in_shape[1] > 1 else 2]
    at = draw(st.sets(st.integers(1, rows - 1))) if rows > 1 else set()
    across = layer.pixels // rows
    filters = draw(st.sampled_from([*range(cols, layer.group_filters, cols), layer.group_filters]))
    return Cut(tuple(row * across for row in sorted({0, *at})), filters, draw(st.booleans()))


@settings(max_examples=150, deadline=None)
@given(st.data(), layers(), archs(), st.booleans())
def test_any_cut_is_worked_off_tile_by_tile(data: st.DataObject, layer: Layer, arch: Arch, tick_batched: bool) -> None:
    cut = data.draw(cuts(layer, arch.array.cols))
    same(layer, arch, cut, tick_batched=tick_batched)


@settings(max_examples=100, deadline=None)
@given(st.data(), layers(), archs(), st.booleans())
def test_no_fold_that_skips_mixes_rows_of_two_tiles(
    data: st.DataObject, layer: Layer, arch: Arch, tick_batched: bool
) -> None:
    arch = arch.model_copy(update={"array": arch.array.model_copy(update={"dataflow": "os"})})
    cut = data.draw(cuts(layer, arch.array.cols))
    rng = np.random.default_rng(data.draw(st.integers(0, 99)))
    ones = rng.integers(0, layer.reduction + 1, (layer.rounds, layer.groups, layer.pixels))
    laid, kept = laid_on(layer, arch, cut, tick_batched=tick_batched), Kept(ones[None])
    counts = [walked(layer, arch, cut, tick_batched=tick_batched, ones=ones[:, g]) for g in range(layer.groups)]
    cycles = SKIP.cycles(kept, laid)
    assert sum(done.array for done in cycles) == sum(count.array for count in counts)
    assert sum(done.fill_drain for done in cycles) == sum(count.fill_drain for count in counts)
    ((blocks, _),) = SKIP.blocks(kept, laid)
    by_visit = zip(*(count.blocks for count in counts), strict=True)
    assert blocks.tolist() == [[block for group in visit for block in group] for visit in by_visit]


@settings(max_examples=120, deadline=None)
@given(networks.networks(), archs(), st.sampled_from(["none", "layer", "channel2"]))
def test_timestep_major_tiles_of_their_own_spill_the_fewest_bytes_in_the_fewest_cycles(net, arch, sharing) -> None:
    plan = plan_on(net, Sharing.parse(sharing), arch, ScheduleOptions("timestep"))
    group = plan.groups[0]
    if group.tick_batched:
        return
    strips = {index: strip for strip in group.strips for index in range(strip.first, strip.last + 1)}
    free = group.walked.group.psum_room
    for layer, moved in zip(net.layers, group.layers, strict=True):
        cut, facts = moved.tiling.cut, plan.facts.layers[layer.index]
        count = same(layer, arch, cut, tick_batched=False)
        assert layer.groups * count.spilled == layer.rounds * facts.psum_spill_bytes
        assert working_set(layer, arch, cut) <= max(free, facts.psum_working_bytes)
        rows, across = facts.rows.axis.rows_out, facts.rows.row_pixels
        begins = {0}
        if layer.index in strips:
            strip = strips[layer.index]
            relay = next(one for one in group.walked.group.in_strips.values() if one.first == strip.first)
            begins = set(relay.starts(layer.index, strip.rows))
        assert {row * across for row in begins} <= set(cut.starts)
        for height in range(1, rows + 1):
            ends = [*sorted(begins)[1:], rows]
            starts = [r for b, end in zip(sorted(begins), ends, strict=True) for r in range(b, end, height)]
            for width in widths_of_tiles_that_read_as_little(plan, layer.index, arch.array.cols):
                other = Cut(tuple(row * across for row in starts), width)
                walk = walked(layer, arch, other, tick_batched=False)
                if walk.spilled == count.spilled and working_set(layer, arch, other) <= free:
                    assert count.cycles <= walk.cycles


def widths_of_tiles_that_read_as_little(plan: Plan, index: int, cols: int) -> set[int]:
    """The filter tiles of a layer that read its input no more often than the largest tile that fits."""
    walk, facts = plan.groups[0].walked, plan.facts.layers[index]
    group, largest = walk.group, max(int(walk.cost.tile[index]), 1)
    reads = sum(
        chunks * steps * group.step_spikes(images, now, walk.cost.heights).reads.get(index, 0 * facts.tile_filters[:1])
        for images, chunks in group.chunks.sizes
        for now, steps in group.timesteps()
    )
    tiles = [facts.tile_filters[m - 1] for m in range(1, largest + 1) if reads[m] == reads[largest]]
    return {
        int(min(-(-folds // parts) * min(cols, tile), tile))
        for tile in tiles
        for folds in [-(-tile // cols)]
        for parts in range(1, folds + 1)
    }


def test_a_narrower_filter_tile_that_reads_as_little_is_taken_if_its_cut_takes_fewer_cycles() -> None:
    """`is` on 2 columns: 20 filters, psums of 2 pixels by 8 filters fit. A tile of 10 would be cut into 6 + 6 + 6 + 2,
    four times the load of the inputs; one of 8 into 8 + 8 + 4. Of as good ones the first is taken."""
    gemm, smallest = Gemm(2, 4, 20, 1, Window(1, (1, 1), (1, 1))), 2
    store = PsumStore(DATAFLOWS["is"], ArrayShape(2, 2), 16, 2 * 8 * 2)
    for tiles, taken, into in (((10,), 10, 6), ((10, 8), 8, 8), ((8, 10), 8, 8), ((6, 2), 6, 6), ((2, 6), 6, 6)):
        cut = step_cut(VisitShape(gemm, (0,), 2, tiles, smallest), store, store.room)
        assert (cut.filters, cut.into.filters) == (taken, into)
    for tiles in ((20, 10, 8), (8, 10, 20)):
        cut = step_cut(VisitShape(gemm, (0,), 2, tiles, smallest), replace(store, dataflow=DATAFLOWS["os"]), store.room)
        assert (cut.filters, cut.into.filters) == (tiles[0], tiles[0])


@pytest.mark.parametrize(("halves", "filters"), [((), 16), (("weight",), 16), (("weight", "spike_out"), 4)])
def test_filter_tiles_are_narrow_where_loads_and_stores_go_on_beside_the_work(
    halves: tuple[str, ...], filters: int
) -> None:
    """All weights stay and the input is read once, whatever the tile."""
    net = networks.network(
        [{"name": "c", "op": "conv", "out": 16, "kernel": 3, "padding": 1}, {"name": "l", "op": "lif"}], (4, 4, 4), 2
    )
    arch = build.arch(4, 4)
    buffers = {name: getattr(arch.buffers, name).model_copy(update={"double_buffered": True}) for name in halves}
    arch = arch.model_copy(update={"buffers": arch.buffers.model_copy(update=buffers)})
    (moved,) = plan_on(net, Sharing(), arch, ScheduleOptions("timestep")).groups[0].layers
    assert moved.tiling.filters == filters
    assert moved.tiling.filter_tiles == 16 // filters


def working_set(layer: Layer, arch: Arch, cut: Cut) -> int:
    """Bytes of psums that wait at a time: without a buffer, what spills in one fold of one tile."""
    array = arch.array
    if array.dataflow == "os" or layer.reduction <= array.rows:
        return 0
    most = 0
    for pixels, filters in tiled_plan.tiles_of(
        list(cut.starts), layer.pixels, cut.filters, layer.group_filters, cut.inputs_outer
    ):
        high = len(pixels) if array.dataflow == "ws" else min(len(pixels), array.cols)
        wide = len(filters) if array.dataflow == "is" else min(len(filters), array.cols)
        most = max(most, -(-high * wide * arch.precision.psum_bits // 8))
    return most


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 5), st.integers(1, 4), st.integers(1, 6), st.integers(1, 9), st.sampled_from([1, 2]))
def test_row_stationary_maps_every_tile_for_itself(height: int, width: int, rows: int, filters: int, kernel: int):
    window = Window(height, (kernel, kernel), (1, 1))
    gemm, shape = Gemm(height * width, 3 * kernel**2, 9, 1, window), ArrayShape(3, 4)
    cut = Cut(tuple(range(0, gemm.pixels, rows * width)), filters)
    laid = Laid(gemm, shape, DATAFLOWS["row_stationary"], tick_batched=True, cut=cut)
    total = 0
    for top in range(0, height, rows):
        high = min(rows, height - top)
        for first in range(0, 9, filters):
            tile = Gemm(high * width, gemm.reduction, min(filters, 9 - first), 1, Window(high, (kernel, kernel)))
            total += dense_cycles(laid.dataflow, tile, shape, 2, tick_batched=True).total
    assert dense(laid, 2).total == total


@dataclass(frozen=True)
class Expected:
    """cycles: of the array. reads: of what the array reads again for every tile."""

    size: int
    cycles: int
    reads: int


@pytest.mark.parametrize(
    "expected",
    [Expected(512, 18 * (256 + 8 * 14), 8 * 576), Expected(4096, 18 * (256 + 14), 576)],
    ids=lambda one: f"{one.size} B",
)
def test_ws_loads_its_weights_again_for_every_row_tile_whose_psums_fit(expected: Expected) -> None:
    layer = build.conv_layer((8, 8, 8), 8, timesteps=4)  # K = 72: 18 folds; psums of a row 4 * 8 * 8 * 2 bytes
    arch = build.arch(4, 8, dataflow="ws", psum=expected.size)
    found = traffic_on(build.network_of(layer), layer, arch, 1)
    laid = laid_on(layer, arch, found.tiling.cut, tick_batched=True)
    assert (dense(laid, 4).total, laid.accesses(4).weights) == (expected.cycles, expected.reads)
    assert found.dram.psum == 0


@pytest.mark.parametrize(
    "expected",
    [Expected(128, 576 * (64 + 8 * 14), 8 * 18_432), Expected(2048, 576 * (64 + 14), 18_432)],
    ids=lambda one: f"{one.size} B",
)
def test_is_loads_its_inputs_again_for_every_filter_tile_whose_psums_fit(expected: Expected) -> None:
    layer = build.conv_layer((8, 8, 8), 64, timesteps=4)
    arch = build.arch(4, 8, dataflow="is", psum=expected.size)
    found = traffic_on(build.network_of(layer), layer, arch, 1)
    laid = laid_on(layer, arch, found.tiling.cut, tick_batched=True)
    assert (dense(laid, 4).total, laid.accesses(4).inputs) == (expected.cycles, expected.reads)
    assert found.dram.psum == 0


@pytest.mark.parametrize("channels", [1, 2])
def test_membranes_that_the_registers_do_not_hold_need_room(channels: int) -> None:
    """is: 8 pixels by the filters of a tile, 32 registers, an Nth of both under channelN."""
    layer = build.conv_layer((8, 8, 8), 64, timesteps=4)
    network = build.network_of(layer)
    sharing = Sharing.parse("none" if channels == 1 else f"channel{channels}")
    for room, filters in ((build.ENDLESS, 64), ((8 * 64 - 32) // channels, 64), ((8 * 32 - 32) // channels, 32)):
        arch = build.arch(4, 8, dataflow="is", membrane=room)
        tiling: Tiling = plan_on(network, sharing, arch, TICK).layers[0].tiling
        assert tiling.filters == filters
        assert tiling.held.most == (8 * filters - 32) // channels
        count = walked(layer, arch, tiling.cut, tick_batched=True, chain=channels)
        assert (tiling.held.most, tiling.held.all) == (count.most_beside, count.beside)
    (group,) = plan_on(network, sharing, build.arch(4, 8, dataflow="is", membrane=32 // channels - 1), TICK).groups
    assert group.window == TIMESTEP
    assert f"must be >= {32 // channels} for tick batching" in group.why


def test_a_layer_whose_membranes_have_no_room_runs_timestep_by_timestep_if_that_is_a_choice() -> None:
    network = build.network_of(build.conv_layer((8, 8, 8), 64, timesteps=4))
    none, arch = Sharing.parse("none"), build.arch(4, 8, dataflow="is", membrane=31)
    (group,) = plan_on(network, none, arch, ScheduleOptions("auto")).groups
    assert (group.window, group.why) == (TIMESTEP, "")
    nothing = build.arch(4, 8, dataflow="is", membrane=0)  # neither way is left
    for schedule in ("tick", "auto"):
        with pytest.raises(InputError, match="must be >= 32 for tick batching"):
            plan_on(network, none, nothing, ScheduleOptions(schedule))


def test_row_stationary_holds_the_strips_at_work() -> None:
    layer, shape = build.conv_layer((8, 8, 8), 64, timesteps=4), ArrayShape(4, 8)
    arch = build.arch(shape.rows, shape.cols, dataflow="row_stationary")
    ((way,), gemm) = Chip.of(arch).ways_of(layer, 1), gemm_of(layer)
    mapping = mapping_of(gemm, shape)
    pixels = min(64, mapping.strip_rows * mapping.strips * 8)
    filters = min(64, mapping.filters * mapping.sharing)
    assert way.membranes is not None
    assert way.membranes.held(gemm).most == pixels * filters - shape.pes > 0


def test_registers_that_hold_all_membranes_ask_nothing_of_their_buffer() -> None:
    layer = build.conv_layer((8, 8, 8), 64, timesteps=4)
    for dataflow in ("os", "ws"):
        chip = Chip.of(build.arch(4, 8, dataflow=dataflow, membrane=0))
        (alone,), (whole, *_) = chip.ways_of(layer, 1), chip.ways_of(layer, 4)
        assert alone.membranes is None
        assert whole.membranes is None
