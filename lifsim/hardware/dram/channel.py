"""A channel of the DRAM kernel, from one of its cycles of interest to the next."""

from __future__ import annotations

import numpy as np

from lifsim.hardware.dram.banks import owe_refresh, refresh_step
from lifsim.hardware.dram.fill import fill
from lifsim.hardware.dram.jit import Bool, Int64, Machine, Records, compiled, inlined
from lifsim.hardware.dram.keys import UNKNOWN
from lifsim.hardware.dram.queues import NONE
from lifsim.hardware.dram.rouse import NEVER
from lifsim.hardware.dram.sleep import sleep_step, sleep_wake
from lifsim.hardware.dram.transactions import can_move, move
from lifsim.hardware.dram.turns import find_next, next_command, queue_step, send_chosen
from lifsim.hardware.dram.wants import is_column


@compiled
def go_on(m: Machine, log: Records, blocks: Records, channel: Int64, limit: Int64, closing: Bool) -> Int64:
    """Go through the channel's next cycle of interest, or, before the cycle `limit`, several; the last of them."""
    cycle = _send_rows(m, log, blocks, channel, limit, closing)
    if cycle < 0:
        cycle = np.int64(m.wake[channel])
        _tick(m, log, blocks, channel, cycle, closing)
    return cycle


@inlined
def _tick(m: Machine, log: Records, blocks: Records, channel: Int64, cycle: Int64, closing: Bool) -> None:
    """One cycle of a channel, and when its next one of interest is."""
    c = m.channels[channel]
    if cycle >= c.refresh_due:
        owe_refresh(m, channel, cycle)
    first = refresh_step(m, log, channel, cycle) if c.refreshes_owed > 0 else NONE
    if first < 0 and c.due <= cycle:
        first = queue_step(m, log, blocks, channel, cycle, NONE)
    if first >= 0 and m.dual_command and c.due <= cycle:
        queue_step(m, log, blocks, channel, cycle, first)
    if first < 0 and c.refreshes_owed == 0 and m.self_refresh_after < NEVER:
        sleep_step(m, log, channel, cycle)
    move(m, blocks, channel, cycle, closing)
    if c.due == UNKNOWN:
        find_next(m, channel, cycle + 1)
    if m.fed > cycle + 2:
        cycle += fill(m, blocks, channel, cycle, np.int64(m.fed), closing)
    m.wake[channel] = cycle + 1 if can_move(m, channel, closing) else next_command(m, channel, cycle)


@inlined
def _send_rows(m: Machine, log: Records, blocks: Records, channel: Int64, limit: Int64, closing: Bool) -> Int64:
    """Send, before the cycle `limit`, what is for rows: it answers nothing, moves nothing up and lets nothing come in,
    so nothing else is looked at. The last cycle that was gone through, -1 if none was."""
    c, sent = m.channels[channel], NONE
    if m.dual_command or c.refreshes_owed > 0 or c.due != m.wake[channel] or can_move(m, channel, closing):
        return sent
    limit = min(limit, c.refresh_due)
    if m.self_refresh_after < NEVER:
        limit = min(limit, sleep_wake(m, channel, c.due - 1))
    while c.due < limit and not is_column(c.command):
        sent = np.int64(c.due)
        c.turn = c.next - channel * m.banks_per_channel
        send_chosen(m, log, blocks, channel, sent, sent + 1)
    if sent >= 0:
        m.wake[channel] = next_command(m, channel, sent)
    return sent
