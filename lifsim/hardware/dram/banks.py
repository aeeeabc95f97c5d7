"""The banks of the DRAM kernel: what a command changes, and their refresh."""

from __future__ import annotations

import numpy as np

from lifsim.hardware.dram.jit import Int64, Machine, Records, compiled, inlined
from lifsim.hardware.dram.keys import UNKNOWN, find_sooner, key_of
from lifsim.hardware.dram.members import HAVE_COMMANDS, are_few, join
from lifsim.hardware.dram.queues import NONE, commands_of, crowd_of
from lifsim.hardware.dram.rouse import NEVER, rouse
from lifsim.hardware.dram.state import BANK_COMMANDS, SELF_REFRESH
from lifsim.hardware.dram.wants import ACT, MOST, PRE, RD, REF, WR, is_column, legal, offer_again, plan

IN_BANK, IN_GROUP, IN_RANK, IN_OTHER_RANKS = np.arange(4)
ROW_HITS = np.int64(5)


@compiled
def expect(m: Machine, bank: Int64, row: Int64, cycle: Int64) -> None:
    """A command of that row joined the bank's in `cycle`. It is news if it is the only one, or the first hit of its
    kind; the bank may then be the next to send something."""
    b, count = m.banks[bank], m.queues[commands_of(bank)].count
    is_first_hit = row == b.open_row and (b.queued_hits == 1 or 0 < b.queued_writes < count)
    if count == 1:
        join(m, HAVE_COMMANDS, bank)
    if count == 1 or is_first_hit:
        plan(m, bank)
        find_sooner(m, bank, cycle)


@inlined
def keep_apart(m: Machine, cycle: Int64, bank: Int64, command: Int64, next_cycle: Int64) -> Int64:
    """Let all wait that must for `command`, which the bank sent in `cycle`, and tell what the bank wants now. The least
    key (keys.py) of its channel's banks from `next_cycle` on, in turn behind it."""
    _hold_off(m, cycle, bank, command)
    channel = np.int64(m.banks[bank].channel)
    if are_few(m, channel):
        least = _of_few(m, bank, next_cycle)
    else:
        least = _of_all(m, cycle, bank, command, next_cycle)
        if m.channels[channel].choices > 0:
            least = min(least, _of_choices(m, bank, next_cycle))
    plan(m, bank)
    return min(least, key_of(m, bank, m.banks_per_channel - 1, next_cycle))


@inlined
def _hold_off(m: Machine, cycle: Int64, bank: Int64, command: Int64) -> None:
    """Move the legal cycles of what must wait for `command`: no constraint (timing.py) holds off anything else. What an
    activate holds off was held off by earlier commands until now at most, as the activate itself was legal."""
    b = m.banks[bank]
    group, rank, own = m.groups[b.group], m.ranks[b.rank], np.int64(b.rank)
    if command == ACT:
        count = rank.activates + 1
        m.activated[own, (count - 1) & 3] = cycle
        rank.activates = count
        group.legal[ACT] = cycle + m.gaps[ACT, IN_GROUP, ACT]
        rank.legal[ACT] = max(cycle + m.gaps[ACT, IN_RANK, ACT], m.activated[own, count & 3] + m.faw_cycles)
        for later in range(BANK_COMMANDS):
            b.legal[later] = cycle + m.gaps[ACT, IN_BANK, later]
    elif is_column(command):
        b.legal[PRE] = max(b.legal[PRE], cycle + m.gaps[command, IN_BANK, PRE])
        for later in range(RD, WR + 1):
            group.legal[later] = max(group.legal[later], cycle + m.gaps[command, IN_GROUP, later])
        first = b.channel * m.rank_count
        for other in range(first, first + m.rank_count):
            scope = IN_RANK if other == own else IN_OTHER_RANKS
            for later in range(RD, WR + 1):
                m.ranks[other].legal[later] = max(m.ranks[other].legal[later], cycle + m.gaps[command, scope, later])
    else:
        b.legal[ACT] = max(b.legal[ACT], cycle + m.gaps[command, IN_BANK, ACT])
        for later in range(ACT, PRE + 1):
            rank.legal[later] = max(rank.legal[later], cycle + m.gaps[command, IN_RANK, later])
        rank.refresh_at = max(rank.refresh_at, cycle + m.gaps[command, IN_RANK, REF])


