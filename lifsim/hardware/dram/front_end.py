"""The front end of the DRAM kernel: blocks of bursts come in in order, burst by burst, and go to their channels."""

from __future__ import annotations

import numpy as np

from lifsim.hardware.dram.jit import Bool, Int64, Machine, Records, compiled
from lifsim.hardware.dram.queues import READ_KIND, WRITE_KIND, complete, is_queued, share_read
from lifsim.hardware.dram.rouse import NEVER
from lifsim.hardware.dram.state import PACE_BITS
from lifsim.hardware.dram.transactions import add_transaction, can_move, has_room


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
    return max(cycle, arrival(blocks, np.int64(m.block), np.int64(m.offset)))


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
