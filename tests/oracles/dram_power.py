"""A DRAM whose ranks sleep, cycle by cycle: in every cycle each rank is awake, in power-down or in self-refresh, every
queue is looked at, and every command is held against the last ones of its bank, group, rank and the other ranks.

It knows LIFSim's rules from docs/model.md alone and imports nothing of it.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

NEVER = 10**15
AWAKE, POWER_DOWN, SELF_REFRESH = "awake", "power-down", "self-refresh"
COLUMN = ("RD", "WR")


@dataclass(frozen=True)
class Device:
    """Plain figures: timing and controller by their names in a device file, a setting that is off being NEVER."""

    channels: int
    ranks: int
    groups: int
    banks: int
    burst_cycles: int
    devices: int
    timing: Mapping[str, int]
    tck_ns: float
    controller: Mapping[str, int]
    supplies: Sequence[Mapping[str, float]]


class Request(NamedTuple):
    """One burst and where it lives; `bank` is (rank, group, bank)."""

    burst: int
    is_write: bool
    arrival: int
    channel: int
    bank: tuple[int, int, int]
    row: int


@dataclass
class Rank:
    """usable: the first cycle in which a command may go to it; asked: the last in which one went out for a request."""

    state: str = AWAKE
    since: int = 0
    woken: int = -NEVER
    usable: int = 0
    asked: int = -1
    closing: bool = False
    cycles: Counter[str] = field(default_factory=Counter)
    entries: Counter[str] = field(default_factory=Counter)


@dataclass
class Bank:
    row: int | None = None
    hits: int = 0
    queue: list[int] = field(default_factory=list)


@dataclass
class Outcome:
    """done: cycle of each request; cycles: until the last data; commands, entries, rank_cycles by kind and state."""

    done: list[int]
    cycles: int
    commands: Counter[str]
    entries: Counter[str]
    rank_cycles: Counter[str]
    energy_pj: float


class Channel:
    def __init__(self, device: Device, requests: Sequence[Request]) -> None:
        self.d, self.t, self.requests = device, device.timing, requests
        spread = [(r, g, b) for r in range(device.ranks) for g in range(device.groups) for b in range(device.banks)]
        self.banks = {key: Bank() for key in spread}
        self.ranks = [Rank() for _ in range(device.ranks)]
        self.last: dict[tuple[object, ...], int] = {}
        self.windows: list[deque[int]] = [deque(maxlen=4) for _ in range(device.ranks)]
        self.reads: list[int] = []
        self.writes: list[int] = []
        self.asking: dict[int, list[int]] = {}
        self.written: set[int] = set()
        self.draining = self.turn = self.refreshes = 0
        self.owed: deque[int] = deque()
        self.commands: Counter[str] = Counter()
        self.data_end = 0

    # What may be sent

    def since(self, command: str, place: tuple[int, ...]) -> int:
        """The last such command to that bank, group or rank."""
        return self.last.get((command, *place), -NEVER)

    def others(self, command: str, rank: int) -> int:
        return max((self.since(command, (o,)) for o in range(self.d.ranks) if o != rank), default=-NEVER)

    def may(self, command: str, bank: tuple[int, int, int], cycle: int) -> bool:
        """Whether `command` may go to `bank` in `cycle`."""
        t, burst, rank, group = self.t, self.d.burst_cycles, bank[:1], bank[:2]
        read, write = t["AL"] + t["CL"], t["AL"] + t["CWL"]
        long = "_L" if self.d.groups > 1 else "_S"
        turn = read + burst - write + t["tRTRS"]
        gaps: dict[str, list[int]] = {
            "ACT": [
                self.since("PRE", bank) + t["tRP"],
                self.since("ACT", bank) + t["tRC"],
                self.since("ACT", group) + t["tRRD" + long],
                self.since("ACT", rank) + t["tRRD_S"],
                self.since("REF", rank) + t["tRFC"],
                (self.windows[rank[0]][0] if len(self.windows[rank[0]]) == 4 else -NEVER) + t["tFAW"],
            ],
            "PRE": [
                self.since("ACT", bank) + t["tRAS"],
                self.since("RD", bank) + t["AL"] + t["tRTP"],
                self.since("WR", bank) + write + burst + t["tWR"],
                self.since("PRE", rank) + t["tPPD"],
            ],
            "RD": [
                self.since("ACT", bank) + t["tRCD"] - t["AL"],
                self.since("RD", group) + max(burst, t["tCCD" + long]),
                self.since("RD", rank) + max(burst, t["tCCD_S"]),
                self.since("WR", group) + write + burst + t["tWTR" + long],
                self.since("WR", rank) + write + burst + t["tWTR_S"],
                self.others("RD", rank[0]) + burst + t["tRTRS"],
                self.others("WR", rank[0]) + write + burst - read + t["tRTRS"],
            ],
            "WR": [
                self.since("ACT", bank) + t["tRCDWR"] - t["AL"],
                self.since("WR", group) + max(burst, t["tCCD" + long]),
                self.since("WR", rank) + max(burst, t["tCCD_S"]),
                self.since("RD", rank) + turn,
                self.others("RD", rank[0]) + turn,
                self.others("WR", rank[0]) + burst,
            ],
            "REF": [self.since("PRE", rank) + t["tRP"], self.since("REF", rank) + t["tRFC"]],
        }
        return cycle >= max(*gaps[command], self.ranks[rank[0]].usable)

    def is_quiet(self, rank: int, cycle: int) -> bool:
        """Whether no data of the rank are on their way, and no row of it is being opened, written or closed."""
        t, burst = self.t, self.d.burst_cycles
        ends = [
            self.since("ACT", (rank,)) + t["tRAS"],
            self.since("PRE", (rank,)) + t["tRP"],
            self.since("RD", (rank,)) + t["AL"] + t["CL"] + burst + 1,
            self.since("WR", (rank,)) + t["AL"] + t["CWL"] + burst + t["tWR"],
            self.since("REF", (rank,)) + t["tRFC"],
        ]
        return cycle >= max(ends)

    def send(self, command: str, bank: tuple[int, int, int], row: int, cycle: int) -> None:
        assert self.ranks[bank[0]].state == AWAKE
        self.commands[command] += 1
        for length in (1,) if command == "REF" else (1, 2, 3):
            self.last[(command, *bank[:length])] = cycle
        if command == "ACT":
            self.banks[bank].row, self.banks[bank].hits = row, 0
            self.windows[bank[0]].append(cycle)
        elif command == "PRE":
            self.banks[bank].row = None
        elif command == "WR":
            self.data_end = max(self.data_end, cycle + self.t["AL"] + self.t["CWL"] + self.d.burst_cycles)

    # The states of ranks

    def open_banks(self, rank: int) -> list[tuple[int, int, int]]:
        return [key for key, bank in self.banks.items() if key[0] == rank and bank.row is not None]

    def is_asked(self, rank: int) -> bool:
        return any(bank.queue for key, bank in self.banks.items() if key[0] == rank)

    def idle_cycles(self, rank: int, cycle: int) -> int:
        return cycle - self.ranks[rank].asked - 1

    def change_states(self, cycle: int) -> None:
        """What the clock enables of the ranks do at the beginning of a cycle."""
        while self.owed and self.ranks[self.owed[0]].state == SELF_REFRESH:
            self.owed.popleft()
        for number, rank in enumerate(self.ranks):
            asked, refreshed = self.is_asked(number), bool(self.owed) and self.owed[0] == number
            rank.closing = rank.closing and not asked and not refreshed
            if rank.state == POWER_DOWN:
                if asked or refreshed or rank.closing:
                    self.wake(rank, cycle)
            elif rank.state == SELF_REFRESH:
                if asked and cycle >= rank.since + self.t["tCKESR"]:
                    rank.state, rank.woken, rank.usable = AWAKE, cycle, cycle + self.t["tXS"]
            elif not (asked or refreshed or rank.closing) and self.may_power_down(number, cycle):
                rank.state, rank.since = POWER_DOWN, cycle
                rank.entries["active" if self.open_banks(number) else "precharge"] += 1

    def may_power_down(self, number: int, cycle: int) -> bool:
        controller, rank, idle = self.d.controller, self.ranks[number], self.idle_cycles(number, cycle)
        if not controller["power_down_after_cycles"] <= idle < controller["self_refresh_after_cycles"]:
            return False
        return self.is_quiet(number, cycle) and cycle >= rank.woken + self.t["tCKE"]

    def wake(self, rank: Rank, cycle: int) -> None:
        """From power-down, as soon as it may."""
        if cycle >= rank.since + self.t["tCKE"]:
            rank.state, rank.woken, rank.usable = AWAKE, cycle, cycle + self.t["tXP"]

    def count_states(self) -> None:
        for number, rank in enumerate(self.ranks):
            opened = "active" if self.open_banks(number) else "precharge"
            rank.cycles[SELF_REFRESH if rank.state == SELF_REFRESH else f"{opened} {rank.state}"] += 1

    # A cycle

    def tick(self, cycle: int, done: dict[int, int], closing: bool) -> None:
        if cycle and cycle % (self.t["tREFI"] // self.d.ranks) == 0:
            self.owed.append(self.refreshes % self.d.ranks)
            self.refreshes += 1
        self.change_states(cycle)
        sent = self.refresh_step(cycle) if self.owed else None
        if sent is None:
            sent = self.queue_step(cycle, done, None)
        if sent is not None and self.d.controller["dual_command"]:
            self.queue_step(cycle, done, sent)
        if sent is None and not self.owed:
            self.rest_step(cycle)
        self.count_states()
        self.schedule(closing)

    def refresh_step(self, cycle: int) -> str | None:
        rank = self.owed[0]
        if self.ranks[rank].state != AWAKE:
            return None
        opened = self.open_banks(rank)
        for bank in opened:
            if self.may("PRE", bank, cycle):
                self.send("PRE", bank, 0, cycle)
                return "PRE"
        if not opened and self.may("REF", (rank, 0, 0), cycle):
            self.owed.popleft()
            self.send("REF", (rank, 0, 0), 0, cycle)
            return "REF"
        return None

    def rest_step(self, cycle: int) -> None:
        """Bring a rank of which nothing was asked for long nearer to self-refresh, with one command at most."""
        for number, rank in enumerate(self.ranks):
            due = self.idle_cycles(number, cycle) >= self.d.controller["self_refresh_after_cycles"]
            if not due or self.is_asked(number) or rank.state == SELF_REFRESH:
                continue
            if not rank.closing:
                rank.closing = True
                if rank.state == POWER_DOWN:
                    self.wake(rank, cycle)
            if rank.state == POWER_DOWN:
                continue
            opened = self.open_banks(number)
            for bank in opened:
                if self.may("PRE", bank, cycle):
                    self.send("PRE", bank, 0, cycle)
                    return
            if not opened and self.may("REF", (number, 0, 0), cycle) and self.is_quiet(number, cycle):
                rank.state, rank.since, rank.closing = SELF_REFRESH, cycle, False
                rank.entries[SELF_REFRESH] += 1
                return

    def queue_step(self, cycle: int, done: dict[int, int], first: str | None) -> str | None:
        keys = list(self.banks)
        for step in range(1, len(keys) + 1):
            turn = (self.turn + step) % len(keys)
            key = keys[turn]
            held = bool(self.owed) and key[0] == self.owed[0]
            choice = None if held or self.ranks[key[0]].state != AWAKE else self.first_ready(cycle, key)
            if choice is None:
                continue
            self.turn = turn
            command, index = choice
            if first is not None and (command in COLUMN) == (first in COLUMN):
                return None
            self.ranks[key[0]].asked = cycle
            if command in COLUMN:
                self.finish(cycle, key, index, done)
            self.send(command, key, self.requests[index].row, cycle)
            return command
        return None

    def first_ready(self, cycle: int, key: tuple[int, int, int]) -> tuple[str, int] | None:
        bank = self.banks[key]
        for position, index in enumerate(bank.queue):
            request = self.requests[index]
            if bank.row is None:
                command = "ACT"
            elif bank.row == request.row:
                command = "WR" if request.is_write else "RD"
            else:
                command = "PRE"
                wanted = any(self.requests[other].row == bank.row for other in bank.queue)
                if position > 0 or (wanted and bank.hits < self.d.controller["row_hit_limit"]):
                    continue
            if self.may(command, key, cycle):
                return command, index
        return None

    def finish(self, cycle: int, key: tuple[int, int, int], index: int, done: dict[int, int]) -> None:
        bank, request = self.banks[key], self.requests[index]
        bank.queue.remove(index)
        bank.hits += 1
        if request.is_write:
            self.written.remove(request.burst)
        else:
            for asker in self.asking.pop(request.burst):
                done[asker] = cycle + self.t["AL"] + self.t["CL"] + self.d.burst_cycles

    # Requests

    def has_room(self, request: Request) -> bool:
        queue = "write_queue" if request.is_write else "read_queue"
        return len(self.writes if request.is_write else self.reads) < self.d.controller[queue]

    def accept(self, index: int, cycle: int, done: dict[int, int]) -> None:
        request = self.requests[index]
        if request.is_write or request.burst in self.written:
            done[index] = cycle + 1
            if request.is_write and request.burst not in self.written:
                self.written.add(request.burst)
                self.writes.append(index)
        elif request.burst in self.asking:
            self.asking[request.burst].append(index)
        else:
            self.asking[request.burst] = [index]
            self.reads.append(index)

    def schedule(self, closing: bool) -> None:
        """Move one transaction to its bank's queue: reads first, writes in batches."""
        controller = self.d.controller
        idle = not any(bank.queue for bank in self.banks.values())
        full, many = len(self.writes) >= controller["write_queue"], len(self.writes) > controller["drain_above"]
        if self.draining == 0 and (full or (many and idle) or (closing and self.writes and not self.reads)):
            self.draining = len(self.writes)
        if self.draining:
            write = self.movable(self.writes)
            if write is None:
                return
            if self.requests[write].burst not in self.asking:
                self.draining -= 1
                self.move(write, self.writes)
                return
            self.draining = 0
        read = self.movable(self.reads)
        if read is not None:
            self.move(read, self.reads)

    def move(self, index: int, queue: list[int]) -> None:
        queue.remove(index)
        self.banks[self.requests[index].bank].queue.append(index)

    def movable(self, queue: list[int]) -> int | None:
        depth = self.d.controller["command_queue"]
        return next((i for i in queue if len(self.banks[self.requests[i].bank].queue) < depth), None)

    @property
    def is_empty(self) -> bool:
        return not (self.reads or self.writes or any(bank.queue for bank in self.banks.values()))


