"""What a bank wants to send, in the DRAM kernel.

It changes only with the bank's commands and its row, and so do the bank's own constraints of it, so both are found
then, and whoever asks for a cycle afterwards has but to look when the others' constraints allow it. A closed bank wants
its row; an open one the oldest hit, or, if that cannot go, the oldest hit of the other kind; or first of all, when its
oldest command misses and nothing speaks for the open row, a precharge.
"""

from __future__ import annotations

import numpy as np

from lifsim.hardware.dram.clock import UNWANTED, key_at
from lifsim.hardware.dram.jit import Bool, Int64, Machine, compiled
from lifsim.hardware.dram.queues import NONE, commands_of
from lifsim.hardware.dram.state import WANTS

ACT, PRE, RD, WR, REF = np.arange(5)
MOST = np.int64(0)  # of the things that a bank wants the one that it wants most


@compiled
def is_column(command: Int64) -> Bool:
    """Whether it is a read or a write."""
    return RD <= command <= WR


@compiled
def legal(m: Machine, bank: Int64, command: Int64) -> Int64:
    """The first cycle in which the constraints allow `command` in `bank`."""
    b = m.banks[bank]
    return max(b.legal[command], m.groups[b.group].legal[command], m.ranks[b.rank].legal[command])


@compiled
def is_held(m: Machine, bank: Int64) -> Bool:
    """Whether the bank's queue waits for the refresh of its rank."""
    c = m.channels[m.banks[bank].channel]
    return c.refreshes_owed > 0 and m.banks[bank].rank == m.banks[bank].channel * m.rank_count + c.refresh_rank


@compiled
def plan(m: Machine, bank: Int64) -> None:
    """The commands of the bank, or its row, have changed: what it wants."""
    b, commands = m.banks[bank], m.queues[commands_of(bank)]
    if b.open_row < 0 or commands.count == 0:
        plan_closed(m, bank)
        return
    hit, other_hit = _find_hits(m, bank)
    if hit < 0 or (hit != commands.first and b.row_hits >= m.row_hit_limit):
        _want(m, bank, PRE, np.int64(commands.first), hit, other_hit)
    else:
        _want(m, bank, access_of(m, hit), hit, other_hit, NONE)


@compiled
def plan_closed(m: Machine, bank: Int64) -> None:
    """`plan` of a bank that is closed."""
    _want(m, bank, ACT, np.int64(m.queues[commands_of(bank)].first), NONE, NONE)


@compiled
def _want(m: Machine, bank: Int64, command: Int64, entry: Int64, second: Int64, third: Int64) -> None:
    """Most of all the bank wants `command`, for `entry`, and else the hits `second` and `third` (-1: none). Let the
    channel see it: nothing, if the bank has no commands or waits for a refresh."""
    b = m.banks[bank]
    b.want, b.entry = command, entry
    waits = m.queues[commands_of(bank)].count == 0 or is_held(m, bank)
    _offer(m, bank, MOST, command, waits)
    has_choice = np.int64(second >= 0 and not waits)
    if has_choice or b.has_choice:
        m.channels[b.channel].choices += has_choice - b.has_choice
        b.has_choice, b.second, b.third = has_choice, second, third
        _offer_hit(m, bank, MOST + 1, second, waits)
        _offer_hit(m, bank, MOST + 2, third, waits)


@compiled
def _offer_hit(m: Machine, bank: Int64, place: Int64, hit: Int64, waits: Bool) -> None:
    _offer(m, bank, place, access_of(m, hit) if hit >= 0 else NONE, waits or hit < 0)


@compiled
def _offer(m: Machine, bank: Int64, place: Int64, command: Int64, waits: Bool) -> None:
    m.asks[place, bank] = NONE if waits else command
    m.allowed[place, bank] = UNWANTED if waits else _legal_key(m, bank, command)


@compiled
def _legal_key(m: Machine, bank: Int64, command: Int64) -> Int64:
    channel = np.int64(m.banks[bank].channel)
    return key_at(m, channel, max(legal(m, bank, command), m.channels[channel].origin))


@compiled
def offer_again(m: Machine, bank: Int64) -> None:
    """The legal cycles have moved: what the bank wants is allowed when it is legal."""
    for place in range(WANTS if m.banks[bank].has_choice else 1):
        if m.asks[place, bank] >= 0:
            m.allowed[place, bank] = _legal_key(m, bank, np.int64(m.asks[place, bank]))


@compiled
def access_of(m: Machine, entry: Int64) -> Int64:
    """The command that answers it: a read or a write."""
    return RD + m.entries[entry].kind


@compiled
def _find_hits(m: Machine, bank: Int64) -> tuple[Int64, Int64]:
    """The oldest hit, and the oldest of the other kind."""
    b = m.banks[bank]
    hit, entry, left = NONE, np.int64(m.queues[commands_of(bank)].first), b.queued_hits
    while left > 0:
        e = m.entries[entry]
        if e.row == b.open_row:
            left -= e.count
            if hit < 0:
                hit = entry
                if b.queued_writes == 0 or b.queued_writes == m.queues[commands_of(bank)].count:
                    break
            elif e.kind != m.entries[hit].kind:
                return hit, entry
        entry = e.next
    return hit, NONE


@compiled
def chosen(m: Machine, bank: Int64, cycle: Int64) -> tuple[Int64, Int64]:
    """(command, entry): of what the bank wants and can send in `cycle`, what it wants most. There is something."""
    b = m.banks[bank]
    if b.has_choice and legal(m, bank, b.want) > cycle:
        if legal(m, bank, access_of(m, b.second)) <= cycle:
            return access_of(m, b.second), b.second
        return access_of(m, b.third), b.third
    return b.want, b.entry
