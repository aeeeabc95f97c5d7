"""Row hits of one channel of several, all at once.

Channels know nothing of one another, and the front end fills one after the other. While it is busy with the others, a
channel of which one bank alone has commands, all of one series of hits, sends them as soon as each lets the next go.
It may run ahead of the others that far: nothing changes from one hit to the next but how far the series has come.
"""

from __future__ import annotations

import numpy as np

from lifsim.hardware.dram.hits import hit_gap, more_in_block, send_hits
from lifsim.hardware.dram.jit import Bool, Int64, Machine, Records, compiled
from lifsim.hardware.dram.queues import NONE, READ_KIND, WRITE_KIND, are_queued, commands_of, waiting_for
from lifsim.hardware.dram.rouse import NEVER
from lifsim.hardware.dram.sleep import sleep_wake
from lifsim.hardware.dram.transactions import drains, has_room
from lifsim.hardware.dram.wants import is_column


@compiled
def alone_until(m: Machine, blocks: Records, channel: Int64, cycle: Int64, stop_block: Int64, closing: Bool) -> Int64:
    """The first cycle, from `cycle` on, in which the front end may come to the channel or the run may end."""
    if m.block == blocks.size:
        return NEVER if _outlasts(m, channel, stop_block, closing) else cycle
    if 0 <= stop_block < m.block:
        return cycle
    head, at = blocks[m.block].first + m.offset, max(cycle, m.fed)
    if head >> m.row_series_bits != m.decoded:
        return at
    if m.banks[m.bank].channel == channel:
        return NEVER if _keeps_out(m, blocks, channel, closing) else at
    in_row = ((m.decoded + 1) << m.row_series_bits) - head
    return at + min(in_row, blocks[m.block].bursts - m.offset) // m.requests_per_cycle


@compiled
def _keeps_out(m: Machine, blocks: Records, channel: Int64, closing: Bool) -> Bool:
    """Whether a read comes next, and none can, as the channel's queue is full of them while writes have their turn."""
    kind = np.int64(blocks[m.block].is_write)
    return kind == READ_KIND and not has_room(m, channel, READ_KIND) and drains(m, channel, closing)


@compiled
def _outlasts(m: Machine, channel: Int64, stop_block: Int64, closing: Bool) -> Bool:
    """Whether the run, for which no more comes in, goes on for as long as the channel has hits to send: it ends when
    all is done, or with the answer to block `stop_block`, or to all reads."""
    e = m.entries[m.channels[channel].entry]
    if stop_block < 0 and closing:
        return True
    return e.kind == READ_KIND and (stop_block < 0 or m.channel_count == 1 or e.block == stop_block)


@compiled
def only_hits(m: Machine, log: Records, channel: Int64) -> Bool:
    """Whether the next command of the channel, and all behind it, are hits of one series. A log that has room wants
    them one by one."""
    c = m.channels[channel]
    if m.entries[c.entry].count < max(3, c.commands) or not is_column(c.command) or m.banks[c.next].row_hits == 0:
        return False
    return c.refreshes_owed == 0 and m.merged == 0 and m.logged >= log.size


@compiled
def run_ahead(m: Machine, blocks: Records, channel: Int64, limit: Int64, closing: Bool) -> Int64:
    """Of the hits that are due, send those that are alike, but for the last before the cycle `limit`, which is due
    then; its cycle."""
    c = m.channels[channel]
    bank, entry, cycle = np.int64(c.next), np.int64(c.entry), np.int64(c.due)
    commands = m.queues[commands_of(bank)]
    kind = np.int64(m.entries[entry].kind)
    gap = hit_gap(m, kind)
    if m.self_refresh_after < NEVER:
        limit = min(limit, sleep_wake(m, channel, cycle))
    count = (min(limit, c.refresh_due) - 1 - cycle) // gap
    count = min(count, more_in_block(m, blocks, entry))
    if count <= 0:
        return cycle
    moved = _moved_up(m, channel, bank, kind, closing)
    if moved >= 0:
        count = min(count, m.entries[moved].count - 1, more_in_block(m, blocks, moved))
        if kind:
            count = min(count, c.draining - 1)
    elif _stay(m, channel, commands.count, closing):
        count = min(count, commands.count - 1)
    else:
        return cycle
    if count <= 0:
        return cycle
    send_hits(m, blocks, bank, moved, cycle, cycle + (count - 1) * gap, np.int64(count))
    c.due = cycle + count * gap
    return np.int64(c.due)


@compiled
def _moved_up(m: Machine, channel: Int64, bank: Int64, kind: Int64, closing: Bool) -> Int64:
    """The entry of which a burst moves up behind each hit, where the bank is full and of its kind nothing but the same
    series waits in the channel, and it is its turn; -1 if it is not so."""
    commands, waiting = m.queues[commands_of(bank)], m.queues[waiting_for(bank, kind)]
    e = m.entries[waiting.first]
    if waiting.count == 0 or commands.count < m.command_queue or m.command_queue < 2:
        return NONE
    if m.transactions[channel, kind] > e.count or e.series != m.entries[commands.first].series:
        return NONE
    if drains(m, channel, closing) != (kind == WRITE_KIND):
        return NONE
    if kind and are_queued(m, bank, np.int64(e.row), np.int64(e.burst), np.int64(e.count), READ_KIND):
        return NONE
    return np.int64(waiting.first)


@compiled
def _stay(m: Machine, channel: Int64, commands: Int64, closing: Bool) -> Bool:
    """Whether nothing moves up behind a hit: nothing waits but writes, which have not their turn."""
    if m.transactions[channel, READ_KIND] > 0:
        return False
    waiting = m.transactions[channel, WRITE_KIND] > 0
    return not waiting or (commands < m.command_queue and not drains(m, channel, closing))
