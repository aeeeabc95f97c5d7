"""A layer's membranes that move between chip and DRAM."""

from __future__ import annotations

from collections.abc import Iterator

from lifsim.lazy_dataclass import dataclass
from lifsim.model.network import Layer
from lifsim.report.explain.line import Line, plus
from lifsim.schedule.plan import GroupPlan
from lifsim.schedule.timestep.group import Group
from lifsim.schedule.timestep.membranes import calls_of
from lifsim.schedule.traffic import LayerTraffic
from lifsim.units import counted, noun_of

UNIT = "bytes"


@dataclass(frozen=True)
class Portions:
    """How the state of a chunk of `images` is divided, for `chunks` equal chunks, in bytes: what stays on chip
    throughout, what stays through consecutive calls of a relay, and what moves at every call. apart: how often the
    latter leaves and comes back within one timestep. window: bytes of chains at work, for which room is reserved, or
    which have none; reserved: bytes reserved for what is at work."""

    images: int
    chunks: int
    stays: int
    through: int
    rest: int
    apart: int
    window: int
    reserved: int


def membrane_lines(layer: Layer, plan: GroupPlan, walked: Group | None, traffic: LayerTraffic) -> Iterator[Line]:
    """The lines of the layer's membranes: what of its state stays on chip, and how often the rest is read and
    written. walked: the group, if it is timestep-major."""
    moved, beside = traffic.dram, traffic.tiling.held.most
    if layer.lif is None:
        return
    if walked is None:
        why = "live in the PEs" + (f", {beside} at a time in the membrane buffer" if beside else "")
        yield Line("membranes", "0", moved.membrane_read + moved.membrane_write, UNIT, why)
        return
    state = next(index for index in walked.states if layer.index in walked.facts.states[index].layers)
    portions = list(_portions(plan, walked, state))
    reads, writes = _times(layer, walked.relays_of(state))
    yield _line("membranes in", portions, reads, layer.timesteps, moved.membrane_read)
    yield _line("membranes out", portions, writes, layer.timesteps, moved.membrane_write)


def _portions(plan: GroupPlan, walked: Group, state: int) -> Iterator[Portions]:
    """The portions for each chunk size; a smaller last chunk is divided differently."""
    states = {relay.first: relay.state for relay in walked.in_strips.values()}
    heights = {states[strip.first]: strip.rows for strip in plan.strips}
    splits = walked.membrane_splits(heights)
    for (images, chunks), split in zip(walked.chunks.sizes, splits, strict=True):
        use = walked.state_uses(images, heights)[walked.states.index(state)]
        size, apart = use.bytes, use.parts_apart(split.reserved)
        window = use.parted.window if apart or split.reserved else 0
        stays = split.permanent[walked.states.index(state)]
        through = size - stays if state in heights else min(size - stays, split.transient)
        yield Portions(images, chunks, stays, through, size - stays - through, apart, window, split.reserved)


def _times(layer: Layer, relays: list[tuple[int, ...]]) -> tuple[tuple[int, int], tuple[int, int]]:
    """How often bytes of the state of `layer` are read and written in one chunk: those that stay through consecutive
    calls, and those that do not."""
    call = next(call for call in calls_of(relays) if call.layer == layer.index)
    reads, writes = layer.timesteps - call.first, layer.timesteps - call.last
    return (reads * call.opens, reads), (writes * call.closes, writes)


def _line(quantity: str, portions: list[Portions], times: tuple[int, int], timesteps: int, value: int) -> Line:
    terms, whys = list[str](), list[str]()
    for one in portions:
        moving = [(times[0], one.through), (times[1] + timesteps * one.apart, one.rest)]
        terms += [f"{one.chunks}*{count}*{size}" for count, size in moving if count * size]
        parts = [
            f"of the {(all_of := one.stays + one.through + one.rest)} {noun_of(all_of, 'byte')} of "
            f"{counted(one.images, 'image')} {one.stays} stay"
        ]
        parts += [f"{one.through} stay through a relay of calls"] if one.through else []
        parts += [f"{size} move {counted(count, 'time')}" for count, size in moving if count * size]
        if one.rest and one.rest * moving[1][0]:
            parts.append(f"{one.reserved} {noun_of(one.reserved, 'byte')} are kept free for what streams")
        if one.window and one.rest:
            room = "have no room" if one.apart else "stay until their last call"
            parts.append(f"{one.window} of chains at work (filters lie chain by chain) {room}")
        whys.append(", ".join(parts))
    return Line(quantity, plus(*terms), value, UNIT, "; ".join(whys))
