"""Is what a tick-batched layer under channelN is planned as an order that a literal walk of its calls finds legal?"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import pairwise, product
from math import ceil, lcm

import numpy as np
from hypothesis import Phase, assume, given, settings
from hypothesis import strategies as st

import lifsim
from lifsim.config.arch import load_arch
from lifsim.config.workload import load_workload
from lifsim.hardware.array import dataflow_of, shape_of
from lifsim.hardware.pipeline.kinds import Kind
from lifsim.model.arch import Arch
from lifsim.model.network import Layer, Network
from lifsim.model.sharing import Sharing
from lifsim.schedule.plan import GroupPlan, ScheduleOptions
from lifsim.schedule.tensors.chains import IN_ONE_PIECE, Parted, parted
from lifsim.schedule.tensors.products import laid_out
from lifsim.schedule.traffic import Tiling
from tests.oracles import chains as oracle
from tests.oracles import loop_nest
from tests.schedule import build
from tests.schedule.networks import network
from tests.schedule.on_arch import plan_on, visit_on
from tests.schedule.test_timestep import QUIET


def one_layer(filters: int, groups: int, size: int, timesteps: int, kernel: int, encoding: str = "rate") -> Network:
    conv = {"name": "conv", "op": "conv", "out": filters, "kernel": kernel, "padding": kernel // 2, "groups": groups}
    return network([conv, {"name": "lif", "op": "lif"}], (groups * 2, size, size), timesteps, encoding)


@dataclass(frozen=True)
class Case:
    net: Network
    channels: int
    arch: Arch

    @property
    def layer(self) -> Layer:
        return self.net.layers[0]

    @property
    def plan(self) -> GroupPlan:
        (group,) = plan_on(self.net, Sharing(channels=self.channels), self.arch, ScheduleOptions("tick")).groups
        return group


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Chains of 2 to 5 filters on up to 9 columns; one group in most, or groups that N divides or not."""
    channels, groups = draw(st.integers(2, 5)), draw(st.sampled_from([1] * 6 + [2, 3, 4, 6]))
    filters = lcm(channels, groups) * draw(st.integers(1, 6 if groups == 1 else 2))
    sizes = st.one_of(st.integers(1, 150), st.just(build.ENDLESS), st.just(build.ENDLESS))
    encoding = draw(st.sampled_from(["rate"] * 5 + ["direct"]))
    return Case(
        one_layer(
            filters, groups, draw(st.integers(1, 3)), draw(st.integers(1, 3)), draw(st.sampled_from([1, 3])), encoding
        ),
        channels,
        build.arch(
            draw(st.integers(1, 5)),
            draw(st.one_of(st.integers(1, 9), st.integers(2, 7))),
            draw(st.sampled_from(["os", "os", "ws", "is"])),
            weight=draw(sizes),
            spike_in=draw(sizes),
            membrane=draw(sizes),
            psum=draw(sizes),
        ),
    )


def literal(layer: Layer, channels: int) -> oracle.Layer:
    return oracle.Layer(layer.pixels, layer.filters, layer.groups, channels, layer.timesteps)


def order_of(layer: Layer, channels: int, arch: Arch, tiling: Tiling) -> oracle.Order:
    """The order of the plan, tile after tile."""
    walked, array, chains = literal(layer, channels), arch.array, tiling.cut.chains
    assert chains is not None
    starts = (*tiling.cut.starts, layer.pixels)
    for begin, end in pairwise(starts):
        part = oracle.Layer(end - begin, layer.filters, layer.groups, channels, layer.timesteps)
        if chains.alternating:
            order = oracle.alternating(part, array.dataflow, array.rows, array.cols, tiling.filters)
        else:
            order = oracle.fold_by_fold(part, array.dataflow, array.rows, array.cols, tile=tiling.filters)
        for together in order:
            yield [(pixel + begin, which, timestep) for pixel, which, timestep in together]
    assert walked.pixels == starts[-1]


@settings(QUIET, max_examples=300)
@given(cases())
def test_every_plan_is_an_order_of_calls_that_is_legal(case: Case) -> None:
    """The walk holds as many membranes as the plan says, in as many columns; alternating folds have room for all their
    chains."""
    layer, arch, group = case.layer, case.arch, case.plan
    if not group.tick_batched:
        assert group.why
        return
    tiling = group.layers[0].tiling
    chains = tiling.cut.chains
    assert chains is not None
    walked = oracle.walk(literal(layer, case.channels), order_of(layer, case.channels, arch, tiling))
    assert walked.legal
    laid = laid_out(layer, shape_of(arch.array), dataflow_of(arch.array), tiling.cut, tick_batched=True)
    block = laid.dataflow.finishes(laid.gemm, laid.shape)
    assert walked.columns == min(block.filters or tiling.filters, tiling.filters)
    if chains.alternating:
        exact = (layer.groups == 1 or layer.groups % case.channels == 0) and layer.timesteps > 1
        held = tiling.held.registers + tiling.held.most
        assert walked.alive == held if exact else walked.alive <= held
        assert ceil(tiling.held.most * arch.precision.membrane_bits / 8) <= arch.buffers.membrane.usable_bytes
        weights = tiling.filters * chains.groups * ceil(layer.reduction * arch.precision.weight_bits / 8)
        assert weights <= arch.buffers.weight.usable_bytes


