"""Membranes of a tick-batched tile: in the array's registers, and what these do not hold in the membrane buffer.

A tile's timesteps run back to back, so that the membranes of all outputs that the array has at work
(`Dataflow.held_outputs`) live until the last of them. A register stands for each that it holds by itself
(`Dataflow.membrane_registers`), an Nth under `channelN`, whose chains use one state. What is left lies in the membrane
buffer: it is read and written at every timestep, and must fit.
"""

from __future__ import annotations

from dataclasses import dataclass

from lifsim.hardware.array import ArrayShape, Cut, Dataflow, Gemm, ceil_div
from lifsim.model.network import Layer
from lifsim.schedule.products import dataflow_for, gemm_of
from lifsim.schedule.psums import blocks_of
from lifsim.schedule.storage import bytes_of
from lifsim.schedule.traffic import Held


@dataclass(frozen=True)
class MembraneRoom:
    """Where the membranes of a layer live, tick-batched, beside an array of this shape and dataflow.

    registers: states that they hold. chain: outputs that use one state in turn. lifs, outputs: of an image, the LIFs'
    and the array's (a pool between them makes fewer of the first). state_bits: of one state, all its variables. room:
    bytes of the membrane buffer.
    """

    dataflow: Dataflow
    shape: ArrayShape
    registers: int
    chain: int
    lifs: int
    outputs: int
    state_bits: int
    room: int

    @classmethod
    def of(
        cls, layer: Layer, dataflow: Dataflow, shape: ArrayShape, channels: int, bits: int, room: int
    ) -> MembraneRoom:
        """Of `layer`, `channels` groups of whose channels share a state of `bits` a variable."""
        laid = dataflow_for(layer, dataflow)
        return cls(
            laid,
            shape,
            ceil_div(laid.membrane_registers(shape), channels),
            channels,
            layer.lif_elements,
            layer.pixels * layer.filters,
            bits * layer.state_variables,
            room,
        )

    def held(self, tile: Gemm) -> Held:
        """Of one group of a tile."""
        most = every = 0
        for high, wide, count in blocks_of(tile, self.dataflow.held_outputs(tile, self.shape)):
            excess = max(0, ceil_div(high * wide * self.lifs, self.outputs * self.chain) - self.registers)
            most, every = max(most, excess), every + count * excess
        return Held(most, every)

    def held_by(self, layer: Layer, into: Cut) -> Held:
        """Of a layer cut `into` tiles, one after the other; no more than it has."""
        tiles = [(self.held(tile), count) for tile, count in into.tiles(gemm_of(layer))]
        every = sum(held.all * count for held, count in tiles) * layer.groups
        return Held(max(held.most for held, _ in tiles), min(every, self.lifs // self.chain))

    def bytes(self, states: int) -> int:
        """Of so many."""
        return bytes_of(states * self.state_bits)

    def has_room(self, tile: Gemm) -> bool:
        """Whether the membrane buffer takes what the registers do not."""
        return self.bytes(self.held(tile).most) <= self.room

    def matters(self, layer: Layer) -> bool:
        """Whether there is a tile that the registers do not hold: if not, neither sharing nor the buffer matter."""
        return self.lifs > 0 and self.held(gemm_of(layer)).most > 0
