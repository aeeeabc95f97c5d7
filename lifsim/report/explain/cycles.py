"""A layer's cycles: folds through the array, LIF passes, waiting."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator

import numpy as np

from lifsim.accounting.books import Cycles
from lifsim.accounting.counts import LayerCounts
from lifsim.accounting.own.array_work import LifCalls, lif_calls, lif_tiles, served
from lifsim.hardware.array import SPARSITIES, Gemm, Kept, Laid
from lifsim.hardware.lif_unit import lif_bank
from lifsim.model.arch import Arch
from lifsim.model.network import Layer
from lifsim.play.bound import STALLS
from lifsim.report.explain.line import Line, alike, plus, product, times, total
from lifsim.units import counted, noun_of

UNIT = "cycles"


def cycle_lines(layer: Layer, arch: Arch, channels: int, batch: int, counts: LayerCounts, laid: Laid) -> Iterator[Line]:
    """The cycles of `layer`, `laid` out on `arch`. channels: the channel groups that share its LIF units."""
    cycles = counts.cycles
    yield _folds(laid)
    loads = batch * (1 if laid.tick_batched else layer.rounds)
    skips = SPARSITIES[arch.array.sparsity].skips
    yield _skipping(arch, counts) if skips else _streaming(layer, laid, batch, cycles.array)
    yield _filling(layer, arch, laid, batch, loads, cycles.fill_drain)
    bank = lif_bank(arch.lif, arch.array.pes, channels)
    calls = lif_calls(layer, bank.pass_cycles, overlapped=arch.lif.overlapped)
    if calls is not None:
        yield _lif(layer, arch, calls, laid, batch, cycles.lif, bank.chain)
    yield from waiting_lines(cycles)


def waiting_lines(cycles: Cycles) -> Iterator[Line]:
    """The waits of the array, and the sum of all cycles."""
    waited = {name: getattr(cycles, field) for name, field in STALLS.items()}
    if terms := {name: amount for name, amount in waited.items() if amount}:
        yield total("stalls", list(terms.values()), UNIT, f"waiting for {', '.join(terms)}")
    parts = [cycles.array, cycles.fill_drain, cycles.lif, sum(waited.values())]
    yield total("cycles", [part for part in parts if part] or [0], UNIT, "all of the above")


def _by_tile(laid: Laid, what: Callable[[Gemm], str]) -> str:
    """The sum over tiles: `8*ceil(72/4)*1 + ...`."""
    return plus(*("*".join([product(count), what(tile)]) if count > 1 else what(tile) for tile, count in laid.tiles))


def _folds(laid: Laid) -> Line:
    dataflow, shape, groups = laid.dataflow, laid.shape, laid.gemm.groups
    count = times(product(groups), _by_tile(laid, lambda tile: dataflow.words(tile, shape).count))
    value = groups * sum(often * dataflow.folds(tile, shape).count for tile, often in laid.tiles)
    tiles = sum(often for _, often in laid.tiles)
    rows, columns = noun_of(shape.rows, "row"), noun_of(shape.cols, "column")
    why = f"{dataflow.name}: {dataflow.rows} over {shape.rows} {rows}, {dataflow.cols} over {shape.cols} {columns}"
    why += ", per round"
    wide, chains = dataflow.finishes(laid.gemm, shape).filters, laid.tiling.chains
    if chains is not None and chains.alternating:
        why += f"; those that have chains of {chains.length} filters in common take turns at every timestep"
    elif chains is not None and wide is not None and wide < shape.cols:
        why += f"; whole chains of {chains.length} filters fill {wide} of these"
    if tiles > 1:
        why += f"; they end at the edges of {tiles} tiles"
    return Line("folds", count, value, "", why)


def _streaming(layer: Layer, laid: Laid, batch: int, value: int) -> Line:
    dataflow, shape = laid.dataflow, laid.shape

    def streamed(tile: Gemm) -> str:
        folds = dataflow.folds(tile, shape)
        return product(folds.count, folds.stream_cycles)

    each = "images x rounds" if layer.timesteps > 1 else "images"
    why = f"{each} x folds x {dataflow.streamed} of a fold"
    expression = times(product(batch, layer.rounds, laid.gemm.groups), _by_tile(laid, streamed))
    return Line("array", expression, value, UNIT, why)


def _skipping(arch: Arch, counts: LayerCounts) -> Line:
    """The cycles of an array that skips zeros: the number of ones in each round, which only the spikes tell."""
    why = SPARSITIES[arch.array.sparsity].streams
    return Line("array", alike(done.array_cycles for done in counts.timesteps), counts.cycles.array, UNIT, why)


def _filling(layer: Layer, arch: Arch, laid: Laid, batch: int, loads: int, value: int) -> Line:
    dataflow, shape, own = laid.dataflow, laid.shape, SPARSITIES[arch.array.sparsity].fills(laid)
    loads = batch * layer.rounds if laid.per_round else loads
    if own is not None:
        return Line("fill_drain", f"{loads}*{own.fill_drain}", value, UNIT, own.why)

    def filled(tile: Gemm) -> str:
        return f"{dataflow.folds(tile, shape).count}*{dataflow.words(tile, shape).fill_drain}"

    often = product(loads if dataflow.joins_rounds else batch * layer.rounds, laid.gemm.groups)
    why = f"per {'weight load' if dataflow.joins_rounds else 'fold'} {dataflow.words(laid.gemm, shape).why}"
    return Line("fill_drain", times(often, _by_tile(laid, filled)), value, UNIT, why)


def _lif(layer: Layer, arch: Arch, calls: LifCalls, laid: Laid, batch: int, value: int, chain: int) -> Line:
    if arch.lif.overlapped and SPARSITIES[arch.array.sparsity].skips:
        return Line("lif", str(value), value, UNIT, "LIF passes that stick out from under the spikes of the next fold")
    if arch.lif.overlapped:
        each = _images_at(layer.timesteps)
        why = f"{each}, passes that stick out from under the next block of folds, and what follows the last"
        return Line("lif", f"{batch}*({_exposed(layer, calls, laid)})", value, UNIT, why)
    return passes_line(calls, arch, laid, batch, value, chain)


def passes_line(calls: LifCalls, arch: Arch, laid: Laid, batch: int, value: int, chain: int) -> Line:
    """The passes of the LIF units, or of the gradient units beside them, when no array work hides them."""
    pixels, filters = lif_tiles(calls, laid)
    down, across = _cut(pixels, laid.shape.rows), _cut(filters, laid.shape.filter_cols(laid.gemm.chain))
    call = f"({arch.lif.latency_cycles}+{arch.lif.initiation_interval_cycles}*({chain}-1))"
    expression = f"{product(batch, calls.timesteps, calls.groups)}*{down}*{across}*{call}"
    why = f"{_images_at(calls.timesteps)} x passes x {counted(chain, 'call')} in a chain"
    return Line("lif", expression, value, UNIT, why)


def _images_at(timesteps: int) -> str:
    """What a count is multiplied by, in words. A part with a single timestep, as in a skewed group, leaves timesteps
    to whoever adds the parts up."""
    return "images x timesteps" if timesteps > 1 else "images"


def _cut(sizes: list[int], size: int) -> str:
    """The number of passes over parts of these sizes."""
    terms = plus(*(times(product(count), f"ceil({part}/{size})") for part, count in Counter(sizes).items() if part))
    return f"({terms})" if " + " in terms else terms


def _exposed(layer: Layer, calls: LifCalls, laid: Laid) -> str:
    """The exposed cycles of LIF passes for one image: passes become ready evenly, block by block, and each is hidden
    as far as the next block lasts."""
    anything = Kept(np.zeros((1, layer.rounds, laid.gemm.groups, laid.gemm.pixels), np.int32))
    ((blocks, _),) = SPARSITIES["none"].blocks(anything, laid)  # the same whatever spikes
    passes, pass_cycles = served(calls, laid).size, calls.pass_cycles
    visits, count = blocks.shape
    ready = passes * layer.timesteps if laid.tick_batched else passes
    behind = np.diff(np.arange(count + 1) * ready // count)
    pairs = Counter(zip(behind[:-1].tolist(), blocks[0, 1:].tolist(), strict=True))
    late = [
        f"{visits * often}*({passed}*{pass_cycles} - {hidden})"
        for (passed, hidden), often in pairs.items()
        if passed * pass_cycles > hidden
    ]
    last = product(visits, int(behind[-1]), pass_cycles)
    replayed = 0 if laid.tick_batched else (layer.timesteps - visits) * passes * pass_cycles
    return plus(*late, last, str(replayed))
