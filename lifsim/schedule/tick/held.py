"""Where the membranes of a tick-batched tile live: in the array's registers, and in the membrane buffer what these
cannot hold.

A tile's timesteps run back to back, so that the membranes of all outputs that the array has at work
(`Dataflow.held_outputs`) live until the last of them. The array has a register for each output that it holds
(`Dataflow.membrane_registers`); under `channelN`, whose chains use one state, an Nth of them. If the folds of a chain
alternate at every timestep, the states of all their chains are live, and there is a register for each output. If every
timestep loads its own second operand, all outputs of a `ws` fold wait for the next timestep. The remaining membranes
lie in the membrane buffer, which must have room for them: they are read and written at every timestep.
"""

from __future__ import annotations

from lifsim.hardware.array import ArrayShape, Chains, Cut, Dataflow, Gemm, ceil_div
from lifsim.hardware.array.dataflow import OutputBlock
from lifsim.lazy_dataclass import dataclass
from lifsim.model.network import Layer
from lifsim.schedule.tensors.products import dataflow_for, gemm_of
from lifsim.schedule.tensors.psums import blocks_of
from lifsim.schedule.tensors.storage import bytes_of
from lifsim.schedule.traffic import Held


@dataclass(frozen=True)
class ArrayMembranes:
    """An array of this shape and dataflow, with membranes of `bits` per variable and a membrane buffer of `room`
    bytes."""

    dataflow: Dataflow
    shape: ArrayShape
    bits: int
    room: int


@dataclass(frozen=True)
class MembraneRoom:
    """Where the membranes of a layer live, tick-batched, beside an array of this shape and dataflow.

    registers: how many states they hold. chain: outputs that use one state in turn; chains: how chains run. lifs,
    outputs: per image, the neurons and the outputs of the array (more, if a pool is between them). state_bits: of one
    state, all its variables. room: bytes of the membrane buffer.
    """

    dataflow: Dataflow
    shape: ArrayShape
    registers: int
    chain: int
    lifs: int
    outputs: int
    state_bits: int
    room: int
    chains: Chains | None

    @classmethod
    def of(cls, layer: Layer, channels: int, chains: Chains | None, chip: ArrayMembranes) -> MembraneRoom:
        """The room for the membranes of `layer`, `channels` groups of its channels sharing a state and its chains
        running as `chains` says."""
        alternate = chains is not None and chains.alternating
        one_timestep = layer.timesteps == 1 and not alternate  # in which nothing waits for the next one
        laid = chip.dataflow if one_timestep else dataflow_for(layer, chip.dataflow, chains)
        return cls(
            laid,
            chip.shape,
            ceil_div(laid.membrane_registers(chip.shape), 1 if alternate else channels),
            channels,
            layer.lif_elements,
            layer.pixels * layer.filters,
            chip.bits * layer.state_variables,
            chip.room,
            chains,
        )

    def held(self, tile: Gemm) -> Held:
        """The states of one group of a tile, or of the groups whose tiles take turns, that the registers do not
        hold."""
        most = every = registers = 0
        groups = 1 if self.chains is None else self.chains.groups
        for high, wide, count in blocks_of(tile, self._at_work(tile)):
            states = ceil_div(high * wide * groups * self.lifs, self.outputs * self.chain)
            excess = max(0, states - self.registers)
            most, every, registers = max(most, excess), every + count * excess, max(registers, states - excess)
        return Held(most, every, registers)

    def _at_work(self, tile: Gemm) -> OutputBlock:
        """The outputs of a group whose membranes are live at the same time."""
        if self.chains is None or not self.chains.alternating:
            return self.dataflow.held_outputs(tile, self.shape)
        finished = self.dataflow.finishes(tile, self.shape)
        return OutputBlock(finished.pixels, self.chains.in_turn(finished.filters))

    def held_by(self, layer: Layer, into: Cut) -> Held:
        """The same for a whole layer, cut `into` tiles that run one after the other."""
        tiles = [(self.held(tile), count) for tile, count in into.tiles(gemm_of(layer, self.chains))]
        sets = layer.groups if self.chains is None else layer.groups // self.chains.groups
        every = sum(held.all * count for held, count in tiles) * sets
        return Held(
            max(held.most for held, _ in tiles),
            min(every, self.lifs // self.chain),
            max(held.registers for held, _ in tiles),
        )

    def bytes(self, states: int) -> int:
        """Bytes of this many states."""
        return bytes_of(states * self.state_bits)

    def has_room(self, tile: Gemm) -> bool:
        """Whether the membrane buffer has room for what the registers do not hold."""
        return self.bytes(self.held(tile).most) <= self.room

    def matters(self, layer: Layer) -> bool:
        """Whether sharing or the buffer make a difference for any tile: chains alternate, or the states of the largest
        tile exceed the registers."""
        alternate = self.chains is not None and self.chains.alternating
        return self.lifs > 0 and (alternate or self.held(gemm_of(layer, self.chains)).most > 0)
