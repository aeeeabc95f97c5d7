"""A layer's cycles: folds through the array, LIF passes, waiting."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from lifsim.config.arch import Arch
from lifsim.config.network import Layer
from lifsim.hardware.lif_unit import lif_bank, lif_passes
from lifsim.hardware.pe_array import ArrayShape
from lifsim.hardware.pe_array.dense import fold_plan, output_blocks
from lifsim.report.explain.line import Line, alike, plus, product, total
from lifsim.simulate.array_work import gemm_of, lif_map, shape_of
from lifsim.simulate.counts import LayerCounts

UNIT = "cycles"
STALLS = ("stall_weights", "stall_spikes", "stall_membrane", "stall_writeback")


def cycle_lines(
    layer: Layer, arch: Arch, channels: int, batch: int, counts: LayerCounts, *, tick_batched: bool
) -> Iterator[Line]:
    """The cycles of `layer` on `arch`, `channels` groups of them sharing LIF units."""
    cycles = counts.cycles
    gemm, H, W = gemm_of(layer), arch.array.rows, arch.array.cols
    plan = fold_plan(arch.array.dataflow, gemm, ArrayShape(H, W))
    rows, columns = _cut(layer, arch)
    count = f"{rows}*{columns}" + (f"*{gemm.groups}" if gemm.groups > 1 else "")
    yield Line("folds", count, plan.folds * gemm.groups, "", f"{arch.array.dataflow}: {_what(arch)}, per run")
    loads = batch * (1 if tick_batched else layer.runs)
    yield (
        _skipping(arch, counts)
        if arch.array.sparsity == "skip"
        else _streaming(layer, arch, batch, loads, cycles.array)
    )
    yield _filling(layer, arch, batch, loads, cycles.fill_drain)
    if layer.lif:
        yield _lif(layer, arch, channels, batch, cycles.lif, tick_batched=tick_batched)
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
    why = f"images x runs x folds x {'pixels' if arch.array.dataflow == 'ws' else 'operands'} of a fold"
    why += ", then images x weight folds x pixels to load weights" if extra else ""
    return Line("array", plus(product(batch, runs, folds, plan.stream_cycles), extra), value, UNIT, why)


def _skipping(arch: Arch, counts: LayerCounts) -> Line:
    """How many ones there are, the spikes say: run by run."""
    why = "the ones of each fold's slowest row, run by run"
    why += ", with weights loaded as ws loads them" if arch.array.dataflow == "sata" else ""
    return Line("array", alike(run.array_cycles for run in counts.timesteps), counts.cycles.array, UNIT, why)


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


def _lif(layer: Layer, arch: Arch, channels: int, batch: int, value: int, *, tick_batched: bool) -> Line:
    bank = lif_bank(arch.lif, arch.array.pes, channels)
    pixels, filters, groups = lif_map(layer)
    if arch.lif.overlapped and arch.array.sparsity == "skip":
        return Line("lif", str(value), value, UNIT, "LIF passes that stick out from under the spikes of the next fold")
    if arch.lif.overlapped:
        passes = lif_passes(pixels, filters, groups, shape_of(arch))
        exposed = _exposed(layer, arch, passes, bank.pass_cycles, tick_batched=tick_batched)
        why = "images x timesteps, passes that stick out from under the next block of folds, and what follows the last"
        return Line("lif", f"{batch}*({exposed})", value, UNIT, why)
    cut = f"ceil({pixels}/{arch.array.rows})*ceil({filters}/{arch.array.cols})"
    call = f"({arch.lif.latency_cycles}+{arch.lif.initiation_interval_cycles}*({bank.chain}-1))"
    expression = f"{product(batch, layer.timesteps, groups)}*{cut}*{call}"
    return Line("lif", expression, value, UNIT, f"images x timesteps x passes x {bank.chain} calls in a chain")


def _exposed(layer: Layer, arch: Arch, passes: int, pass_cycles: int, *, tick_batched: bool) -> str:
    """Cycles of an image: passes become ready evenly, block by block, and the next block hides what it can."""
    visits, count = output_blocks(arch.array.dataflow, gemm_of(layer), shape_of(arch), layer.runs, tick_batched).shape
    block = fold_plan(arch.array.dataflow, gemm_of(layer), shape_of(arch))
    hidden = block.reductions * block.fold_cycles
    if arch.array.dataflow == "ws" and tick_batched:
        hidden = block.reductions * (block.stream_cycles * layer.runs + block.fill_drain_cycles)
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
