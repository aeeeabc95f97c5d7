"""A run as trace events for Perfetto: array, LIF units, buffers, DRAM channels; counters of bandwidth and occupancy.

Format: "Trace Event Format" (Google), JSON object form; `ts` and `dur` in microseconds. Open it at ui.perfetto.dev.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lifsim.accounting.machine import Machine
from lifsim.errors import Fault, InputError
from lifsim.hardware.pipeline.kinds import LOADS, STORES, STREAMS, Kind
from lifsim.lazy_dataclass import dataclass
from lifsim.play.dram import dram_extents
from lifsim.play.steps import RunSteps
from lifsim.play.timing import Timeline
from lifsim.play.waited import STALLS
from lifsim.report.movement import Movement
from lifsim.report.quantities import CAUSES
from lifsim.report.waits import STALL_NAMES, Waits, dealt
from lifsim.schedule.tensors.rows import Ints
from lifsim.simulate.result import Result

MAX_EVENTS = 20_000
"""Of one track: more neighbours than that are drawn as one."""

BINS = 2_000
"""Points of a counter."""

BUFFERS = {
    "weight": (Kind.WEIGHTS,),
    "spike_in": (Kind.SPIKES_IN,),
    "membrane": (Kind.MEMBRANE_READ, Kind.MEMBRANE_WRITE),
    "residual": (Kind.RESIDUAL,),
    "psum": (Kind.PSUM_READ, Kind.PSUM_WRITE),
    "spike_out": (Kind.SPIKES_OUT,),
}

Event = dict[str, Any]


def write_timeline(result: Result, path: Path) -> int:
    """Write the timeline of `result` to `path`; how many events it has. Raises InputError under an ideal memory, which
    has none."""
    if result.timeline is None:
        raise InputError(
            Fault("must be bandwidth or cycle for a timeline: an ideal memory takes no time", "dram.model")
        )
    count = 0
    with path.open("w", encoding="utf-8") as file:
        file.write('{"displayTimeUnit": "ns", "traceEvents": [\n')
        for count, event in enumerate(_events(result, result.timeline), start=1):
            file.write(f"{',' if count > 1 else ''}{json.dumps(event)}\n")
        file.write("]}\n")
    return count


def _events(result: Result, timeline: Timeline) -> Iterator[Event]:
    scale = 1e6 / result.arch.clock_hz
    tensors = _Tensors.of(timeline.steps)
    movement = Movement.of(timeline, Machine.of(result.arch).dram_bytes_per_cycle)
    yield from _tracks(1, "PE array", {1: "array", 2: "LIF units", 3: "waiting"})
    yield from _tracks(2, "buffers", dict(enumerate(BUFFERS, start=1)))
    channels = _channels(timeline)
    yield from _tracks(3, "DRAM", {channel + 1: f"channel {channel}" for channel in range(len(channels))})
    yield from _array(timeline, scale)
    yield from _waits(timeline, scale)
    kind = timeline.steps.program.requests.kind
    for thread, kinds in enumerate(BUFFERS.values(), start=1):
        yield from _transfers(timeline, movement, tensors, np.isin(kind, kinds), (2, thread), scale)
    for channel, touches in enumerate(channels):
        yield from _transfers(timeline, movement, tensors, touches, (3, channel + 1), scale)
    yield from _bandwidth(timeline, movement, scale)
    for name, kinds in BUFFERS.items():
        yield from _occupancy(timeline, name, kinds, scale)


def _channels(timeline: Timeline) -> NDArray[np.bool_]:
    """[channels, requests] whether a request has bytes in the channel. A memory of plain bandwidth is one channel."""
    dram = timeline.timing.dram
    if dram is None:
        return np.ones((1, timeline.timing.issued.size), np.bool_)
    spec = dram.spec
    count = spec.organisation.channels
    extents = dram_extents(timeline.steps, spec.organisation.capacity_bytes)
    request = np.repeat(np.arange(extents.first.size - 1), np.diff(extents.first))
    touches = np.zeros((count, timeline.timing.issued.size), np.bool_)
    parts = [segment for segment in spec.segments if segment.field == "ch"]
    stride = 1 << min((segment.low for segment in parts), default=0)
    for neighbour in range(count):
        address = np.minimum(extents.address + neighbour * stride, extents.address + extents.bytes - 1)
        channel = np.zeros_like(address)
        for part in parts:
            channel += (address >> part.low & (1 << part.width) - 1) << part.position
        touches[channel, request] = True
    return touches


@dataclass(frozen=True)
class _Tensors:
    """names: of all tensors in DRAM. of_request: [requests] which one each moves."""

    names: tuple[str, ...]
    of_request: Ints

    @classmethod
    def of(cls, steps: RunSteps) -> _Tensors:
        names = tuple(dict.fromkeys(name for visit in steps.visits for name in visit.regions))
        number = {name: index for index, name in enumerate(names)}
        moved = [np.array([number[name] for name in visit.regions])[visit.moves.region] for visit in steps.visits]
        return cls(names, np.concatenate(moved)[steps.program.requests.origin])


def _tracks(process: int, name: str, threads: dict[int, str]) -> Iterator[Event]:
    yield {"ph": "M", "pid": process, "name": "process_name", "args": {"name": name}}
    for thread, title in threads.items():
        yield {"ph": "M", "pid": process, "tid": thread, "name": "thread_name", "args": {"name": title}}


def _merged(layer: Ints, *columns: Ints) -> list[tuple[int, int]]:
    """[first, end) of neighbours that are drawn as one: equal ones of one layer, and, if these are still too many,
    as many of one layer as needed."""
    if not layer.size:
        return []
    differs = np.any([np.diff(column) != 0 for column in (layer, *columns)], axis=0)
    starts = np.concatenate([[0], np.flatnonzero(differs) + 1])
    if starts.size > MAX_EVENTS:
        stretch = np.concatenate([[0], np.cumsum(np.diff(layer) != 0)])
        block = np.arange(layer.size) // -(-layer.size // MAX_EVENTS)
        starts = np.concatenate([[0], np.flatnonzero((np.diff(stretch) != 0) | (np.diff(block) != 0)) + 1])
    return list(zip(starts.tolist(), [*starts[1:].tolist(), layer.size], strict=True))


def _array(timeline: Timeline, scale: float) -> Iterator[Event]:
    timing, layer = timeline.timing, timeline.steps.layer
    lif, ports = dealt(timeline, timeline.lif_cycles), dealt(timeline, timeline.port_cycles)
    before = np.concatenate([[0], timing.end[:-1]])
    work = timeline.steps.program.step_cycles
    for first, end in _merged(layer, work, timing.start - before):
        begin, name, count = int(timing.start[first]), timeline.names[layer[first]], end - first
        until = int(timing.end[end - 1])
        waited = timing.waited[first:end].sum(axis=0)
        fired, held_up = int(lif[first:end].sum()), int(ports[first:end].sum())
        args = {"steps": count, "array_cycles": int(work[first:end].sum()) - fired - held_up, "lif_cycles": fired}
        args |= {"port_stall_cycles": held_up} if held_up else {}
        stalls: dict[str, int] = {}
        for kind, cause in STALLS.items():
            stalls[cause] = stalls.get(cause, 0) + int(waited[kind])
        args |= {cause: cycles for cause, cycles in stalls.items() if cycles}
        if count == 1 and lif[first]:  # behind them only streams are still at work
            until -= int(timing.waited[first, STREAMS].sum())
            yield _bar((1, 2), name, until - int(lif[first]), until, scale, {})
            until -= int(lif[first])
        yield _bar((1, 1), name, begin, until, scale, args)


def _waits(timeline: Timeline, scale: float) -> Iterator[Event]:
    """A bar a wait, by its cause; ports and streams hold the array up while its own bar goes on."""
    waits = Waits.of(timeline).joined(MAX_EVENTS)
    columns = (waits.begin, waits.end, waits.layer, waits.cause, waits.ports)
    for begin, end, layer, cause, ports in zip(*(column.tolist() for column in columns), strict=True):
        key = STALL_NAMES[cause]
        args = {"cause": key, "layer": timeline.names[layer], "cycles": end - begin, "of": "ports" if ports else "DRAM"}
        yield _bar((1, 3), CAUSES[key], begin, end, scale, args)


def _transfers(
    timeline: Timeline,
    movement: Movement,
    tensors: _Tensors,
    chosen: NDArray[np.bool_],
    track: tuple[int, int],
    scale: float,
) -> Iterator[Event]:
    """From when a request is next in line to when it is through, in no less time than the bus takes for it."""
    requests, timing = timeline.steps.program.requests, timeline.timing
    mine = np.flatnonzero(chosen)
    begin, until = movement.in_line(mine, timing.issued[mine], timing.answered[mine])
    layer, kind, size = timeline.steps.layer[requests.step[mine]], requests.kind[mine], requests.bytes[mine]
    tensor = tensors.of_request[mine]
    for first, end in _merged(layer, kind, tensor, size):
        name = f"{Kind(kind[first]).name.lower()} {timeline.names[layer[first]]}"
        moved = ", ".join(tensors.names[one] for one in np.unique(tensor[first:end]))
        args = {"tensor": moved, "requests": end - first, "bytes": int(size[first:end].sum())}
        yield _bar(track, name, float(begin[first]), float(until[end - 1]), scale, args)


def _bandwidth(timeline: Timeline, movement: Movement, scale: float) -> Iterator[Event]:
    """Bytes that cross the bus per time, in bins; behind the run's end what queues still hold."""
    width = max(timeline.timing.total, 1) / BINS
    edges: NDArray[np.float64] = width * np.arange(
        max(BINS, int(np.ceil(movement.done / width - 1e-9))) + 1, dtype=np.float64
    )
    moved = np.append(movement.between(edges), 0.0)
    for at, amount in zip(edges, moved, strict=True):
        pace = round(amount / (width * scale) / 1e3, 9)
        yield {"ph": "C", "pid": 3, "name": "GB/s", "ts": at * scale, "args": {"GB/s": pace}}


