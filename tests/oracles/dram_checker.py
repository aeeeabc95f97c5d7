"""Is a stream of DRAM commands legal? JEDEC's rules, said without LIFSim's table: what each parameter forbids, what a
bank's state forbids, and that no two bursts are on the data bus at once."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

from lifsim.model.dram import DramSpec

ACT, PRE, RD, WR, REF = range(5)


class Sent(NamedTuple):
    """One command; bank counts within the rank, a refresh is of the whole rank."""

    cycle: int
    command: int
    channel: int
    rank: int
    group: int
    bank: int
    row: int


def violations(spec: DramSpec, sent: list[Sent]) -> Iterator[str]:
    """Everything that `sent`, in order of its cycles, breaks."""
    for channel in sorted({command.channel for command in sent}):
        own = [command for command in sent if command.channel == channel]
        yield from _wrong_state(own)
        yield from _bus(spec, own)
        yield from _four_activates(spec, own)
        yield from _refreshes(spec, own)
        yield from _too_close(spec, own)


def _too_close(spec: DramSpec, sent: list[Sent]) -> Iterator[str]:
    longest = spec.timing.tRC + spec.timing.tWR + spec.timing.tWTR_L + 40
    for index, later in enumerate(sent):
        for earlier in reversed(sent[:index]):
            if later.cycle - earlier.cycle > longest:
                break
            for name, cycles in _gaps(spec, earlier, later):
                if later.cycle < earlier.cycle + cycles:
                    yield f"{name}: {later} follows {earlier} within {cycles}"


def _refreshes(spec: DramSpec, sent: list[Sent]) -> Iterator[str]:
    """A refresh keeps its rank busy; the ranks take turns, one every tREFI / ranks, neither early nor nine late."""
    last: dict[int, int] = {}
    interval, due = spec.timing.tREFI // spec.organisation.ranks, 0
    for command in sent:
        since = command.cycle - last.get(command.rank, -spec.timing.tRFC)
        if command.command in (ACT, REF) and since < spec.timing.tRFC:
            yield f"tRFC: {command}"
        if command.command == REF:
            last[command.rank] = command.cycle
            due += interval
            if not due <= command.cycle <= due + 9 * spec.timing.tREFI:
                yield f"tREFI: {command} is due at {due}"


def _gaps(spec: DramSpec, earlier: Sent, later: Sent) -> Iterator[tuple[str, int]]:
    """Which parameters keep `later` away from `earlier`, and by how much."""
    t, burst = spec.timing, spec.organisation.burst_length // 2
    grouped = spec.organisation.bank_groups > 1
    same_rank = earlier.rank == later.rank
    same_group = same_rank and earlier.group == later.group
    same_bank = same_group and earlier.bank == later.bank
    kinds = earlier.command, later.command
    written = t.AL + t.CWL + burst
    if kinds == (PRE, REF) and same_rank:
        yield "tRP", t.tRP
    if kinds == (PRE, PRE) and same_rank:
        yield "tPPD", t.tPPD
    if kinds == (ACT, ACT) and same_rank:
        yield "tRRD", t.tRRD_L if same_group and grouped else t.tRRD_S
    if kinds in ((RD, RD), (WR, WR)) and same_rank:
        yield "tCCD", t.tCCD_L if same_group and grouped else t.tCCD_S
    if kinds == (WR, RD) and same_rank:
        yield "tWTR", written + (t.tWTR_L if same_group and grouped else t.tWTR_S)
    if same_bank:
        write_tRCD = t.tRCD if t.tRCDWR is None else t.tRCDWR
        in_bank = {
            (ACT, ACT): t.tRC,
            (ACT, PRE): t.tRAS,
            (ACT, RD): t.tRCD - t.AL,
            (ACT, WR): write_tRCD - t.AL,
            (PRE, ACT): t.tRP,
            (RD, PRE): t.AL + t.tRTP,
            (WR, PRE): written + t.tWR,
        }
        if kinds in in_bank:
            yield "within the bank", in_bank[kinds]


def _wrong_state(sent: list[Sent]) -> Iterator[str]:
    open_rows: dict[tuple[int, int, int], int] = {}
    for command in sent:
        key = command.rank, command.group, command.bank
        if command.command == ACT:
            if key in open_rows:
                yield f"activate of an open bank: {command}"
            open_rows[key] = command.row
        elif command.command == PRE:
            if open_rows.pop(key, None) is None:
                yield f"precharge of a closed bank: {command}"
        elif command.command == REF:
            if any(rank == command.rank for rank, _, _ in open_rows):
                yield f"refresh of a rank with open banks: {command}"
        elif open_rows.get(key) != command.row:
            yield f"access of a row that is not open: {command}"


def _four_activates(spec: DramSpec, sent: list[Sent]) -> Iterator[str]:
    for rank in {command.rank for command in sent}:
        cycles = [command.cycle for command in sent if command.command == ACT and command.rank == rank]
        for first, fifth in zip(cycles, cycles[4:], strict=False):
            if fifth < first + spec.timing.tFAW:
                yield f"tFAW: five activates of rank {rank} from cycle {first} to {fifth}"


def _bus(spec: DramSpec, sent: list[Sent]) -> Iterator[str]:
    """Bursts in the order of their data; a change of the driver costs tRTRS, from write to write there is none."""
    t, burst = spec.timing, spec.organisation.burst_length // 2
    latency = {RD: t.AL + t.CL, WR: t.AL + t.CWL}
    bursts = sorted((c.cycle + latency[c.command], c.command, c.rank) for c in sent if c.command in latency)
    for (start, command, rank), (following, next_command, next_rank) in pairwise(bursts):
        turns = (command == RD and (next_command == WR or next_rank != rank)) or (
            command == WR and next_command == RD and next_rank != rank
        )
        if following < start + burst + (t.tRTRS if turns else 0):
            yield f"bus: data of rank {next_rank} at {following} behind that of rank {rank} at {start}"
