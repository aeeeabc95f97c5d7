"""A plan whose images exit early, where it lets them go."""

from __future__ import annotations

from dataclasses import replace

from lifsim.schedule.exits import Exits
from lifsim.schedule.plan import Plan
from lifsim.schedule.traffic import DramBytes
from lifsim.schedule.unrolled import unroll
from lifsim.schedule.window import TIMESTEP


def lets_go(plan: Plan) -> bool:
    """Whether an image can exit after any timestep: when every layer has done it before any begins the next one."""
    return len(plan.groups) == 1 and plan.groups[0].window == TIMESTEP


def leaving(plan: Plan, exits: Exits) -> Plan:
    """`plan`, which lets images go, with what it moves when they exit so: chunks, strips, tiles and what stays on chip
    are as planned for all timesteps of all images."""
    (group,) = plan.groups
    moved = {index: DramBytes() for index in group.indices}
    for step in unroll(group.walked, exits):
        moved[step.layer] += step.dram
    layers = tuple(
        replace(traffic, dram=moved[index]) for index, traffic in zip(group.indices, group.layers, strict=True)
    )
    return replace(plan, groups=(replace(group, layers=layers, exits=exits),))
