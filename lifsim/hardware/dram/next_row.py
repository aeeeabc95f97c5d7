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
from lifsim.hardware.dram.members import HAVE_COMMANDS, join
from lifsim.hardware.dram.queues import READ_KIND, WRITE_KIND, append, commands_of, waiting_for
from lifsim.hardware.dram.rounds import hits_alike, is_steady
from lifsim.hardware.dram.turns import ready_at
from lifsim.hardware.dram.wants import ACT, RD, legal, plan


@compiled
def open_next_row(m: Machine, log: Records, blocks: Records, cycle: Int64, stop_cycle: Int64) -> Int64:
    """Go on behind `cycle`, in which the last burst of a row came in, until the bank of the next row is full, before
    `stop_cycle`; the cycle in which it is, `cycle` if it does not come to that."""
    old, gap, size = np.int64(m.bank), hit_gap(m, READ_KIND), m.command_queue
    if m.logged < log.size or m.requests_per_cycle > 1 or m.dual_command or gap < 2 or not _is_alone(m, old):
        return cycle
    hits = 1 + (size - 1) // (gap - 1)  # of the old row, beside as many cycles for the new one as its bank has room
    first = ready_at(m, old, cycle + 1)
    full = first + size + hits - 1
    last = first + (hits - 1) * gap
    if full >= stop_cycle or not _comes_next(m, blocks, cycle, old, size + hits):
        return cycle
    bank = np.int64(m.bank)
    opens = max(first + 2, legal(m, bank, ACT))
    if hits_alike(m, blocks, old, READ_KIND) < hits or (opens <= last and (opens - first) % gap == 0):
        return cycle
    if opens + m.gaps[ACT, IN_BANK, RD] <= full:
        return cycle
    send_hits(m, blocks, old, np.int64(m.queues[waiting_for(old, READ_KIND)].first), first, last, np.int64(hits))
    keep_apart(m, last, old, RD)
    plan(m, old)
    _take(m, bank, np.int64(blocks[m.block].first + m.offset), np.int64(hits))
    m.channels[m.banks[old].channel].turn = (bank if last < opens <= full else old) & (m.banks_per_channel - 1)
    if opens <= full:
        blocks[m.block].activates += 1
        send(m, log, opens, bank, ACT, np.int64(m.row))
    return full


@compiled
def _is_alone(m: Machine, bank: Int64) -> Bool:
    """Whether the bank, full of hits of one row, is all that its channel has to do, but for writes that wait."""
    channel, waiting = m.banks[bank].channel, m.queues[waiting_for(bank, READ_KIND)].count
    if m.channels[channel].commands != m.command_queue or m.queues[commands_of(bank)].count != m.command_queue:
        return False
    return waiting > 0 and m.transactions[channel, READ_KIND] == waiting and is_steady(m, bank, READ_KIND)


@compiled
def _comes_next(m: Machine, blocks: Records, cycle: Int64, old: Int64, count: Int64) -> Bool:
    """Whether more than `count` reads of one row of another bank of the rank, which is closed and has nothing to do,
    are there behind `cycle`."""
    block = m.block
    if block == blocks.size or blocks[block].is_write or arrival(blocks, block, blocks[block].bursts - 1) > cycle:
        return False
    head = head_burst(m, blocks)
    if min(((m.decoded + 1) << m.row_series_bits) - head, blocks[block].bursts - m.offset) <= count:
        return False
    bank = np.int64(m.bank)
    b = m.banks[bank]
    if bank == old or b.rank != m.banks[old].rank or b.open_row >= 0 or m.queues[commands_of(bank)].count > 0:
        return False
    return m.queues[waiting_for(bank, READ_KIND)].count == 0 and m.queues[waiting_for(bank, WRITE_KIND)].count == 0


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
    plan(m, bank)
