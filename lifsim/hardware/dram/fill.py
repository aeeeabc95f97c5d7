"""A bank that fills up, while the front end is ahead of its channel: in each cycle one more of a series moves up, and
nothing else happens in the channel."""

from __future__ import annotations

import numpy as np

from lifsim.hardware.dram.hits import more_in_block
from lifsim.hardware.dram.jit import Bool, Int64, Machine, Records, compiled
from lifsim.hardware.dram.members import leave
from lifsim.hardware.dram.queues import commands_of, waiting_for
from lifsim.hardware.dram.transactions import drains, oldest
from lifsim.hardware.dram.turns import next_command


@compiled
def fill(m: Machine, blocks: Records, channel: Int64, cycle: Int64, until: Int64, closing: Bool) -> Int64:
    """Move what moves after `cycle`, one burst in each, as long as it is of one series, and nothing is sent before
    `until`; how many."""
    kind, c = np.int64(drains(m, channel, closing)), m.channels[channel]
    if m.member_count[channel, kind] == 0:
        return 0
    bank = oldest(m, channel, kind)
    b, commands, waiting = m.banks[bank], m.queues[commands_of(bank)], m.queues[waiting_for(bank, kind)]
    e = m.entries[waiting.first]
    # What joins others of its row and its kind is no news to the bank.
    if commands.count == 0 or m.entries[commands.last].series != e.series or b.queued_writes != kind * commands.count:
        return 0
    count = min(until, next_command(m, channel, cycle)) - cycle - 1
    count = min(count, m.command_queue - commands.count, e.count - 1, more_in_block(m, blocks, np.int64(waiting.first)))
    if kind:
        count = min(count, c.draining) if m.reads_open == 0 else 0
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
