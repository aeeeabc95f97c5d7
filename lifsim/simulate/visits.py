"""What runs when, as visits of the array to layers."""

from __future__ import annotations

from lifsim.config.arch import Arch
from lifsim.config.network import Network
from lifsim.config.sharing import Sharing
from lifsim.room import require_memory
from lifsim.schedule.facts import facts_of
from lifsim.schedule.group_steps import group_visits
from lifsim.schedule.moves import Visit
from lifsim.schedule.plan import Plan
from lifsim.simulate.reuse import Reuse

STEP_BYTES = 1500
"""Of this machine's memory for each step: with its requests, and while they are put in order."""


def visits(
    network: Network,
    sharing: Sharing,
    arch: Arch,
    batch: int,
    plan: Plan,
    reuse: Reuse,
    *,
    keeps_spikes: bool = False,
) -> list[Visit]:
    """One visit a tick-batched layer, with all its tiles; of a timestep-major group one a chunk, timestep,
    strip and layer. keeps_spikes: for a backward pass, all of them go to DRAM. Raises InputError where the tiles are
    more than this machine has memory for."""
    _require_room(network, batch, plan)
    facts = facts_of(network, sharing, arch)
    found: list[Visit] = []
    for group in plan.groups:
        if group.tick_batched:
            found.append(reuse.tick_visit(network, network.layers[group.first], arch, batch, group.layers[0]))
        else:
            found += group_visits(network, sharing, facts, arch, batch, group, keeps_spikes=keeps_spikes)
    return found


def _require_room(network: Network, batch: int, plan: Plan) -> None:
    alone = [(network.layers[group.first], group.layers[0].tiling) for group in plan.groups if group.tick_batched]
    tiles = batch * sum(layer.groups * tiling.row_tiles * tiling.filter_tiles for layer, tiling in alone)
    require_memory(tiles * STEP_BYTES, f"{tiles} tiles of {batch} images", "batch")
