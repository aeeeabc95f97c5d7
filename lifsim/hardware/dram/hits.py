"""Row hits of one bank that are one like the other, all at once.

Nothing changes from one hit of a series to the next but how far the series has come, until it reaches another block: in
the commands of the bank, and in what waits and moves up behind each hit. So many hits cost as much as one.
"""

from __future__ import annotations

import numpy as np

from lifsim.hardware.dram.banks import IN_BANK, IN_GROUP, IN_RANK, ROW_HITS
from lifsim.hardware.dram.jit import Int64, Machine, Records, compiled
from lifsim.hardware.dram.queues import commands_of, waiting_for
from lifsim.hardware.dram.wants import RD, WR


@compiled
def hit_gap(m: Machine, kind: Int64) -> Int64:
    """Cycles from one read (write) of a bank to the next."""
    command = WR if kind else RD
    gap = max(m.gaps[command, IN_BANK, command], m.gaps[command, IN_GROUP, command], m.gaps[command, IN_RANK, command])
    return max(1, gap)


@compiled
def more_in_block(m: Machine, blocks: Records, entry: Int64) -> Int64:
    """How many bursts the block of the first of `entry` has behind it."""
    e = m.entries[entry]
    return blocks[e.block].first + blocks[e.block].bursts - e.burst - 1


@compiled
def send_hits(m: Machine, blocks: Records, bank: Int64, moved: Int64, first: Int64, last: Int64, count: Int64) -> None:
    """The bank sends `count` hits, in `first` the first and in `last` the last of them, and as many of the entry
    `moved` (-1: none) move up. What only the last of all decides is left to the one that comes behind them."""
    commands, b = m.queues[commands_of(bank)], m.banks[bank]
    e, c = m.entries[commands.first], m.channels[b.channel]
    kind, block = np.int64(e.kind), blocks[e.block]
    block.accesses += count
    block.row_hits += count
    if kind == 0:
        block.remaining -= count
        block.first_completion = min(block.first_completion, first + m.read_cycles)
        block.completion = max(block.completion, last + m.read_cycles)
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
        if kind:  # each write that moves up is one less of a drain; a drain that ends is followed by another
            c.draining = (c.draining - count) % m.transactions[b.channel, kind]
        m.transactions[b.channel, kind] -= count
        return
    e.count -= count
    commands.count -= count
    c.commands -= count
    m.ranks[b.rank].commands -= count
    b.queued_hits -= count
    b.queued_writes -= kind * count
