"""What runs when, as visits of the array to layers."""

from __future__ import annotations

from lifsim.config.arch import Arch
from lifsim.config.network import Network
from lifsim.config.sharing import Sharing
from lifsim.schedule.group_steps import group_visits
from lifsim.schedule.moves import Visit
from lifsim.schedule.plan import Plan
from lifsim.simulate.reuse import Reuse


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
    strip and layer. keeps_spikes: for a backward pass, all of them go to DRAM."""
    found: list[Visit] = []
    for group in plan.groups:
        if group.tick_batched:
            found.append(reuse.tick_visit(network, network.layers[group.first], arch, batch, group.layers[0]))
        else:
            found += group_visits(network, sharing, plan.facts, arch, batch, group, keeps_spikes=keeps_spikes)
    return found
