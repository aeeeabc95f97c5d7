"""Ranks of the DRAM kernel on their way to self-refresh, in cycles in which their channel has nothing else to send."""

from __future__ import annotations

import numpy as np

from lifsim.hardware.dram.banks import send
from lifsim.hardware.dram.jit import Bool, Int64, Machine, Records, compiled
from lifsim.hardware.dram.rouse import NEVER, rouse
from lifsim.hardware.dram.state import AWAKE, CLOSING, SELF_REFRESH
from lifsim.hardware.dram.wants import PRE, legal


@compiled
def _is_due(m: Machine, rank: Int64, cycle: Int64) -> Bool:
    """Whether the rank should be in self-refresh in `cycle`, and is not."""
    r = m.ranks[rank]
    return r.commands == 0 and r.state != SELF_REFRESH and cycle >= r.asked + m.self_refresh_after


@compiled
def sleep_step(m: Machine, log: Records, channel: Int64, cycle: Int64) -> None:
    """The first rank that is due, wakes if it is in power-down, closes its banks, one a cycle, and enters self-refresh:
    one command."""
    for rank in range(channel * m.rank_count, (channel + 1) * m.rank_count):
        if not _is_due(m, rank, cycle):
            continue
        r = m.ranks[rank]
        if r.state == AWAKE:
            rouse(m, rank, cycle)
            r.state = CLOSING
        if r.open_banks > 0:
            for bank in range(rank * m.banks_per_rank, (rank + 1) * m.banks_per_rank):
                if m.banks[bank].open_row >= 0 and legal(m, bank, PRE) <= cycle:
                    send(m, log, cycle, bank, PRE, np.int64(0), cycle)
                    return
        elif _may_enter(m, rank) <= cycle:
            r.state, r.since = SELF_REFRESH, cycle
            return


@compiled
def _may_enter(m: Machine, rank: Int64) -> Int64:
    """The first cycle in which a rank without open rows may enter self-refresh: as it might be refreshed."""
    return max(m.ranks[rank].refresh_at, m.ranks[rank].quiet)


@compiled
def sleep_wake(m: Machine, channel: Int64, cycle: Int64) -> Int64:
    """The next cycle after `cycle` in which `sleep_step` may have something to do, if nothing is asked before."""
    at = NEVER
    for rank in range(channel * m.rank_count, (channel + 1) * m.rank_count):
        r = m.ranks[rank]
        if r.commands > 0 or r.state == SELF_REFRESH:
            continue
        due = r.asked + m.self_refresh_after
        if r.state == AWAKE:
            at = min(at, due)
        elif r.open_banks == 0:
            at = min(at, max(due, _may_enter(m, rank)))
        else:
            for bank in range(rank * m.banks_per_rank, (rank + 1) * m.banks_per_rank):
                if m.banks[bank].open_row >= 0:
                    at = min(at, legal(m, bank, PRE))
    return max(at, cycle + 1)
