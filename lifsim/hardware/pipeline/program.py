"""The input of the step pipeline: steps in order, and every DRAM request with its place in the queue."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lifsim.hardware.pipeline.kinds import LOADS, STORES, STREAMS, WRITES, Kind
from lifsim.lazy_dataclass import dataclass

Ints = NDArray[np.int64]

START = -1
"""The gate of what may be asked for at once."""


@dataclass(frozen=True)
class Halves:
    """For each kind, whether its buffer is double-buffered, and the bits that all its banks transfer in a cycle."""

    double: tuple[bool, ...]
    port_bits: tuple[int, ...]


@dataclass(frozen=True)
class Requests:
    """DRAM requests in the order of the queue; every column is [requests] int64.

    step, kind, bytes: of each. port_cycles: cycles that its buffer's ports need for it. gate: the step after whose end
    it enters the queue (a stream: at whose successor's start), `START` for none. origin: its index before sorting.
    """

    step: Ints
    kind: Ints
    bytes: Ints
    port_cycles: Ints
    gate: Ints
    origin: Ints

    @property
    def is_write(self) -> NDArray[np.bool_]:
        """[requests] whether it writes to the DRAM."""
        return np.isin(self.kind, WRITES)


@dataclass(frozen=True)
class Program:
    """step_cycles: [steps] cycles of array, LIF units and SRAM ports. first_load: [steps + 1] where the loads of a step
    begin in `loads`, which indexes requests. room: [steps, 2] the store of spikes, of membranes that must have left
    before the step may write, -1 for none."""

    step_cycles: Ints
    requests: Requests
    first_load: Ints
    loads: Ints
    room: Ints


def program(step_cycles: Ints, step: Ints, kind: Ints, size: Ints, after: Ints, halves: Halves) -> Program:
    """The program of `step_cycles` [steps] and of requests with `step`, `kind` and `size` in bytes [requests].

    after: [requests] the step behind whose stores a load has to be served, `START` for none.

    When a load enters the queue (its gate): one half of a double-buffered buffer fills while the other is in use, so
    that a load waits for the array to be done with what the load before the last one brought; in a buffer that is not
    double-buffered, with what the last one brought. Membranes leave by the buffer into which they come, so that their
    loads queue behind the stores of that step.

    The queue is first come, first served. What comes at once, at the end of a step, is sorted by when it is needed:
    loads of the next step whose space is free; the stores of the step; loads of the next step that must see those
    stores; loads of later steps; what the next step streams. Among equals the load that is needed first goes first,
    then the order of `Kind`.
    """
    gate, turn = np.empty((2, step.size), np.int64)
    for each in Kind:
        chosen = np.flatnonzero(kind == each)
        gate[chosen], turn[chosen] = Gates(each, double=halves.double[each]).of(step[chosen], after[chosen])
    order = np.lexsort((kind, step, turn, gate))
    ports = np.array(halves.port_bits)[kind]
    requests = Requests(step[order], kind[order], size[order], -(-size * 8 // ports)[order], gate[order], origin=order)
    loads = np.flatnonzero(requests.kind <= max(LOADS))
    loads = loads[np.lexsort((requests.kind[loads], requests.step[loads]))]
    return Program(
        step_cycles=step_cycles,
        requests=requests,
        first_load=np.searchsorted(requests.step[loads], np.arange(step_cycles.size + 1)),
        loads=loads,
        room=np.stack([_room(requests, store, halves.double[store], step_cycles.size) for store in STORES], axis=1),
    )


class Gates:
    """Behind which step the requests of one kind enter the queue, and in which turn. They are asked of in the order of
    their steps, those of a step together, as many steps at a time as one likes: what went before is kept."""

    def __init__(self, kind: Kind, *, double: bool) -> None:
        self._kind, self._halves = kind, 2 if double else 1
        self._seen, self._last, self._key = 0, START, 4 * START

    def of(self, step: Ints, after: Ints) -> tuple[Ints, Ints]:
        """[requests] gate and turn of those of `step`, in any order; what `after` says matters to loads."""
        if self._kind in STORES:
            return step, np.ones_like(step)
        if self._kind in STREAMS:
            return step - 1, np.full_like(step, 3)
        return self._of_loads(step, after)

    def _of_loads(self, step: Ints, after: Ints) -> tuple[Ints, Ints]:
        """What a later step than the next one needs goes behind the stores, too: the next one may wait for these, or
        for what must see them."""
        needed, which = np.unique(step, return_inverse=True)
        if not needed.size:
            return step, step
        frees = needed - 1
        if self._halves == 2:
            frees = np.concatenate([[self._last - 1], needed[:-1] - 1])
        frees[: max(0, self._halves - self._seen)] = START
        behind = np.full(needed.size, START, np.int64)
        np.maximum.at(behind, which, after)
        goes_behind = (behind >= frees) & (behind > START)
        if self._kind == Kind.MEMBRANE_READ:
            goes_behind |= frees > START
        gate = np.maximum(frees, behind)
        goes_behind |= needed > gate + 1
        key = np.maximum(np.maximum.accumulate(gate * 4 + 2 * goes_behind), self._key)
        self._seen, self._last, self._key = self._seen + needed.size, int(needed[-1]), int(key[-1])
        return (key // 4)[which], (key % 4)[which]


def _room(requests: Requests, kind: Kind, double: bool, steps: int) -> Ints:
    """[steps] the last request of the store that must have left: the one before; of two halves, the one before
    that."""
    found = np.flatnonzero(requests.kind == kind)
    last = found[np.diff(requests.step[found], append=START) != 0]
    room = np.full(steps, -1, np.int64)
    back = 2 if double else 1
    room[requests.step[last][back:]] = last[:-back]
    return room
