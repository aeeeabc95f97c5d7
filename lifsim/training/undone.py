"""u' of the calls of a recomputed tick-batched tile: T values per output until the tile is undone.

They lie in the membrane buffer, which holds nothing else while a tick-batched layer goes back, if all outputs that the
array has at work fit; else a register stands for each, and is billed.
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
    """T values of each variable of each output that the array has at work: of the tile that has most; behind a pool as
    many fewer as that makes of them."""
    tiling = group.layers[layer.index - group.first].tiling
    chains = tiling.cut.chains
    dataflow = dataflow_for(layer, chip.dataflow, chains)
    tiles = (tile for tile, _ in tiling.cut.tiles(gemm_of(layer, chains)))
    blocks = (block for tile in tiles for block in blocks_of(tile, dataflow.held_outputs(tile, chip.shape)))
    outputs = max(high * wide for high, wide, _ in blocks)
    lifs = -(-outputs * layer.lif_elements // (layer.pixels * layer.filters))
    return layer.timesteps * layer.state_variables * lifs


def registers_for_calls(layer: Layer, group: GroupPlan, chip: Chip, keeping: Keeping) -> int:
    """Registers that u' of a tile takes; 0 where nothing is held, the membrane buffer has the room, or a whole timestep
    is undone at a time, which that buffer shares with the DRAM."""
    if not (keeping.holds_calls and group.tick_batched and layer.lif):
        return 0
    values = values_at_work(layer, group, chip)
    fits = bytes_of(values * chip.precision.membrane_bits) <= chip.room.membrane
    return 0 if fits else values