@inlined
def _of_all(m: Machine, cycle: Int64, bank: Int64, command: Int64, next_cycle: Int64) -> Int64:
    """What other banks want is put off by `command`; the least of their keys."""
    b = m.banks[bank]
    if is_column(command):
        other = RD + WR - command
        if (m.writes_open if other == WR else m.reads_open) > 0:
            _put_off(m, bank, other, *_waits(m, cycle, command, other), next_cycle)
        return _put_off(m, bank, command, *_waits(m, cycle, command, command), next_cycle)
    if command == ACT or (command == PRE and m.gaps[PRE, IN_RANK, PRE] > 0):
        in_group, in_rank = m.groups[b.group].legal[command], m.ranks[b.rank].legal[command]
        return _put_off(m, bank, command, max(in_group, in_rank), in_rank, np.int64(0), next_cycle)
    return _beside(m, bank, next_cycle)


@compiled
def _waits(m: Machine, cycle: Int64, command: Int64, later: Int64) -> tuple[Int64, Int64, Int64]:
    """Until when `later` waits for `command`: in the group, in the rank, in other ranks."""
    gaps = m.gaps[command]
    return cycle + gaps[IN_GROUP, later], cycle + gaps[IN_RANK, later], cycle + gaps[IN_OTHER_RANKS, later]


@compiled
def _put_off(
    m: Machine, bank: Int64, kind: Int64, in_group: Int64, in_rank: Int64, beside: Int64, next_cycle: Int64
) -> Int64:
    """Other banks that want a command of that `kind` wait, each until the cycle that holds where it is; the least key
    of all others from `next_cycle` on, in turn behind the bank."""
    last = m.banks_per_channel - 1
    first, own, least = bank & ~last, bank & last, np.int64(NEVER)
    # In registers: what is written might be any of these, for all that the compiler knows.
    group_size, rank_size, bits = np.int64(m.banks_per_group), np.int64(m.banks_per_rank), m.turn_bits
    for place in range(last + 1):
        apart, other = place ^ own, first + place
        until = in_group if apart < group_size else in_rank if apart < rank_size else beside
        allowed = max(m.allowed[MOST, other], until if m.asks[MOST, other] == kind else 0)
        m.allowed[MOST, other] = allowed
        key = max(allowed, next_cycle) << bits | (place - own - 1) & last
        least = min(least, key if apart > 0 else NEVER)
    return least


@compiled
def _beside(m: Machine, bank: Int64, next_cycle: Int64) -> Int64:
    """The least key of other banks, of which none is held off."""
    last = m.banks_per_channel - 1
    first, own, least, bits = bank & ~last, bank & last, np.int64(NEVER), m.turn_bits
    for place in range(last + 1):
        key = max(m.allowed[MOST, first + place], next_cycle) << bits | (place - own - 1) & last
        least = min(least, key if place != own else NEVER)
    return least


@compiled
def _of_few(m: Machine, bank: Int64, next_cycle: Int64) -> Int64:
    """What other banks with commands want is allowed when it is legal; the least of their keys."""
    last, least, first = m.banks_per_channel - 1, np.int64(NEVER), bank & ~(m.banks_per_channel - 1)
    for place in range(first, first + m.member_count[m.banks[bank].channel, HAVE_COMMANDS]):
        other = np.int64(m.members[HAVE_COMMANDS, place])
        if other != bank:
            offer_again(m, other)
            least = min(least, key_of(m, other, (other - bank - 1) & last, next_cycle))
    return least


@compiled
def _of_choices(m: Machine, bank: Int64, next_cycle: Int64) -> Int64:
    """What other banks may choose is allowed when it is legal; the least of their keys."""
    last, least, first = m.banks_per_channel - 1, np.int64(NEVER), bank & ~(m.banks_per_channel - 1)
    for other in range(first, first + last + 1):
        if m.banks[other].has_choice and other != bank:
            offer_again(m, other)
            least = min(least, key_of(m, other, (other - bank - 1) & last, next_cycle))
    return least


@inlined
def send(m: Machine, log: Records, cycle: Int64, bank: Int64, command: Int64, row: Int64, next_cycle: Int64) -> Int64:
    """A command goes out: bring the legal cycles, the open rows, the counts and what the bank wants up to date. The
    least key of its channel from `next_cycle` on, in turn behind the bank."""
    if command == ACT:
        _open_row(m, cycle, bank, row)
    elif command == PRE:
        _close_row(m, cycle, bank)
    least = keep_apart(m, cycle, bank, command, next_cycle)
    if m.sleeps:
        r = m.ranks[m.banks[bank].rank]
        r.quiet = max(r.quiet, cycle + m.quiet_after[command])
    m.counts[m.banks[bank].channel, command] += 1
    if m.logged < log.size:
        log[m.logged].cycle = cycle
        log[m.logged].command = command
        log[m.logged].bank = bank
        log[m.logged].row = row
    m.logged += 1
    return least


