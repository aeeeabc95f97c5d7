"""Cycles of the array when every operand takes its cycle: sparsity `none` and `gate`.

A layer is cut into folds that fill the H x W array; a fold streams its operands through the array, skewed by one cycle
per row and column. With Sr, K, Sc of `Gemm`:

    dataflow   stationary       cycles of a fold       folds per group
    os         outputs          K  +  H + W - 2        ceil(Sr/H) * ceil(Sc/W)
    ws         weights          Sr + 2H + W - 2        ceil(K/H)  * ceil(Sc/W)
    is         inputs           Sc + 2H + W - 2        ceil(K/H)  * ceil(Sr/W)

(ws and is first take H cycles to load what stays). A fold takes its full time however little of the array it fills.
These are the figures of SCALE-Sim v3 (Raj et al., ISPASS 2025; Samajdar et al., ISPASS 2020), which prints the index
of the last cycle, one less than the count.

`sata` is the composition of SATA_Sim (Yin et al., "SATA: Sparsity-aware training accelerator for spiking neural
networks", IEEE TCAD 2022): the os cycles of every run and, once per visit of the layer, the cycles that a ws array
takes until its last weights are loaded.

`gate` burns operation energy only where a spike is one, and takes the cycles given here.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lifsim.hardware.pe_array.gemm import ArrayCycles, ArrayShape, Dataflow, Gemm, ceil_div


@dataclass(frozen=True)
class FoldPlan:
    """How one group's GEMM is cut.

    reductions: folds that add up to the same outputs, ceil(K/H) where psums leave the array, else 1. outputs: sets of
    outputs, each finished by its last reduction fold. stream_cycles, fill_drain_cycles: of one fold and run.
    """

    reductions: int
    outputs: int
    stream_cycles: int
    fill_drain_cycles: int

    @property
    def folds(self) -> int:
        """Folds of one group and run."""
        return self.reductions * self.outputs

    @property
    def fold_cycles(self) -> int:
        """Cycles of one fold and run."""
        return self.stream_cycles + self.fill_drain_cycles


def fold_plan(dataflow: Dataflow, gemm: Gemm, shape: ArrayShape) -> FoldPlan:
    """The folds of one group and run (`sata`: of its os part)."""
    H, W = shape.rows, shape.cols
    Sr, K, Sc = gemm.pixels, gemm.reduction, gemm.filters
    match dataflow:
        case "os" | "sata":
            return FoldPlan(1, ceil_div(Sr, H) * ceil_div(Sc, W), K, H + W - 2)
        case "ws":
            return FoldPlan(ceil_div(K, H), ceil_div(Sc, W), Sr, 2 * H + W - 2)
        case "is":
            return FoldPlan(ceil_div(K, H), ceil_div(Sr, W), Sc, 2 * H + W - 2)


def dense_cycles(dataflow: Dataflow, gemm: Gemm, shape: ArrayShape, runs: int, tick_batched: bool) -> ArrayCycles:
    """Cycles of a layer over its `runs` (timesteps that the array computes; images multiply them).

    os and is repeat every fold in every run. Tick-batched, ws streams the runs*Sr rows of all runs through one weight
    load (a fold is runs*Sr + 2H + W - 2) and sata loads weights once. Timestep-major, other layers use the array
    between two runs, so the layer is visited `runs` times and everything repeats.
    """
    if not tick_batched:
        return dense_cycles(dataflow, gemm, shape, 1, tick_batched=True) * runs
    plan = fold_plan(dataflow, gemm, shape)
    folds = plan.folds * gemm.groups
    if dataflow == "ws":
        return ArrayCycles(folds * plan.stream_cycles * runs, folds * plan.fill_drain_cycles, folds)
    cycles = ArrayCycles(folds * plan.stream_cycles, folds * plan.fill_drain_cycles, folds) * runs
    return cycles + weight_load_cycles(gemm, shape) if dataflow == "sata" else cycles


def weight_load_cycles(gemm: Gemm, shape: ArrayShape) -> ArrayCycles:
    """What sata adds to os: cycles of one run of a ws array up to the last weight row that it loads, per group

        (folds_ws - 1) * (Sr + 2H + W - 2) + H

    SATA_Sim prints one less (`SRAM Filter Cycles`, an index). Counted as no fold: it is time, not passes.
    """
    plan = fold_plan("ws", gemm, shape)
    whole = plan.folds - 1
    once = ArrayCycles(whole * plan.stream_cycles, whole * plan.fill_drain_cycles + shape.rows, 0)
    return once * gemm.groups


def output_blocks(
    dataflow: Dataflow, gemm: Gemm, shape: ArrayShape, runs: int, tick_batched: bool
) -> NDArray[np.int64]:
    """[visits, blocks] int64, read-only: the layer's work cut where a set of outputs is finished, in cycles per block.

    os, sata: a block is a fold of one run; ws, is: the ceil(K/H) folds that add up to the same outputs (of all runs,
    in tick-batched ws). visits: how often the layer gets the array: once tick-batched, `runs` times timestep-major.
    The weight load of sata is not part of a block. LIF passes hide under blocks (`lif_unit.lif_cycles`).
    """
    plan = fold_plan(dataflow, gemm, shape)
    blocks = plan.outputs * gemm.groups
    if dataflow == "ws" and tick_batched:
        cycles = plan.reductions * (plan.stream_cycles * runs + plan.fill_drain_cycles)
        return np.broadcast_to(np.int64(cycles), (1, blocks))
    visits = (1, blocks * runs) if tick_batched else (runs, blocks)
    return np.broadcast_to(np.int64(plan.reductions * plan.fold_cycles), visits)
