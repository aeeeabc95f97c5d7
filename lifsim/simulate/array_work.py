"""The PE array's and the LIF units' share of one layer: cycles, operations and accesses, run by run."""

from __future__ import annotations

from dataclasses import astuple, dataclass
from functools import cached_property
from math import prod

import numpy as np
from numpy.typing import NDArray

from lifsim.config.arch import Arch
from lifsim.config.network import Layer
from lifsim.hardware.lif_unit import LifBank, lif_cycles, lif_passes
from lifsim.hardware.pe_array import (
    ArrayAccesses,
    ArrayCycles,
    ArrayShape,
    Gemm,
    buffer_accesses,
    dense_cycles,
    effective_macs,
    output_blocks,
    skip_blocks,
    skip_cycles,
)
from lifsim.simulate.spike_work import Ones


@dataclass(frozen=True)
class ArrayWork:
    """One layer on the array. cycles, accesses, macs_effective: per run, all images of the batch; what tick batching
    does once per layer is run 0's. lif_cycles: exposed, all timesteps and images."""

    cycles: tuple[ArrayCycles, ...]
    accesses: tuple[ArrayAccesses, ...]
    macs_effective: tuple[int, ...]
    lif_cycles: int

    @cached_property
    def all_accesses(self) -> ArrayAccesses:
        """Of all runs."""
        return ArrayAccesses(*(sum(column) for column in zip(*map(astuple, self.accesses), strict=True)))


def array_work(layer: Layer, arch: Arch, bank: LifBank, ones: Ones, *, tick_batched: bool) -> ArrayWork:
    """Work of `layer` on spikes that give `ones` [B, runs, groups, pixels]."""
    gemm, shape = gemm_of(layer), shape_of(arch)
    return ArrayWork(
        cycles=tuple(_run_cycles(run, gemm, shape, arch, ones, tick_batched=tick_batched) for run in range(layer.runs)),
        accesses=tuple(
            _run_accesses(run, gemm, shape, arch, batch=len(ones), tick_batched=tick_batched)
            for run in range(layer.runs)
        ),
        macs_effective=tuple(effective_macs(ones[:, run], gemm) for run in range(layer.runs)),
        lif_cycles=lif_waits(layer, arch, bank.pass_cycles, ones, tick_batched=tick_batched),
    )


def shape_of(arch: Arch) -> ArrayShape:
    """The array of `arch` as its cost model takes it."""
    return ArrayShape(arch.array.rows, arch.array.cols)


def gemm_of(layer: Layer) -> Gemm:
    """The layer as matrix products."""
    return Gemm(layer.pixels, layer.reduction, layer.group_filters, layer.groups)


def _run_cycles(run: int, gemm: Gemm, shape: ArrayShape, arch: Arch, ones: Ones, *, tick_batched: bool) -> ArrayCycles:
    """Cycles that run number `run` adds, all images."""
    dataflow, batch = arch.array.dataflow, len(ones)

    def dense(runs: int) -> ArrayCycles:
        return dense_cycles(dataflow, gemm, shape, runs, tick_batched) if runs else ArrayCycles(0, 0, 0)

    added = dense(run + 1) + dense(run) * -1
    if arch.array.sparsity != "skip":
        return added * batch
    streamed = dense_cycles("os", gemm, shape, 1, tick_batched)
    weight_loads = added + streamed * -1
    return skip_cycles(ones[:, run], gemm, shape) + weight_loads * batch


def _run_accesses(
    run: int, gemm: Gemm, shape: ArrayShape, arch: Arch, *, batch: int, tick_batched: bool
) -> ArrayAccesses:
    """Accesses that run number `run` adds, all images."""
    after = astuple(buffer_accesses(arch.array.dataflow, gemm, shape, run + 1, tick_batched))
    before = astuple(buffer_accesses(arch.array.dataflow, gemm, shape, run, tick_batched)) if run else (0,) * len(after)
    return ArrayAccesses(*((a - b) * batch for a, b in zip(after, before, strict=True)))


def lif_waits(layer: Layer, arch: Arch, pass_cycles: int | NDArray[np.int64], ones: Ones, *, tick_batched: bool) -> int:
    """Cycles in which the array waits for the LIF units of `layer`, whose passes take `pass_cycles`, the same or one
    by one."""
    if layer.lif is None:
        return 0
    gemm, shape = gemm_of(layer), shape_of(arch)
    passes = lif_passes(*lif_map(layer), shape)

    def waited(blocks: NDArray[np.int64]) -> int:
        return lif_cycles(pass_cycles, passes, layer.timesteps, blocks, tick_batched, arch.lif.overlapped)

    dataflow = arch.array.dataflow
    if arch.array.sparsity == "skip" and arch.lif.overlapped:
        return sum(waited(skip_blocks(image, gemm, shape, dataflow, tick_batched)) for image in ones)
    return waited(output_blocks(dataflow, gemm, shape, layer.runs, tick_batched)) * len(ones)


def lif_map(layer: Layer) -> tuple[int, int, int]:
    """(pixels, filters of a group, groups) of the map that the LIFs of `layer` see."""
    if layer.lif is None:
        raise ValueError(f"{layer.name} must have a LIF")
    channels, *pixels = layer.lif.output.shape
    groups = layer.groups if channels % layer.groups == 0 else 1
    return prod(pixels), channels // groups, groups
