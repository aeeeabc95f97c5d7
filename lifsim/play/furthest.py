"""How far into every tensor the visits of a run reach, without most of them: chunks of images, and timesteps one after
the other, are alike but for the first and the last ones."""

from __future__ import annotations

from collections.abc import Iterator

from lifsim.memo import Memo
from lifsim.play.stretches import FEW_STEPS
from lifsim.schedule.plan import GroupPlan, Plan
from lifsim.schedule.tensors.moves import Visit
from lifsim.schedule.tick.steps import tick_ends
from lifsim.schedule.tick.tiles import tiles_of
from lifsim.schedule.tick.window_steps import window_ends
from lifsim.schedule.timestep.steps import group_ends


def furthest(plan: Plan, batch: int, memo: Memo) -> Iterator[Visit]:
    """Some of the visits under `plan`, whose images do not exit: the last byte of each tensor that these touch is the
    last one that all touch. They are as few for any batch."""
    for group in plan.groups:
        yield from _of_group(plan, batch, group, memo)


def _of_group(plan: Plan, batch: int, group: GroupPlan, memo: Memo) -> Iterator[Visit]:
    facts, chip = plan.facts, plan.chip
    if group.tick_batched:
        layer = facts.layers[group.first].layer
        return tick_ends(tiles_of(layer, facts.reals, chip.tiles, batch, group.layers[0]), FEW_STEPS)
    if group.waves is not None:
        from lifsim.schedule.waves.steps import wave_ends

        return wave_ends(facts, chip, batch, group)
    if group.tiled:
        return window_ends(facts, chip, batch, group)
    return group_ends(facts, batch, group, memo)
