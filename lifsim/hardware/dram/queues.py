"""The queues of the DRAM kernel: the transactions that wait for a bank, the commands of the bank.

A queue is a list of series threaded through the entries; -1 ends it. A burst is put behind the last series if it
belongs to it, so a queue of consecutive bursts is one entry, however long.
"""

from __future__ import annotations

import numpy as np

from lifsim.hardware.dram.jit import Bool, Int64, Machine, Records, compiled, inlined
from lifsim.hardware.dram.state import BANK_QUEUES, CROWDS
from lifsim.model.dram import MAX_BANKS

# NumPy integers, as Numba would compile a function anew for every Python number that is passed to it.
READ_KIND, WRITE_KIND = np.int64(0), np.int64(1)
NONE = np.int64(-1)


@compiled
def commands_of(bank: Int64) -> Int64:
    """The queue of the bank's commands."""
    return BANK_QUEUES * bank


@compiled
def waiting_for(bank: Int64, kind: Int64) -> Int64:
    """The queue of reads, or of writes, that wait for room among the bank's commands."""
    return BANK_QUEUES * bank + 1 + kind


@compiled
def append(m: Machine, queue: Int64, series: Int64, burst: Int64, row: Int64, kind: Int64, block: Int64) -> None:
    """Put the next burst of `series` last."""
    q = m.queues[queue]
    q.count += 1
    if q.count > 1 and m.entries[q.last].series == series:
        m.entries[q.last].count += 1
        return
    m.free_count -= 1
    entry = np.int64(m.free[m.free_count])
    e = m.entries[entry]
    e.series, e.burst, e.count, e.row, e.kind, e.block = series, burst, 1, row, kind, block
    m.crowd[crowd_of(bank_of(queue), row)] += 1
    _put_last(m, queue, entry)


@compiled
def _put_last(m: Machine, queue: Int64, entry: Int64) -> None:
    q, e = m.queues[queue], m.entries[entry]
    e.next = NONE
    if q.count == 1:
        e.before = NONE
        q.first = entry
    else:
        e.before = q.last
        m.entries[q.last].next = entry
    q.last = entry


@inlined
def pass_first(m: Machine, blocks: Records, queue: Int64, to: Int64) -> None:
    """Take the first burst of a queue and put it last in another one of the bank."""
    q, joined = m.queues[queue], m.queues[to]
    entry = np.int64(q.first)
    e = m.entries[entry]
    # What it may join is looked at even if there is nothing: whether there is no processor foresees.
    joins = (m.entries[max(0, joined.last)].series == e.series) & (joined.count > 0)
    if e.count > 1 or joins:
        append(m, to, e.series, e.burst, e.row, e.kind, e.block)
        take(m, blocks, queue, entry)
        return
    q.count -= 1
    joined.count += 1
    _unlink(m, queue, entry)
    _put_last(m, to, entry)


@compiled
def take(m: Machine, blocks: Records, queue: Int64, entry: Int64) -> None:
    """Take the first burst out of `entry`."""
    q, e = m.queues[queue], m.entries[entry]
    q.count -= 1
    e.count -= 1
    if e.count > 0:
        e.burst += 1
        if e.burst == blocks[e.block].first + blocks[e.block].bursts:  # the series goes on in the next of its kind
            e.block += 1
            while blocks[e.block].is_write != e.kind:
                e.block += 1
        return
    _unlink(m, queue, entry)
    m.crowd[crowd_of(bank_of(queue), e.row)] -= 1
    release(m, entry)


@compiled
def _unlink(m: Machine, queue: Int64, entry: Int64) -> None:
    q, e = m.queues[queue], m.entries[entry]
    if e.before < 0:
        q.first = e.next
    else:
        m.entries[e.before].next = e.next
    if e.next < 0:
        q.last = e.before
    else:
        m.entries[e.next].before = e.before


@compiled
def release(m: Machine, entry: Int64) -> None:
    """The entry is free again."""
    m.free[m.free_count] = entry
    m.free_count += 1


@compiled
def crowd_of(bank: Int64, row: Int64) -> Int64:
    """Where it is counted how many entries are of that row, and of few others."""
    return ((row * MAX_BANKS + bank) * 0x9E3779B97F4A7C1 >> 40) & (CROWDS - 1)


@compiled
def bank_of(queue: Int64) -> Int64:
    """The bank whose queue it is."""
    return queue // BANK_QUEUES


@compiled
def is_queued(m: Machine, bank: Int64, row: Int64, burst: Int64, kind: Int64) -> Bool:
    """Whether a read (a write) of `burst` waits, or is among the bank's commands."""
    return are_queued(m, bank, row, burst, np.int64(1), kind)


@compiled
def are_queued(m: Machine, bank: Int64, row: Int64, first: Int64, count: Int64, kind: Int64) -> Bool:
    """Whether a read (a write) of one of `count` bursts of a row waits, or is among the bank's commands."""
    if m.crowd[crowd_of(bank, row)] == 0:
        return False
    return _is_in(m, waiting_for(bank, kind), first, count, kind) or _is_in(m, commands_of(bank), first, count, kind)


@compiled
def _is_in(m: Machine, queue: Int64, first: Int64, count: Int64, kind: Int64) -> Bool:
    left = m.queues[queue].count
    entry = m.queues[queue].first
    while left > 0:
        e = m.entries[entry]
        if e.burst - count < first < e.burst + e.count and e.kind == kind:
            return True
        left -= e.count
        entry = e.next
    return False


@compiled
def complete(blocks: Records, block: Int64, cycle: Int64) -> None:
    """One burst of the block is answered."""
    blocks[block].remaining -= 1
    blocks[block].first_completion = min(blocks[block].first_completion, cycle)
    blocks[block].completion = max(blocks[block].completion, cycle)


@compiled
def share_read(m: Machine, burst: Int64, block: Int64) -> None:
    """The block waits for a read of `burst` that another one asked for."""
    m.free_count -= 1
    m.merged += 1
    entry = np.int64(m.free[m.free_count])
    e = m.entries[entry]
    e.burst, e.count, e.kind, e.block, e.next = burst, 1, READ_KIND, block, m.waiters[burst & 63]
    m.waiters[burst & 63] = entry


@compiled
def answer_sharers(m: Machine, blocks: Records, burst: Int64, cycle: Int64) -> None:
    """Tell those who share the read of `burst` that it is answered in `cycle`."""
    before, entry = NONE, m.waiters[burst & 63]
    while entry >= 0:
        after = m.entries[entry].next
        if m.entries[entry].burst != burst:
            before = entry
        else:
            complete(blocks, m.entries[entry].block, cycle)
            m.merged -= 1
            release(m, entry)
            if before < 0:
                m.waiters[burst & 63] = after
            else:
                m.entries[before].next = after
        entry = after
