"""u' of the calls of a recomputed tick-batched tile: T values per output until the tile is undone.

They are in the membrane buffer, which holds nothing else during the backward pass of a tick-batched layer, if it has
room for all outputs that the array works on; else each has a register, which is billed.
"""

from __future__ import annotations

from lifsim.keeping import Keeping
from lifsim.model.network import Layer
from lifsim.schedule.chip import Chip
from lifsim.schedule.plan import GroupPlan
from lifsim.schedule.tensors.products import dataflow_for, gemm_of
from lifsim.schedule.tensors.psums import blocks_of
from lifsim.schedule.tensors.storage import bytes_of


def values_at_work(layer: Layer, group: GroupPlan, chip: Chip) -> int:
    """The number of values: T of each variable of each output that the array works on, for the tile with the most
    outputs; with a pool behind the layer, only as many as there are pooled outputs."""
    tiling = group.layers[layer.index - group.first].tiling
    chains = tiling.cut.chains
    dataflow = dataflow_for(layer, chip.dataflow, chains)
    tiles = (tile for tile, _ in tiling.cut.tiles(gemm_of(layer, chains)))
    blocks = (block for tile in tiles for block in blocks_of(tile, dataflow.held_outputs(tile, chip.shape)))
    outputs = max(high * wide for high, wide, _ in blocks)
    lifs = -(-outputs * layer.lif_elements // (layer.pixels * layer.filters))
    return layer.timesteps * layer.state_variables * lifs


def registers_for_calls(layer: Layer, group: GroupPlan, chip: Chip, keeping: Keeping) -> int:
    """Registers that u' of a tile takes; 0 if nothing is held, if the membrane buffer has room, or if a whole timestep
    is undone at a time: its u' is in that buffer and, as far as it does not fit, in DRAM."""
    if not (keeping.holds_calls and group.tick_batched and layer.lif):
        return 0
    values = values_at_work(layer, group, chip)
    fits = bytes_of(values * chip.precision.membrane_bits) <= chip.room.membrane
    return 0 if fits else values
