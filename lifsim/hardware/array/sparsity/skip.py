"""Zeros cost no cycle. A fold is H consecutive output pixels (row-major over a tile of the map) by W filters. A PE
row works through the ones of its own pixel's receptive field, one per cycle; the fold ends with its slowest row:

    fold = max over its rows of ones(row) + H + W - 2

Every one of the ceil(Sc/W) filter folds sees the same ones. ones(row) comes from the spikes (a box filter over the
per-pixel channel sum). Accesses stay those of the dataflow. The analogue image that a first layer sees has no zeros to
skip but its padding.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from lifsim.hardware.array.cut import Chains
from lifsim.hardware.array.dataflow import Dataflow
from lifsim.hardware.array.laid import Laid
from lifsim.hardware.array.sparsity.protocol import SPARSITIES, Kept, Sparsity
from lifsim.hardware.gemm import ArrayCycles, ceil_div
from lifsim.hardware.input_reads import InputMap, Reads, require_scan, scanned_reads
from lifsim.hardware.sram_banks import Banks
from lifsim.hardware.sram_ports import Ports, PortStalls
from lifsim.trace.receptive import Ones


@SPARSITIES.register
class Skipping(Sparsity):
    """A row must see all its spikes, and the rows of a column share its weights: a fold moves what it moves without
    skipping, in less time. Rows do not go in step, so that no two share a word that they read."""

    name = "skip"
    title = "zeros cost no cycle: a fold lasts as long as its slowest row"
    gates = skips = True
    streams = "the ones of each fold's slowest row, round by round"

    def refusal(self, dataflow: Dataflow) -> str:
        """Only a PE row that holds its own pixel can skip."""
        return "" if dataflow.holds_pixels else f"'skip' must go with dataflow os, not {dataflow.name}"

    def require(self, read: InputMap) -> None:
        """Windows at the edges of the map are each of a kind of their own."""
        require_scan(read)

    def cycles(self, kept: Kept, laid: Laid) -> tuple[ArrayCycles, ...]:
        """array: the slowest rows' ones; fill_drain: H + W - 2 a fold, even of a fold without ones."""
        return tuple(self._folds(kept.ones[:, timestep], laid) for timestep in range(kept.rounds))

    def blocks(self, kept: Kept, laid: Laid) -> Iterator[tuple[NDArray[np.int64], int]]:
        """Every fold in the order in which they run. Tick-batched: groups, tiles, filter folds, pixel folds, the rounds
        of each back to back; where folds alternate, groups, tiles, pixel folds, rounds, and the filter folds that take
        turns. Timestep-major: rounds first."""
        drain = laid.dataflow.folds(laid.gemm, laid.shape).fill_drain_cycles
        chains, in_order = laid.tiling.chains, _in_order(laid)
        for image in kept.ones:
            folds = slowest_rows(image, laid) + drain
            if chains is not None and chains.alternating:
                yield np.concatenate(list(_in_turn(folds, laid, chains))).reshape(1, -1), 1
                continue
            every = folds[:, :, in_order]
            yield (np.moveaxis(every, 0, -1).reshape(1, -1) if laid.tick_batched else every.reshape(len(every), -1)), 1

    def waits(self, kept: Kept, laid: Laid, read: InputMap, ports: Ports) -> PortStalls:
        """Of every fold its slowest row or its slowest buffer."""
        inputs = 1 + _scanned(read, ports.spike_in, laid).waits
        waits = PortStalls()
        for image in kept.ones:
            waits += laid.row_waits(slowest_rows(image, laid), inputs, ports)
        return waits

    def input_words(self, kept: Kept, laid: Laid, read: InputMap, banks: Banks) -> int:
        """Every row its own receptive field."""
        words = _scanned(read, banks, laid).words
        return int(words.sum()) * sum(laid.column_folds) * kept.rounds * kept.images

    def _folds(self, ones: Ones, laid: Laid) -> ArrayCycles:
        slowest = slowest_rows(ones, laid)
        filter_folds = sum(laid.column_folds)
        folds = slowest.size * filter_folds
        drain = laid.dataflow.folds(laid.gemm, laid.shape).fill_drain_cycles
        return ArrayCycles(int(slowest.sum()) * filter_folds, folds * drain, folds)


def _scanned(read: InputMap, banks: Banks, laid: Laid) -> Reads:
    """Of each fold, whose first pixel is known."""
    order = laid.tiling.pixel_order(read.out_width)
    return scanned_reads(read, banks, laid.fold_ranges, None if order is None else tuple(order.tolist()))


def _in_order(laid: Laid) -> NDArray[np.int64]:
    """[folds of a group] number of the pixel fold that each works on, as they run."""
    first = np.cumsum([0, *map(len, laid.fold_starts)])
    numbers = [np.arange(begin, end) for begin, end in pairwise(first)]
    return np.concatenate(
        [np.tile(numbers[row], laid.column_folds[tile]) for row, tile in laid.tiling.order(laid.gemm)]
    )


def _in_turn(folds: NDArray[np.int64], laid: Laid, chains: Chains) -> Iterator[NDArray[np.int64]]:
    """Of folds [rounds, groups, folds of pixels] those that run one after the other, by tile and set of filter folds
    that take turns."""
    first, cols = np.cumsum([0, *map(len, laid.fold_starts)]), laid.shape.cols
    rows, filters = list(pairwise(first)), laid.tiling.filter_tiles(laid.gemm)
    apart = laid.gemm.groups // chains.groups
    for group in range(apart):
        for row, tile in laid.tiling.order(laid.gemm):
            begin, end = rows[row]
            turn = folds[:, group::apart, begin:end].transpose(2, 0, 1)  # pixel folds, rounds, groups
            wide = chains.in_turn(cols) or filters[tile]
            for start in range(0, filters[tile], wide):
                width = ceil_div(min(wide, filters[tile] - start), cols)
                yield np.repeat(turn, width, axis=2).ravel()


def slowest_rows(ones: NDArray[np.integer], laid: Laid) -> NDArray[np.int64]:
    """[n, groups, folds of pixels] int64: the most ones of a row, per fold, of `ones` [n, groups, pixels]. No fold has
    rows of two tiles. Raises ValueError if they do not fit the product."""
    gemm = laid.gemm
    if ones.ndim != 3 or ones.shape[1:] != (gemm.groups, gemm.pixels):
        raise ValueError(f"ones must be [rounds, {gemm.groups}, {gemm.pixels}], is {list(ones.shape)}")
    if ones.size and not 0 <= ones.min() <= ones.max() <= gemm.reduction:
        raise ValueError(f"ones must lie in 0..{gemm.reduction}, the size of a receptive field")
    return np.maximum.reduceat(ones, np.concatenate(laid.fold_starts), axis=2).astype(np.int64)
