"""Row hits of one channel of several, all at once.

Channels know nothing of one another, and the front end fills one after the other. While it is busy with the others, a
channel of which one bank alone has commands, all of one series of hits, sends them as soon as each lets the next go.
It may run ahead of the others that far: nothing changes from one hit to the next but how far the series has come.
"""

from __future__ import annotations

import numpy as np

from lifsim.hardware.dram.banks import ROW_HITS
from lifsim.hardware.dram.hits import hit_gap
from lifsim.hardware.dram.jit import Bool, Int64, Machine, Records, compiled
from lifsim.hardware.dram.queues import NONE, READ_KIND, WRITE_KIND, commands_of, waiting_for
from lifsim.hardware.dram.rouse import NEVER
from lifsim.hardware.dram.state import FAR
from lifsim.hardware.dram.transactions import drains
from lifsim.hardware.dram.wants import RD, WR, is_column


@compiled
def alone_until(m: Machine, blocks: Records, channel: Int64, cycle: Int64, stop_block: Int64, closing: Bool) -> Int64:
    """The first cycle, from `cycle` on, in which the front end may come to the channel or the run may end."""
    if m.block == blocks.size:
        return NEVER if closing and stop_block < 0 else cycle
    head = blocks[m.block].first + m.offset
    if m.banks[m.bank].channel == channel or head >> m.row_series_bits != m.decoded or 0 <= stop_block < m.block:
        return cycle
    in_row = ((m.decoded + 1) << m.row_series_bits) - head
    return cycle + min(in_row, blocks[m.block].bursts - m.offset) // m.requests_per_cycle


@compiled
def only_hits(m: Machine, log: Records, channel: Int64) -> Bool:
    """Whether the next command of the channel, and all behind it, are hits of one series. A log that has room wants
    them one by one, and so does self-refresh, which other ranks may enter between them."""
    c = m.channels[channel]
    if m.entries[c.entry].count < max(3, c.commands) or not is_column(c.command) or m.banks[c.next].row_hits == 0:
        return False
    return c.refreshes_owed == 0 and m.merged == 0 and m.logged >= log.size and m.self_refresh_after == NEVER


@compiled
def run_ahead(m: Machine, blocks: Records, channel: Int64, limit: Int64, closing: Bool) -> Int64:
    """Of the hits that are due, send those that are alike, but for the last before the cycle `limit`, which is due
    then; its cycle."""
    c = m.channels[channel]
    bank, entry, cycle = np.int64(c.next), np.int64(c.entry), np.int64(c.due)
    commands = m.queues[commands_of(bank)]
    e, kind = m.entries[entry], np.int64(m.entries[entry].kind)
    gap = hit_gap(m, kind)
    count = (min(limit, c.refresh_due) - 1 - cycle) // gap
    count = min(count, blocks[e.block].first + blocks[e.block].bursts - e.burst - 1)
    if count <= 0 or (kind == 0 and blocks[e.block].first_completion == FAR):
        return cycle
    moved = _moved_up(m, channel, bank, kind, closing)
    if moved >= 0:
        w = m.entries[moved]
        count = min(count, w.count - 2, blocks[w.block].first + blocks[w.block].bursts - w.burst - 1)
        if kind:
            count = min(count, c.draining - 1)
    elif _stay(m, channel, commands.count, closing):
        count = min(count, commands.count - 2)
    else:
        return cycle
    if count <= 0:
        return cycle
    if kind == 0:
        blocks[e.block].remaining -= count
        blocks[e.block].completion = max(blocks[e.block].completion, cycle + (count - 1) * gap + m.read_cycles)
    _send(m, blocks, bank, entry, moved, np.int64(count))
    c.due = cycle + count * gap
    return np.int64(c.due)


@compiled
def _moved_up(m: Machine, channel: Int64, bank: Int64, kind: Int64, closing: Bool) -> Int64:
    """The entry of which a burst moves up behind each hit, where the bank is full and nothing but the same series waits
    in the channel; -1 if it is not so."""
    commands, waiting = m.queues[commands_of(bank)], m.queues[waiting_for(bank, kind)]
    e = m.entries[waiting.first]
    if waiting.count == 0 or commands.count < m.command_queue or m.command_queue < 2:
        return NONE
    if m.transactions[channel, 1 - kind] > 0 or m.transactions[channel, kind] > e.count:
        return NONE
    same = e.series == m.entries[commands.first].series
    return np.int64(waiting.first) if same and (kind == 0 or drains(m, channel, closing)) else NONE


@compiled
def _stay(m: Machine, channel: Int64, commands: Int64, closing: Bool) -> Bool:
    """Whether nothing moves up behind a hit: nothing waits but writes, which have not their turn."""
    if m.transactions[channel, READ_KIND] > 0:
        return False
    waiting = m.transactions[channel, WRITE_KIND] > 0
    return not waiting or (commands < m.command_queue and not drains(m, channel, closing))


@compiled
def _send(m: Machine, blocks: Records, bank: Int64, entry: Int64, moved: Int64, count: Int64) -> None:
    """`count` hits are sent. What only the last hit of all decides is left to it."""
    b, e = m.banks[bank], m.entries[entry]
    c, kind = m.channels[b.channel], np.int64(e.kind)
    blocks[e.block].accesses += count
    blocks[e.block].row_hits += count
    b.row_hits += count
    m.counts[b.channel, ROW_HITS] += count
    m.counts[b.channel, WR if kind else RD] += count
    m.logged += count
    m.writes_open -= kind * count
    m.reads_open -= (1 - kind) * count
    e.burst += count
    if moved >= 0:
        m.entries[moved].burst += count
        m.entries[moved].count -= count
        m.queues[waiting_for(bank, kind)].count -= count
        m.transactions[b.channel, kind] -= count
        c.draining -= kind * count
        return
    e.count -= count
    m.queues[commands_of(bank)].count -= count
    c.commands -= count
    m.ranks[b.rank].commands -= count
    b.queued_hits -= count
    b.queued_writes -= kind * count