def simulate(device: Device, requests: Sequence[Request]) -> Outcome:
    """Run `requests` in order until all are answered and written back; then ranks may but fall asleep."""
    channels = [Channel(device, requests) for _ in range(device.channels)]
    done: dict[int, int] = {}
    cycle = following = 0
    while following < len(requests) or not all(channel.is_empty for channel in channels):
        for channel in channels:
            channel.tick(cycle, done, closing=following == len(requests))
        for _ in range(device.controller["requests_per_cycle"]):
            if following == len(requests) or requests[following].arrival > cycle:
                break
            channel = channels[requests[following].channel]
            if not channel.has_room(requests[following]):
                break
            channel.accept(following, cycle, done)
            following += 1
        cycle += 1
    end = max([*done.values(), *(channel.data_end for channel in channels)])
    for late in range(cycle, end):
        for channel in channels:
            channel.change_states(late)
            channel.count_states()
    ranks = [rank for channel in channels for rank in channel.ranks]
    commands = sum((channel.commands for channel in channels), Counter())
    rank_cycles = sum((rank.cycles for rank in ranks), Counter())
    entries = sum((rank.entries for rank in ranks), Counter())
    energy = sum(_energy_pj(device, supply, commands, rank_cycles) for supply in device.supplies)
    return Outcome([done[i] for i in range(len(requests))], end, commands, entries, rank_cycles, energy)


def _energy_pj(device: Device, supply: Mapping[str, float], commands: Counter[str], states: Counter[str]) -> float:
    """Of one supply: mA x cycles of all that happened, times volts and nanoseconds."""
    t, idle, opened = device.timing, supply["IDD2N"], supply["IDD3N"]
    charge = commands["ACT"] * (supply["IDD0"] * t["tRC"] - opened * t["tRAS"] - idle * t["tRP"])
    charge += commands["RD"] * (supply["IDD4R"] - opened) * device.burst_cycles
    charge += commands["WR"] * (supply["IDD4W"] - opened) * device.burst_cycles
    charge += commands["REF"] * (supply["IDD5AB"] - opened) * t["tRFC"]
    charge += states["active awake"] * opened + states["precharge awake"] * idle
    charge += states["active power-down"] * supply["IDD3P"] + states["precharge power-down"] * supply["IDD2P"]
    charge += states[SELF_REFRESH] * supply["IDD6"]
    return charge * supply["VDD"] * device.tck_ns * device.devices
