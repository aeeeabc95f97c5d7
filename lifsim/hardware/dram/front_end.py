"""The front end of the DRAM kernel: blocks of bursts come in in order, burst by burst, and go to their channels.

While one read waits for a bank, it is the same to its channel how many wait behind it; so the front end takes what is
there of a series at once, ahead of the channel. Writes tell by their number when they have their turn, and are taken
ahead as far as that leaves it open.
"""

from __future__ import annotations

import numpy as np

from lifsim.hardware.dram.jit import Bool, Int64, Machine, Records, compiled
from lifsim.hardware.dram.queues import READ_KIND, WRITE_KIND, are_queued, complete, is_queued, share_read, waiting_for
from lifsim.hardware.dram.rouse import NEVER
from lifsim.hardware.dram.state import PACE_BITS
from lifsim.hardware.dram.transactions import add_transaction, can_move, capacity, drains, has_room


@compiled
def _decode(m: Machine, burst: Int64) -> None:
    """Bank and row of the burst at the head."""
    bank = row = 0
    for part in range(m.segment_count):
        value = (burst >> m.segments[part, 0]) & m.segments[part, 1]
        bank += value * m.segments[part, 2]
        row += value * m.segments[part, 3]
    m.bank = bank
    m.row = row


@compiled
def _head_burst(m: Machine, blocks: Records) -> Int64:
    """The burst at the head, its place decoded unless it is in the aligned series of the last one."""
    burst = blocks[m.block].first + m.offset
    if burst >> m.row_series_bits != m.decoded:
        m.decoded = burst >> m.row_series_bits
        m.last_burst = -2
        _decode(m, burst)
    return burst


@compiled
def _accept(m: Machine, blocks: Records, burst: Int64, kind: Int64, cycle: Int64) -> None:
    """Take a request into its channel. A write is posted; a read of a burst that waits to be written, or to be read, is
    answered with it."""
    bank, block = np.int64(m.bank), np.int64(m.block)
    follows = burst == m.last_burst + 1 and kind == m.last_kind
    m.last_burst = -2
    waiting_write = m.writes_open > 0 and is_queued(m, bank, np.int64(m.row), burst, WRITE_KIND)
    if kind or waiting_write:
        complete(blocks, block, cycle + 1)
        if waiting_write:
            return
    elif m.reads_open > 0 and is_queued(m, bank, np.int64(m.row), burst, READ_KIND):
        share_read(m, burst, block)
        return
    m.series += not follows
    m.last_burst, m.last_kind = burst, kind
    add_transaction(m, bank, np.int64(m.row), kind, burst, block)


@compiled
def accept_next(m: Machine, blocks: Records, kind: Int64, cycle: Int64) -> None:
    """Take in the next burst of the series that came in last; no such burst is in the queues."""
    if kind:
        complete(blocks, np.int64(m.block), cycle + 1)
    m.last_burst += 1
    add_transaction(m, np.int64(m.bank), np.int64(m.row), kind, np.int64(m.last_burst), np.int64(m.block))
    _pass(m, blocks)


@compiled
def _pass(m: Machine, blocks: Records) -> None:
    """The head is taken: the next one."""
    m.offset += 1
    if m.offset == blocks[m.block].bursts:
        m.offset = 0
        m.block += 1


@compiled
def arrival(blocks: Records, block: Int64, number: Int64) -> Int64:
    """The first cycle in which burst `number` of the block may be taken."""
    return blocks[block].arrival + (number * blocks[block].pace >> PACE_BITS)


@compiled
def next_take(m: Machine, blocks: Records, cycle: Int64) -> Int64:
    """The first cycle from `cycle` on in which a request comes in, NEVER while a full queue or the end of them forbids
    it."""
    if m.block == blocks.size:
        return NEVER
    _head_burst(m, blocks)
    if not has_room(m, m.banks[m.bank].channel, np.int64(blocks[m.block].is_write)):
        return NEVER
    return max(cycle, m.fed, arrival(blocks, np.int64(m.block), np.int64(m.offset)))


