"""The DRAM controller, from event to event. Import it only to simulate: it loads Numba.

Modelled on DRAMsim3 (controller.cc, command_queue.cc, refresh.cc), written anew: instead of looking at every queue in
every cycle, each bank keeps a lower bound of the cycle in which its queue can send something. It only sinks when the
bank's own queue or row changes, for commands elsewhere can but push it back. docs/model.md states the rules;
tests/oracles/dram.py plays them cycle by cycle and must give the same cycle for every request.
"""

from __future__ import annotations

import numpy as np
from numba import carray  # type: ignore[attr-defined]

from lifsim.hardware.dram.banks import NEVER, RD, WR, choose, is_column, legal, refresh_step, refresh_wake, send
from lifsim.hardware.dram.jit import Bool, Int64, Machine, Pointer, Records, compiled
from lifsim.hardware.dram.queues import (
    NONE,
    READ_KIND,
    WRITE_KIND,
    answer,
    append,
    complete,
    find,
    hash_of,
    movable,
    shift_room,
    unlink,
)
from lifsim.hardware.dram.streak import run_streak, streak_length


@compiled
def _held_rank(m: Machine, channel: Int64) -> Int64:
    """The rank whose queues wait for its refresh, or -1."""
    if m.channels[channel].refreshes_owed > 0:
        return channel * m.rank_count + m.channels[channel].refresh_rank
    return NONE


@compiled
def _queue_step(m: Machine, log: Records, blocks: Records, channel: Int64, cycle: Int64, first: Int64) -> Int64:
    """The next bank in turn that can send something does, banks of a rank that is due for refresh excepted. Beside
    `first`, a command sent in this cycle already, only one of the other kind (row, column) goes. The command, or -1."""
    c = m.channels[channel]
    base, held = channel * m.banks_per_channel, _held_rank(m, channel)
    nearest, bank, command, before, entry = m.banks_per_channel, NONE, NONE, NONE, NONE
    for place in range(base, base + c.active):
        candidate = m.active[place]
        if m.banks[candidate].ready <= cycle and m.banks[candidate].rank != held:
            distance = candidate - base - c.turn - 1
            if distance < 0:
                distance += m.banks_per_channel
            if distance < nearest:
                at, its_command, its_before, its_entry = choose(m, candidate, cycle)
                m.banks[candidate].ready = at
                if at <= cycle:
                    nearest, bank, command, before, entry = distance, candidate, its_command, its_before, its_entry
    if bank < 0:
        return NONE
    c.turn = bank - base
    if first >= 0 and is_column(command) == is_column(first):
        return NONE
    row = m.entries[entry].row
    if is_column(command):
        answer(m, blocks, cycle, bank, before, entry)
    send(m, log, cycle, bank, command, row)
    if m.queues[bank].count > 0:
        m.banks[bank].ready = choose(m, bank, cycle)[0]
    else:
        _deactivate(m, channel, bank)
    return command


@compiled
def _deactivate(m: Machine, channel: Int64, bank: Int64) -> None:
    """The bank's queue has run empty: the last active bank takes its place in the list."""
    c = m.channels[channel]
    c.active -= 1
    last = m.active[channel * m.banks_per_channel + c.active]
    m.active[m.banks[bank].place] = last
    m.banks[last].place = m.banks[bank].place
    m.banks[bank].ready = NEVER


@compiled
def _enqueue(m: Machine, channel: Int64, queue: Int64, before: Int64, entry: Int64, cycle: Int64) -> None:
    """A transaction leaves its queue and becomes a command in its bank's."""
    bank, kind = m.entries[entry].bank, m.entries[entry].kind
    b, c = m.banks[bank], m.channels[channel]
    unlink(m, queue, before, entry)
    append(m, bank, entry)
    c.commands += 1
    b.queued_writes += kind
    m.waiting[bank, kind] -= 1
    c.movable_reads -= 1 - kind
    c.movable_writes -= kind
    if m.queues[bank].count == m.command_queue:
        shift_room(m, bank, NONE)
    is_hit = m.entries[entry].row == b.open_row
    b.queued_hits += is_hit
    if m.queues[bank].count == 1:
        b.place = channel * m.banks_per_channel + c.active
        m.active[b.place] = bank
        c.active += 1
        b.ready = choose(m, bank, cycle)[0]
    elif is_hit:
        b.ready = min(b.ready, legal(m, bank, WR if kind else RD))


