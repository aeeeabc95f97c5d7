"""What runs when, as visits of the array to layers."""

from __future__ import annotations

from lifsim.memo import Memo
from lifsim.schedule.group_steps import group_visits
from lifsim.schedule.moves import Visit
from lifsim.schedule.plan import Plan
from lifsim.schedule.tick_steps import tick_visit


def visits(plan: Plan, batch: int, memo: Memo, *, keeps_spikes: bool = False) -> list[Visit]:
    """One visit a tick-batched layer, with all its tiles; of a timestep-major group one a chunk, timestep,
    strip and layer. keeps_spikes: for a backward pass, all of them go to DRAM."""
    facts, tiles = plan.facts, plan.chip.tiles
    found: list[Visit] = []
    for group in plan.groups:
        if group.tick_batched:
            layer = facts.layers[group.first].layer
            found.append(memo.of(tick_visit, layer, facts.reals, tiles, batch, group.layers[0]))
        else:
            found += group_visits(facts, plan.chip.room, batch, group, keeps_spikes=keeps_spikes)
    return found
