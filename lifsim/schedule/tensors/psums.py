"""Partial sums that the psum buffer cannot hold.

Where the PEs do not sum up an output (`Dataflow.sums_in_pes`), its partial sums wait between the folds that add up to
it in the psum buffer, those of all outputs of a tile that these folds finish together (`Dataflow.finishes`); what does
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
    """Where psums of `psum_bits` wait: `room` bytes beside an array of this shape and dataflow."""

    dataflow: Dataflow
    shape: ArrayShape
    psum_bits: int
    room: int

    def of(self, layer: Layer, chains: Chains | None = None) -> PsumStore:
        """As `layer` is laid out, whose chains are worked off so."""
        return replace(self, dataflow=dataflow_for(layer, self.dataflow, chains))


def blocks_of(tile: Gemm, block: OutputBlock) -> Iterator[tuple[int, int, int]]:
    """(pixels, filters, how many alike) of the blocks of one group of a tile."""
    return cut(tile.pixels, tile.filters, block.pixels or tile.pixels, block.filters or tile.filters)


def spilled_bytes(tile: Gemm, store: PsumStore, rounds: int) -> int:
    """Bytes per image, one way, that a tile, all groups of it, spills in `rounds`, tick-batched.

    Of the outputs finished together, (their psums * psum_bits / 8, rounded up, - psum buffer), no less than 0, between
    every two folds of a reduction. Rounds that go together (`Dataflow.joins_rounds`) have their psums wait together.
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
    """Bytes of psums of a tile that wait between folds; 0 where the PEs sum them up."""
    dataflow = store.dataflow
    if dataflow.sums_in_pes or dataflow.folds(tile, store.shape).reductions == 1:
        return 0
    together = rounds if dataflow.joins_rounds else 1
    largest = max(high * wide for high, wide, _ in blocks_of(tile, dataflow.finishes(tile, store.shape)))
    return bytes_of(largest * together * store.psum_bits)


def spilled_by(gemm: Gemm, into: Cut, store: PsumStore, rounds: int) -> int:
    """Bytes per image, one way, of a product cut `into` tiles."""
    spilled = 0
    for tile, count in into.tiles(gemm):
        spilled += spilled_bytes(tile, store, rounds) * count
    return spilled