@compiled
def _drains(m: Machine, channel: Int64, closing: Bool) -> Bool:
    """Whether the writes have their turn: a batch under way, a full queue, or nothing else to do."""
    writes = m.queues[m.bank_count + 2 * channel + 1].count
    if writes == 0:
        return False
    c = m.channels[channel]
    idle = c.commands == 0 and writes > m.drain_above
    no_reads = closing and m.queues[m.bank_count + 2 * channel].count == 0
    return c.draining > 0 or writes >= m.write_queue or idle or no_reads


@compiled
def _schedule(m: Machine, channel: Int64, cycle: Int64, closing: Bool) -> None:
    """Move the oldest transaction that finds room from the read queue, or in a drain the write queue, to its bank."""
    c = m.channels[channel]
    reads = m.bank_count + 2 * channel
    if _drains(m, channel, closing):
        if c.draining == 0:
            c.draining = m.queues[reads + 1].count
        if c.movable_writes == 0:
            return
        before, entry = movable(m, reads + 1)
        if find(m, channel, m.entries[entry].bank, m.entries[entry].burst, READ_KIND) < 0:
            c.draining -= 1
            _enqueue(m, channel, reads + 1, before, entry, cycle)
            return
        c.draining = 0  # an older read of the burst must come through first
    if c.movable_reads > 0:
        before, entry = movable(m, reads)
        _enqueue(m, channel, reads, before, entry, cycle)


@compiled
def _has_transaction_to_move(m: Machine, channel: Int64, closing: Bool) -> Bool:
    if _drains(m, channel, closing):
        return m.channels[channel].movable_writes > 0
    return m.channels[channel].movable_reads > 0


@compiled
def _tick(m: Machine, log: Records, blocks: Records, channel: Int64, cycle: Int64, closing: Bool) -> None:
    """One cycle of a channel, and when its next one of interest is."""
    c = m.channels[channel]
    if cycle >= c.refresh_due:
        c.refreshes_owed += 1
        c.refresh_due += m.refresh_cycles
    first = refresh_step(m, log, channel, cycle) if c.refreshes_owed > 0 else NONE
    if first < 0:
        first = _queue_step(m, log, blocks, channel, cycle, NONE)
    if first >= 0 and m.dual_command:
        _queue_step(m, log, blocks, channel, cycle, first)
    _schedule(m, channel, cycle, closing)
    c.wake = cycle + 1 if _has_transaction_to_move(m, channel, closing) else _next_command(m, channel, cycle)


@compiled
def _next_command(m: Machine, channel: Int64, cycle: Int64) -> Int64:
    """The next cycle in which the channel sends something or owes a refresh, if no request comes in."""
    c = m.channels[channel]
    latest = c.refresh_due
    if c.refreshes_owed > 0:
        latest = min(latest, refresh_wake(m, channel))
    base, held = channel * m.banks_per_channel, _held_rank(m, channel)
    while True:
        at, bank = latest, NONE
        for place in range(base, base + c.active):
            candidate = m.active[place]
            if m.banks[candidate].ready < at and m.banks[candidate].rank != held:
                at, bank = m.banks[candidate].ready, candidate
        if bank < 0 or at <= cycle + 1:
            return max(at, cycle + 1)
        exact = choose(m, bank, cycle)[0]
        if exact == at:
            return at
        m.banks[bank].ready = exact


@compiled
def _decode(m: Machine, burst: Int64) -> None:
    """Bank and row of the burst at the head of the front end."""
    bank = row = 0
    for part in range(m.segment_count):
        value = (burst >> m.segments[part, 0]) & m.segments[part, 1]
        bank += value * m.segments[part, 2]
        row += value * m.segments[part, 3]
    m.bank = bank
    m.row = row


@compiled
def _head_burst(m: Machine, blocks: Records) -> Int64:
    """The burst at the head of the front end, its place decoded unless it is in the run of the last one."""
    burst = blocks[m.block].first + m.offset
    if burst >> m.row_run_bits != m.decoded:
        m.decoded = burst >> m.row_run_bits
        _decode(m, burst)
    return burst


@compiled
def _has_room(m: Machine, kind: Int64) -> Bool:
    """Whether the channel of the head of the front end can take it."""
    queue = m.bank_count + 2 * m.banks[m.bank].channel + kind
    return m.queues[queue].count < (m.write_queue if kind else m.read_queue) and m.free_count > 0


