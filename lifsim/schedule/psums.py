"""Partial sums that the psum buffer cannot hold.

Weight- and input-stationary arrays sum K = C*R*S/groups products in ceil(K/H) folds of H rows; the partial sums of one
column fold wait between them in the psum buffer, and what does not fit goes to DRAM and back between two folds.
Output-stationary arrays (os, sata) sum in the PE.
"""

from __future__ import annotations

import numpy as np

from lifsim.config.arch import Arch
from lifsim.config.network import Layer
from lifsim.hardware.array import DATAFLOWS
from lifsim.schedule.rows import Ints
from lifsim.schedule.storage import bytes_of


def spilled_bytes(layer: Layer, arch: Arch, row_heights: Ints, filters: Ints, row_pixels: int) -> Ints:
    """[rows, filters] bytes per image, one way, that tiles of these heights and filter counts spill.

    ws keeps the psums of all runs of the tile's pixels for one fold of `cols` filters; is keeps those of one fold of
    `cols` pixels, one run, for the tile's filters:
        spilled = sum over column folds of max(0, ceil(psums * psum_bits / 8) - psum buffer) * (ceil(K/H) - 1)
    """
    waits = -(-layer.reduction // arch.array.rows) - 1
    wait_by = DATAFLOWS[arch.array.dataflow].psums_wait_by
    if wait_by is None or waits == 0:
        return np.zeros((len(row_heights), len(filters)), np.int64)
    pixels = row_heights * row_pixels
    all_filters = np.array([layer.group_filters])
    if wait_by == "pixels":
        spilled = _over_tiles(arch, pixels, layer.pixels, layer.runs, all_filters, layer.group_filters)
        spilled = np.broadcast_to(spilled, (len(row_heights), len(filters)))
    else:
        spilled = layer.runs * _over_tiles(arch, filters, layer.group_filters, 1, pixels, layer.pixels).T
    return layer.groups * waits * spilled


def working_set_bytes(layer: Layer, arch: Arch, pixels: int, filters: int) -> int:
    """Bytes of psums that wait between folds, for a tile of `pixels` x `filters`; 0 where the PEs sum them up."""
    waits = -(-layer.reduction // arch.array.rows) - 1
    wait_by = DATAFLOWS[arch.array.dataflow].psums_wait_by
    if wait_by is None or waits == 0:
        return 0
    kept, folded = (pixels * layer.runs, filters) if wait_by == "pixels" else (filters, pixels)
    return bytes_of(kept * min(folded, arch.array.cols) * arch.precision.psum_bits)


def _over_tiles(arch: Arch, kept: Ints, kept_of: int, runs: int, folded: Ints, folded_of: int) -> Ints:
    """[kept, folded] excess bytes over all tiles and column folds of one pass.

    A tile keeps `kept` (the last one: what is left of `kept_of`) x `runs` psums for each column of a fold; its columns
    are `folded` (the last tile: what is left of `folded_of`), `cols` at a time.
    """
    total = np.zeros((len(kept), len(folded)), np.int64)
    for kept_size, kept_count in _full_and_last(kept, kept_of):
        for folded_size, folded_count in _full_and_last(folded, folded_of):
            columns = np.full_like(folded_size, arch.array.cols)
            for width, folds in ((columns, folded_size // columns), (folded_size % columns, folded_size * 0 + 1)):
                psum_bits = np.outer(kept_size * runs, width) * arch.precision.psum_bits
                excess = np.maximum(-(-psum_bits // 8) - arch.buffers.psum.usable_bytes, 0)
                total += np.outer(kept_count, folded_count * folds) * excess
    return total


def _full_and_last(size: Ints, of: int) -> tuple[tuple[Ints, Ints], tuple[Ints, Ints]]:
    """(size, count) of the whole tiles and of the last, smaller one, when `of` is cut into tiles of `size`."""
    return (size, of // size), (of % size, np.ones_like(size))
