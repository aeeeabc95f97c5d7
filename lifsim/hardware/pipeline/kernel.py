"""The step pipeline, compiled. Import it only to simulate: it loads Numba."""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np

from lifsim.hardware.pipeline.kinds import LOADS, STORES, STREAMS
from lifsim.hardware.pipeline.program import Ints

_LAST_LOAD, _LAST_STREAM, _FIRST_STORE, _STORES = int(max(LOADS)), int(max(STREAMS)), int(min(STORES)), len(STORES)


class Steps(NamedTuple):
    """The columns of `Program` that belong to steps."""

    cycles: Ints
    first_load: Ints
    loads: Ints
    room: Ints


class Queue(NamedTuple):
    """The columns of `Requests`."""

    step: Ints
    kind: Ints
    bytes: Ints
    port_cycles: Ints
    gate: Ints
    is_write: Ints


class Bus(NamedTuple):
    """A memory that moves `bytes` one after the other, in units of time; reads take `latency` more. free: [1] the time
    from which on it has nothing to do. Writes are posted: they are answered when their last byte is taken."""

    array_units: int
    byte_units: int
    latency_units: int
    free: Ints


class Times(NamedTuple):
    """Cycles. start, end: [steps]. waited: [steps, kinds] what the array waited for. issued, answered: [requests] when
    each entered the queue, and when it was through, ports included; served: without the ports.
    port: [kinds] the cycle from which on the ports of each kind's buffer are free."""

    start: Ints
    end: Ints
    waited: Ints
    issued: Ints
    answered: Ints
    served: Ints
    port: Ints


@numba.njit(cache=True)
def _serve(bus: Bus, queue: Queue, times: Times, request: int, cycle: int) -> None:
    """`request` enters the memory's queue."""
    begin = max(cycle * bus.array_units, bus.free[0])
    bus.free[0] = begin + queue.bytes[request] * bus.byte_units
    latency = 0 if queue.is_write[request] else bus.latency_units
    times.issued[request] = cycle
    times.served[request] = -(-(bus.free[0] + latency) // bus.array_units)


@numba.njit(cache=True)
def _ask(bus: Bus, queue: Queue, times: Times, head: int, gate: int, streams: bool, cycle: int) -> int:
    """Put what is due after step `gate` into the queue, up to its successor's streams or these; the next in line."""
    while head < queue.step.size and queue.gate[head] <= gate:
        is_stream = _LAST_LOAD < queue.kind[head] <= _LAST_STREAM
        if is_stream and not streams:
            break
        _serve(bus, queue, times, head, cycle)
        head += 1
    return head


@numba.njit(cache=True)
def _through(queue: Queue, times: Times, request: int) -> int:
    """The cycle in which `request` has passed memory and its buffer's ports. Asked in the order of the queue."""
    kind, ports = queue.kind[request], queue.port_cycles[request]
    begin = max(times.port[kind], times.issued[request])
    times.port[kind] = max(times.served[request], begin + ports)
    times.answered[request] = times.port[kind]
    return int(times.port[kind])


@numba.njit(cache=True)
def _start(steps: Steps, queue: Queue, times: Times, stored: Ints, step: int, cycle: int) -> int:
    """The cycle in which `step` starts; what it waits for is blamed in the order of `Kind`."""
    start = cycle
    for place in range(steps.first_load[step], steps.first_load[step + 1]):
        request = steps.loads[place]
        there = _through(queue, times, request)
        if there > start:
            times.waited[step, queue.kind[request]] += there - start
            start = there
    for store in range(_STORES):
        if steps.room[step, store] >= 0:
            free = _left(queue, times, stored, steps.room[step, store])
            if free > start:
                times.waited[step, _FIRST_STORE + store] += free - start
                start = free
    return start


@numba.njit(cache=True)
def _left(queue: Queue, times: Times, stored: Ints, last: int) -> int:
    """The cycle in which the store `last` has left the chip, and all stores before it are seen to."""
    while stored[0] <= last:
        if queue.kind[stored[0]] > _LAST_STREAM:
            _through(queue, times, stored[0])
        stored[0] += 1
    return int(times.answered[last])


@numba.njit(cache=True)
def play(steps: Steps, queue: Queue, bus: Bus, times: Times) -> int:
    """Play all steps into `times`; the cycle in which the last store has left."""
    head, cycle, stored = 0, 0, np.zeros(1, np.int64)
    for step in range(steps.cycles.size):
        head = _ask(bus, queue, times, head, step - 1, False, cycle)
        start = _start(steps, queue, times, stored, step, cycle)
        first_stream = head
        head = _ask(bus, queue, times, head, step - 1, True, start)
        cycle = start + steps.cycles[step]
        for request in range(first_stream, head):
            through = _through(queue, times, request)
            if through > cycle:
                times.waited[step, queue.kind[request]] += through - cycle
                cycle = through
        times.start[step], times.end[step] = start, cycle
    head = _ask(bus, queue, times, head, steps.cycles.size - 1, False, cycle)
    if head > 0:
        _left(queue, times, stored, head - 1)
    for store in range(_STORES):
        cycle = max(cycle, times.port[_FIRST_STORE + store])
    return cycle
