"""The banks of the DRAM kernel: what they may do when, what their queues send, and what a command changes."""

from __future__ import annotations

import numpy as np

from lifsim.hardware.dram.jit import Bool, Int64, Machine, Records, compiled
from lifsim.hardware.dram.queues import NONE

ACT, PRE, RD, WR, REF = np.arange(5)
IN_BANK, IN_GROUP, IN_RANK, IN_OTHER_RANKS = np.arange(4)
ROW_HITS = np.int64(5)
NEVER = np.int64(1 << 62)


@compiled
def is_column(command: Int64) -> Bool:
    """Whether it is a read or a write."""
    return RD <= command <= WR


@compiled
def legal(m: Machine, bank: Int64, command: Int64) -> Int64:
    """The first cycle in which the constraints allow `command` in `bank`."""
    at = m.legal_in_bank[bank, command]
    at = max(at, m.legal_in_group[m.banks[bank].group, command])
    return max(at, m.legal_in_rank[m.banks[bank].rank, command])


@compiled
def choose(m: Machine, bank: Int64, cycle: Int64) -> tuple[Int64, Int64, Int64, Int64]:
    """What the bank's queue sends: (first cycle in which it can, command, entry before, entry): the oldest entry that
    can in `cycle`; if none can, that which will be the first."""
    b = m.banks[bank]
    entry = m.queues[bank].first
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
            hits_left -= 1
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
def keep_apart(m: Machine, cycle: Int64, bank: Int64, command: Int64) -> None:
    """Move the legal cycles of all that must wait for `command`."""
    rank = m.banks[bank].rank
    for place in range(m.rules_of[command], m.rules_of[command + 1]):
        scope, later = m.rules[place].scope, m.rules[place].later
        at = cycle + m.rules[place].cycles
        if scope == IN_BANK:
            m.legal_in_bank[bank, later] = max(m.legal_in_bank[bank, later], at)
        elif scope == IN_GROUP:
            group = m.banks[bank].group
            m.legal_in_group[group, later] = max(m.legal_in_group[group, later], at)
        elif scope == IN_RANK:
            m.legal_in_rank[rank, later] = max(m.legal_in_rank[rank, later], at)
        else:
            first = m.banks[bank].channel * m.rank_count
            for other in range(first, first + m.rank_count):
                if other != rank:
                    m.legal_in_rank[other, later] = max(m.legal_in_rank[other, later], at)


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
    if rank.open_banks == 0:
        rank.open_since = cycle
    rank.open_banks += 1
    b.open_row = row
    b.row_hits = 0
    entry = m.queues[bank].first
    while entry >= 0:
        b.queued_hits += m.entries[entry].row == row
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
    elif m.legal_in_rank[rank, REF] <= cycle:
        send(m, log, cycle, first, REF, np.int64(0))
        c.refreshes_owed -= 1
        c.refresh_rank = (c.refresh_rank + 1) % m.rank_count
        for bank in range(first, first + m.banks_per_rank):
            if m.queues[bank].count > 0:
                m.banks[bank].ready = legal(m, bank, ACT)
        return REF
    return NONE


@compiled
def refresh_wake(m: Machine, channel: Int64) -> Int64:
    """When the refresh that is due can go on."""
    rank = channel * m.rank_count + m.channels[channel].refresh_rank
    if m.ranks[rank].open_banks == 0:
        return m.legal_in_rank[rank, REF]
    at = NEVER
    for bank in range(rank * m.banks_per_rank, (rank + 1) * m.banks_per_rank):
        if m.banks[bank].open_row >= 0:
            at = min(at, legal(m, bank, PRE))
    return at