@compiled
def _open_row(m: Machine, cycle: Int64, bank: Int64, row: Int64) -> None:
    b = m.banks[bank]
    rank = m.ranks[b.rank]
    if rank.open_banks == 0:
        rank.open_since = cycle
    rank.open_banks += 1
    b.open_row = row
    b.row_hits = 0
    entry = m.queues[commands_of(bank)].first
    if m.crowd[crowd_of(bank, row)] == 1:
        b.queued_hits = m.entries[entry].count
        return
    while entry >= 0:
        if m.entries[entry].row == row:
            b.queued_hits += m.entries[entry].count
        entry = m.entries[entry].next


@compiled
def _close_row(m: Machine, cycle: Int64, bank: Int64) -> None:
    rank = m.ranks[m.banks[bank].rank]
    m.banks[bank].open_row = -1
    m.banks[bank].queued_hits = 0
    rank.open_banks -= 1
    if rank.open_banks == 0:
        rank.active_cycles += cycle - rank.open_since


@compiled
def owe_refresh(m: Machine, channel: Int64, cycle: Int64) -> None:
    """One more rank is due."""
    c = m.channels[channel]
    c.refreshes_owed += 1
    c.refresh_due += m.refresh_cycles
    if c.refreshes_owed == 1:
        _next_refresh(m, channel, cycle)


@compiled
def _next_refresh(m: Machine, channel: Int64, cycle: Int64) -> None:
    """The rank that is refreshed next, one that does not do it by itself, is awake from `cycle` on; its queues wait."""
    c = m.channels[channel]
    while m.ranks[channel * m.rank_count + c.refresh_rank].state == SELF_REFRESH:
        c.refresh_rank = (c.refresh_rank + 1) % m.rank_count
        c.refreshes_owed -= 1
        if c.refreshes_owed == 0:
            return
    rank = channel * m.rank_count + c.refresh_rank
    if m.sleeps and m.ranks[rank].commands == 0:
        rouse(m, rank, cycle)
    first = rank * m.banks_per_rank
    for bank in range(first, first + m.banks_per_rank):
        plan(m, bank)
    _forget_next(m, channel)


@compiled
def _forget_next(m: Machine, channel: Int64) -> None:
    """The bank that was the next to send something waits for a refresh, or for what was sent for one."""
    if m.channels[channel].commands > 0:
        m.channels[channel].due = UNKNOWN


@compiled
def refresh_step(m: Machine, log: Records, channel: Int64, cycle: Int64) -> Int64:
    """Close the banks of the rank that is due, one a cycle, then refresh it; the command sent, or -1."""
    c = m.channels[channel]
    rank = channel * m.rank_count + c.refresh_rank
    first = rank * m.banks_per_rank
    if m.ranks[rank].open_banks > 0:
        for bank in range(first, first + m.banks_per_rank):
            if m.banks[bank].open_row >= 0 and legal(m, bank, PRE) <= cycle:
                send(m, log, cycle, bank, PRE, np.int64(0), cycle)
                _forget_next(m, channel)
                return PRE
    elif m.ranks[rank].refresh_at <= cycle:
        send(m, log, cycle, first, REF, np.int64(0), cycle)
        _forget_next(m, channel)
        c.refreshes_owed -= 1
        c.refresh_rank = (c.refresh_rank + 1) % m.rank_count
        for bank in range(first, first + m.banks_per_rank):
            plan(m, bank)
        if c.refreshes_owed > 0:
            _next_refresh(m, channel, cycle + 1)
        return REF
    return NONE


@compiled
def refresh_wake(m: Machine, channel: Int64) -> Int64:
    """When the refresh that is due can go on."""
    rank = channel * m.rank_count + m.channels[channel].refresh_rank
    if m.ranks[rank].open_banks == 0:
        return m.ranks[rank].refresh_at
    at = NEVER
    for bank in range(rank * m.banks_per_rank, (rank + 1) * m.banks_per_rank):
        if m.banks[bank].open_row >= 0:
            at = min(at, legal(m, bank, PRE))
    return at
