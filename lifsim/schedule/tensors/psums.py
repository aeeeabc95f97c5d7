"""Partial sums that the psum buffer cannot hold.

If the PEs do not accumulate an output over its folds (`Dataflow.sums_in_pes`), its partial sum waits in the psum buffer
between them, together with those of all outputs of the tile that the same folds finish (`Dataflow.finishes`). What does
not fit goes to DRAM and back between two folds.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from lifsim.hardware.array import ArrayShape, Chains, Cut, Dataflow, Gemm
from lifsim.hardware.array.dataflow import OutputBlock
from lifsim.hardware.sram_ports import cut
from lifsim.lazy_dataclass import dataclass
from lifsim.model.network import Layer
from lifsim.schedule.tensors.products import dataflow_for
from lifsim.schedule.tensors.storage import bytes_of


@dataclass(frozen=True)
class PsumStore:
    """The buffer for psums of `psum_bits`: `room` bytes beside an array of this shape and dataflow."""

    dataflow: Dataflow
    shape: ArrayShape
    psum_bits: int
    room: int

    def of(self, layer: Layer, chains: Chains | None = None) -> PsumStore:
        """The same with the dataflow that lays out `layer`, whose `chains` run in this way."""
        return replace(self, dataflow=dataflow_for(layer, self.dataflow, chains))


def blocks_of(tile: Gemm, block: OutputBlock) -> Iterator[tuple[int, int, int]]:
    """(pixels, filters, number of such blocks) of the blocks of one group of a tile."""
    return cut(tile.pixels, tile.filters, block.pixels or tile.pixels, block.filters or tile.filters)


def spilled_bytes(tile: Gemm, store: PsumStore, rounds: int) -> int:
    """Bytes per image, one way, that all groups of a tile spill in `rounds` rounds, tick-batched.

    Between every two folds of a reduction, max(0, ceil(P * psum_bits / 8) - psum buffer), P being the outputs that are
    finished together. If rounds are joined (`Dataflow.joins_rounds`), their psums wait together.
    """
    dataflow = store.dataflow
    times = 0 if dataflow.sums_in_pes else dataflow.folds(tile, store.shape).reductions - 1
    if not times:
        return 0
    together = rounds if dataflow.joins_rounds else 1
    excess = 0
    for high, wide, count in blocks_of(tile, dataflow.finishes(tile, store.shape)):
        excess += count * max(0, bytes_of(high * wide * together * store.psum_bits) - store.room)
    return excess * times * (rounds // together) * tile.groups


def working_set_bytes(tile: Gemm, store: PsumStore, rounds: int) -> int:
    """Bytes of a tile's psums that wait between folds; 0 if the PEs accumulate them."""
    dataflow = store.dataflow
    if dataflow.sums_in_pes or dataflow.folds(tile, store.shape).reductions == 1:
        return 0
    together = rounds if dataflow.joins_rounds else 1
    largest = max(high * wide for high, wide, _ in blocks_of(tile, dataflow.finishes(tile, store.shape)))
    return bytes_of(largest * together * store.psum_bits)


def spilled_by(gemm: Gemm, into: Cut, store: PsumStore, rounds: int) -> int:
    """Bytes per image, one way, that a product cut `into` tiles spills."""
    spilled = 0
    for tile, count in into.tiles(gemm):
        spilled += spilled_bytes(tile, store, rounds) * count
    return spilled
