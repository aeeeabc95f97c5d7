"""A bank that fills up: cycles in which nothing happens in its channel but that one more of a series moves up to it."""

from __future__ import annotations

import numpy as np

from lifsim.hardware.dram.front_end import in_line, next_take, take_bursts
from lifsim.hardware.dram.hits import more_in_block
from lifsim.hardware.dram.jit import Bool, Int64, Machine, Records, compiled
from lifsim.hardware.dram.members import leave
from lifsim.hardware.dram.queues import commands_of, waiting_for
from lifsim.hardware.dram.transactions import can_move, drains
from lifsim.hardware.dram.turns import next_command


@compiled
def fill(m: Machine, blocks: Records, channel: Int64, cycle: Int64, until: Int64, closing: Bool) -> Int64:
    """Move what moves after `cycle`, one burst in each, as long as it is of one series, and nothing is sent before
    `until`; how many."""
    kind, c = np.int64(drains(m, channel, closing)), m.channels[channel]
    if m.member_count[channel, kind] != 1:
        return 0
    bank = m.members[kind, channel * m.banks_per_channel]
    b, commands, waiting = m.banks[bank], m.queues[commands_of(bank)], m.queues[waiting_for(bank, kind)]
    e = m.entries[waiting.first]
    # What joins others of its row and its kind is no news to the bank.
    if commands.count == 0 or m.entries[commands.last].series != e.series or b.queued_writes != kind * commands.count:
        return 0
    count = min(until, next_command(m, channel, cycle)) - cycle - 1
    count = min(count, m.command_queue - commands.count, e.count - 1, more_in_block(m, blocks, waiting.first))
    if kind:
        count = min(count, c.draining - 1) if m.reads_open == 0 else 0
    if count <= 0:
        return 0
    e.burst += count
    e.count -= count
    waiting.count -= count
    m.transactions[channel, kind] -= count
    c.draining -= kind * count
    m.entries[commands.last].count += count
    commands.count += count
    c.commands += count
    m.ranks[b.rank].commands += count
    b.queued_writes += kind * count
    b.queued_hits += count if e.row == b.open_row else 0
    if commands.count == m.command_queue:
        for either in range(2):
            if m.place[either, bank] >= 0:
                leave(m, either, bank)
    return count


@compiled
def fill_and_take(m: Machine, blocks: Records, cycle: Int64, stop_cycle: Int64, closing: Bool) -> Int64:
    """The queue is full, and for each burst of the series that is coming in that moves up another one comes in; the
    cycle in which the front end goes on."""
    channel = np.int64(m.banks[m.bank].channel)
    kind = np.int64(blocks[m.block].is_write)
    if m.place[kind, m.bank] >= 0 and m.merged < m.merged_reads:
        count = in_line(m, blocks, cycle + 1, stop_cycle - cycle - 1)
        if m.requests_per_cycle > 1:  # behind the last of a row, others may come in in the same cycle
            count -= 1
        if count > 0:
            count = fill(m, blocks, channel, cycle, cycle + 1 + count, closing)
        if count > 0:
            take_bursts(m, blocks, cycle + 1, cycle + count, np.int64(count))
            m.fed = cycle + 1 + count
            m.wake[channel] = next_event(m, channel, cycle + count, closing)
    return next_take(m, blocks, cycle + 1)


@compiled
def next_event(m: Machine, channel: Int64, cycle: Int64, closing: Bool) -> Int64:
    """The next cycle in which the channel moves a transaction or sends something, if no request comes in."""
    return cycle + 1 if can_move(m, channel, closing) else next_command(m, channel, cycle)
