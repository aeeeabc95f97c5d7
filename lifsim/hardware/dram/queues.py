"""The queues of the DRAM kernel: transactions of a channel, commands of a bank, and who waits for which burst.

A queue is a list threaded through the entries; -1 ends it.
"""

from __future__ import annotations

import numpy as np

from lifsim.hardware.dram.jit import Int64, Machine, Records, compiled

# NumPy integers, as Numba would compile a function anew for every Python number that is passed to it.
READ_KIND, WRITE_KIND = np.int64(0), np.int64(1)
NONE = np.int64(-1)


@compiled
def append(m: Machine, queue: Int64, entry: Int64) -> None:
    """Put `entry` last."""
    m.entries[entry].next = -1
    if m.queues[queue].count == 0:
        m.queues[queue].first = entry
    else:
        m.entries[m.queues[queue].last].next = entry
    m.queues[queue].last = entry
    m.queues[queue].count += 1


@compiled
def unlink(m: Machine, queue: Int64, before: Int64, entry: Int64) -> None:
    """Take `entry` out, which stands behind `before` (-1: it is the first)."""
    after = m.entries[entry].next
    if before < 0:
        m.queues[queue].first = after
    else:
        m.entries[before].next = after
    if after < 0:
        m.queues[queue].last = before
    m.queues[queue].count -= 1


@compiled
def release(m: Machine, entry: Int64) -> None:
    """The entry is free again."""
    m.free[m.free_count] = entry
    m.free_count += 1


@compiled
def hash_of(channel: Int64, burst: Int64) -> Int64:
    """A place in `pending`."""
    return (burst ^ (burst >> 14) ^ (burst >> 28) ^ (channel << 10)) & 16383


@compiled
def find(m: Machine, channel: Int64, bank: Int64, burst: Int64, kind: Int64) -> Int64:
    """The queued read or write of `burst`, -1 if there is none; `pending` says so at once, mostly."""
    if m.pending[kind, hash_of(channel, burst)] == 0:
        return -1
    entry = m.queues[bank].first
    while entry >= 0 and (m.entries[entry].burst != burst or m.entries[entry].kind != kind):
        entry = m.entries[entry].next
    if entry < 0:
        entry = m.queues[m.bank_count + 2 * channel + kind].first
        while entry >= 0 and m.entries[entry].burst != burst:
            entry = m.entries[entry].next
    return entry


@compiled
def shift_room(m: Machine, bank: Int64, sign: Int64) -> None:
    """The bank's queue got room (+1) or has none any more (-1): so many more transactions can or cannot move there."""
    channel = m.banks[bank].channel
    m.channels[channel].movable_reads += sign * m.waiting[bank, 0]
    m.channels[channel].movable_writes += sign * m.waiting[bank, 1]


@compiled
def movable(m: Machine, queue: Int64) -> tuple[Int64, Int64]:
    """(entry before, entry) of the oldest transaction whose bank has room; there is one."""
    before, entry = NONE, m.queues[queue].first
    while m.queues[m.entries[entry].bank].count >= m.command_queue:
        before, entry = entry, m.entries[entry].next
    return before, entry


@compiled
def complete(blocks: Records, block: Int64, cycle: Int64) -> None:
    """One burst of the block is answered."""
    blocks[block].remaining -= 1
    blocks[block].completion = max(blocks[block].completion, cycle)


@compiled
def answer(m: Machine, blocks: Records, cycle: Int64, bank: Int64, before: Int64, entry: Int64) -> None:
    """A read or write is sent and leaves its bank's queue: tell those who wait for its data."""
    b = m.banks[bank]
    kind = m.entries[entry].kind
    unlink(m, bank, before, entry)
    if m.queues[bank].count == m.command_queue - 1:
        shift_room(m, bank, np.int64(1))
    m.channels[b.channel].commands -= 1
    m.pending[kind, hash_of(b.channel, m.entries[entry].burst)] -= 1
    b.queued_hits -= 1
    b.queued_writes -= kind
    if kind == WRITE_KIND:
        m.writes_open -= 1
    else:
        m.reads_open -= 1
        complete(blocks, m.entries[entry].block, cycle + m.read_cycles)
        waiter = m.entries[entry].merged
        while waiter >= 0:
            complete(blocks, m.entries[waiter].block, cycle + m.read_cycles)
            release(m, waiter)
            waiter = m.entries[waiter].merged
    release(m, entry)