def _occupancy(timeline: Timeline, name: str, kinds: tuple[Kind, ...], scale: float) -> Iterator[Event]:
    edges = np.linspace(0, max(timeline.timing.total, 1), BINS + 1)
    held = held_bytes(timeline, kinds, edges)
    if held.any():
        for at, amount in zip(edges, held, strict=True):
            yield {"ph": "C", "pid": 2, "name": f"{name} bytes", "ts": at * scale, "args": {"bytes": int(amount)}}


def held_bytes(timeline: Timeline, kinds: tuple[Kind, ...], edges: NDArray[np.float64]) -> NDArray[np.float64]:
    """[edges] the most bytes of tiles of these `kinds` that are in their buffer at any time from each of the times
    `edges`, which ascend, until the next: a load's from when it was asked for until the next but its own is needed, a
    store's from when its step starts until it has left. What stays on chip, and what is handed from layer to layer
    there, is not counted."""
    times, change = _changes(timeline, kinds)
    order = np.lexsort((change, times))  # what leaves in a cycle makes room for what comes in it
    held = np.concatenate([[0.0], np.cumsum(change[order])])
    since = np.searchsorted(times[order], edges, side="right")
    until = np.append(np.searchsorted(times[order], edges[1:], side="left"), times.size)
    most: NDArray[np.float64] = held[since]
    some = np.flatnonzero(until > since)
    if some.size:
        bounds = np.stack([since[some], until[some] + 1], axis=1).ravel()
        most[some] = np.maximum.reduceat(np.append(held, 0.0), bounds)[::2]
    return most


