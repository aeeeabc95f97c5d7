"""A channel of the DRAM kernel, from one of its cycles of interest to the next."""

from __future__ import annotations

import numpy as np

from lifsim.hardware.dram.fill import fill
from lifsim.hardware.dram.jit import Bool, Int64, Machine, Records, compiled, inlined
from lifsim.hardware.dram.keys import UNKNOWN
from lifsim.hardware.dram.queues import NONE
from lifsim.hardware.dram.refresh import owe_refresh, refresh_step
from lifsim.hardware.dram.rouse import NEVER
from lifsim.hardware.dram.sleep import sleep_step, sleep_wake
from lifsim.hardware.dram.transactions import can_move, move
from lifsim.hardware.dram.turns import find_next, next_command, queue_step
from lifsim.hardware.dram.wants import is_column


@compiled
def go_on(m: Machine, log: Records, blocks: Records, channel: Int64, limit: Int64, stops: Bool, closing: Bool) -> Int64:
    """Go through the channel's next cycle of interest, and through those behind it, before the cycle `limit`, to the
    first in which more may happen than that something is sent, or, if it `stops` there, in which something is answered;
    the last of them."""
    c = m.channels[channel]
    cycle = np.int64(m.wake[channel])
    if cycle >= c.refresh_due:
        owe_refresh(m, channel, cycle)
    first = refresh_step(m, log, channel, cycle) if c.refreshes_owed > 0 else NONE
    may_send, ends = first < 0 or m.dual_command, False
    while may_send and c.due <= cycle:
        sent = queue_step(m, log, blocks, channel, cycle, first)
        may_send = first < 0 and sent >= 0 and m.dual_command
        first = sent if first < 0 else first
        ends = ends or sent < 0 or (stops and is_column(sent))
        # A series of hits is sent at once (ahead.py).
        ends = ends or (stops and is_column(c.command) and m.entries[c.entry].count > 2)
        if not ends and c.due > cycle and _sends_next(m, channel, cycle, limit, closing):
            cycle, first, may_send = np.int64(c.due), NONE, True
    if first < 0 and c.refreshes_owed == 0 and m.self_refresh_after < NEVER:
        sleep_step(m, log, channel, cycle)
    move(m, blocks, channel, cycle, closing)
    if c.due == UNKNOWN:
        find_next(m, channel, cycle + 1)
    gone = cycle
    if m.fed > cycle + 2:
        gone += fill(m, blocks, channel, cycle, np.int64(m.fed), closing)
    m.wake[channel] = gone + 1 if can_move(m, channel, closing) else next_command(m, channel, gone)
    return cycle


@inlined
def _sends_next(m: Machine, channel: Int64, cycle: Int64, limit: Int64, closing: Bool) -> Bool:
    """Whether the channel, which sent something in `cycle`, does so again before the cycle `limit`, and before anything
    else happens in it: nothing can move up, and no refresh or sleep is due."""
    c = m.channels[channel]
    if c.due >= min(limit, c.refresh_due) or c.refreshes_owed > 0 or can_move(m, channel, closing):
        return False
    return m.self_refresh_after == NEVER or c.due < sleep_wake(m, channel, cycle)
