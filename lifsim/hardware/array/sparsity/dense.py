"""Sparsities under which every operand takes its cycle, zero or not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Self

import numpy as np
from numpy.typing import NDArray

from lifsim.hardware.array.dense import dense_cycles, output_blocks
from lifsim.hardware.array.laid import Laid
from lifsim.hardware.array.sparsity.protocol import SPARSITIES, Kept, Sparsity, SpikeMaps, summed_ones
from lifsim.hardware.gemm import NO_CYCLES, ArrayCycles
from lifsim.hardware.input_reads import InputMap
from lifsim.hardware.sram_banks import Banks
from lifsim.hardware.sram_ports import Ports, PortStalls
from lifsim.lazy_dataclass import dataclass


@dataclass(frozen=True, eq=False)
class Summed(Kept):
    """ones: [B, rounds, 1, 1], those of all pixels together: where they save no cycle, it is no matter who sees
    them."""

    def in_order(self, pixels: NDArray[np.int64]) -> Self:
        """In any order they are as many."""
        return self


@SPARSITIES.register
class Unaware(Sparsity):
    """A zero is a value like any other."""

    name = "none"
    title = "zeros cost what ones cost"
    gates = skips = False
    streams = "every operand"

    def keep(self, read: InputMap, spikes: SpikeMaps, batch: int, rounds: int) -> Kept:
        """How many ones there are: the memory of a run must not grow with the maps of its images."""
        return Summed(summed_ones(read, spikes, batch, rounds))

    def kept_bytes(self, read: InputMap) -> int:
        """One sum."""
        return np.dtype(np.int64).itemsize

    def cycles(self, kept: Kept, laid: Laid) -> tuple[ArrayCycles, ...]:
        """The dataflow's, by difference: a round adds what one round more takes."""
        found, before = [], NO_CYCLES
        for rounds in range(1, kept.rounds + 1):
            upto = NO_CYCLES
            for tile, count in laid.tiles:
                upto += dense_cycles(laid.dataflow, tile, laid.shape, rounds, tick_batched=laid.tick_batched) * count
            found.append((upto + before * -1) * kept.images)
            before = upto
        return tuple(found)

    def blocks(self, kept: Kept, laid: Laid) -> Iterator[tuple[NDArray[np.int64], int]]:
        """The same for every image: tile after tile, group after group."""
        shapes, order = laid.in_order()
        of_shape: list[NDArray[np.int64]] = []
        for tile in shapes:  # (a comprehension would be one frame more between the command and a fold)
            of_shape += [output_blocks(laid.dataflow, tile, laid.shape, kept.rounds, tick_batched=laid.tick_batched)]
        group = np.concatenate([of_shape[shape] for shape in order], axis=1)
        yield np.tile(group, (1, laid.gemm.groups)), kept.images

    def waits(self, kept: Kept, laid: Laid, read: InputMap, ports: Ports) -> PortStalls:
        """The dataflow's, visit by visit."""
        return laid.waits(read, kept.rounds, ports) * kept.images

    def input_words(self, kept: Kept, laid: Laid, read: InputMap, banks: Banks) -> int:
        """As often as the dataflow reads its inputs."""
        return laid.input_words(read, banks) * kept.rounds * kept.images


@SPARSITIES.register
class Gated(Unaware):
    """A PE burns operation energy only where the spike is one (SATA's forward pass)."""

    name = "gate"
    title = "a PE burns operation energy only on ones"
    gates = True
