"""Refreshes in the DRAM kernel: of one rank of a channel at a time, whose rows are closed before."""

from __future__ import annotations

import numpy as np

from lifsim.hardware.dram.banks import send
from lifsim.hardware.dram.jit import Int64, Machine, Records, compiled
from lifsim.hardware.dram.keys import UNKNOWN
from lifsim.hardware.dram.queues import NONE
from lifsim.hardware.dram.rouse import NEVER, rouse
from lifsim.hardware.dram.state import SELF_REFRESH
from lifsim.hardware.dram.wants import PRE, REF, legal, offer_again, plan


@compiled
def owe_refresh(m: Machine, channel: Int64, cycle: Int64) -> None:
    """One more rank is due."""
    c = m.channels[channel]
    c.refreshes_owed += 1
    c.origin = c.refresh_due
    c.refresh_due += m.refresh_cycles
    first = channel * m.banks_per_channel
    for bank in range(first, first + m.banks_per_channel):
        offer_again(m, bank)
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
