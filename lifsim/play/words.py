"""Figures of a run in words, a line each, as it shows itself first: totals with units, then by what they are for."""

from __future__ import annotations

from collections.abc import Sequence

from lifsim.model.buffers import Buffers
from lifsim.play.bound import Remedy
from lifsim.play.record import LayerRecord, leaking
from lifsim.schedule.banded import Banded
from lifsim.schedule.plan import GroupPlan, Plan
from lifsim.schedule.traffic import DramBytes
from lifsim.schedule.window import TICK, TIMESTEP
from lifsim.units import counted, format_bytes, format_si

_MOVED = {
    "spikes_in": "spikes",
    "spikes_out": "spikes",
    "residual": "spikes",
    "membrane_read": "membranes",
    "membrane_write": "membranes",
    "psum": "psums",
    "states_write": "kept states",
    "states_read": "kept states",
    "gradients_write": "gradients",
    "gradients_read": "gradients",
    "weight_updates": "updates",
    "optimizer_state": "updates",
    "sums_write": "sums of norms",
    "sums_read": "sums of norms",
}
"""What tensors of `DramBytes.shown` are told as; others by their names."""

SHOWN = 3
"""Parts of the DRAM bytes that a line names; the rest is told as one."""


def dram_words(moved: DramBytes) -> str:
    """`14.21 MiB: weights 98.7%, spikes 1.3%`, the most first."""
    parts: dict[str, int] = {}
    for name, count in moved.shown().items():
        if name != "total" and count:
            told = _MOVED.get(name, name)
            parts[told] = parts.get(told, 0) + count
    most = sorted(parts.items(), key=lambda part: -part[1])
    if len(most) > SHOWN + 1:
        most = [*most[:SHOWN], ("other", sum(count for _, count in most[SHOWN:]))]
    shares = ", ".join(f"{name} {count / moved.total:.1%}" for name, count in most)
    return ": ".join(filter(None, (format_bytes(moved.total), shares)))


def image_words(batch: int, cycles: int, time_s: float, energy_pj: float, dram_bytes: int) -> str:
    """What an image of a batch comes to, of the figures of all."""
    moved, joule = format_bytes(dram_bytes / batch), format_si(energy_pj * 1e-12 / batch, "J")
    return f"{cycles / batch:,.0f} cycles, {format_si(time_s / batch, 's')}, {joule}, {moved} of DRAM"


def schedule_words(asked: str, plan: Plan | None) -> str:
    """A schedule and what it came to, by how many layers run how."""
    if plan is None:
        return asked
    ways: dict[str, list[GroupPlan]] = {}
    for group in sorted(
        plan.groups, key=lambda one: (one.window == TIMESTEP, one.waves is not None, one.window != TICK)
    ):
        ways.setdefault(_way(group), []).append(group)
    found = []
    for way, groups in ways.items():
        stripped = sum(strip.last + 1 - strip.first for group in groups for strip in group.strips)
        in_strips = f" ({stripped} in strips)" if stripped else ""
        found.append(f"{counted(sum(len(group.layers) for group in groups), 'layer')} {way}{in_strips}")
    return f"{asked}: {', '.join(found)}"


def _turns(group: GroupPlan) -> tuple[bool, bool, bool]:
    """By how much its layers take turns."""
    return group.window == TIMESTEP, group.waves is not None, group.window != TICK


def way_words(group: GroupPlan, layer: int) -> str:
    """How a `layer` (an index) of a group runs: `timestep by timestep, in strips of 8 rows`."""
    if group.waves is not None:
        across = f" of {counted(group.waves.width, 'column')}" if isinstance(group.waves, Banded) else ""
        return f"{_way(group)}, {counted(group.waves.height, 'row')}{across} a wave"
    rows = next((strip.rows for strip in group.strips if strip.first <= layer <= strip.last), None)
    return _way(group) + (f", in strips of {counted(rows, 'row')}" if rows else "")


def _way(group: GroupPlan) -> str:
    if group.waves is not None:
        kind = "skewed" if group.waves.skewed else "fused"
        return kind if group.window == TICK else f"{kind} {group.window}"
    return "timestep by timestep" if group.window == TIMESTEP else str(group.window)


def help_words(remedies: Sequence[Remedy]) -> str:
    """What would relieve a run most; empty where there is nothing."""
    first = max(remedies, key=lambda remedy: remedy.share, default=None)
    return first.brief if first else ""


def save_words(records: Sequence[LayerRecord], buffers: Buffers) -> str:
    """What would save the energy of buffers that hold nothing; empty where none leaks."""
    leaks = {name: pj for name, pj in leaking(records, buffers).items() if pj}
    if not leaks:
        return ""
    share = sum(leaks.values()) / sum(record.energy_pj.total.total for record in records)
    return f"gate the unused {' and '.join(leaks)} buffer{'s' * (len(leaks) > 1)}: {share:.1%} of the energy"
