"""Ranks that sleep, as far as the banks must know: what a rank's sleep was when it ends, and what it then waits for.

A rank of which nothing is asked is in power-down from the cycle that `down_from` tells on. No event marks its
beginning; it is worked out when the rank is roused, so that a rest costs nothing however long it is. Self-refresh needs
commands (its rows are closed first): sleep.py.
"""

from __future__ import annotations

import numpy as np

from lifsim.hardware.dram.jit import Int64, Machine, compiled
from lifsim.hardware.dram.state import AWAKE, BANK_COMMANDS, SELF_REFRESH

NEVER = np.int64(1 << 62)
ACTIVE_DOWN, PRECHARGE_DOWN, IN_SELF_REFRESH = np.arange(3)


@compiled
def down_from(m: Machine, rank: Int64) -> Int64:
    """The first cycle in which an idle rank is in power-down, if it stays idle: nothing was asked for long enough, what
    was sent to it is done, and it has been awake for a while. A rank that is due for self-refresh goes there alone."""
    r = m.ranks[rank]
    since = max(r.asked + m.power_down_after, r.quiet, r.woken + m.least_down)
    return since if since < r.asked + m.self_refresh_after else NEVER


@compiled
def rouse(m: Machine, rank: Int64, cycle: Int64) -> None:
    """The rank, idle until now, is wanted in `cycle`: end its sleep, if it sleeps, and let commands wait for its
    exit."""
    r = m.ranks[rank]
    if r.state == SELF_REFRESH:
        _slept(m, rank, IN_SELF_REFRESH, r.since, max(cycle, r.since + m.least_self_refresh))
        hold_back(m, rank, r.woken + m.self_refresh_exit)
    elif r.state == AWAKE:
        since = down_from(m, rank)
        if since < cycle:
            kind = ACTIVE_DOWN if r.open_banks > 0 else PRECHARGE_DOWN
            _slept(m, rank, kind, since, max(cycle, since + m.least_down))
            hold_back(m, rank, r.woken + m.down_exit)
    r.state = AWAKE


@compiled
def _slept(m: Machine, rank: Int64, kind: Int64, since: Int64, until: Int64) -> None:
    r = m.ranks[rank]
    m.sleep_count[rank, kind] += 1
    m.sleep_cycles[rank, kind] += until - since
    r.woken, r.last_sleep = until, kind


@compiled
def hold_back(m: Machine, rank: Int64, until: Int64) -> None:
    """No command goes to the rank, of which nothing is asked yet, before `until`."""
    m.ranks[rank].refresh_at = max(m.ranks[rank].refresh_at, until)
    for command in range(BANK_COMMANDS):
        m.ranks[rank].legal[command] = max(m.ranks[rank].legal[command], until)