def kind(case: Case) -> str:
    """Which kind of case it is."""
    group, cols, channels = case.plan, case.arch.array.cols, case.channels
    if not group.tick_batched:
        return "refused"
    chains = group.layers[0].tiling.cut.chains
    assert chains is not None
    if not chains.alternating:
        return "whole, of all columns" if cols % channels == 0 else "whole, of some columns"
    if case.layer.groups > 1:
        return "groups N divides" if case.layer.groups % channels == 0 else "groups N does not divide"
    return "chains longer than the columns" if channels > cols else "folds that part chains"


def test_random_cases_cover_every_kind() -> None:
    seen: Counter[str] = Counter()

    @settings(QUIET, max_examples=300, derandomize=True, database=None, phases=[Phase.generate])
    @given(cases())
    def look(case: Case) -> None:
        seen[kind(case)] += 1

    look()
    assert len(seen) == 7
    assert min(seen.values()) >= 5


def every_way(case: Case) -> dict[tuple[bool, str, int, int], loop_nest.Counted]:
    """What every tiling moves that keeps its chains, by whether folds alternate, order, rows and filters."""
    layer, arch, n = case.layer, case.arch, case.channels
    cols, bits, rows_out = arch.array.cols, layer.input.bits(8), layer.out_shape[1]
    found = {}
    for alternating in (False, True):
        if layer.groups == 1 and not alternating and (n <= cols or arch.array.dataflow == "is"):
            step, turns = max(cols // n * n, n), loop_nest.Turns(1, max(cols // n * n, n), False)
        elif alternating and layer.rounds == layer.timesteps and not _whole_anyway(case):
            linked = 1 if layer.groups == 1 else n if layer.groups % n == 0 else layer.groups
            step = (lcm(cols, n) if n <= cols else n) if linked == 1 else cols if linked == n else layer.group_filters
            turns = loop_nest.Turns(linked, cols, True)
        else:
            continue
        smallest = min(step, layer.group_filters)
        widths = {min(smallest * tiles, layer.group_filters) for tiles in range(1, layer.group_filters + 1)}
        heights = {ceil(rows_out / tiles) for tiles in range(1, rows_out + 1)}
        for order, rows, filters in product(("weights_outer", "inputs_outer"), heights, widths):
            if _fits(case, rows, filters, turns, smallest):
                walked = loop_nest.run(layer, arch, 1, order, rows, filters, bits, turns)
                found[alternating, order, rows, filters] = walked
    return found


def _whole_anyway(case: Case) -> bool:
    """Whether every fold has whole chains, as filters lie chain by chain."""
    return case.layer.groups == 1 and (case.arch.array.dataflow == "is" or case.arch.array.cols % case.channels == 0)


def _fits(case: Case, rows: int, filters: int, turns: loop_nest.Turns, smallest: int) -> bool:
    """Whether everything fits: windows and weights (unless they stream) into their buffers, membranes into registers
    and their buffer."""
    layer, arch, n = case.layer, case.arch, case.channels
    array, weights = arch.array, turns.groups * filters * ceil(layer.reduction * arch.precision.weight_bits / 8)
    tiles = [range(start, min(start + rows, layer.out_shape[1])) for start in range(0, layer.out_shape[1], rows)]
    lines = max(len(loop_nest.needed_rows(layer, tile)) for tile in tiles)
    window = turns.groups * lines * loop_nest.row_bytes(layer, layer.input.bits(8))
    has_weights, has_window = weights <= arch.buffers.weight.usable_bytes, window <= arch.buffers.spike_in.usable_bytes
    if not (has_weights and has_window) and ((rows, filters) != (1, smallest) or (turns.each and not has_weights)):
        return False
    part = oracle.Layer(len(tiles[0]) * layer.out_shape[2], layer.filters, layer.groups, n, layer.timesteps)
    orders = oracle.alternating(part, array.dataflow, array.rows, array.cols, filters)
    if not turns.each:
        orders = oracle.fold_by_fold(part, array.dataflow, array.rows, array.cols, tile=filters)
    alive = oracle.walk(part, orders).alive
    registers = array.cols if array.dataflow == "ws" else array.rows * array.cols
    excess = max(0, alive - (registers if turns.each else ceil(registers / n)))
    return ceil(excess * arch.precision.membrane_bits / 8) <= arch.buffers.membrane.usable_bytes


@settings(QUIET, max_examples=200)
@given(cases())
def test_bytes_are_those_of_the_nest_and_no_way_moves_fewer(case: Case) -> None:
    # Of groups that N does not divide, a bound of the membranes at work is planned with, not their number.
    assume(case.layer.groups == 1 or case.layer.groups % case.channels == 0)
    walks, group = every_way(case), case.plan
    if not group.tick_batched:
        assert not walks
        return
    moved, tiling = group.layers[0].dram, group.layers[0].tiling
    assert tiling.cut.chains is not None
    walked = walks[tiling.cut.chains.alternating, tiling.order, tiling.rows, tiling.filters]
    assert (moved.weights, moved.spikes_in, moved.psum_read) == (walked.weights, walked.spikes, walked.psums)
    assert walked.total == min(walk.total for walk in walks.values())


@settings(QUIET, max_examples=150)
@given(cases(), st.integers(1, 3))
def test_bytes_of_the_steps_are_those_of_the_plan(case: Case, batch: int) -> None:
    """The moves of groups whose tiles take turns, each with its part; every output is written once."""
    made = plan_on(case.net, Sharing(channels=case.channels), case.arch, ScheduleOptions("tick", batch))
    (group,), layer = made.groups, case.layer
    assume(group.tick_batched)
    visit = visit_on(case.net, layer, case.arch, batch, group.layers[0])
    for kind_, size in (
        (Kind.WEIGHTS, group.dram.weights),
        (Kind.SPIKES_IN, group.dram.spikes_in),
        (Kind.PSUM_READ, group.dram.psum_read),
        (Kind.SPIKES_OUT, group.dram.spikes_out),
    ):
        assert visit.moves.total(kind_) == size
    assert visit.outputs.sum() == batch * layer.pixels * layer.filters
    moves = visit.moves
    touched = np.zeros(group.dram.spikes_out, np.int64)
    for move in np.flatnonzero(moves.kind == Kind.SPIKES_OUT):
        for extent in range(moves.extents[move]):
            begin = moves.offset[move] + extent * moves.pitch[move]
            touched[begin : begin + moves.extent_bytes[move]] += 1
    assert (touched == 1).all()


def test_an_order_that_parts_a_chain_is_found_out() -> None:
    """Filters as they are numbered, fold after fold: group 1 of a chain comes before group 0 of the next timestep only
    where all of them are in one fold, or there is one timestep."""
    cut = oracle.Layer(pixels=4, filters=8, groups=1, channels=4, timesteps=2)
    assert not oracle.walk(cut, oracle.fold_by_fold(cut, "os", 2, 6, in_chains=False)).legal
    assert oracle.walk(cut, oracle.fold_by_fold(cut, "os", 2, 8, in_chains=False)).legal
    once = oracle.Layer(pixels=4, filters=8, groups=1, channels=4, timesteps=1)
    assert oracle.walk(once, oracle.fold_by_fold(once, "os", 2, 6, in_chains=False)).legal
    depthwise = oracle.Layer(pixels=4, filters=8, groups=8, channels=4, timesteps=2)
    assert not oracle.walk(depthwise, oracle.fold_by_fold(depthwise, "os", 2, 8)).legal


ROOM = [f"buffers.{name}.size_bytes=16MiB" for name in ("weight", "spike_in", "spike_out", "membrane", "psum")]


def test_vgg16_on_an_array_of_12_x_14_weight_stationary() -> None:
    """Chains of 4 fill 12 of 14 columns: a fold holds 12 filters, streams T*Sr pixels and takes 2*12 + 14 - 2 cycles
    more. Alternating, 14 filters, whose weights are loaded at every timestep. Everything fits, so that the bytes are
    those of the network, and the faster way is taken layer by layer; the first convolution's currents are replayed."""
    net = load_workload("vgg16_cifar10")
    arch = load_arch("eyeriss_like", [*ROOM, "dram.model=ideal"])

    def fold_cycles(layer: Layer, wide: int, loads: int) -> int:
        folds = ceil(layer.reduction / 12) * ceil(layer.filters / wide)
        return folds * (layer.rounds * layer.pixels + loads * (2 * 12 + 14 - 2))

    whole = [fold_cycles(layer, 12 if layer.lif else 14, 1) for layer in net.layers]
    alternating = [fold_cycles(layer, 14, layer.rounds) for layer in net.layers]
    assert sum(whole) == 12_677_248
    best = whole[0] + sum(map(min, zip(whole[1:], alternating[1:], strict=True)))
    found = lifsim.run(arch, net, "channel4")
    assert found.totals.cycles.array + found.totals.cycles.fill_drain == best
    assert found.plan is not None
    ways = [group.layers[0].tiling.cut.chains for group in found.plan.groups]
    faster = [a < w for a, w in zip(alternating, whole, strict=True)][1:13]
    assert any(faster)
    assert [way.alternating for way in ways if way] == [False, *faster]


def test_timestep_by_timestep_a_chain_has_as_many_parts_as_tiles_that_it_lies_in() -> None:
    """Walked filter by filter; a signal of two membranes, a byte each. Four calls in tiles of two are
    two parts."""
    found = {}
    for channels, chains, smallest in product(range(2, 6), range(1, 5), range(1, 9)):
        filters = channels * chains
        layer = build.conv_layer((1, 1, 2), filters, (1, 1), (1, 1), (0, 0))
        tiles = [{filter_ // smallest for filter_ in range(c * channels, (c + 1) * channels)} for c in range(chains)]
        most = max(map(len, tiles))
        found[channels, chains, smallest] = most
        assert parted(layer, channels, smallest, 8) == (Parted(2, most) if most > 1 else IN_ONE_PIECE)
    assert found[4, 1, 2] == 2
