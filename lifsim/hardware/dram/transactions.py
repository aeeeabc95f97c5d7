"""From a channel's read and write queue to the banks: which transactions can move, and which one does.

A channel's queue is kept as one list for each bank. The banks that have room and something waiting are few, so the
oldest transaction that can move is found at once.
"""

from __future__ import annotations

import numpy as np

from lifsim.hardware.dram.banks import expect
from lifsim.hardware.dram.jit import Bool, Int64, Machine, Records, compiled, inlined
from lifsim.hardware.dram.members import join, leave
from lifsim.hardware.dram.queues import (
    READ_KIND,
    WRITE_KIND,
    append,
    commands_of,
    is_queued,
    pass_first,
    waiting_for,
)
from lifsim.hardware.dram.rouse import rouse
from lifsim.hardware.dram.wants import is_held


@compiled
def has_room(m: Machine, channel: Int64, kind: Int64) -> Bool:
    """Whether the channel can take one more read (write) from the front end."""
    return m.transactions[channel, kind] < capacity(m, kind) and m.merged < m.merged_reads


@compiled
def capacity(m: Machine, kind: Int64) -> Int64:
    """How many reads (writes) a channel's queue holds."""
    return m.write_queue if kind else m.read_queue


@compiled
def add_transaction(m: Machine, bank: Int64, row: Int64, kind: Int64, burst: Int64, block: Int64) -> None:
    """The next burst of the series that is coming in waits for its bank."""
    queue = waiting_for(bank, kind)
    append(m, queue, m.last_series[kind], burst, row, kind, block)
    m.transactions[m.banks[bank].channel, kind] += 1
    m.writes_open += kind
    m.reads_open += 1 - kind
    if m.queues[queue].count == 1 and m.queues[commands_of(bank)].count < m.command_queue:
        join(m, kind, bank)


@compiled
def give_room(m: Machine, bank: Int64) -> None:
    """The bank, full until now, sent a read or write: what waits for it can move."""
    for kind in range(2):
        if m.queues[waiting_for(bank, kind)].count > 0:
            join(m, kind, bank)


@inlined
def oldest(m: Machine, channel: Int64, kind: Int64) -> Int64:
    """The bank of the oldest transaction that can move; there is one."""
    first = channel * m.banks_per_channel
    oldest = m.members[kind, first]
    for place in range(first + 1, first + m.member_count[channel, kind]):
        bank = m.members[kind, place]
        if _age(m, bank, kind) < _age(m, oldest, kind):
            oldest = bank
    return oldest


@compiled
def _age(m: Machine, bank: Int64, kind: Int64) -> Int64:
    return m.entries[m.queues[waiting_for(bank, kind)].first].series


@compiled
def drains(m: Machine, channel: Int64, closing: Bool) -> Bool:
    """Whether the writes have their turn: a batch under way, a full queue, or nothing else to do."""
    writes = m.transactions[channel, WRITE_KIND]
    if writes == 0:
        return False
    c = m.channels[channel]
    idle = c.commands == 0 and writes > m.drain_above
    no_reads = closing and m.transactions[channel, READ_KIND] == 0
    return c.draining > 0 or writes >= m.write_queue or idle or no_reads


@compiled
def can_move(m: Machine, channel: Int64, closing: Bool) -> Bool:
    """Whether a transaction moves to its bank in the next cycle."""
    return m.member_count[channel, np.int64(drains(m, channel, closing))] > 0


@compiled
def move(m: Machine, blocks: Records, channel: Int64, cycle: Int64, closing: Bool) -> None:
    """Move the oldest transaction that finds room from the read queue, or in a drain the write queue, to its bank."""
    c = m.channels[channel]
    if drains(m, channel, closing):
        if c.draining == 0:
            c.draining = m.transactions[channel, WRITE_KIND]
        if m.member_count[channel, WRITE_KIND] == 0:
            return
        bank = oldest(m, channel, WRITE_KIND)
        e = m.entries[m.queues[waiting_for(bank, WRITE_KIND)].first]
        if m.reads_open == 0 or not is_queued(m, bank, np.int64(e.row), np.int64(e.burst), READ_KIND):
            _move_first(m, blocks, bank, WRITE_KIND, cycle)
            return
        c.draining = 0  # an older read of the burst must come through first
    if m.member_count[channel, READ_KIND] > 0:
        _move_first(m, blocks, oldest(m, channel, READ_KIND), READ_KIND, cycle)


@inlined
def _move_first(m: Machine, blocks: Records, bank: Int64, kind: Int64, cycle: Int64) -> None:
    """The oldest transaction that waits for `bank` becomes one of its commands."""
    row = m.entries[m.queues[waiting_for(bank, kind)].first].row
    if m.sleeps and m.ranks[m.banks[bank].rank].commands == 0 and not is_held(m, bank):
        rouse(m, np.int64(m.banks[bank].rank), cycle + 1)
    pass_on(m, blocks, bank, kind)
    if m.queues[waiting_for(bank, kind)].count == 0:
        leave(m, kind, bank)
    if m.queues[commands_of(bank)].count == m.command_queue:
        for either in range(2):
            if m.place[either, bank] >= 0:
                leave(m, either, bank)
    expect(m, bank, row, cycle)


@compiled
def pass_on(m: Machine, blocks: Records, bank: Int64, kind: Int64) -> None:
    """The oldest transaction that waits for the bank joins its commands; a drain is one write shorter."""
    queue, c = waiting_for(bank, kind), m.channels[m.banks[bank].channel]
    e, b = m.entries[m.queues[queue].first], m.banks[bank]
    if kind:
        c.draining = (c.draining if c.draining > 0 else m.transactions[b.channel, kind]) - 1
    m.transactions[b.channel, kind] -= 1
    c.commands += 1
    m.ranks[b.rank].commands += 1
    b.queued_writes += kind
    b.queued_hits += e.row == b.open_row
    pass_first(m, blocks, queue, commands_of(bank))
