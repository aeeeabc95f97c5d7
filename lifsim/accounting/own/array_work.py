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
    """One layer on the array. cycles, accesses, macs_effective: per round, all images of the batch; what tick batching
    does once per layer is the first one's. lif_cycles: exposed, all timesteps and images."""

    cycles: tuple[ArrayCycles, ...]
    accesses: tuple[ArrayAccesses, ...]
    macs_effective: tuple[int, ...]
    lif_cycles: int

    @cached_property
    def all_accesses(self) -> ArrayAccesses:
        """Of all rounds."""
        return ArrayAccesses(*(sum(column) for column in zip(*(one.counts for one in self.accesses), strict=True)))


@dataclass(frozen=True)
class LifCalls:
    """The LIF calls behind a layer: those of a map of so many `rows`, at every one of `timesteps`, in passes that take
    `pass_cycles`. overlapped: whether the array works on meanwhile."""

    rows: int
    pixels: int
    filters: int
    groups: int
    timesteps: int
    pass_cycles: int
    overlapped: bool


def lif_calls(layer: Layer, pass_cycles: int, *, overlapped: bool) -> LifCalls | None:
    """Those of `layer`; None where it has no LIFs."""
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
    """Work of the product `laid` on spikes of which `sparsity` has `kept` what it must know, and of the LIFs behind."""
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
    """Cycles in which the array waits for LIF units whose passes take `pass_cycles`, the same or one by one."""
    passes = served(lifs, laid).size

    def waited(blocks: NDArray[np.int64]) -> int:
        return lif_cycles(pass_cycles, passes, lifs.timesteps, blocks, laid.tick_batched, lifs.overlapped)

    if not lifs.overlapped:  # what the array does meanwhile hides nothing
        return waited(np.zeros((1, 1), np.int64)) * kept.images
    total = 0
    for blocks, images in sparsity.blocks(kept, laid):
        total += waited(blocks) * images
    return total


def lif_tiles(lifs: LifCalls, laid: Laid) -> tuple[list[int], list[int]]:
    """(pixels by row tile, filters by filter tile) of the map that the LIFs see. Behind a pool a tile has the rows that
    its own rows complete; a tile of parts of rows has its own pixels."""
    gemm, cut = laid.gemm, laid.tiling
    together = lifs.pixels if cut.pieces else lifs.rows
    units = np.diff([together * start // gemm.pixels for start in (*cut.starts, gemm.pixels)])
    edges = [*range(0, gemm.filters, cut.filters), gemm.filters]
    filters = np.diff([lifs.filters * edge // gemm.filters for edge in edges])
    return (lifs.pixels // together * units).tolist(), filters.tolist()


def served(lifs: LifCalls, laid: Laid) -> NDArray[np.int64]:
    """[passes of a timestep] outputs that each serves, group by group, tile by tile: no pass serves two tiles."""
    pixels, filters = lif_tiles(lifs, laid)
    sizes = [(pixels[row], filters[tile]) for row, tile in laid.tiling.order(laid.gemm)]
    holds = ArrayShape(laid.shape.rows, laid.shape.filter_cols(laid.gemm.chain))
    of_tile = {size: pass_outputs(*size, 1, holds) for size in set(sizes)}
    return np.tile(np.concatenate([of_tile[size] for size in sizes]), lifs.groups)