@compiled
def front_end(m: Machine, blocks: Records, cycle: Int64, closing: Bool) -> Int64:
    """Take requests in order; the cycle in which to go on."""
    for _ in range(m.requests_per_cycle):
        at = next_take(m, blocks, cycle)
        if at > cycle:
            return at
        channel = np.int64(m.banks[m.bank].channel)
        _accept(m, blocks, blocks[m.block].first + m.offset, np.int64(blocks[m.block].is_write), cycle)
        _pass(m, blocks)
        if m.wake[channel] > cycle + 1 and can_move(m, channel, closing):
            m.wake[channel] = cycle + 1
    return next_take(m, blocks, cycle + 1)


@compiled
def take_ahead(m: Machine, blocks: Records, first: Int64, stop_cycle: Int64, closing: Bool) -> Int64:
    """Of the series that came in last, take what comes in from cycle `first` on, in which the next burst does, before
    `stop_cycle`; the cycle in which to go on."""
    kind, channel = np.int64(blocks[m.block].is_write), np.int64(m.banks[m.bank].channel)
    room, cycles = capacity(m, kind) - m.transactions[channel, kind], stop_cycle - first
    if kind:
        cycles = min(cycles, _turn_is_open_for(m, channel, first))
        if not drains(m, channel, closing):
            idle_at = m.drain_above + 1 if m.channels[channel].commands == 0 else NEVER
            room = min(room, min(m.write_queue, idle_at) - 1 - m.transactions[channel, kind])
    cycles = min(cycles, min(room, _in_line(m, blocks)) // m.requests_per_cycle)
    count = cycles * m.requests_per_cycle
    if count <= 0 or not _are_there(m, blocks, first, np.int64(count)):
        return first
    take_bursts(m, blocks, first, first + cycles - 1, np.int64(count))
    m.fed = first + cycles
    return next_take(m, blocks, np.int64(m.fed))


@compiled
def _in_line(m: Machine, blocks: Records) -> Int64:
    """How many bursts of the series that came in last, of which some wait, come next, but for the last of the block."""
    bank, block = np.int64(m.bank), blocks[m.block]
    waiting, head = m.queues[waiting_for(bank, block.is_write)], block.first + m.offset
    if head != m.last_burst + 1 or block.is_write != m.last_kind or waiting.count == 0:
        return 0
    if m.entries[waiting.last].series != m.series:
        return 0
    return min(((m.decoded + 1) << m.row_series_bits) - head, block.bursts - m.offset - 1)


@compiled
def _are_there(m: Machine, blocks: Records, cycle: Int64, count: Int64) -> Bool:
    """Whether the next `count` bursts may come in in `cycle`, and none of them is in the queues already."""
    if arrival(blocks, np.int64(m.block), m.offset + count - 1) > cycle:
        return False
    bank, row, first = np.int64(m.bank), np.int64(m.row), blocks[m.block].first + m.offset
    if m.writes_open > 0 and are_queued(m, bank, row, first, count, WRITE_KIND):
        return False
    return bool(blocks[m.block].is_write) or not are_queued(m, bank, row, first, count, READ_KIND)


@compiled
def _turn_is_open_for(m: Machine, channel: Int64, first: Int64) -> Int64:
    """For how many cycles from `first` on it does not matter to a channel how many writes wait: until it looks for its
    next command, or while a batch is under way, of which one goes in a cycle at most."""
    c = m.channels[channel]
    cycles = m.wake[channel] - first
    return max(cycles, c.draining - 1) if c.draining > 0 and m.reads_open == 0 else cycles


@compiled
def take_bursts(m: Machine, blocks: Records, first: Int64, last: Int64, count: Int64) -> None:
    """`count` bursts of the series that came in last come in, in `first` the first and in `last` the last of them, and
    not the last of their block; no such burst is in the queues, and the one before them waits."""
    block = blocks[m.block]
    kind = np.int64(block.is_write)
    waiting = m.queues[waiting_for(m.bank, kind)]
    if kind:
        block.remaining -= count
        block.first_completion = min(block.first_completion, first + 1)
        block.completion = max(block.completion, last + 1)
    m.entries[waiting.last].count += count
    waiting.count += count
    m.transactions[m.banks[m.bank].channel, kind] += count
    m.writes_open += kind * count
    m.reads_open += (1 - kind) * count
    m.last_burst += count
    m.offset += count
