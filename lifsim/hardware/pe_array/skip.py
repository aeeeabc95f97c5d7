"""Cycles of the array when zeros cost none: sparsity `skip`, for os and sata.

A fold is H consecutive output pixels (row-major over the map) by W filters. A PE row works through the ones of its own
pixel's receptive field, one a cycle; the fold ends with its slowest row:

    fold = max over its rows of ones(row) + H + W - 2

Every one of the ceil(Sc/W) filter folds sees the same ones. ones(row) comes from the spikes (a box filter over the
per-pixel channel sum). Accesses stay those of the dataflow (`accesses`). The analogue image that a first layer sees has
no zeros to skip but its padding.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lifsim.hardware.pe_array.dense import fold_plan, weight_load_cycles
from lifsim.hardware.pe_array.gemm import ArrayCycles, ArrayShape, Dataflow, Gemm, ceil_div


def skip_cycles(
    ones: NDArray[np.integer], gemm: Gemm, shape: ArrayShape, dataflow: Dataflow = "os", tick_batched: bool = True
) -> ArrayCycles:
    """Cycles of a layer whose receptive fields hold `ones` [runs, groups, pixels] ones.

    array: the slowest rows' ones; fill_drain: H + W - 2 a fold, even of a fold without ones. sata adds its weight load
    (unchanged), once tick-batched and in every run timestep-major. Raises ValueError where `ones` does not fit `gemm`
    or the dataflow cannot skip.
    """
    slowest = slowest_rows(ones, gemm, shape, dataflow)
    filter_folds = ceil_div(gemm.filters, shape.cols)
    folds = slowest.size * filter_folds
    drain = fold_plan("os", gemm, shape).fill_drain_cycles
    cycles = ArrayCycles(int(slowest.sum()) * filter_folds, folds * drain, folds)
    if dataflow == "sata":
        cycles += weight_load_cycles(gemm, shape) * (1 if tick_batched else len(ones))
    return cycles


def skip_blocks(
    ones: NDArray[np.integer], gemm: Gemm, shape: ArrayShape, dataflow: Dataflow = "os", tick_batched: bool = True
) -> NDArray[np.int64]:
    """[visits, blocks] int64: cycles of every fold in the order in which they run, as `dense.output_blocks`.

    Tick-batched: groups, filter folds, pixel folds, the runs of each back to back. Timestep-major: runs first.
    """
    plan = fold_plan("os", gemm, shape)
    folds = slowest_rows(ones, gemm, shape, dataflow) + plan.fill_drain_cycles
    runs, groups, pixel_folds = folds.shape
    filter_folds = ceil_div(gemm.filters, shape.cols)
    every = np.broadcast_to(folds[:, :, None, :], (runs, groups, filter_folds, pixel_folds))
    return np.moveaxis(every, 0, -1).reshape(1, -1) if tick_batched else every.reshape(runs, -1)


def effective_macs(ones: NDArray[np.integer], gemm: Gemm) -> int:
    """Multiply-accumulates whose input is a one: sum of ones [runs, groups, pixels] times the Sc filters of a group."""
    return int(np.sum(ones, dtype=np.int64)) * gemm.filters


def slowest_rows(ones: NDArray[np.integer], gemm: Gemm, shape: ArrayShape, dataflow: Dataflow) -> NDArray[np.int64]:
    """[runs, groups, ceil(Sr/H)] int64: the most ones of a row, per fold."""
    if dataflow not in ("os", "sata"):
        raise ValueError(f"skip must go with dataflow os or sata, not {dataflow}")
    if ones.ndim != 3 or ones.shape[1:] != (gemm.groups, gemm.pixels):
        raise ValueError(f"ones must be [runs, {gemm.groups}, {gemm.pixels}], is {list(ones.shape)}")
    if ones.size and not 0 <= ones.min() <= ones.max() <= gemm.reduction:
        raise ValueError(f"ones must lie in 0..{gemm.reduction}, the size of a receptive field")
    starts = np.arange(0, gemm.pixels, shape.rows)
    return np.maximum.reduceat(ones, starts, axis=2).astype(np.int64)
