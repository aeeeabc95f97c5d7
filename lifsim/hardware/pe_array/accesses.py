"""Elements that the array moves from and to its buffers.

Per run and group, with Sr, K, Sc of `Gemm` and an H x W array:

    os : inputs Sr*K*ceil(Sc/W)   weights K*Sc*ceil(Sr/H)   outputs Sr*Sc
    ws : inputs Sr*K*ceil(Sc/W)   weights K*Sc              outputs Sr*Sc*ceil(K/H) (psums)
    is : inputs Sr*K              weights K*Sc*ceil(Sr/W)   outputs Sr*Sc*ceil(K/H) (psums)
    sata: inputs and outputs as os, weights as ws

Source: SCALE-Sim v3, whose SRAM reads and writes these are (its os output writes also count the skew of its demand
matrices; Sr*Sc is the true count), and SATA_Sim (Yin et al., IEEE TCAD 2022).

Sparsity does not change them: `gate` fetches what it then gates off, and under `skip` a row needs its spikes to know
which of them to skip, and its neighbours need the weights that it skips.
"""

from __future__ import annotations

from dataclasses import dataclass

from lifsim.hardware.pe_array.gemm import ArrayShape, Dataflow, Gemm, ceil_div


@dataclass(frozen=True)
class ArrayAccesses:
    """Elements at the array's ports, of all runs.

    inputs, weights: read. outputs: that leave the array: finished ones under os and sata, which sum inside the PE;
    psums under ws and is. psum_writes, psum_reads: of the psum buffer: under ws and is every psum is written, and read
    back for the next of the ceil(K/H) folds that add up to it; none under os and sata.
    """

    inputs: int
    weights: int
    outputs: int
    psum_reads: int
    psum_writes: int


def buffer_accesses(dataflow: Dataflow, gemm: Gemm, shape: ArrayShape, runs: int, tick_batched: bool) -> ArrayAccesses:
    """Accesses of a layer over its `runs`. Tick-batched ws and sata load weights once; the rest repeats every run."""
    inputs, weights = _operands(dataflow, gemm, shape)
    weight_loads = 1 if tick_batched and dataflow in ("ws", "sata") else runs
    finished = gemm.pixels * gemm.filters * gemm.groups * runs
    partial = finished * ceil_div(gemm.reduction, shape.rows) if dataflow in ("ws", "is") else 0
    return ArrayAccesses(
        inputs=inputs * gemm.groups * runs,
        weights=weights * gemm.groups * weight_loads,
        outputs=partial or finished,
        psum_reads=partial - finished if partial else 0,
        psum_writes=partial,
    )


def _operands(dataflow: Dataflow, gemm: Gemm, shape: ArrayShape) -> tuple[int, int]:
    """Inputs and weights that one group reads in one run."""
    inputs, weights = gemm.pixels * gemm.reduction, gemm.reduction * gemm.filters
    per_filter_fold = inputs * ceil_div(gemm.filters, shape.cols)
    match dataflow:
        case "os":
            return per_filter_fold, weights * ceil_div(gemm.pixels, shape.rows)
        case "ws" | "sata":
            return per_filter_fold, weights
        case "is":
            return inputs, weights * ceil_div(gemm.pixels, shape.cols)
