"""A plan under which images exit early, if its schedule allows that."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from lifsim.schedule.exits import Exits
from lifsim.schedule.plan import Plan
from lifsim.schedule.tick.window_steps import unroll_windows
from lifsim.schedule.timestep.unrolled import LayerStep, unroll
from lifsim.schedule.traffic import DramBytes
from lifsim.schedule.window import TIMESTEP


def lets_go(plan: Plan) -> bool:
    """Whether an image can exit before all timesteps are run: every layer must complete a timestep, or a window of
    timesteps, before any begins the next one."""
    (first, *others) = plan.groups
    return not others and (first.window == TIMESTEP or len(first.window.spans(plan.facts.timesteps)) > 1)


def leaving(plan: Plan, exits: Exits) -> Plan:
    """`plan`, which must let images exit, with what it moves under these exits, each image leaving at the end of its
    window. Chunks, strips, waves, tiles and residency stay as planned for all timesteps of all images."""
    (group,) = plan.groups
    exits = exits.at_ends(group.window.spans(plan.facts.timesteps))
    early = replace(plan, groups=(replace(group, exits=exits),))
    moved = {index: DramBytes() for index in group.indices}
    for step in unrolled(early, exits):
        moved[step.layer] += step.dram
    layers = tuple(
        replace(traffic, dram=moved[index]) for index, traffic in zip(group.indices, group.layers, strict=True)
    )
    return replace(plan, groups=(replace(group, layers=layers, exits=exits),))


def unrolled(plan: Plan, exits: Exits) -> Iterator[LayerStep]:
    """What each layer of the one group of `plan` moves under its exits, in every timestep, or window, of every
    chunk."""
    (group,) = plan.groups
    if group.waves is not None:
        from lifsim.schedule.waves.unrolled import unroll_waves

        return unroll_waves(group.waves_walked, exits)
    if group.tiled:
        return unroll_windows(plan.facts, plan.chip, group, exits)
    return unroll(group.walked, exits)
