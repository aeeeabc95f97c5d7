"""Hits of a streak that are one like the other, all at once.

While one bank alone has commands, and all of these and all that wait for it are of the series that is coming in, each
hit goes as soon as the one before lets it, one burst moves up and one comes in. Nothing changes from one to the next
but how far the series has come, until it reaches another block, so that many hits cost as much as one.
"""

from __future__ import annotations

import numpy as np

from lifsim.hardware.dram.banks import IN_BANK, IN_GROUP, IN_RANK, ROW_HITS
from lifsim.hardware.dram.jit import Bool, Int64, Machine, Records, compiled
from lifsim.hardware.dram.queues import commands_of, waiting_for
from lifsim.hardware.dram.wants import RD, WR


@compiled
def pass_hits(
    m: Machine, log: Records, blocks: Records, bank: Int64, at: Int64, left: Int64, stop_cycle: Int64
) -> Int64:
    """Send hits of `bank` from cycle `at` on, as many as are alike, but for the last, which is left to be sent as any:
    at most `left`, all before `stop_cycle`; how many. A log that has room wants them one by one."""
    kind = np.int64(blocks[m.block].is_write)
    if m.logged < log.size or not _are_alike(m, bank, kind):
        return 0
    gap = hit_gap(m, kind)
    count = min(left - 1, (stop_cycle - 1 - at) // gap, blocks[m.block].bursts - m.offset - 1)
    for queue in (commands_of(bank), waiting_for(bank, kind)):
        e = m.entries[m.queues[queue].first]
        count = min(count, blocks[e.block].first + blocks[e.block].bursts - e.burst - 1)
    if count <= 0:
        return 0
    _pass(m, blocks, bank, kind, at, at + (count - 1) * gap, np.int64(count))
    return count


@compiled
def hit_gap(m: Machine, kind: Int64) -> Int64:
    """Cycles from one read (write) of a bank to the next."""
    command = WR if kind else RD
    gap = max(m.gaps[command, IN_BANK, command], m.gaps[command, IN_GROUP, command], m.gaps[command, IN_RANK, command])
    return max(1, gap)


@compiled
def _are_alike(m: Machine, bank: Int64, kind: Int64) -> Bool:
    """Whether no other bank of the channel has commands, and this one hits, with nothing but the series that is coming
    in. In queues of two and more an entry stays when one burst leaves it and another joins."""
    commands = m.channels[m.banks[bank].channel].commands
    if bank != m.bank or m.queues[commands_of(bank)].count < commands or m.banks[bank].row_hits == 0:
        return False
    for queue in (commands_of(bank), waiting_for(bank, kind)):
        q = m.queues[queue]
        if q.count < 2 or m.entries[q.first].series != m.series or m.entries[q.first].count != q.count:
            return False
    return True


@compiled
def _pass(m: Machine, blocks: Records, bank: Int64, kind: Int64, first: Int64, last: Int64, count: Int64) -> None:
    """`count` hits are sent, in `first` the first and in `last` the last of them. What only the last hit of all decides
    is left to it."""
    b, c = m.banks[bank], m.channels[m.banks[bank].channel]
    sent, moved = m.entries[m.queues[commands_of(bank)].first], m.entries[m.queues[waiting_for(bank, kind)].first]
    answered = blocks[m.block] if kind else blocks[sent.block]
    answered.remaining -= count
    answer_cycles = 1 if kind else m.read_cycles
    answered.first_completion = min(answered.first_completion, first + answer_cycles)
    answered.completion = max(answered.completion, last + answer_cycles)
    blocks[sent.block].accesses += count
    blocks[sent.block].row_hits += count
    b.row_hits += count
    m.counts[b.channel, ROW_HITS] += count
    m.counts[b.channel, WR if kind else RD] += count
    m.logged += count
    if kind:  # each write that moves up is one less of a drain; a drain that ends is followed by another
        c.draining = (c.draining - count) % m.transactions[b.channel, kind]
    sent.burst += count
    moved.burst += count
    m.last_burst += count
    m.offset += count
