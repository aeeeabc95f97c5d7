"""A DRAM and its controller, cycle by cycle, nothing clever: every bank's next legal cycle of every command is kept,
every queue is looked at in every cycle. Slow, and short enough to be read against docs/model.md."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import NamedTuple

from lifsim.hardware.dram.timing import CONSTRAINTS, Command, Scope
from lifsim.model.dram import DramSpec

COLUMN = (Command.READ, Command.WRITE)


class Place(NamedTuple):
    """Where a burst lives."""

    channel: int
    rank: int
    group: int
    bank: int
    row: int


class Issued(NamedTuple):
    """One command on a channel's bus; a refresh has group and bank -1."""

    cycle: int
    command: Command
    channel: int
    rank: int
    group: int
    bank: int
    row: int


@dataclass(eq=False)
class Request:
    """One burst; `places` in the queues hold it until its command is issued."""

    index: int
    burst: int
    is_write: bool
    arrival: int
    place: Place


@dataclass
class Bank:
    open_row: int | None = None
    hits: int = 0
    queue: list[Request] = field(default_factory=list)
    legal: dict[Command, int] = field(default_factory=lambda: dict.fromkeys(Command, 0))


def place_of(spec: DramSpec, burst: int) -> Place:
    """Address bits to fields, bit by bit."""
    fields = dict.fromkeys(("ch", "ra", "bg", "ba", "ro", "co"), 0)
    for name, low, width, position in spec.segments:
        for bit in range(width):
            if burst << spec.offset_bits >> (low + bit) & 1:
                fields[name] |= 1 << (position + bit)
    return Place(fields["ch"], fields["ra"], fields["bg"], fields["ba"], fields["ro"])


