"""Requests of one burst each, here and there: the front end goes from channel to channel, and each waits for it.

Channels know nothing of one another, and what a channel does before a burst comes in does not depend on that burst. So
nobody goes through the cycles of all of them side by side: a channel stays behind until the front end has a burst for
it, and then catches up, or, if it is full, goes on until it has room. At the end all do. A read for which its bank has
room, and which has nothing to wait for, becomes a command of its bank as it comes in.
"""

from __future__ import annotations

import numpy as np

from lifsim.hardware.dram.banks import expect
from lifsim.hardware.dram.channel import go_on
from lifsim.hardware.dram.front_end import head_burst, take_head
from lifsim.hardware.dram.jit import Bool, Int64, Machine, Records, compiled, inlined
from lifsim.hardware.dram.keys import UNKNOWN
from lifsim.hardware.dram.queues import READ_KIND, append, commands_of, crowd_of
from lifsim.hardware.dram.transactions import has_room
from lifsim.hardware.dram.turns import find_next, next_command


@compiled
def follow(
    m: Machine, log: Records, blocks: Records, cycle: Int64, stop_block: Int64, stop_cycle: Int64, closing: Bool
) -> Int64:
    """Take in the single bursts that come next, before block `stop_block` (-1: all of them) and before `stop_cycle`.
    All channels have gone through `cycle`. Afterwards all have gone through the cycle that it gives back."""
    while _is_single(m, blocks, stop_block):
        at = max(cycle + 1, m.fed, blocks[m.block].arrival)
        # In a long rest all channels are refreshed at once.
        if at >= stop_cycle or at - cycle > m.refresh_cycles:
            break
        head_burst(m, blocks)
        channel, kind = m.bank >> m.turn_bits, np.int64(blocks[m.block].is_write)
        while m.wake[channel] <= at:
            cycle = max(cycle, go_on(m, log, blocks, channel, at + 1, False, closing))
        while not has_room(m, channel, kind) and m.wake[channel] < stop_cycle:
            at = cycle = go_on(m, log, blocks, channel, stop_cycle, False, closing)
        if not has_room(m, channel, kind):
            break
        cycle = at
        if kind == READ_KIND and cycle + 1 < stop_cycle and _moves_at_once(m, channel, cycle):
            _take_and_move(m, channel, blocks[m.block].first, cycle)
        else:
            take_head(m, blocks, channel, cycle, closing)
    for each in range(m.channel_count):
        while m.wake[each] <= cycle:
            go_on(m, log, blocks, each, cycle + 1, False, closing)
    return cycle


@compiled
def _moves_at_once(m: Machine, channel: Int64, cycle: Int64) -> Bool:
    """Whether the read at the head, which comes in in `cycle`, moves up in the next, and nothing else happens in the
    channel then: its bank has room, nothing else can move, and none of its row waits that it might share, or follow."""
    if m.wake[channel] <= cycle + 1 or m.writes_open > 0 or m.sleeps or m.member_count[channel, READ_KIND] > 0:
        return False
    bank = np.int64(m.bank)
    return m.queues[commands_of(bank)].count < m.command_queue and m.crowd[crowd_of(bank, np.int64(m.row))] == 0


@inlined
def _take_and_move(m: Machine, channel: Int64, burst: Int64, cycle: Int64) -> None:
    """The read at the head comes in in `cycle`, and in the next becomes a command of its bank: a series of its own."""
    bank, row, c = np.int64(m.bank), np.int64(m.row), m.channels[channel]
    m.series += 1
    m.last_series[READ_KIND], m.last_burst[READ_KIND] = m.series, burst
    append(m, commands_of(bank), np.int64(m.series), burst, row, READ_KIND, np.int64(m.block))
    m.block += 1
    m.reads_open += 1
    c.commands += 1
    m.ranks[m.banks[bank].rank].commands += 1
    m.banks[bank].queued_hits += row == m.banks[bank].open_row
    expect(m, bank, row, cycle + 1)
    if c.due == UNKNOWN:
        find_next(m, channel, cycle + 2)
    m.wake[channel] = next_command(m, channel, cycle + 1)


@compiled
def can_follow(m: Machine, log: Records, blocks: Records, stop_block: Int64) -> Bool:
    """Whether what comes next is a single burst, and the only one in its cycle. A log that has room wants the commands
    of all channels in their order."""
    if m.requests_per_cycle > 1 or (m.channel_count > 1 and m.logged < log.size):
        return False
    return _is_single(m, blocks, stop_block)


@compiled
def _is_single(m: Machine, blocks: Records, stop_block: Int64) -> Bool:
    """Whether what comes next is a block of one burst that does not continue a series, before block `stop_block`."""
    if m.block == blocks.size or 0 <= stop_block <= m.block or m.merged == m.merged_reads:
        return False
    block = blocks[m.block]
    return block.bursts == 1 and block.first != m.last_burst[block.is_write] + 1
