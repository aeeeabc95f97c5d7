"""The banks of the DRAM kernel: what a command changes, and their refresh."""

from __future__ import annotations

import numpy as np

from lifsim.hardware.dram.jit import Int64, Machine, Records, compiled, inlined
from lifsim.hardware.dram.members import HAVE_COMMANDS, join
from lifsim.hardware.dram.queues import NONE, commands_of, crowd_of
from lifsim.hardware.dram.rouse import NEVER, of_bank, of_group, rouse
from lifsim.hardware.dram.state import SELF_REFRESH
from lifsim.hardware.dram.wants import ACT, PRE, RD, REF, legal, plan

IN_BANK, IN_GROUP, IN_RANK, IN_OTHER_RANKS = np.arange(4)
ROW_HITS = np.int64(5)
UNKNOWN = np.int64(-1)  # when the next bank sends something: it must be looked for


@compiled
def expect(m: Machine, bank: Int64, row: Int64) -> None:
    """A command of that row joined the bank's. It is news if it is the only one, or the first hit of its kind; the bank
    may then be the next to send something."""
    b, count = m.banks[bank], m.queues[commands_of(bank)].count
    is_first_hit = row == b.open_row and (b.queued_hits == 1 or 0 < b.queued_writes < count)
    if count == 1:
        join(m, HAVE_COMMANDS, bank)
    if count == 1 or is_first_hit:
        plan(m, bank)
        m.channels[b.channel].due = UNKNOWN


@inlined
def keep_apart(m: Machine, cycle: Int64, bank: Int64, command: Int64) -> None:
    """Move the legal cycles of all that must wait for `command`. Outside its bank one for a row (a column) holds off
    only others for rows (columns), which are two, `pair` and the next, or a refresh of its rank."""
    b, pair = m.banks[bank], command & RD
    rank = m.ranks[b.rank]
    rank.refresh_at = max(rank.refresh_at, cycle + m.gaps[command, IN_RANK, REF])
    _hold_off(m, of_bank(bank, ACT), _waits(m, cycle, command, IN_BANK, ACT))
    _hold_off(m, of_bank(bank, RD), _waits(m, cycle, command, IN_BANK, RD))
    _hold_off(m, of_group(b.group, pair), _waits(m, cycle, command, IN_GROUP, pair))
    in_rank, beside = _waits(m, cycle, command, IN_RANK, pair), _waits(m, cycle, command, IN_OTHER_RANKS, pair)
    # Its rank first: no processor foresees which it is, so there is no branch for it.
    first, own, last = b.channel * m.groups_per_channel, b.rank * m.groups_per_rank, m.groups_per_channel - 1
    for group in range(own, own + m.groups_per_rank):
        _hold_off(m, of_group(group, pair), in_rank)
    for group in range(own + m.groups_per_rank, own + m.groups_per_channel):
        _hold_off(m, of_group(first + (group & last), pair), beside)


@inlined
def _waits(m: Machine, cycle: Int64, command: Int64, scope: Int64, later: Int64) -> tuple[Int64, Int64]:
    """Until when `later` and the command behind it wait."""
    return cycle + m.gaps[command, scope, later], cycle + m.gaps[command, scope, later + 1]


@inlined
def _hold_off(m: Machine, place: Int64, until: tuple[Int64, Int64]) -> None:
    m.legal[place], m.legal[place + 1] = max(m.legal[place], until[0]), max(m.legal[place + 1], until[1])


@inlined
def send(m: Machine, log: Records, cycle: Int64, bank: Int64, command: Int64, row: Int64) -> None:
    """A command goes out: bring the legal cycles, the open rows, the counts and what the bank wants up to date."""
    channel = m.banks[bank].channel
    keep_apart(m, cycle, bank, command)
    if command == ACT:
        _open_row(m, cycle, bank, row)
    elif command == PRE:
        _close_row(m, cycle, bank)
    plan(m, bank)
    if m.sleeps:
        r = m.ranks[m.banks[bank].rank]
        r.quiet = max(r.quiet, cycle + m.quiet_after[command])
    m.counts[channel, command] += 1
    if m.logged < log.size:
        log[m.logged].cycle = cycle
        log[m.logged].command = command
        log[m.logged].bank = bank
        log[m.logged].row = row
    m.logged += 1


@compiled
def _open_row(m: Machine, cycle: Int64, bank: Int64, row: Int64) -> None:
    b = m.banks[bank]
    rank = m.ranks[b.rank]
    m.activated[b.rank, rank.activates & 3] = cycle
    rank.activates += 1
    fifth = m.activated[b.rank, rank.activates & 3] + m.faw_cycles
    for group in range(b.rank * m.groups_per_rank, (b.rank + 1) * m.groups_per_rank):
        m.legal[of_group(group, ACT)] = max(m.legal[of_group(group, ACT)], fifth)
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
                send(m, log, cycle, bank, PRE, np.int64(0))
                _forget_next(m, channel)
                return PRE
    elif m.ranks[rank].refresh_at <= cycle:
        send(m, log, cycle, first, REF, np.int64(0))
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
