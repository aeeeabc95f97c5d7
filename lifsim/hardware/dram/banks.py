"""The banks of the DRAM kernel: what a command changes, and their refresh."""

from __future__ import annotations

import numpy as np

from lifsim.hardware.dram.clock import UNWANTED, key_at
from lifsim.hardware.dram.jit import Int64, Key, Machine, Records, compiled, inlined
from lifsim.hardware.dram.keys import find_sooner, key_of
from lifsim.hardware.dram.members import HAVE_COMMANDS, are_few, join
from lifsim.hardware.dram.queues import commands_of, crowd_of
from lifsim.hardware.dram.state import BANK_COMMANDS
from lifsim.hardware.dram.wants import (
    ACT,
    MOST,
    PRE,
    RD,
    REF,
    WR,
    is_column,
    offer_again,
    plan,
    plan_closed,
)

IN_BANK, IN_GROUP, IN_RANK, IN_OTHER_RANKS = np.arange(4)
ROW_HITS = np.int64(5)
# Banks that are gone through at once, a number that the compiler knows: it makes whole registers of them, no rest.
LANES = 16


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


@compiled
def keep_apart(m: Machine, cycle: Int64, bank: Int64, command: Int64, next_cycle: Int64) -> Int64:
    """Let all wait that must for `command`, which the bank sent in `cycle`, and tell what the bank wants now. The least
    key (keys.py) of its channel's banks from `next_cycle` on, in turn behind it."""
    return _keep_apart(m, cycle, bank, command, next_cycle)


@inlined
def _keep_apart(m: Machine, cycle: Int64, bank: Int64, command: Int64, next_cycle: Int64) -> Int64:
    """`keep_apart`, put in where it is called: what a command does that is known there is not asked again and again."""
    _hold_off(m, cycle, bank, command)
    channel = np.int64(m.banks[bank].channel)
    next_key = key_at(m, channel, next_cycle)
    if are_few(m, channel):
        least = _of_few(m, bank, next_key)
    else:
        least = _of_all(m, cycle, bank, command, next_key)
        if m.channels[channel].choices > 0:
            least = min(least, _of_choices(m, bank, next_key))
    if command == PRE:
        plan_closed(m, bank)
    else:
        plan(m, bank)
    return min(least, key_of(m, bank, m.banks_per_channel - 1, next_key))


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
def _of_all(m: Machine, cycle: Int64, bank: Int64, command: Int64, next_key: Int64) -> Int64:
    """What other banks want is put off by `command`; the least of their keys."""
    b, channel = m.banks[bank], np.int64(m.banks[bank].channel)
    if is_column(command):
        other = RD + WR - command
        if (m.writes_open if other == WR else m.reads_open) > 0:
            _put_off(m, bank, other, *_waits(m, channel, cycle, command, other), next_key)
        return _put_off(m, bank, command, *_waits(m, channel, cycle, command, command), next_key)
    if command == ACT or (command == PRE and m.gaps[PRE, IN_RANK, PRE] > 0):
        in_rank = m.ranks[b.rank].legal[command]
        in_group = max(m.groups[b.group].legal[command], in_rank)
        until = np.int32(key_at(m, channel, in_group)), np.int32(key_at(m, channel, in_rank)), np.int32(0)
        return _put_off(m, bank, command, *until, next_key)
    return _put_off(m, bank, REF, np.int32(0), np.int32(0), np.int32(0), next_key)  # no bank asks for one


@compiled
def _waits(m: Machine, channel: Int64, cycle: Int64, command: Int64, later: Int64) -> tuple[Key, Key, Key]:
    """Until which key `later` waits for `command`: in the group, in the rank, in other ranks."""
    waits, sent = m.waits[command], np.int32(key_at(m, channel, cycle))
    in_group, in_rank = np.int32(sent + waits[IN_GROUP, later]), np.int32(sent + waits[IN_RANK, later])
    return in_group, in_rank, np.int32(sent + waits[IN_OTHER_RANKS, later])


