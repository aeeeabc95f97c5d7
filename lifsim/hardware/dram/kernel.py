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
from lifsim.hardware.dram.channel import go_on
from lifsim.hardware.dram.follow import can_follow, follow
from lifsim.hardware.dram.front_end import front_end, next_take, take_ahead
from lifsim.hardware.dram.idle import is_long, rest
from lifsim.hardware.dram.jit import Bool, Int64, Machine, Pointer, Records, compiled, lowest_bit
from lifsim.hardware.dram.rouse import NEVER
from lifsim.hardware.dram.streak import run_streak, streak_ahead


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
        # A channel alone goes on until something comes in.
        alone = limit if m.channel_count == 1 else due
        awake = _awake(m, cycle)
        while awake != 0:
            channel = lowest_bit(awake)
            awake &= awake - 1
            if m.channels[channel].due == cycle and only_hits(m, log, channel):
                limit = min(stop_cycle, alone_until(m, blocks, channel, due, stop_block, closed))
                m.wake[channel] = run_ahead(m, blocks, channel, limit, closed)
            if m.wake[channel] <= due:
                cycle = go_on(m, log, blocks, channel, max(due + 1, alone), True, closed)
        take_at = front_end(m, blocks, cycle, closed)
        if m.block < blocks.size and blocks[m.block].first + m.offset == m.last_burst[blocks[m.block].is_write] + 1:
            if take_at == cycle + 1:
                take_at = take_ahead(m, blocks, take_at, stop_cycle, closed)
            elif take_at == NEVER and m.fed <= cycle + 1:
                left = streak_ahead(m, blocks, cycle)
                if left > 0:
                    cycle = run_streak(m, log, blocks, cycle, left, stop_block, stop_cycle)
                    take_at = next_take(m, blocks, cycle + 1)
        elif can_follow(m, log, blocks, stop_block):
            cycle = follow(m, log, blocks, cycle, stop_block, stop_cycle, closed)
            take_at = next_take(m, blocks, cycle + 1)
        m.cycle = cycle


@compiled
def _awake(m: Machine, cycle: Int64) -> Int64:
    """A bit for each channel that has something to do in `cycle`. Which they are no processor foresees: no branches."""
    awake = np.int64(0)
    for channel in range(m.channel_count):
        awake |= np.int64(m.wake[channel] <= cycle) << channel
    return awake


def run_dram(
    machine: Pointer, machines: Int64, log: Pointer, logged: Int64, blocks: Pointer, block_count: Int64,
    stop_block: Int64, stop_cycle: Int64, closing: Int64,
) -> Int64:  # fmt: skip
    """`advance` as machine code calls it; the last cycle that was gone through."""
    m = carray(machine, machines)
    advance(m, carray(log, logged), carray(blocks, block_count), stop_block, stop_cycle, closing != 0)
    return m[0].cycle
