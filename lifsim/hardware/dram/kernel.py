"""The DRAM controller, from event to event. Import it only to simulate: it loads Numba.

Modelled on DRAMsim3 (controller.cc, command_queue.cc, refresh.cc), written anew: instead of looking at every queue in
every cycle, each bank keeps what it wants to send (wants.py), which changes only with its commands and its row, and the
cycle in which the constraints allow it. Each command that is sent puts off what the others want; which bank sends next,
and when, is found in the same look at them (banks.py). docs/model.md states the rules; tests/oracles/dram.py plays them
cycle by cycle and must give the same cycle for every request.
"""

from __future__ import annotations

import numpy as np
from numba import carray  # type: ignore[attr-defined]

from lifsim.hardware.dram.ahead import alone_until, only_hits, run_ahead
from lifsim.hardware.dram.fill import fill
from lifsim.hardware.dram.front_end import front_end, next_take, take_ahead
from lifsim.hardware.dram.idle import is_long, rest
from lifsim.hardware.dram.jit import Bool, Int64, Machine, Pointer, Records, compiled, inlined, lowest_bit
from lifsim.hardware.dram.keys import UNKNOWN
from lifsim.hardware.dram.queues import NONE
from lifsim.hardware.dram.refresh import owe_refresh, refresh_step
from lifsim.hardware.dram.rouse import NEVER
from lifsim.hardware.dram.sleep import sleep_step, sleep_wake
from lifsim.hardware.dram.streak import run_streak, streak_ahead
from lifsim.hardware.dram.transactions import can_move, move
from lifsim.hardware.dram.turns import find_next, next_command, queue_step, send_chosen
from lifsim.hardware.dram.wants import is_column


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


@compiled
def advance(
    machine: Records, log: Records, blocks: Records, stop_block: Int64, stop_cycle: Int64, closing: Bool
) -> None:
    """Run from event to event until block `stop_block` (-1: none) is answered, or nothing is left to do before
    `stop_cycle`. closing: no more requests come after these, so that the last writes are not kept waiting for more."""
    m = machine[0]
    cycle = m.cycle
    take_at = cycle + 1  # a cycle that is done is not gone through again
    closed = False
    while stop_block < 0 or blocks[stop_block].remaining > 0:
        exhausted = m.block == blocks.size
        if exhausted and m.reads_open == 0 and (m.writes_open == 0 or not closing):
            break
        if exhausted and closing and not closed:
            closed = True
            for channel in range(m.channel_count):
                m.wake[channel] = min(m.wake[channel], cycle + 1)
        if m.channel_count == 1:
            cycle = m.cycle = _send_rows(m, log, blocks, cycle, min(take_at, stop_cycle), closed)
        due = take_at
        if take_at > cycle + 1:
            for channel in range(m.channel_count):
                due = min(due, m.wake[channel])
        limit = min(take_at, stop_cycle)
        if is_long(m, log, due, limit):
            rested = rest(m, limit, cycle)
            if rested > cycle:
                cycle = m.cycle = rested
                continue
        if due >= stop_cycle:
            break
        cycle = due
        awake = _awake(m, cycle)
        while awake != 0:
            channel = lowest_bit(awake)
            awake &= awake - 1
            if m.channels[channel].due == cycle and only_hits(m, log, channel):
                limit = min(stop_cycle, alone_until(m, blocks, channel, cycle, stop_block, closed))
                m.wake[channel] = run_ahead(m, blocks, channel, limit, closed)
            if m.wake[channel] <= cycle:
                _tick(m, log, blocks, channel, cycle, closed)
        take_at = front_end(m, blocks, cycle, closed)
        if m.block < blocks.size and blocks[m.block].first + m.offset == m.last_burst[blocks[m.block].is_write] + 1:
            if take_at == cycle + 1:
                take_at = take_ahead(m, blocks, take_at, stop_cycle, closed)
            elif take_at == NEVER and m.fed <= cycle + 1:
                left = streak_ahead(m, blocks, cycle)
                if left > 0:
                    cycle = run_streak(m, log, blocks, cycle, left, stop_block, stop_cycle)
                    take_at = next_take(m, blocks, cycle + 1)
        m.cycle = cycle


@compiled
def _awake(m: Machine, cycle: Int64) -> Int64:
    """A bit for each channel that has something to do in `cycle`. Which they are no processor foresees: no branches."""
    awake = np.int64(0)
    for channel in range(m.channel_count):
        awake |= np.int64(m.wake[channel] <= cycle) << channel
    return awake


@compiled
def _send_rows(m: Machine, log: Records, blocks: Records, cycle: Int64, limit: Int64, closing: Bool) -> Int64:
    """The only channel sends, before the cycle `limit`, what is for rows: it answers nothing, moves nothing up and lets
    nothing come in, so nothing else is looked at. The last cycle that was gone through."""
    only = np.int64(0)
    c = m.channels[only]
    if m.dual_command or c.refreshes_owed > 0 or c.due != m.wake[only] or can_move(m, only, closing):
        return cycle
    limit = min(limit, c.refresh_due)
    if m.self_refresh_after < NEVER:
        limit = min(limit, sleep_wake(m, only, cycle))
    sent = cycle
    while c.due < limit and not is_column(c.command):
        sent = np.int64(c.due)
        c.turn = c.next
        send_chosen(m, log, blocks, only, sent, sent + 1)
    if sent > cycle:
        m.wake[only] = next_command(m, only, sent)
    return sent


def run_dram(
    machine: Pointer, machines: Int64, log: Pointer, logged: Int64, blocks: Pointer, block_count: Int64,
    stop_block: Int64, stop_cycle: Int64, closing: Int64,
) -> Int64:  # fmt: skip
    """`advance` as machine code calls it; the last cycle that was gone through."""
    m = carray(machine, machines)
    advance(m, carray(log, logged), carray(blocks, block_count), stop_block, stop_cycle, closing != 0)
    return m[0].cycle