@compiled
def _put_off(m: Machine, bank: Int64, kind: Int64, in_group: Key, in_rank: Key, beside: Key, next_key: Int64) -> Int64:
    """Other banks that want a command of that `kind` wait, each until the key that holds where it is; the least key of
    all others from `next_key` on, in turn behind the bank."""
    # In registers: what is written might be any of these, for all that the compiler knows.
    group_size, rank_size, size = np.int32(m.banks_per_group), np.int32(m.banks_per_rank), np.int32(m.banks_per_channel)
    own, asked, soonest, none, least = np.int32(bank), np.int32(kind), np.int32(next_key), np.int32(0), UNWANTED
    for first in range(*_lanes(m, bank)):
        for lane in range(LANES):
            other = first + lane
            apart = np.int32(m.numbers[other] ^ own)
            until = in_group if apart < group_size else in_rank if apart < rank_size else beside
            allowed = max(m.allowed[MOST, other], until if (m.asks[MOST, other] == asked) & (apart < size) else none)
            m.allowed[MOST, other] = allowed
            key = np.int32(max(allowed, soonest) | _turns(m, other, own, size))
            least = min(least, key if (apart > none) & (apart < size) else UNWANTED)
    return np.int64(least)


@compiled
def _lanes(m: Machine, bank: Int64) -> tuple[Int64, Int64, Int64]:
    """Range of the first of LANES banks each that together are those of its channel, and others where it has fewer."""
    size = max(m.banks_per_channel, LANES)
    first = bank & ~(size - 1)
    return first, first + size, LANES


@compiled
def _turns(m: Machine, other: Int64, own: Key, size: Key) -> Key:
    """How many banks come in turn between the two."""
    return np.int32(np.int32(m.numbers[other] - own - 1) & np.int32(size - 1))


@compiled
def _of_few(m: Machine, bank: Int64, next_key: Int64) -> Int64:
    """What other banks with commands want is allowed when it is legal; the least of their keys."""
    last, least, first = m.banks_per_channel - 1, np.int64(UNWANTED), bank & ~(m.banks_per_channel - 1)
    for place in range(first, first + m.member_count[m.banks[bank].channel, HAVE_COMMANDS]):
        other = np.int64(m.members[HAVE_COMMANDS, place])
        if other != bank:
            offer_again(m, other)
            least = min(least, key_of(m, other, (other - bank - 1) & last, next_key))
    return least


@compiled
def _of_choices(m: Machine, bank: Int64, next_key: Int64) -> Int64:
    """What other banks may choose is allowed when it is legal; the least of their keys."""
    last, least, first = m.banks_per_channel - 1, np.int64(UNWANTED), bank & ~(m.banks_per_channel - 1)
    for other in range(first, first + last + 1):
        if m.banks[other].has_choice and other != bank:
            offer_again(m, other)
            least = min(least, key_of(m, other, (other - bank - 1) & last, next_key))
    return least


@compiled
def send(m: Machine, log: Records, cycle: Int64, bank: Int64, command: Int64, row: Int64, next_cycle: Int64) -> Int64:
    """A command goes out: bring the legal cycles, the open rows, the counts and what the bank wants up to date. The
    least key of its channel from `next_cycle` on, in turn behind the bank."""
    _count(m, log, cycle, bank, command, row)
    return keep_apart(m, cycle, bank, command, next_cycle)


@inlined
def send_known(
    m: Machine, log: Records, cycle: Int64, bank: Int64, command: Int64, row: Int64, next_cycle: Int64
) -> Int64:
    """`send`, put in where it is called, for a command that is known there."""
    _count(m, log, cycle, bank, command, row)
    return _keep_apart(m, cycle, bank, command, next_cycle)


@inlined
def _count(m: Machine, log: Records, cycle: Int64, bank: Int64, command: Int64, row: Int64) -> None:
    """The row is open, or closed, and the command in the counts and in the log."""
    if command == ACT:
        _open_row(m, cycle, bank, row)
    elif command == PRE:
        _close_row(m, cycle, bank)
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
