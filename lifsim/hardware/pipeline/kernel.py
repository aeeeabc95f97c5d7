"""The step pipeline, compiled. Import it only to simulate: it loads Numba."""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np

from lifsim.hardware.pipeline.kinds import LOADS, STORES, STREAMS
from lifsim.hardware.pipeline.memories import Memory, Queue, Times, enter, finish
from lifsim.hardware.pipeline.program import Ints

_LAST_LOAD, _LAST_STREAM, _FIRST_STORE, _STORES = int(max(LOADS)), int(max(STREAMS)), int(min(STORES)), len(STORES)


class Steps(NamedTuple):
    """The columns of `Program` that belong to steps."""

    cycles: Ints
    first_load: Ints
    loads: Ints
    room: Ints


@numba.njit(cache=True)
def _ask(memory: Memory, queue: Queue, times: Times, head: int, gate: int, streams: bool, cycle: int) -> int:
    """Put what is due after step `gate` into the queue, up to its successor's streams or these; the next in line."""
    while head < queue.step.size and queue.gate[head] <= gate:
        is_stream = _LAST_LOAD < queue.kind[head] <= _LAST_STREAM
        if is_stream and not streams:
            break
        enter(memory, queue, times, head, cycle)
        head += 1
    return head


@numba.njit(cache=True)
def _through(memory: Memory, queue: Queue, times: Times, request: int) -> int:
    """The cycle in which `request` has passed memory and its buffer's ports. Asked in the order of the queue."""
    finish(memory, times, request)
    kind, ports = queue.kind[request], queue.port_cycles[request]
    begin = max(times.port[kind], times.issued[request])
    times.port[kind] = max(times.served[request], begin + ports)
    times.answered[request] = times.port[kind]
    return int(times.port[kind])


@numba.njit(cache=True)
def _start(memory: Memory, steps: Steps, queue: Queue, times: Times, stored: Ints, step: int, cycle: int) -> int:
    """The cycle in which `step` starts; what it waits for is blamed in the order of `Kind`."""
    start = cycle
    for place in range(steps.first_load[step], steps.first_load[step + 1]):
        request = steps.loads[place]
        there = _through(memory, queue, times, request)
        if there > start:
            times.waited[step, queue.kind[request]] += there - start
            start = there
    for store in range(_STORES):
        if steps.room[step, store] >= 0:
            free = _left(memory, queue, times, stored, steps.room[step, store])
            if free > start:
                times.waited[step, _FIRST_STORE + store] += free - start
                start = free
    return start


@numba.njit(cache=True)
def _left(memory: Memory, queue: Queue, times: Times, stored: Ints, last: int) -> int:
    """The cycle in which the store `last` has left the chip, and all stores before it are seen to."""
    while stored[0] <= last:
        if queue.kind[stored[0]] > _LAST_STREAM:
            _through(memory, queue, times, stored[0])
        stored[0] += 1
    return int(times.answered[last])


@numba.njit(cache=True)
def play(memory: Memory, steps: Steps, queue: Queue, times: Times) -> int:
    """Play all steps into `times`; the cycle in which the last store has left."""
    head, cycle, stored = 0, 0, np.zeros(1, np.int64)
    for step in range(steps.cycles.size):
        head = _ask(memory, queue, times, head, step - 1, False, cycle)
        start = _start(memory, steps, queue, times, stored, step, cycle)
        first_stream = head
        head = _ask(memory, queue, times, head, step - 1, True, start)
        cycle = start + steps.cycles[step]
        for request in range(first_stream, head):
            through = _through(memory, queue, times, request)
            if through > cycle:
                times.waited[step, queue.kind[request]] += through - cycle
                cycle = through
        times.start[step], times.end[step] = start, cycle
    head = _ask(memory, queue, times, head, steps.cycles.size - 1, False, cycle)
    if head > 0:
        _left(memory, queue, times, stored, head - 1)
    for store in range(_STORES):
        cycle = max(cycle, times.port[_FIRST_STORE + store])
    return cycle