@compiled
def _accept(m: Machine, blocks: Records, block: Int64, burst: Int64, cycle: Int64) -> None:
    """Take a request into its channel. A write is posted; a read of a burst that waits to be written, or to be read, is
    answered with it."""
    bank, channel = m.bank, m.banks[m.bank].channel
    kind = np.int64(blocks[block].is_write)
    waiting_write = m.writes_open > 0 and find(m, channel, bank, burst, WRITE_KIND) >= 0
    if kind or waiting_write:
        complete(blocks, block, cycle + 1)
        if waiting_write:
            return
    m.free_count -= 1
    entry = np.int64(m.free[m.free_count])
    e = m.entries[entry]
    e.block = block
    older = NONE if kind else find(m, channel, bank, burst, READ_KIND)
    if older >= 0:
        e.merged = m.entries[older].merged
        m.entries[older].merged = entry
        return
    e.merged, e.burst, e.bank, e.row, e.kind = -1, burst, bank, m.row, kind
    append(m, m.bank_count + 2 * channel + kind, entry)
    m.pending[kind, hash_of(channel, burst)] += 1
    m.waiting[bank, kind] += 1
    m.writes_open += kind
    m.reads_open += 1 - kind
    if m.queues[bank].count < m.command_queue:
        m.channels[channel].movable_writes += kind
        m.channels[channel].movable_reads += 1 - kind


@compiled
def _front_end(m: Machine, blocks: Records, cycle: Int64, closing: Bool) -> Int64:
    """Take requests in order; the cycle in which to go on, NEVER while a full queue or the end of them forbids it."""
    for _ in range(m.requests_per_cycle):
        if m.block == blocks.size:
            return NEVER
        block = m.block
        if blocks[block].arrival > cycle:
            return blocks[block].arrival
        burst = _head_burst(m, blocks)
        if not _has_room(m, np.int64(blocks[block].is_write)):
            return NEVER
        _accept(m, blocks, block, burst, cycle)
        m.offset += 1
        if m.offset == blocks[block].bursts:
            m.block += 1
            m.offset = 0
        channel = m.banks[m.bank].channel
        if m.channels[channel].wake > cycle + 1 and _has_transaction_to_move(m, channel, closing):
            m.channels[channel].wake = cycle + 1
    if m.block == blocks.size:
        return NEVER
    _head_burst(m, blocks)
    return max(cycle + 1, blocks[m.block].arrival) if _has_room(m, np.int64(blocks[m.block].is_write)) else NEVER


@compiled
def advance(
    machine: Records, log: Records, blocks: Records, stop_block: Int64, stop_cycle: Int64, closing: Bool
) -> None:
    """Run from event to event until block `stop_block` (-1: none) is answered, or nothing is left to do before
    `stop_cycle`. closing: no more requests come after these, so that the last writes are not kept waiting for more."""
    m = machine[0]
    cycle = m.cycle
    take = cycle + 1  # a cycle that is done is not gone through again
    closed = False
    while stop_block < 0 or blocks[stop_block].remaining > 0:
        exhausted = m.block == blocks.size
        if exhausted and m.reads_open == 0 and (m.writes_open == 0 or not closing):
            break
        if exhausted and closing and not closed:
            closed = True
            for channel in range(m.channel_count):
                m.channels[channel].wake = min(m.channels[channel].wake, cycle + 1)
        due = take
        for channel in range(m.channel_count):
            due = min(due, m.channels[channel].wake)
        if due >= stop_cycle:
            break
        cycle = due
        for channel in range(m.channel_count):
            if m.channels[channel].wake <= cycle:
                _tick(m, log, blocks, channel, cycle, closed)
        take = _front_end(m, blocks, cycle, closed)
        if take == NEVER and log.size == 0 and m.block < blocks.size:
            streak = streak_length(m, blocks, cycle, stop_cycle)
            if streak > 1:
                cycle = run_streak(m, blocks, cycle, streak)
                _head_burst(m, blocks)
                take = cycle + 1 if _has_room(m, READ_KIND) else NEVER
        m.cycle = cycle


def run_dram(
    machine: Pointer, machines: Int64, log: Pointer, logged: Int64, blocks: Pointer, block_count: Int64,
    stop_block: Int64, stop_cycle: Int64, closing: Int64,
) -> Int64:  # fmt: skip
    """`advance` as machine code calls it; the last cycle that was gone through."""
    m = carray(machine, machines)
    advance(m, carray(log, logged), carray(blocks, block_count), stop_block, stop_cycle, closing != 0)
    return m[0].cycle
