"""Partial sums that the psum buffer cannot hold.

Where the PEs do not sum up an output (`Dataflow.sums_in_pes`), its partial sums wait between the folds that add up to
it in the psum buffer, those of all outputs that these folds finish together (`Dataflow.finishes`); what does not fit
goes to DRAM and back between two folds.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from lifsim.hardware.array import ArrayShape, Dataflow
from lifsim.hardware.array.dataflow import OutputBlock
from lifsim.model.network import Layer
from lifsim.schedule.products import dataflow_for, gemm_of
from lifsim.schedule.rows import Ints
from lifsim.schedule.storage import bytes_of


@dataclass(frozen=True)
class PsumStore:
    """Where psums of `psum_bits` wait: `room` bytes beside an array of this shape and dataflow."""

    dataflow: Dataflow
    shape: ArrayShape
    psum_bits: int
    room: int


def spilled_bytes(layer: Layer, store: PsumStore, row_heights: Ints, filters: Ints, row_pixels: int) -> Ints:
    """[rows, filters] bytes per image, one way, that tiles of these heights and filter counts spill.

    Of every tile the outputs finished together, (their psums * psum_bits / 8, rounded up, - psum buffer), no less than
    0, between every two folds of a reduction. Rounds that go together (`Dataflow.joins_rounds`) have their psums wait
    together. Pixels that are finished together all at once are those of all tiles' rows one after the other.
    """
    waiting = _waiting(layer, store)
    total = np.zeros((len(row_heights), len(filters)), np.int64)
    if waiting is None:
        return total
    together = layer.rounds if waiting.joins_rounds else 1
    for pixels, pixel_parts in _parts(row_heights * row_pixels, layer.pixels, waiting.block.pixels):
        for width, filter_parts in _parts(filters, layer.group_filters, waiting.block.filters):
            psum_bits = np.outer(pixels * together, width) * store.psum_bits
            excess = np.maximum(-(-psum_bits // 8) - store.room, 0)
            total += np.outer(pixel_parts, filter_parts) * excess
    return total * (layer.groups * waiting.times * (layer.rounds // together))


def working_set_bytes(layer: Layer, store: PsumStore, pixels: int, filters: int) -> int:
    """Bytes of psums that wait between folds, for a tile of `pixels` x `filters`; 0 where the PEs sum them up."""
    waiting = _waiting(layer, store)
    if waiting is None:
        return 0
    high = min(pixels, waiting.block.pixels or pixels) * (layer.rounds if waiting.joins_rounds else 1)
    return bytes_of(high * min(filters, waiting.block.filters or filters) * store.psum_bits)


@dataclass(frozen=True)
class _Waiting:
    """Psums of `block` outputs that wait `times` times; joins_rounds: those of all rounds together."""

    block: OutputBlock
    times: int
    joins_rounds: bool


def _waiting(layer: Layer, store: PsumStore) -> _Waiting | None:
    """None where no psums wait."""
    dataflow, shape, gemm = dataflow_for(layer, store.dataflow), store.shape, gemm_of(layer)
    times = dataflow.folds(gemm, shape).reductions - 1
    if dataflow.sums_in_pes or not times:
        return None
    return _Waiting(dataflow.finishes(gemm, shape), times, dataflow.joins_rounds)


def _parts(size: Ints, of: int, most: int | None) -> Iterator[tuple[Ints, Ints]]:
    """(size, how many) of the parts of at most `most` into which tiles of `size` [n], the last one what is left of
    `of`, are cut."""
    for tile, tiles in ((size, of // size), (of % size, np.ones_like(size))):
        if most is None:
            yield tile, tiles
        else:
            yield np.full_like(tile, most), tiles * (tile // most)
            yield tile % most, tiles
