"""A layer's cycles: folds through the array, LIF passes, waiting."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from lifsim.accounting.counts import LayerCounts
from lifsim.accounting.own.array_work import lif_map
from lifsim.hardware.array import DATAFLOWS, SPARSITIES, ArrayShape, Dataflow, output_blocks, shape_of
from lifsim.hardware.lif_unit import lif_bank, lif_passes
from lifsim.model.arch import Arch
from lifsim.model.network import Layer
from lifsim.report.explain.line import Line, alike, plus, product, total
from lifsim.schedule.products import dataflow_for, gemm_of, laid_out
from lifsim.simulate.bound import STALLS
from lifsim.units import counted

UNIT = "cycles"


def cycle_lines(
    layer: Layer, arch: Arch, channels: int, batch: int, counts: LayerCounts, *, tick_batched: bool
) -> Iterator[Line]:
    """The cycles of `layer` on `arch`, whose LIF units `channels` channel groups share."""
    cycles = counts.cycles
    dataflow, shape = dataflow_for(layer, DATAFLOWS[arch.array.dataflow]), shape_of(arch.array)
    gemm = gemm_of(layer)
    folds = dataflow.folds(gemm, shape)
    count = dataflow.words(gemm, shape).count + (f"*{gemm.groups}" if gemm.groups > 1 else "")
    yield Line("folds", count, folds.count * gemm.groups, "", _what(dataflow, shape))
    loads = batch * (1 if tick_batched else layer.rounds)
    skips = SPARSITIES[arch.array.sparsity].skips
    yield _skipping(arch, counts) if skips else _streaming(layer, arch, batch, cycles.array)
    yield _filling(layer, arch, batch, loads, cycles.fill_drain)
    if layer.lif:
        yield _lif(layer, arch, channels, batch, cycles.lif, tick_batched=tick_batched)
    waited = [getattr(cycles, name) for name in STALLS.values()]
    if sum(waited):
        yield total("stalls", waited, UNIT, "waiting for weights, spikes, membranes, and to write back")
    parts = [cycles.array, cycles.fill_drain, cycles.lif, sum(waited)]
    yield total("cycles", [part for part in parts if part] or [0], UNIT, "all of the above")


def _what(dataflow: Dataflow, shape: ArrayShape) -> str:
    return (
        f"{dataflow.name}: {dataflow.rows} over {shape.rows} rows, {dataflow.cols} over {shape.cols} columns, per round"
    )


def _streaming(layer: Layer, arch: Arch, batch: int, value: int) -> Line:
    gemm, dataflow = gemm_of(layer), dataflow_for(layer, DATAFLOWS[arch.array.dataflow])
    folds = dataflow.folds(gemm, shape_of(arch.array))
    why = f"images x rounds x folds x {dataflow.streamed} of a fold"
    streamed = product(batch, layer.rounds, folds.count * gemm.groups, folds.stream_cycles)
    return Line("array", streamed, value, UNIT, why)


def _skipping(arch: Arch, counts: LayerCounts) -> Line:
    """How many ones there are, the spikes say: round by round."""
    why = SPARSITIES[arch.array.sparsity].streams
    return Line("array", alike(done.array_cycles for done in counts.timesteps), counts.cycles.array, UNIT, why)


def _filling(layer: Layer, arch: Arch, batch: int, loads: int, value: int) -> Line:
    shape = shape_of(arch.array)
    laid = laid_out(layer, shape, DATAFLOWS[arch.array.dataflow], tick_batched=loads == batch)
    gemm, dataflow, own = laid.gemm, laid.dataflow, SPARSITIES[arch.array.sparsity].fills(laid)
    loads = batch * layer.rounds if laid.per_round else loads
    if own is not None:
        return Line("fill_drain", f"{loads}*{own.fill_drain}", value, UNIT, own.why)
    folds = dataflow.folds(gemm, shape).count * gemm.groups
    words = dataflow.words(gemm, shape)
    times = product(loads, folds) if dataflow.joins_rounds else product(batch, layer.rounds, folds)
    why = f"per {'weight load' if dataflow.joins_rounds else 'fold'} {words.why}"
    return Line("fill_drain", f"{times}*{words.fill_drain}", value, UNIT, why)


def _lif(layer: Layer, arch: Arch, channels: int, batch: int, value: int, *, tick_batched: bool) -> Line:
    bank = lif_bank(arch.lif, arch.array.pes, channels)
    pixels, filters, groups = lif_map(layer)
    if arch.lif.overlapped and SPARSITIES[arch.array.sparsity].skips:
        return Line("lif", str(value), value, UNIT, "LIF passes that stick out from under the spikes of the next fold")
    if arch.lif.overlapped:
        passes = lif_passes(pixels, filters, groups, shape_of(arch.array))
        exposed = _exposed(layer, arch, passes, bank.pass_cycles, tick_batched=tick_batched)
        why = "images x timesteps, passes that stick out from under the next block of folds, and what follows the last"
        return Line("lif", f"{batch}*({exposed})", value, UNIT, why)
    cut = f"ceil({pixels}/{arch.array.rows})*ceil({filters}/{arch.array.cols})"
    call = f"({arch.lif.latency_cycles}+{arch.lif.initiation_interval_cycles}*({bank.chain}-1))"
    expression = f"{product(batch, layer.timesteps, groups)}*{cut}*{call}"
    return Line(
        "lif", expression, value, UNIT, f"images x timesteps x passes x {counted(bank.chain, 'call')} in a chain"
    )


def _exposed(layer: Layer, arch: Arch, passes: int, pass_cycles: int, *, tick_batched: bool) -> str:
    """Cycles of an image: passes become ready evenly, block by block, and the next block hides what it can."""
    dataflow = dataflow_for(layer, DATAFLOWS[arch.array.dataflow])
    visits, count = output_blocks(dataflow, gemm_of(layer), shape_of(arch.array), layer.rounds, tick_batched).shape
    block = dataflow.folds(gemm_of(layer), shape_of(arch.array))
    hidden = block.reductions * block.cycles
    if dataflow.joins_rounds and tick_batched:
        hidden = block.reductions * (block.stream_cycles * layer.rounds + block.fill_drain_cycles)
    ready = passes * layer.timesteps if tick_batched else passes
    served = Counter((b + 1) * ready // count - b * ready // count for b in range(count - 1))
    late = [
        f"{visits * blocks}*({served_passes}*{pass_cycles} - {hidden})"
        for served_passes, blocks in served.items()
        if served_passes * pass_cycles > hidden
    ]
    last = product(visits, ready - (count - 1) * ready // count, pass_cycles)
    replayed = 0 if tick_batched else (layer.timesteps - visits) * passes * pass_cycles
    return plus(*late, last, str(replayed))
