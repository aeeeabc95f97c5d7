"""The PE array's and the LIF units' share of one layer: cycles, operations and accesses, round by round."""

from __future__ import annotations

from functools import cached_property
from math import prod

import numpy as np
from numpy.typing import NDArray

from lifsim.hardware.array import ArrayAccesses, ArrayCycles, ArrayShape, Kept, Laid, Sparsity
from lifsim.hardware.lif_unit import lif_cycles, pass_outputs
from lifsim.lazy_dataclass import dataclass
from lifsim.model.network import Layer
from lifsim.schedule.tensors.storage import rows_of


@dataclass(frozen=True)
class ArrayWork:
    """The work of one layer on the array. cycles, accesses, macs_effective: [rounds], all images of the batch; what
    tick batching does once per layer is counted in the first round. lif_cycles: exposed cycles of the LIF units, all
    timesteps and images."""

    cycles: tuple[ArrayCycles, ...]
    accesses: tuple[ArrayAccesses, ...]
    macs_effective: tuple[int, ...]
    lif_cycles: int

    @cached_property
    def all_accesses(self) -> ArrayAccesses:
        """The sum over all rounds."""
        return ArrayAccesses(*(sum(column) for column in zip(*(one.counts for one in self.accesses), strict=True)))


@dataclass(frozen=True)
class LifCalls:
    """The LIF calls behind a layer, at every one of `timesteps`, on a map of `rows`, in passes of `pass_cycles`.
    overlapped: whether the array works meanwhile."""

    rows: int
    pixels: int
    filters: int
    groups: int
    timesteps: int
    pass_cycles: int
    overlapped: bool


def lif_calls(layer: Layer, pass_cycles: int, *, overlapped: bool) -> LifCalls | None:
    """The calls behind `layer`; None if it has no LIF."""
    if layer.lif is None:
        return None
    rows = rows_of(layer.lif.output.shape)
    return LifCalls(rows, *lif_map(layer), layer.timesteps, pass_cycles, overlapped)


def lif_map(layer: Layer) -> tuple[int, int, int]:
    """(pixels, filters of a group, groups) of the map that the LIFs of `layer` see."""
    if layer.lif is None:
        raise ValueError(f"{layer.name} must have a LIF")
    channels, *pixels = layer.lif.output.shape
    groups = layer.groups if channels % layer.groups == 0 else 1
    return prod(pixels), channels // groups, groups


def array_work(laid: Laid, sparsity: Sparsity, kept: Kept, lifs: LifCalls | None) -> ArrayWork:
    """The work of the product `laid` on spikes, given by what `sparsity` has `kept` of them, and of the LIFs behind
    it."""
    accesses, before = [], ArrayAccesses(0, 0, 0, 0, 0).counts
    for rounds in range(1, kept.rounds + 1):
        after = laid.accesses(rounds).counts
        accesses.append(ArrayAccesses(*((a - b) * kept.images for a, b in zip(after, before, strict=True))))
        before = after
    return ArrayWork(
        cycles=sparsity.cycles(kept, laid),
        accesses=tuple(accesses),
        macs_effective=tuple(kept.effective_macs(timestep, laid.gemm) for timestep in range(kept.rounds)),
        lif_cycles=lif_waits(lifs, lifs.pass_cycles, laid, sparsity, kept) if lifs else 0,
    )


def lif_waits(lifs: LifCalls, pass_cycles: int | NDArray[np.int64], laid: Laid, sparsity: Sparsity, kept: Kept) -> int:
    """Cycles in which the array waits for LIF units. pass_cycles: of every pass, or [passes] of each."""
    passes = served(lifs, laid).size

    def waited(blocks: NDArray[np.int64]) -> int:
        return lif_cycles(
            pass_cycles, passes, lifs.timesteps, blocks, tick_batched=laid.tick_batched, overlapped=lifs.overlapped
        )

    if not lifs.overlapped:  # the array hides none of their cycles
        return waited(np.zeros((1, 1), np.int64)) * kept.images
    total = 0
    for blocks, images in sparsity.blocks(kept, laid):
        total += waited(blocks) * images
    return total


def lif_tiles(lifs: LifCalls, laid: Laid) -> tuple[list[int], list[int]]:
    """(pixels by row tile, filters by filter tile) of the map that the LIFs see. Behind a pool, a tile has the pooled
    rows that its own rows complete; a tile of parts of rows has its own pixels."""
    gemm, cut = laid.gemm, laid.tiling
    together = lifs.pixels if cut.pieces else lifs.rows
    units = np.diff([together * start // gemm.pixels for start in (*cut.starts, gemm.pixels)])
    edges = [*range(0, gemm.filters, cut.filters), gemm.filters]
    filters = np.diff([lifs.filters * edge // gemm.filters for edge in edges])
    return (lifs.pixels // together * units).tolist(), filters.tolist()


def served(lifs: LifCalls, laid: Laid) -> NDArray[np.int64]:
    """[passes of a timestep] outputs that each pass serves, group by group, tile by tile: no pass serves two tiles."""
    pixels, filters = lif_tiles(lifs, laid)
    sizes = [(pixels[row], filters[tile]) for row, tile in laid.tiling.order(laid.gemm)]
    holds = ArrayShape(laid.shape.rows, laid.shape.filter_cols(laid.gemm.chain))
    of_tile = {size: pass_outputs(*size, 1, holds) for size in set(sizes)}
    return np.tile(np.concatenate([of_tile[size] for size in sizes]), lifs.groups)
