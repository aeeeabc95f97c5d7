"""Zeros cost no cycle. A fold is H consecutive output pixels (row-major over a tile of the map) by W filters. A PE
row works through the ones of its own pixel's receptive field, one a cycle; the fold ends with its slowest row:

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

from lifsim.hardware.array.dataflow import Dataflow
from lifsim.hardware.array.laid import Laid
from lifsim.hardware.array.sparsity.protocol import SPARSITIES, Kept, Ones, Sparsity
from lifsim.hardware.gemm import ArrayCycles
from lifsim.hardware.input_reads import InputMap, scanned_reads
from lifsim.hardware.sram_banks import Banks
from lifsim.hardware.sram_ports import Ports, PortStalls


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

    def cycles(self, kept: Kept, laid: Laid) -> tuple[ArrayCycles, ...]:
        """array: the slowest rows' ones; fill_drain: H + W - 2 a fold, even of a fold without ones."""
        return tuple(self._folds(kept.ones[:, timestep], laid) for timestep in range(kept.rounds))

    def blocks(self, kept: Kept, laid: Laid) -> Iterator[tuple[NDArray[np.int64], int]]:
        """Every fold in the order in which they run. Tick-batched: groups, tiles, filter folds, pixel folds, the rounds
        of each back to back. Timestep-major: rounds first."""
        drain = laid.dataflow.folds(laid.gemm, laid.shape).fill_drain_cycles
        in_order = _in_order(laid)
        for image in kept.ones:
            every = (slowest_rows(image, laid) + drain)[:, :, in_order]
            yield (np.moveaxis(every, 0, -1).reshape(1, -1) if laid.tick_batched else every.reshape(len(every), -1)), 1

    def waits(self, kept: Kept, laid: Laid, read: InputMap, ports: Ports) -> PortStalls:
        """Of every fold its slowest row or its slowest buffer."""
        inputs = 1 + scanned_reads(read, ports.spike_in, _starts(laid)).waits
        waits = PortStalls()
        for image in kept.ones:
            slowest = slowest_rows(image, laid)
            waits += laid.dataflow.row_waits(slowest, inputs, laid.gemm, laid.shape, ports)
        return waits

    def input_words(self, kept: Kept, laid: Laid, read: InputMap, banks: Banks) -> int:
        """Every row its own receptive field."""
        words = scanned_reads(read, banks, _starts(laid)).words
        return int(words.sum()) * sum(laid.column_folds) * kept.rounds * kept.images

    def _folds(self, ones: Ones, laid: Laid) -> ArrayCycles:
        slowest = slowest_rows(ones, laid)
        filter_folds = sum(laid.column_folds)
        folds = slowest.size * filter_folds
        drain = laid.dataflow.folds(laid.gemm, laid.shape).fill_drain_cycles
        return ArrayCycles(int(slowest.sum()) * filter_folds, folds * drain, folds)


def _starts(laid: Laid) -> tuple[int, ...]:
    """First pixel of each fold."""
    return tuple(np.concatenate(laid.fold_starts).tolist())


def _in_order(laid: Laid) -> NDArray[np.int64]:
    """[folds of a group] number of the pixel fold that each works on, as they run."""
    first = np.cumsum([0, *map(len, laid.fold_starts)])
    numbers = [np.arange(begin, end) for begin, end in pairwise(first)]
    return np.concatenate(
        [np.tile(numbers[row], laid.column_folds[tile]) for row, tile in laid.tiling.order(laid.gemm)]
    )


def slowest_rows(ones: NDArray[np.integer], laid: Laid) -> NDArray[np.int64]:
    """[n, groups, folds of pixels] int64: the most ones of a row, per fold, of `ones` [n, groups, pixels]. No fold has
    rows of two tiles. Raises ValueError where they do not fit the product."""
    gemm = laid.gemm
    if ones.ndim != 3 or ones.shape[1:] != (gemm.groups, gemm.pixels):
        raise ValueError(f"ones must be [rounds, {gemm.groups}, {gemm.pixels}], is {list(ones.shape)}")
    if ones.size and not 0 <= ones.min() <= ones.max() <= gemm.reduction:
        raise ValueError(f"ones must lie in 0..{gemm.reduction}, the size of a receptive field")
    return np.maximum.reduceat(ones, np.concatenate(laid.fold_starts), axis=2).astype(np.int64)