class Channel:
    """One channel: banks[rank][group][bank], the two transaction queues, the pending refreshes."""

    def __init__(self, spec: DramSpec, index: int) -> None:
        organisation = spec.organisation
        self.spec, self.index = spec, index
        self.keys = [
            (rank, group, bank)
            for rank in range(organisation.ranks)
            for group in range(organisation.bank_groups)
            for bank in range(organisation.banks_per_group)
        ]
        self.banks = {key: Bank() for key in self.keys}
        self.activates: dict[int, deque[int]] = {rank: deque(maxlen=4) for rank in range(organisation.ranks)}
        self.reads: list[Request] = []
        self.writes: list[Request] = []
        self.pending_reads: dict[int, list[int]] = {}
        self.pending_writes: set[int] = set()
        self.draining = 0
        self.turn = 0
        self.refreshes: deque[int] = deque()
        self.refreshes_due = 0
        self.issued: list[Issued] = []
        self.row_hits = 0
        self.sent_for: list[tuple[int, Command, bool]] = []
        self.active_cycles = [0] * organisation.ranks

    def will_accept(self, request: Request) -> bool:
        controller = self.spec.controller
        if request.is_write:
            return len(self.writes) < controller.write_queue
        return len(self.reads) < controller.read_queue

    def accept(self, request: Request, cycle: int, done: dict[int, int]) -> None:
        """A write is posted; a read of a burst that waits to be written, or to be read, is answered with it."""
        if request.is_write:
            done[request.index] = cycle + 1
            if request.burst not in self.pending_writes:
                self.pending_writes.add(request.burst)
                self.writes.append(request)
        elif request.burst in self.pending_writes:
            done[request.index] = cycle + 1
        elif request.burst in self.pending_reads:
            self.pending_reads[request.burst].append(request.index)
        else:
            self.pending_reads[request.burst] = [request.index]
            self.reads.append(request)

    def tick(self, cycle: int, done: dict[int, int], closing: bool) -> None:
        timing, ranks = self.spec.timing, self.spec.organisation.ranks
        if cycle and cycle % (timing.tREFI // ranks) == 0:
            self.refreshes.append(self.refreshes_due % ranks)
            self.refreshes_due += 1
        first = self.refresh_step(cycle) if self.refreshes else None
        if first is None:
            first = self.queue_step(cycle, done, None)
        if first is not None and self.spec.controller.dual_command:
            self.queue_step(cycle, done, first)
        for rank in range(ranks):
            self.active_cycles[rank] += any(self.banks[key].open_row is not None for key in self.keys if key[0] == rank)
        self.schedule(closing)

    def refresh_step(self, cycle: int) -> Command | None:
        """Close the rank's banks one by one, then refresh it."""
        rank = self.refreshes[0]
        banks = [key for key in self.keys if key[0] == rank]
        for key in banks:
            if self.banks[key].open_row is not None and cycle >= self.banks[key].legal[Command.PRECHARGE]:
                self.issue(cycle, Command.PRECHARGE, key, 0)
                return Command.PRECHARGE
        if all(self.banks[k].open_row is None and cycle >= self.banks[k].legal[Command.REFRESH] for k in banks):
            self.refreshes.popleft()
            self.issue(cycle, Command.REFRESH, (rank, -1, -1), 0)
            return Command.REFRESH
        return None

    def queue_step(self, cycle: int, done: dict[int, int], first: Command | None) -> Command | None:
        """The next queue in turn that has something ready sends it; beside `first` only one of the other kind."""
        count = len(self.keys)
        for step in range(1, count + 1):
            turn = (self.turn + step) % count
            key = self.keys[turn]
            if self.refreshes and key[0] == self.refreshes[0]:
                continue
            choice = self.first_ready(cycle, key)
            if choice is None:
                continue
            self.turn = turn
            command, request = choice
            if first is not None and (command in COLUMN) == (first in COLUMN):
                return None
            self.sent_for.append((request.index, command, self.banks[key].hits > 0))
            if command in COLUMN:
                self.finish(cycle, key, request, done)
            self.issue(cycle, command, key, request.place.row)
            return command
        return None

    def first_ready(self, cycle: int, key: tuple[int, int, int]) -> tuple[Command, Request] | None:
        bank = self.banks[key]
        for position, request in enumerate(bank.queue):
            if bank.open_row is None:
                command = Command.ACTIVATE
                window = self.activates[key[0]]
                if len(window) == 4 and cycle < window[0] + self.spec.timing.tFAW:
                    continue
            elif bank.open_row == request.place.row:
                command = Command.WRITE if request.is_write else Command.READ
            else:
                command = Command.PRECHARGE
                wanted = any(other.place.row == bank.open_row for other in bank.queue)
                if position > 0 or (wanted and bank.hits < self.spec.controller.row_hit_limit):
                    continue
            if cycle >= bank.legal[command]:
                return command, request
        return None

    def finish(self, cycle: int, key: tuple[int, int, int], request: Request, done: dict[int, int]) -> None:
        bank = self.banks[key]
        bank.queue.remove(request)
        self.row_hits += bank.hits > 0
        bank.hits += 1
        if request.is_write:
            self.pending_writes.remove(request.burst)
        else:
            data_end = self.spec.timing.read_latency_cycles + self.spec.organisation.burst_cycles
            for index in self.pending_reads.pop(request.burst):
                done[index] = cycle + data_end

    def issue(self, cycle: int, command: Command, key: tuple[int, int, int], row: int) -> None:
        self.issued.append(Issued(cycle, command, self.index, *key, row))
        if command is Command.ACTIVATE:
            self.banks[key].open_row, self.banks[key].hits = row, 0
            self.activates[key[0]].append(cycle)
        elif command is Command.PRECHARGE:
            self.banks[key].open_row = None
        for constraint in CONSTRAINTS:
            if constraint.earlier is command:
                for other in self.keys:
                    if _within(key, other, constraint.scope):
                        legal = self.banks[other].legal
                        wait = cycle + constraint.cycles(self.spec)
                        legal[constraint.later] = max(legal[constraint.later], wait)

    def schedule(self, closing: bool) -> None:
        """Move one transaction to its bank's queue: reads first, writes in batches."""
        controller = self.spec.controller
        idle = not any(bank.queue for bank in self.banks.values())
        if self.draining == 0 and (
            len(self.writes) >= controller.write_queue
            or (len(self.writes) > controller.drain_above and idle)
            or (closing and self.writes and not self.reads)
        ):
            self.draining = len(self.writes)
        if self.draining:
            write = self.movable(self.writes)
            if write is None:
                return
            if write.burst not in self.pending_reads:
                self.draining -= 1
                self.writes.remove(write)
                self.bank_of(write).queue.append(write)
                return
            self.draining = 0  # it must wait for an older read of its burst, which has to come through
        read = self.movable(self.reads)
        if read is not None:
            self.reads.remove(read)
            self.bank_of(read).queue.append(read)

    def movable(self, queue: list[Request]) -> Request | None:
        depth = self.spec.controller.command_queue
        return next((request for request in queue if len(self.bank_of(request).queue) < depth), None)

    def bank_of(self, request: Request) -> Bank:
        return self.banks[request.place.rank, request.place.group, request.place.bank]

    @property
    def empty(self) -> bool:
        return not (self.reads or self.writes or any(bank.queue for bank in self.banks.values()))


def _within(earlier: tuple[int, int, int], later: tuple[int, int, int], scope: Scope) -> bool:
    if scope is Scope.OTHER_RANK:
        return earlier[0] != later[0]
    same = {Scope.SAME_BANK: 3, Scope.SAME_GROUP: 2, Scope.SAME_RANK: 1}[scope]
    return earlier[:same] == later[:same]


class Stream(NamedTuple):
    """Requests in order: burst numbers, whether each writes, the first cycle in which each may enter."""

    bursts: list[int]
    is_write: list[bool]
    arrivals: list[int]


@dataclass
class Outcome:
    """done: cycle of each request; issued: every command; row_hits and active_cycles summed over channels, ranks;
    activates, accesses, hits: commands that were sent for each request."""

    done: list[int]
    issued: list[Issued]
    row_hits: int
    active_cycles: int
    cycles: int
    activates: list[int]
    accesses: list[int]
    hits: list[int]


def simulate(spec: DramSpec, requests: Stream) -> Outcome:
    """Run the requests in order until all are answered and written back."""
    channels = [Channel(spec, index) for index in range(spec.organisation.channels)]
    waiting = deque(
        Request(index, burst, write, arrival, place_of(spec, burst))
        for index, (burst, write, arrival) in enumerate(zip(*requests, strict=True))
    )
    done: dict[int, int] = {}
    cycle = 0
    while waiting or not all(channel.empty for channel in channels):
        for channel in channels:
            channel.tick(cycle, done, closing=not waiting)
        for _ in range(spec.controller.requests_per_cycle):
            if not waiting or waiting[0].arrival > cycle:
                break
            channel = channels[waiting[0].place.channel]
            if not channel.will_accept(waiting[0]):
                break
            channel.accept(waiting.popleft(), cycle, done)
        cycle += 1
    return Outcome(
        [done[index] for index in range(len(requests.bursts))],
        [issued for channel in channels for issued in channel.issued],
        sum(channel.row_hits for channel in channels),
        sum(sum(channel.active_cycles) for channel in channels),
        cycle,
        *_sent_for(channels, len(requests.bursts)),
    )


def _sent_for(channels: list[Channel], requests: int) -> tuple[list[int], list[int], list[int]]:
    activates, accesses, hits = [0] * requests, [0] * requests, [0] * requests
    for channel in channels:
        for index, command, used in channel.sent_for:
            activates[index] += command is Command.ACTIVATE
            accesses[index] += command in COLUMN
            hits[index] += command in COLUMN and used
    return activates, accesses, hits
