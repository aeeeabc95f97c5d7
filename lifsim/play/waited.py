"""The waiting cycles of the array, each with its one cause, and which of them are waits for the ports through which
DRAM fills and drains the buffers rather than for DRAM itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction

import numpy as np

from lifsim.accounting.books import Cycles
from lifsim.accounting.counts import LayerCounts
from lifsim.hardware.pipeline.kinds import Kind
from lifsim.hardware.sram_ports import PortStalls
from lifsim.hardware.stores import Store, Stores
from lifsim.play.steps import BUFFER_OF
from lifsim.schedule.tensors.rows import Ints

STALLS = {
    Kind.WEIGHTS: "stall_weights",
    Kind.SPIKES_IN: "stall_spikes",
    Kind.MEMBRANE_READ: "stall_membrane",
    Kind.RESIDUAL: "stall_spikes",
    Kind.PSUM_READ: "stall_writeback",
    Kind.PSUM_WRITE: "stall_writeback",
    Kind.SPIKES_OUT: "stall_writeback",
    Kind.MEMBRANE_WRITE: "stall_writeback",
}

PORT_STALLS = {
    "weight": "stall_weights",
    "spike_in": "stall_spikes",
    "membrane": "stall_membrane",
    "psum": "stall_writeback",
    "spike_out": "stall_writeback",
}
"""The cause, as the books name it, of waits for the ports of each buffer."""


class Waited:
    """[layers, kinds] cycles in which the array waits, and those of them that ports caused, summed over the steps added
    so far."""

    def __init__(self, layers: int) -> None:
        self._cycles, self._held = np.zeros((2, layers, len(Kind)), np.int64)

    def add(self, layer: Ints, waited: Ints, held: Ints) -> None:
        """Add steps. layer: [steps] the layer of each; waited: [steps, kinds] waiting cycles; held: [steps, kinds]
        cycles that the last request which a step waited for took from its first byte on, if its ports held it up."""
        place = (layer[:, None] * len(Kind) + np.arange(len(Kind))).reshape(-1)  # NumPy sums along one axis fast
        np.add.at(self._cycles.reshape(-1), place, waited.reshape(-1))
        np.add.at(self._held.reshape(-1), place, np.minimum(waited, held).reshape(-1))

    def add_end(self, layer: int, waited: int, *, held: bool) -> None:
        """Charge stores that are under way when the last step has ended to its layer."""
        self._cycles[layer, Kind.SPIKES_OUT] += waited
        self._held[layer, Kind.SPIKES_OUT] += waited if held else 0

    def with_stalls(
        self, counts: Sequence[LayerCounts], stores: Stores, dram_bytes_per_cycle: Fraction | None
    ) -> list[LayerCounts]:
        """`counts` with their stalls. Of cycles that ports held up, the ports are charged with the share by which they
        are slower than a DRAM of `dram_bytes_per_cycle` of the array: max(0, 1 - port bytes per cycle / DRAM bytes per
        cycle)."""
        slower = {name: _slower(getattr(stores, name), dram_bytes_per_cycle) for name in BUFFER_OF.values()}
        return [
            replace(counted, cycles=_with_stalls(counted.cycles, waited), fill_stalls=_by_buffer(held, slower))
            for counted, waited, held in zip(counts, self._cycles.tolist(), self._held.tolist(), strict=True)
        ]


def _with_stalls(cycles: Cycles, waited: Sequence[int]) -> Cycles:
    """`cycles` with the `waited` [kinds] cycles added."""
    stalls = {name: getattr(cycles, name) for name in dict.fromkeys(STALLS.values())}
    for kind, name in STALLS.items():
        stalls[name] += waited[kind]
    return replace(cycles, total=cycles.total + sum(waited), **stalls)


def _slower(store: Store, dram_bytes_per_cycle: Fraction | None) -> Fraction:
    """The share of their time by which its ports are slower than DRAM; a DRAM without a peak takes no time."""
    if dram_bytes_per_cycle is None:
        return Fraction(1)
    return max(Fraction(0), 1 - Fraction(store.banks * store.port_bits, 8) / dram_bytes_per_cycle)


def _by_buffer(waited: Sequence[int], slower: Mapping[str, Fraction]) -> PortStalls:
    """The `waited` [kinds] cycles of each buffer that its ports are charged with, in whole cycles."""
    found = dict.fromkeys(slower, 0)
    for kind, buffer in BUFFER_OF.items():
        found[buffer] += waited[kind] * slower[buffer].numerator // slower[buffer].denominator
    return PortStalls(**found)
