"""A layer's cycles: folds through the array, LIF passes, waiting."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod

from lifsim.config.arch import Arch
from lifsim.config.network import Layer
from lifsim.hardware.lif_unit import lif_bank
from lifsim.hardware.pe_array import ArrayShape
from lifsim.hardware.pe_array.dense import fold_plan
from lifsim.report.explain.line import Line, plus, product, total
from lifsim.simulate.array_work import gemm_of, shape_of
from lifsim.simulate.books import Cycles

UNIT = "cycles"
STALLS = ("stall_weights", "stall_spikes", "stall_membrane", "stall_writeback")


def cycle_lines(
    layer: Layer, arch: Arch, channels: int, batch: int, cycles: Cycles, *, tick_batched: bool
) -> Iterator[Line]:
    """`cycles` of `layer` on `arch`, `channels` groups of them sharing LIF units."""
    gemm, H, W = gemm_of(layer), arch.array.rows, arch.array.cols
    plan = fold_plan(arch.array.dataflow, gemm, ArrayShape(H, W))
    rows, columns = _cut(layer, arch)
    count = f"{rows}*{columns}" + (f"*{gemm.groups}" if gemm.groups > 1 else "")
    yield Line("folds", count, plan.folds * gemm.groups, "", f"{arch.array.dataflow}: {_what(arch)}, per run")
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


def _cut(layer: Layer, arch: Arch) -> tuple[str, str]:
    """How often the array's rows and columns are filled, per group and run."""
    gemm, H, W = gemm_of(layer), arch.array.rows, arch.array.cols
    match arch.array.dataflow:
        case "os" | "sata":
            return f"ceil({gemm.pixels}/{H})", f"ceil({gemm.filters}/{W})"
        case "ws":
            return f"ceil({gemm.reduction}/{H})", f"ceil({gemm.filters}/{W})"
        case "is":
            return f"ceil({gemm.reduction}/{H})", f"ceil({gemm.pixels}/{W})"


def _what(arch: Arch) -> str:
    rows = "pixels" if arch.array.dataflow in ("os", "sata") else "products"
    columns = "pixels" if arch.array.dataflow == "is" else "filters"
    return f"{rows} over {arch.array.rows} rows, {columns} over {arch.array.cols} columns"


def _weight_folds(layer: Layer, arch: Arch) -> int:
    return fold_plan("ws", gemm_of(layer), shape_of(arch)).folds


def _streaming(layer: Layer, arch: Arch, batch: int, loads: int, value: int) -> Line:
    gemm = gemm_of(layer)
    plan = fold_plan(arch.array.dataflow, gemm, shape_of(arch))
    folds, runs = plan.folds * gemm.groups, layer.runs
    loading = loads * gemm.groups * (_weight_folds(layer, arch) - 1) * gemm.pixels
    loaded = product(loads, gemm.groups, _weight_folds(layer, arch) - 1, gemm.pixels)
    extra = loaded if arch.array.dataflow == "sata" and loading else ""
    if arch.array.sparsity == "skip":
        skipped = value - (loading if extra else 0)
        why = "the ones of each fold's slowest row" + (", then weights as ws loads them" if extra else "")
        return Line("array", plus(str(skipped), extra), value, UNIT, why)
    why = f"images x runs x folds x {'pixels' if arch.array.dataflow == 'ws' else 'operands'} of a fold"
    why += ", then images x weight folds x pixels to load weights" if extra else ""
    return Line("array", plus(product(batch, runs, folds, plan.stream_cycles), extra), value, UNIT, why)


def _filling(layer: Layer, arch: Arch, batch: int, loads: int, value: int) -> Line:
    gemm, H, W = gemm_of(layer), arch.array.rows, arch.array.cols
    folds = fold_plan(arch.array.dataflow, gemm, ArrayShape(H, W)).folds * gemm.groups
    match arch.array.dataflow:
        case "os" | "sata":
            expression = f"{product(batch, layer.runs, folds)}*({H}+{W}-2)"
            why = "per fold rows + cols - 2"
        case "ws":
            expression = f"{product(loads, folds)}*(2*{H}+{W}-2)"
            why = "per weight load 2 rows + cols - 2"
        case "is":
            expression = f"{product(batch, layer.runs, folds)}*(2*{H}+{W}-2)"
            why = "per fold 2 rows + cols - 2"
    if arch.array.dataflow == "sata":
        expression += f" + {product(loads, gemm.groups)}*({_weight_folds(layer, arch) - 1}*(2*{H}+{W}-2)+{H})"
        why += ", then as ws loads weights"
    return Line("fill_drain", expression, value, UNIT, why)


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
