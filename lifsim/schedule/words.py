"""How the groups of a plan run, in words."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from lifsim.brief import Brief
from lifsim.schedule.traffic import DramBytes
from lifsim.schedule.window import TICK, TIMESTEP
from lifsim.units import counted, format_bytes

if TYPE_CHECKING:
    from lifsim.schedule.plan import GroupPlan, Plan

LINES = 24
"""The most lines of groups in a plan's brief; the rest is summed up in one line."""


def schedule_words(asked: str, plan: Plan | None) -> str:
    """A schedule and its outcome: how many layers run in which way."""
    return asked if plan is None else f"{asked}: {ways_words(plan.groups)}"


def ways_words(groups: Sequence[GroupPlan]) -> str:
    """`1 layer tick-batched, 8 layers timestep by timestep (2 in strips)`."""
    ways: dict[str, list[GroupPlan]] = {}
    for group in sorted(groups, key=lambda one: (one.window == TIMESTEP, one.waves is not None, one.window != TICK)):
        ways.setdefault(_way(group), []).append(group)
    found = []
    for way, alike in ways.items():
        stripped = sum(strip.last + 1 - strip.first for group in alike for strip in group.strips)
        in_strips = f" ({stripped} in strips)" if stripped else ""
        found.append(f"{counted(sum(len(group.layers) for group in alike), 'layer')} {way}{in_strips}")
    return ", ".join(found)


def way_words(group: GroupPlan, layer: int) -> str:
    """How a `layer` (an index) of a group runs: `timestep by timestep, in strips of 8 rows`."""
    if group.waves is not None:
        across = "" if group.waves.width is None else f" of {counted(group.waves.width, 'column')}"
        return f"{_way(group)}, {counted(group.waves.height, 'row')}{across} a wave"
    rows = next((strip.rows for strip in group.strips if strip.first <= layer <= strip.last), None)
    return _way(group) + (f", in strips of {counted(rows, 'row')}" if rows else "")


def _way(group: GroupPlan) -> str:
    if group.waves is not None:
        kind = "skewed" if group.waves.skewed else "fused"
        return kind if group.window == TICK else f"{kind} {group.window}"
    return "timestep by timestep" if group.window == TIMESTEP else str(group.window)


def plan_brief(plan: Plan) -> Brief:
    """The groups of a plan in order, how each runs and what it moves. Neighbouring groups of one layer that run alike
    share a line."""
    lines: dict[str, str] = {}
    for (way, _), alike in groupby(plan.groups, key=_told_together):
        groups = list(alike)
        first, last = groups[0].layers[0].layer, groups[-1].layers[-1].layer
        name = first if first == last else f"{first} to {last}"
        together = "" if first == last else ", each alone" if len(groups) > 1 else ", together"
        moved = sum((group.dram for group in groups), DramBytes()).total
        lines[name] = f"{way}{together}, {format_bytes(moved)}"
    shown, beyond = list(lines.items())[:LINES], len(lines) - LINES
    title = f"plan of {counted(len(plan.layers), 'layer')} in {counted(len(plan.groups), 'group')}: "
    return Brief(
        title + ways_words(plan.groups),
        {
            **dict(shown),
            **({"...": counted(beyond, "more line")} if beyond > 0 else {}),
            "DRAM": format_bytes(plan.dram.total),
        },
    )


def _told_together(group: GroupPlan) -> tuple[str, int]:
    """A key that is equal for groups that share a line: those of one layer that run alike."""
    alone = group.first == group.last
    return way_words(group, group.first), -1 if alone else group.first
