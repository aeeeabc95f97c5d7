"""The front end of the DRAM kernel: blocks of bursts come in in order, burst by burst, and go to their channels.

While one read waits for a bank, it is the same to its channel how many wait behind it; so the front end takes what is
there of a series at once, ahead of the channel, and more than its queue holds where that certainly makes way. Writes
tell by their number when they have their turn, and are taken ahead as far as that leaves it open.
"""

from __future__ import annotations

import numpy as np

from lifsim.hardware.dram.jit import Bool, Int64, Machine, Records, compiled
from lifsim.hardware.dram.members import READS_CAN_MOVE
from lifsim.hardware.dram.queues import (
    READ_KIND,
    WRITE_KIND,
    are_queued,
    commands_of,
    complete,
    is_queued,
    share_read,
    waiting_for,
)
from lifsim.hardware.dram.rouse import NEVER
from lifsim.hardware.dram.state import BANK_BITS, PACE_BITS
from lifsim.hardware.dram.transactions import add_transaction, can_move, capacity, drains, has_room
from lifsim.model.dram import MAX_BANKS


@compiled
def _decode(m: Machine, burst: Int64) -> None:
    """Bank and row of the burst at the head."""
    place = 0
    for part in range(m.segment_count):
        place += ((burst >> m.segments[0, part]) & m.segments[1, part]) << m.segments[2, part]
    m.bank = place & (MAX_BANKS - 1)
    m.row = place >> BANK_BITS


@compiled
def head_burst(m: Machine, blocks: Records) -> Int64:
    """The burst at the head, its place decoded unless it is in the aligned series of the last one."""
    burst = blocks[m.block].first + m.offset
    if burst >> m.row_series_bits != m.decoded:
        m.decoded = burst >> m.row_series_bits
        _decode(m, burst)
    return burst


@compiled
def follows(m: Machine, burst: Int64, kind: Int64) -> Bool:
    """Whether a read (write) of `burst` continues the series of the one that came in last, whatever was written (read)
    in between: it is the next burst of the same row."""
    last = m.last_burst[kind]
    return burst == last + 1 and burst >> m.row_series_bits == last >> m.row_series_bits


@compiled
def _accept(m: Machine, blocks: Records, burst: Int64, kind: Int64, cycle: Int64) -> None:
    """Take a request into its channel. A write is posted; a read of a burst that waits to be written, or to be read, is
    answered with it."""
    bank, block = np.int64(m.bank), np.int64(m.block)
    goes_on = follows(m, burst, kind)
    m.last_burst[kind] = -2
    waiting_write = m.writes_open > 0 and is_queued(m, bank, np.int64(m.row), burst, WRITE_KIND)
    if kind or waiting_write:
        complete(blocks, block, cycle + 1)
        if waiting_write:
            return
    elif m.reads_open > 0 and is_queued(m, bank, np.int64(m.row), burst, READ_KIND):
        share_read(m, burst, block)
        return
    if not goes_on:
        m.series += 1
        m.last_series[kind] = m.series
    m.last_burst[kind] = burst
    add_transaction(m, bank, np.int64(m.row), kind, burst, block)


@compiled
def accept_next(m: Machine, blocks: Records, kind: Int64, cycle: Int64) -> None:
    """Take in the next burst of the series that came in last; no such burst is in the queues."""
    if kind:
        complete(blocks, np.int64(m.block), cycle + 1)
    m.last_burst[kind] += 1
    add_transaction(m, np.int64(m.bank), np.int64(m.row), kind, np.int64(m.last_burst[kind]), np.int64(m.block))
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
    head_burst(m, blocks)
    if not has_room(m, m.banks[m.bank].channel, np.int64(blocks[m.block].is_write)):
        return NEVER
    return max(cycle, m.fed, arrival(blocks, np.int64(m.block), np.int64(m.offset)))


@compiled
def front_end(m: Machine, blocks: Records, cycle: Int64, closing: Bool) -> Int64:
    """Take requests in order; the cycle in which to go on."""
    for _ in range(m.requests_per_cycle):
        at = next_take(m, blocks, cycle)
        if at > cycle:
            return _or_next(m, blocks, at, cycle, closing)
        channel = np.int64(m.banks[m.bank].channel)
        take_head(m, blocks, channel, cycle, closing)
    return _or_next(m, blocks, next_take(m, blocks, cycle + 1), cycle, closing)


@compiled
def take_head(m: Machine, blocks: Records, channel: Int64, cycle: Int64, closing: Bool) -> None:
    """The burst at the head, whose place is decoded, comes into its channel, which has room for it."""
    _accept(m, blocks, blocks[m.block].first + m.offset, np.int64(blocks[m.block].is_write), cycle)
    _pass(m, blocks)
    # Whether it can no processor foresees: no branch.
    m.wake[channel] = min(m.wake[channel], cycle + 1 if can_move(m, channel, closing) else NEVER)


@compiled
def _or_next(m: Machine, blocks: Records, at: Int64, cycle: Int64, closing: Bool) -> Int64:
    """`at`, or, where a full queue of reads makes way, the cycle behind `cycle`."""
    if at < NEVER or m.block == blocks.size or blocks[m.block].is_write or m.fed > cycle + 1:
        return at
    return cycle + 1 if _makes_way(m, closing) > 0 else at


@compiled
def take_ahead(m: Machine, blocks: Records, first: Int64, stop_cycle: Int64, closing: Bool) -> Int64:
    """Of the series that came in last, take what comes in from cycle `first` on, in which the next burst does, before
    `stop_cycle`; the cycle in which to go on."""
    kind, channel = np.int64(blocks[m.block].is_write), np.int64(m.banks[m.bank].channel)
    room, cycles = capacity(m, kind) - m.transactions[channel, kind], stop_cycle - first
    if kind == READ_KIND:
        room += _makes_way(m, closing)
    else:
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
def _makes_way(m: Machine, closing: Bool) -> Int64:
    """For how many reads at least the channel of the next one, which is in line, makes room in as many cycles: in each
    of them one moves up, as long as the bank of these is not full."""
    bank, channel = np.int64(m.bank), m.banks[m.bank].channel
    if m.place[READS_CAN_MOVE, bank] < 0 or m.requests_per_cycle > 1 or drains(m, channel, closing):
        return 0
    if m.channels[channel].commands < 2 and m.transactions[channel, WRITE_KIND] > m.drain_above:
        return 0
    return m.command_queue - m.queues[commands_of(bank)].count


@compiled
def _in_line(m: Machine, blocks: Records) -> Int64:
    """How many bursts of the series that came in last, of which some wait, come next, but for the last of the block."""
    bank, block = np.int64(m.bank), blocks[m.block]
    waiting, head = m.queues[waiting_for(bank, block.is_write)], block.first + m.offset
    if waiting.count == 0 or not follows(m, head, np.int64(block.is_write)):
        return 0
    if m.entries[waiting.last].series != m.last_series[block.is_write]:
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
    m.last_burst[kind] += count
    m.offset += count
