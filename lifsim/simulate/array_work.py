"""The PE array's and the LIF units' share of one layer: cycles, operations and accesses, run by run."""

from __future__ import annotations

from dataclasses import astuple, dataclass
from functools import cached_property
from math import prod

import numpy as np
from numpy.typing import NDArray

from lifsim.config.arch import Arch
from lifsim.config.network import Layer
from lifsim.hardware.array import (
    DATAFLOWS,
    SPARSITIES,
    ArrayAccesses,
    ArrayCycles,
    ArrayShape,
    Kept,
    Laid,
    Sparsity,
    buffer_accesses,
)
from lifsim.hardware.lif_unit import LifBank, lif_cycles, lif_passes
from lifsim.schedule.products import gemm_of


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


def array_work(layer: Layer, arch: Arch, bank: LifBank, kept: Kept, *, tick_batched: bool) -> ArrayWork:
    """Work of `layer` on spikes of which the sparsity has `kept` what it must know."""
    laid = laid_on(layer, arch, tick_batched=tick_batched)
    return ArrayWork(
        cycles=sparsity_of(arch).cycles(kept, laid),
        accesses=tuple(_run_accesses(run, laid, batch=kept.images) for run in range(layer.runs)),
        macs_effective=tuple(kept.effective_macs(run, laid.gemm) for run in range(layer.runs)),
        lif_cycles=lif_waits(layer, arch, bank.pass_cycles, kept, tick_batched=tick_batched),
    )


def shape_of(arch: Arch) -> ArrayShape:
    """The array of `arch` as its cost model takes it."""
    return ArrayShape(arch.array.rows, arch.array.cols)


def laid_on(layer: Layer, arch: Arch, *, tick_batched: bool) -> Laid:
    """The layer's product on the array of `arch`."""
    return Laid(gemm_of(layer), shape_of(arch), DATAFLOWS[arch.array.dataflow], tick_batched)


def sparsity_of(arch: Arch) -> Sparsity:
    """What a spike of zero saves on `arch`."""
    return SPARSITIES[arch.array.sparsity]


def _run_accesses(run: int, laid: Laid, *, batch: int) -> ArrayAccesses:
    """Accesses that run number `run` adds, all images."""
    after = astuple(buffer_accesses(laid.dataflow, laid.gemm, laid.shape, run + 1, laid.tick_batched))
    before = astuple(buffer_accesses(laid.dataflow, laid.gemm, laid.shape, run, laid.tick_batched)) if run else (0,) * 5
    return ArrayAccesses(*((a - b) * batch for a, b in zip(after, before, strict=True)))


def lif_waits(layer: Layer, arch: Arch, pass_cycles: int | NDArray[np.int64], kept: Kept, *, tick_batched: bool) -> int:
    """Cycles in which the array waits for the LIF units of `layer`, whose passes take `pass_cycles`, the same or one
    by one."""
    if layer.lif is None:
        return 0
    passes = lif_passes(*lif_map(layer), shape_of(arch))

    def waited(blocks: NDArray[np.int64]) -> int:
        return lif_cycles(pass_cycles, passes, layer.timesteps, blocks, tick_batched, arch.lif.overlapped)

    laid = laid_on(layer, arch, tick_batched=tick_batched)
    if not arch.lif.overlapped:  # what the array does meanwhile hides nothing
        return waited(np.zeros((1, 1), np.int64)) * kept.images
    return sum(waited(blocks) * images for blocks, images in sparsity_of(arch).blocks(kept, laid))


def lif_map(layer: Layer) -> tuple[int, int, int]:
    """(pixels, filters of a group, groups) of the map that the LIFs of `layer` see."""
    if layer.lif is None:
        raise ValueError(f"{layer.name} must have a LIF")
    channels, *pixels = layer.lif.output.shape
    groups = layer.groups if channels % layer.groups == 0 else 1
    return prod(pixels), channels // groups, groups
