"""The banks of the DRAM kernel: what they may do when, what their queues send, and what a command changes."""

from __future__ import annotations

import numpy as np

from lifsim.hardware.dram.jit import Bool, Int64, Machine, Records, compiled
from lifsim.hardware.dram.members import HAVE_COMMANDS, join
from lifsim.hardware.dram.queues import NONE, commands_of
from lifsim.hardware.dram.rouse import NEVER, RANK_ROW, rouse
from lifsim.hardware.dram.state import COMMANDS, SELF_REFRESH
from lifsim.model.dram import MAX_BANKS

ACT, PRE, RD, WR, REF = np.arange(5)
IN_BANK, IN_GROUP, IN_RANK, IN_OTHER_RANKS = np.arange(4)
GROUP_ROW = np.int64(MAX_BANKS)
ROW_HITS = np.int64(5)


@compiled
def is_column(command: Int64) -> Bool:
    """Whether it is a read or a write."""
    return RD <= command <= WR


@compiled
def legal(m: Machine, bank: Int64, command: Int64) -> Int64:
    """The first cycle in which the constraints allow `command` in `bank`."""
    at = m.legal[bank, command]
    at = max(at, m.legal[GROUP_ROW + m.banks[bank].group, command])
    return max(at, m.legal[RANK_ROW + m.banks[bank].rank, command])


@compiled
def choose(m: Machine, bank: Int64, cycle: Int64) -> tuple[Int64, Int64, Int64, Int64]:
    """What the bank's queue sends: (first cycle in which it can, command, entry before, entry): the oldest entry that
    can in `cycle`; if none can, that which will be the first."""
    b = m.banks[bank]
    entry = m.queues[commands_of(bank)].first
    if b.open_row < 0:
        window = m.activated[b.rank, m.ranks[b.rank].activates & 3] + m.faw_cycles
        return max(legal(m, bank, ACT), window), ACT, NONE, entry
    soonest, choice, choice_before, choice_entry = NEVER, PRE, NONE, entry
    if m.entries[entry].row != b.open_row and (b.queued_hits == 0 or b.row_hits >= m.row_hit_limit):
        soonest = legal(m, bank, PRE)
        if soonest <= cycle:
            return soonest, choice, choice_before, choice_entry
    hits_left, reads_left, writes_left = b.queued_hits, 1, b.queued_writes
    before = NONE
    while hits_left > 0:
        if m.entries[entry].row == b.open_row:
            hits_left -= m.entries[entry].count
            is_write = m.entries[entry].kind
            if (writes_left if is_write else reads_left) > 0:
                command = WR if is_write else RD
                at = legal(m, bank, command)
                if at < soonest:
                    soonest, choice, choice_before, choice_entry = at, command, before, entry
                if at <= cycle or b.queued_writes == 0:
                    break
                reads_left, writes_left = (reads_left, 0) if is_write else (0, writes_left)
        before, entry = entry, m.entries[entry].next
    return soonest, choice, choice_before, choice_entry


@compiled
def look(m: Machine, bank: Int64, cycle: Int64) -> None:
    """Find out when the bank can send something, and note after how many commands of the channel that was."""
    m.banks[bank].ready = choose(m, bank, cycle)[0]
    m.banks[bank].looked = m.channels[m.banks[bank].channel].sent


@compiled
def expect(m: Machine, bank: Int64, row: Int64, kind: Int64, cycle: Int64) -> None:
    """A command of that row and kind joined the bank's: when it can send the next."""
    if m.queues[commands_of(bank)].count == 1:
        join(m, HAVE_COMMANDS, bank)
    b = m.banks[bank]
    if is_held(m, bank):
        return
    if m.queues[commands_of(bank)].count == 1:
        look(m, bank, cycle)
    elif row == b.open_row:
        b.ready = min(b.ready, legal(m, bank, WR if kind else RD))


@compiled
def keep_apart(m: Machine, cycle: Int64, bank: Int64, command: Int64) -> None:
    """Move the legal cycles of all that must wait for `command`."""
    rank = m.banks[bank].rank
    _hold_off(m, cycle, command, IN_BANK, bank)
    _hold_off(m, cycle, command, IN_GROUP, GROUP_ROW + m.banks[bank].group)
    _hold_off(m, cycle, command, IN_RANK, RANK_ROW + rank)
    first = m.banks[bank].channel * m.rank_count
    for other in range(first, first + m.rank_count):
        if other != rank:
            _hold_off(m, cycle, command, IN_OTHER_RANKS, RANK_ROW + other)


@compiled
def _hold_off(m: Machine, cycle: Int64, command: Int64, scope: Int64, row: Int64) -> None:
    for later in range(COMMANDS):
        m.legal[row, later] = max(m.legal[row, later], cycle + m.gaps[command, scope, later])


@compiled
def send(m: Machine, log: Records, cycle: Int64, bank: Int64, command: Int64, row: Int64) -> None:
    """A command goes out: bring the legal cycles, the open rows and the counts up to date."""
    channel = m.banks[bank].channel
    keep_apart(m, cycle, bank, command)
    if is_column(command):
        if command == WR:
            m.written = cycle + m.write_cycles
        m.counts[channel, ROW_HITS] += m.banks[bank].row_hits > 0
        m.banks[bank].row_hits += 1
    elif command == ACT:
        _open_row(m, cycle, bank, row)
    elif command == PRE:
        _close_row(m, cycle, bank)
    if m.sleeps:
        r = m.ranks[m.banks[bank].rank]
        r.quiet = max(r.quiet, cycle + m.quiet_after[command])
    m.counts[channel, command] += 1
    m.channels[channel].sent += 1
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
    if rank.open_banks == 0:
        rank.open_since = cycle
    rank.open_banks += 1
    b.open_row = row
    b.row_hits = 0
    entry = m.queues[commands_of(bank)].first
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
def is_held(m: Machine, bank: Int64) -> Bool:
    """Whether the bank's queue waits for the refresh of its rank."""
    c = m.channels[m.banks[bank].channel]
    return c.refreshes_owed > 0 and m.banks[bank].rank == m.banks[bank].channel * m.rank_count + c.refresh_rank


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
        m.banks[bank].ready = NEVER


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
                return PRE
    elif m.legal[RANK_ROW + rank, REF] <= cycle:
        send(m, log, cycle, first, REF, np.int64(0))
        c.refreshes_owed -= 1
        c.refresh_rank = (c.refresh_rank + 1) % m.rank_count
        for bank in range(first, first + m.banks_per_rank):
            if m.queues[commands_of(bank)].count > 0:
                m.banks[bank].ready = legal(m, bank, ACT)
        if c.refreshes_owed > 0:
            _next_refresh(m, channel, cycle + 1)
        return REF
    return NONE


@compiled
def refresh_wake(m: Machine, channel: Int64) -> Int64:
    """When the refresh that is due can go on."""
    rank = channel * m.rank_count + m.channels[channel].refresh_rank
    if m.ranks[rank].open_banks == 0:
        return m.legal[RANK_ROW + rank, REF]
    at = NEVER
    for bank in range(rank * m.banks_per_rank, (rank + 1) * m.banks_per_rank):
        if m.banks[bank].open_row >= 0:
            at = min(at, legal(m, bank, PRE))
    return at
