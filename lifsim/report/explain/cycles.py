"""A layer's cycles: folds through the array, LIF passes, waiting."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod

from lifsim.config.arch import Arch
from lifsim.config.network import Layer
from lifsim.hardware.array import DATAFLOWS, ArrayShape, Dataflow
from lifsim.hardware.lif_unit import lif_bank
from lifsim.report.explain.line import Line, plus, product, total
from lifsim.schedule.products import gemm_of
from lifsim.simulate.array_work import shape_of
from lifsim.simulate.books import Cycles

UNIT = "cycles"
STALLS = ("stall_weights", "stall_spikes", "stall_membrane", "stall_writeback")


def cycle_lines(
    layer: Layer, arch: Arch, channels: int, batch: int, cycles: Cycles, *, tick_batched: bool
) -> Iterator[Line]:
    """`cycles` of `layer` on `arch`, `channels` groups of them sharing LIF units."""
    dataflow, shape = DATAFLOWS[arch.array.dataflow], shape_of(arch)
    gemm = gemm_of(layer)
    folds = dataflow.folds(gemm, shape)
    count = dataflow.words(gemm, shape).count + (f"*{gemm.groups}" if gemm.groups > 1 else "")
    yield Line("folds", count, folds.count * gemm.groups, "", _what(dataflow, shape))
    loads = batch * (1 if tick_batched else layer.runs)
    yield _streaming(layer, arch, batch, loads, cycles.array)
    yield _filling(layer, arch, batch, loads, cycles.fill_drain)
    if layer.lif:
        yield _lif(layer, arch, channels, batch, cycles.lif)
    waited = [getattr(cycles, name) for name in STALLS]
    if sum(waited):
        yield total("stalls", waited, UNIT, "waiting for weights, spikes, membranes, and to write back")
    parts = [cycles.array, cycles.fill_drain, cycles.lif, sum(waited)]
    yield total("cycles", [part for part in parts if part] or [0], UNIT, "all of the above")


def _what(dataflow: Dataflow, shape: ArrayShape) -> str:
    return (
        f"{dataflow.name}: {dataflow.rows} over {shape.rows} rows, {dataflow.cols} over {shape.cols} columns, per run"
    )


def _streaming(layer: Layer, arch: Arch, batch: int, loads: int, value: int) -> Line:
    gemm, dataflow = gemm_of(layer), DATAFLOWS[arch.array.dataflow]
    folds = dataflow.folds(gemm, shape_of(arch))
    loading = loads * dataflow.loads(gemm, shape_of(arch)).array
    extra = str(loading) if loading else ""
    if arch.array.sparsity == "skip":
        why = "the ones of each fold's slowest row" + (", then weights as ws loads them" if extra else "")
        return Line("array", plus(str(value - loading), extra), value, UNIT, why)
    why = f"images x runs x folds x {dataflow.streamed} of a fold"
    why += ", then images x weight folds x pixels to load weights" if extra else ""
    streamed = product(batch, layer.runs, folds.count * gemm.groups, folds.stream_cycles)
    return Line("array", plus(streamed, extra), value, UNIT, why)


def _filling(layer: Layer, arch: Arch, batch: int, loads: int, value: int) -> Line:
    gemm, dataflow, shape = gemm_of(layer), DATAFLOWS[arch.array.dataflow], shape_of(arch)
    folds = dataflow.folds(gemm, shape).count * gemm.groups
    words = dataflow.words(gemm, shape)
    times = product(loads, folds) if dataflow.joins_runs else product(batch, layer.runs, folds)
    why = f"per {'weight load' if dataflow.joins_runs else 'fold'} {words.why}"
    loading = loads * dataflow.loads(gemm, shape).fill_drain
    expression = f"{times}*{words.fill_drain}" + (f" + {loading}" if loading else "")
    return Line("fill_drain", expression, value, UNIT, why + (", then as ws loads weights" if loading else ""))


def _lif(layer: Layer, arch: Arch, channels: int, batch: int, value: int) -> Line:
    if layer.lif is None:
        raise ValueError(f"{layer.name} must have a LIF")
    if arch.lif.overlapped:
        return Line("lif", str(value), value, UNIT, "LIF passes that stick out from under the next fold")
    bank = lif_bank(arch.lif, arch.array.pes, channels)
    filters, *pixels = layer.lif.output.shape
    groups = layer.groups if filters % layer.groups == 0 else 1
    count = prod(pixels)
    cut = f"ceil({count}/{arch.array.rows})*ceil({filters // groups}/{arch.array.cols})"
    call = f"({arch.lif.latency_cycles}+{arch.lif.initiation_interval_cycles}*({bank.chain}-1))"
    expression = f"{product(batch, layer.timesteps, groups)}*{cut}*{call}"
    return Line("lif", expression, value, UNIT, f"images x timesteps x passes x {bank.chain} calls in a chain")