def _changes(timeline: Timeline, kinds: tuple[Kind, ...]) -> tuple[Ints, NDArray[np.float64]]:
    """[changes] when bytes of tiles come (more than 0) and go."""
    timing, requests = timeline.timing, timeline.steps.program.requests
    times, change = [np.zeros(0, np.int64)], [np.zeros(0)]
    for kind in kinds:
        mine = np.flatnonzero(requests.kind == kind)
        if kind in LOADS:
            steps = np.unique(requests.step[mine])
            ends = np.concatenate([steps[1:] - 1, [timing.end.size - 1]])
            begin, until = timing.issued[mine], timing.end[ends[np.searchsorted(steps, requests.step[mine])]]
        elif kind in STORES:
            begin, until = timing.start[requests.step[mine]], timing.answered[mine]
        else:
            begin, until = timing.issued[mine], timing.answered[mine]
        times += [begin, until]
        change += [requests.bytes[mine].astype(np.float64), -requests.bytes[mine].astype(np.float64)]
    return np.concatenate(times), np.concatenate(change)


def _bar(track: tuple[int, int], name: str, begin: float, end: float, scale: float, args: dict[str, Any]) -> Event:
    process, thread = track
    return {
        "ph": "X", "pid": process, "tid": thread, "name": name, "ts": begin * scale, "dur": (end - begin) * scale,
        "args": args,
    }  # fmt: skip
