"""From one row of a streak of reads to the next, all at once.

The last burst of a row is in, the channel has nothing else to do, and the next row lies in a bank that has nothing yet.
From the next hit of the row on, one burst of the new row comes in in each cycle, and one moves up: behind each hit of
the old row one of its own, which are older, else one of the new row, until its bank is full and the streak goes on.
"""

from __future__ import annotations

import numpy as np

from lifsim.hardware.dram.banks import IN_BANK, keep_apart, send
from lifsim.hardware.dram.front_end import arrival, head_burst
from lifsim.hardware.dram.hits import hit_gap, send_hits
from lifsim.hardware.dram.jit import Bool, Int64, Machine, Records, compiled
from lifsim.hardware.dram.members import HAVE_COMMANDS, WRITES_CAN_MOVE, join, leave
from lifsim.hardware.dram.queues import READ_KIND, WRITE_KIND, append, commands_of, waiting_for
from lifsim.hardware.dram.rounds import hits_alike, is_steady
from lifsim.hardware.dram.turns import find_next, ready_at
from lifsim.hardware.dram.wants import ACT, RD, legal, plan


@compiled
def open_next_row(m: Machine, log: Records, blocks: Records, cycle: Int64, stop_cycle: Int64) -> Int64:
    """Go on behind `cycle`, in which the last burst of a row came in, until the bank of the next row is full, and then
    with hits of the old one until the new one can send, before `stop_cycle`; the last cycle that was gone through,
    `cycle` if it does not come to that."""
    old, gap, size = np.int64(m.bank), hit_gap(m, READ_KIND), m.command_queue
    if m.logged < log.size or m.requests_per_cycle > 1 or m.dual_command or gap < 2 or not _is_alone(m, old):
        return cycle
    hits = 1 + (size - 1) // (gap - 1)  # of the old row, beside as many cycles for the new one as its bank has room
    first = ready_at(m, old, cycle + 1)
    full = first + size + hits - 1
    if full >= stop_cycle or not _comes_next(m, blocks, cycle, old):
        return cycle
    bank = np.int64(m.bank)
    opens = max(first + 2, legal(m, bank, ACT))
    sends = opens + m.gaps[ACT, IN_BANK, RD]
    if sends <= full or opens > full or (opens - first) % gap == 0:
        return cycle
    most = min(hits_alike(m, blocks, old, READ_KIND), _in_row(m, blocks) - size)
    if most < hits:
        return cycle
    hits = max(hits, min(most, 1 + (min(sends, stop_cycle) - 1 - first) // gap))
    last = first + (hits - 1) * gap
    send_hits(m, blocks, old, np.int64(m.queues[waiting_for(old, READ_KIND)].first), first, last, np.int64(hits))
    keep_apart(m, last, old, RD, last + 1)
    _take(m, bank, np.int64(blocks[m.block].first + m.offset), np.int64(hits))
    blocks[m.block].activates += 1
    send(m, log, opens, bank, ACT, np.int64(m.row), opens + 1)
    channel, gone = np.int64(m.banks[old].channel), max(full, last)
    m.channels[channel].turn = (bank if last < opens else old) & (m.banks_per_channel - 1)
    find_next(m, channel, gone + 1)
    return gone


@compiled
def _is_alone(m: Machine, bank: Int64) -> Bool:
    """Whether the bank, full of hits of one row, is all that its channel has to do, but for writes that wait."""
    channel, waiting = m.banks[bank].channel, m.queues[waiting_for(bank, READ_KIND)].count
    if m.channels[channel].commands != m.command_queue or m.queues[commands_of(bank)].count != m.command_queue:
        return False
    return waiting > 0 and m.transactions[channel, READ_KIND] == waiting and is_steady(m, bank, READ_KIND)


@compiled
def _comes_next(m: Machine, blocks: Records, cycle: Int64, old: Int64) -> Bool:
    """Whether what comes next, and is there behind `cycle`, is to be read from a row of another bank of the rank, which
    is closed and has nothing to do but writes of other rows that wait."""
    block = m.block
    if block == blocks.size or blocks[block].is_write or arrival(blocks, block, blocks[block].bursts - 1) > cycle:
        return False
    head_burst(m, blocks)
    bank = np.int64(m.bank)
    b = m.banks[bank]
    if bank == old or b.rank != m.banks[old].rank or b.open_row >= 0 or m.queues[commands_of(bank)].count > 0:
        return False
    return m.queues[waiting_for(bank, READ_KIND)].count == 0 and not writes_wait_in_row(m, bank)


@compiled
def _in_row(m: Machine, blocks: Records) -> Int64:
    """How many bursts come next of one row and one block, but for the last."""
    block = blocks[m.block]
    return min(((m.decoded + 1) << m.row_series_bits) - block.first, block.bursts) - m.offset - 1


@compiled
def writes_wait_in_row(m: Machine, bank: Int64) -> Bool:
    """Whether the series that comes in, of that bank, may come upon a burst that waits to be written."""
    queue = m.queues[waiting_for(bank, WRITE_KIND)]
    entry, left = queue.first, queue.count
    while left > 0:
        if m.entries[entry].row == m.row:
            return True
        left -= m.entries[entry].count
        entry = m.entries[entry].next
    return False


@compiled
def _take(m: Machine, bank: Int64, first: Int64, waiting: Int64) -> None:
    """The bank is filled with bursts of a new series, from `first` on, and `waiting` more of them wait for it."""
    size, row, block = m.command_queue, np.int64(m.row), np.int64(m.block)
    channel = m.banks[bank].channel
    m.series += 1
    series = np.int64(m.series)
    commands, behind = commands_of(bank), waiting_for(bank, READ_KIND)
    append(m, commands, series, first, row, READ_KIND, block)
    append(m, behind, series, first + size, row, READ_KIND, block)
    for queue, count in ((commands, size), (behind, waiting)):
        m.entries[m.queues[queue].first].count = count
        m.queues[queue].count = count
    m.channels[channel].commands += size
    m.ranks[m.banks[bank].rank].commands += size
    m.transactions[channel, READ_KIND] += waiting
    m.reads_open += size + waiting
    m.offset += size + waiting
    m.last_series[READ_KIND], m.last_burst[READ_KIND] = series, first + size + waiting - 1
    join(m, HAVE_COMMANDS, bank)
    if m.place[WRITES_CAN_MOVE, bank] >= 0:
        leave(m, WRITES_CAN_MOVE, bank)
    plan(m, bank)
