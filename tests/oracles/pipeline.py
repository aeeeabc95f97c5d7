"""The step pipeline event by event: an array, buffers with slots, one queue before one memory. Nothing clever.

Time is an exact fraction of a cycle. At every event everything that can go on does, in the order that docs/model.md
gives for what comes in the same cycle.
"""

from __future__ import annotations

import heapq
import itertools
import math
from collections import deque
from dataclasses import dataclass, field
from fractions import Fraction

from lifsim.hardware.pipeline.kinds import LOADS, STORES, STREAMS, WRITES, Kind


@dataclass
class Request:
    """`after`: the step behind whose stores it must be served, -1 for none."""

    step: int
    kind: Kind
    bytes: int
    after: int
    issued: int | None = None
    given: Fraction | None = None
    answered: int | None = None


@dataclass
class Machine:
    """Cycles are those of the array."""

    step_cycles: list[int]
    requests: list[Request]
    double: dict[Kind, bool]
    port_bits: dict[Kind, int]
    cycles_per_byte: Fraction
    latency: Fraction
    starts: list[int] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.events: list[tuple[Fraction, int, Request | None]] = []
        self.number = itertools.count()
        self.queue: deque[Request] = deque()
        self.memory_busy = False
        self.port_free = dict.fromkeys(Kind, 0)
        self.loads = {kind: deque(self._groups(kind)) for kind in LOADS}
        self.issued_loads: dict[Kind, list[int]] = {kind: [] for kind in LOADS}
        self.finished_steps = 0
        self.started_steps = 0
        self.now = Fraction(0)

    def _groups(self, kind: Kind) -> list[list[Request]]:
        mine = sorted((r for r in self.requests if r.kind == kind), key=lambda r: r.step)
        return [list(group) for _, group in itertools.groupby(mine, key=lambda r: r.step)]

    def run(self) -> int:
        """Play everything; the cycle in which the last store has left."""
        self._issue_loads(before_stores=True)
        self._issue_loads(before_stores=False)
        self._start_step()
        while self.events:
            self.now, _, event = heapq.heappop(self.events)
            if isinstance(event, Request):
                self._served(event)
            else:
                self._step_ends()
            self._start_step()
        assert self.finished_steps == len(self.step_cycles)
        assert all(r.answered is not None for r in self.requests)
        left = [r.answered or 0 for r in self.requests if r.kind in STORES]
        return max([*self.ends, *left], default=0)

    # the buffers

    def _may_issue(self, kind: Kind, group: list[Request]) -> bool:
        """Whether a slot is free: a tile is in use from its own step to that of the next one."""
        slots = 2 if self.double[kind] else 1
        tiles = [*self.issued_loads[kind], group[0].step]
        in_use = [old for old, new in itertools.pairwise(tiles) if self.finished_steps < new]
        written = all(self.finished_steps > r.after for r in group)
        return len(in_use) < slots and written

    def _goes_behind_stores(self, kind: Kind, group: list[Request]) -> bool:
        """Of a load that may go now: whether it must be served behind the stores of the step that has just ended, or is
        not needed by the next one."""
        last = self.finished_steps - 1
        frees = kind == Kind.MEMBRANE_READ and last >= 0
        return frees or any(r.after == last >= 0 for r in group) or group[0].step > last + 1

    def _issue_loads(self, before_stores: bool) -> None:
        ready = []
        for kind in LOADS:
            while self.loads[kind] and self._may_issue(kind, self.loads[kind][0]):
                if before_stores and self._goes_behind_stores(kind, self.loads[kind][0]):
                    break
                group = self.loads[kind].popleft()
                self.issued_loads[kind].append(group[0].step)
                ready += group
        for request in sorted(ready, key=lambda r: (r.step, r.kind)):
            self._issue(request)

    # the memory and the ports before it

    def _issue(self, request: Request) -> None:
        request.issued = math.ceil(self.now)
        assert request.issued == self.now
        if request.kind in WRITES:
            request.given = Fraction(self._pass_ports(request, request.issued))
        self.queue.append(request)
        self._serve()

    def _pass_ports(self, request: Request, first_byte: int) -> int:
        """The cycle in which a request is through its ports, which begin with its first byte and the one before it."""
        begin = max(self.port_free[request.kind], first_byte)
        self.port_free[request.kind] = begin + -(-request.bytes * 8 // self.port_bits[request.kind])
        return self.port_free[request.kind]

    def _serve(self) -> None:
        """The next in the queue takes the bus. The last byte of a write crosses it when the ports have given it."""
        if not self.memory_busy and self.queue:
            self.memory_busy = True
            request = self.queue.popleft()
            done = self.now + request.bytes * self.cycles_per_byte
            if request.given is not None:
                done = max(done, request.given + self.cycles_per_byte)
            self._at(done, request)

    def _served(self, request: Request) -> None:
        """A write has left; a read passes its ports, whose last byte cannot go before it is there."""
        self.memory_busy = False
        if request.kind in WRITES:
            request.answered = math.ceil(self.now)
        else:
            last = self.now + self.latency
            first = last - (request.bytes - 1) * self.cycles_per_byte
            through = self._pass_ports(request, math.ceil(first))
            request.answered = self.port_free[request.kind] = max(math.ceil(last), through)
        self._serve()
        self._at(Fraction(request.answered), None)  # something may go on then

    def _at(self, time: Fraction, event: Request | None) -> None:
        heapq.heappush(self.events, (time, next(self.number), event))

    # the array

    def _start_step(self) -> None:
        step = self.started_steps
        if step > self.finished_steps or step == len(self.step_cycles):
            return
        waits = [r for r in self.requests if r.step == step and r.kind in LOADS]
        waits += self.stores_in_the_way(step)
        if all(r.answered is not None and r.answered <= self.now for r in waits) and self.now == math.ceil(self.now):
            self.starts.append(int(self.now))
            self.started_steps += 1
            for request in sorted((r for r in self.requests if r.step == step), key=lambda r: r.kind):
                if request.kind in STREAMS:
                    self._issue(request)
            self._at(self.now + self.step_cycles[step], None)
            self._step_ends()

    def stores_in_the_way(self, step: int) -> list[Request]:
        """A step writes into a half that earlier stores must have left."""
        blocking = []
        for kind in STORES:
            steps = sorted({r.step for r in self.requests if r.kind == kind})
            if step in steps:
                kept = 2 if self.double[kind] else 1
                gone = [s for s in steps if s < step][: -kept + 1 or None]
                blocking += [r for r in self.requests if r.kind == kind and r.step in gone]
        return blocking

    def _step_ends(self) -> None:
        step = self.finished_steps
        if self.started_steps != step + 1 or self.now < self.starts[step] + self.step_cycles[step]:
            return
        streams = [r for r in self.requests if r.step == step and r.kind in STREAMS]
        if any(r.answered is None or r.answered > self.now for r in streams):
            return
        self.ends.append(int(self.now))
        self.finished_steps += 1
        self._issue_loads(before_stores=True)
        for request in sorted((r for r in self.requests if r.step == step), key=lambda r: r.kind):
            if request.kind in STORES:
                self._issue(request)
        self._issue_loads(before_stores=False)
