"""What a bank wants to send, in the DRAM kernel.

It changes only with the bank's commands and its row, so it is found then, and whoever asks for a cycle afterwards has
but to look when the constraints allow it. A closed bank wants its row; an open one the oldest hit, or, if that cannot
go, the oldest hit of the other kind; or first of all, when its oldest command misses and nothing speaks for the open
row, a precharge.
"""

from __future__ import annotations

import numpy as np

from lifsim.hardware.dram.jit import Bool, Int64, Machine, compiled
from lifsim.hardware.dram.queues import NONE, commands_of
from lifsim.hardware.dram.rouse import RANK_ROW
from lifsim.model.dram import MAX_BANKS

ACT, PRE, RD, WR, REF = np.arange(5)
GROUP_ROW = np.int64(MAX_BANKS)


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
def plan(m: Machine, bank: Int64) -> None:
    """The commands of the bank, or its row, have changed: what it wants."""
    b, commands = m.banks[bank], m.queues[commands_of(bank)]
    b.want, b.entry, b.second, b.third = ACT, commands.first, NONE, NONE
    if b.open_row < 0 or commands.count == 0:
        return
    hit, other_hit = _find_hits(m, bank)
    if hit < 0 or (hit != commands.first and b.row_hits >= m.row_hit_limit):
        b.want, b.second, b.third = PRE, hit, other_hit
    else:
        b.want, b.entry, b.second = access_of(m, hit), hit, other_hit


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
def choose(m: Machine, bank: Int64, cycle: Int64) -> tuple[Int64, Int64, Int64]:
    """(first cycle in which the bank can send something, command, entry): what it wants most of that which can go in
    `cycle`; if nothing can, that which can go first."""
    b = m.banks[bank]
    at, command, entry = legal(m, bank, b.want), b.want, b.entry
    if at > cycle and b.second >= 0:
        for hit in (b.second, b.third):
            if at > cycle and hit >= 0 and legal(m, bank, access_of(m, hit)) < at:
                command, entry = access_of(m, hit), hit
                at = legal(m, bank, command)
    return at, command, entry
