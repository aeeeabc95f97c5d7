"""A long series of row hits without a look at anything else.

While the busy banks of one channel hit, each of one row, every queue is full, and the front end holds more of the
series that came in last, each read (write) lets one burst move up to its bank, and one come in behind it. A bank may
have to open its row first: that moves nothing; nor does one that has but writes (reads) left, whenever they go. Nothing
else can happen until the series ends, a rank runs dry or a refresh is due, so nothing else is looked at. Writes that
wait for their turn wait on while reads come and go.
"""

from __future__ import annotations

import numpy as np

from lifsim.hardware.dram.banks import send
from lifsim.hardware.dram.front_end import accept_next, arrival, follows
from lifsim.hardware.dram.jit import Bool, Int64, Machine, Records, compiled
from lifsim.hardware.dram.keys import foresee
from lifsim.hardware.dram.members import READS_CAN_MOVE, WRITES_CAN_MOVE
from lifsim.hardware.dram.next_row import open_next_row, writes_wait_in_row
from lifsim.hardware.dram.queues import WRITE_KIND, commands_of, waiting_for
from lifsim.hardware.dram.rounds import pass_rounds
from lifsim.hardware.dram.rouse import NEVER
from lifsim.hardware.dram.sleep import sleep_wake
from lifsim.hardware.dram.transactions import capacity, drains, pass_on
from lifsim.hardware.dram.turns import answer, find_next, next_command, send_chosen
from lifsim.hardware.dram.wants import is_column


@compiled
def streak_ahead(m: Machine, blocks: Records, cycle: Int64) -> Int64:
    """How many bursts the front end has for the streak that begins after `cycle`; 0 if none does."""
    bank, kind = m.bank, np.int64(blocks[m.block].is_write)
    channel = m.banks[bank].channel
    commands = m.queues[commands_of(bank)]
    if not follows(m, blocks[m.block].first + m.offset, kind) or m.merged > 0:
        return 0
    # The bank of the series has nothing but the series, so no burst that comes in is one that waits already.
    if commands.count < m.command_queue or m.entries[commands.first].series != m.last_series[kind]:
        return 0
    if m.transactions[channel, kind] < capacity(m, kind) or not _is_alone(m, channel, kind):
        return 0
    for other in range(m.channel_count):
        if m.channels[other].refreshes_owed > 0:
            return 0
    if kind == 0 and writes_wait_in_row(m, bank):
        return 0
    base = channel * m.banks_per_channel
    for other in range(base, base + m.banks_per_channel):
        if m.queues[commands_of(other)].count > 0 and not (_has_one_row(m, other, kind) or _only_other(m, other, kind)):
            return 0
    return _left(m, blocks, kind, cycle)


@compiled
def _is_alone(m: Machine, channel: Int64, kind: Int64) -> Bool:
    """Whether nothing but reads (writes) of this channel is on its way, and none of them can move. Beside reads, its
    writes may wait, as long as they have not their turn."""
    going, still = m.transactions[channel, kind] + m.channels[channel].commands, 0
    if kind == 0 and not drains(m, channel, False):
        # Without a command between a hit and what moves up behind it, they would have their turn.
        if m.channels[channel].commands == 1 and m.transactions[channel, WRITE_KIND] > m.drain_above:
            return False
        still = m.transactions[channel, WRITE_KIND]
    elif m.member_count[channel, WRITES_CAN_MOVE] > 0:
        return False
    return m.reads_open + m.writes_open == going + still and m.member_count[channel, READS_CAN_MOVE] == 0


@compiled
def _has_one_row(m: Machine, bank: Int64, kind: Int64) -> Bool:
    """Whether all that the bank has to do are reads (writes) of one row, which is open, or is the first that it opens.
    Where rows and columns go in the same cycle, it must be open."""
    row = m.entries[m.queues[commands_of(bank)].first].row
    if m.dual_command and row != m.banks[bank].open_row:
        return False
    for queue in (commands_of(bank), waiting_for(bank, kind)):
        entry, left = m.queues[queue].first, m.queues[queue].count
        while left > 0 and m.entries[entry].row == row and m.entries[entry].kind == kind:
            left -= m.entries[entry].count
            entry = m.entries[entry].next
        if left > 0:
            return False
    return True


@compiled
def _only_other(m: Machine, bank: Int64, kind: Int64) -> Bool:
    """Whether all that the bank has to do in a streak of reads (writes) are writes (reads) of its open row."""
    b, count = m.banks[bank], m.queues[commands_of(bank)].count
    if m.queues[waiting_for(bank, kind)].count > 0 or b.queued_hits < count:
        return False
    return b.queued_writes == (0 if kind else count)


@compiled
def _left(m: Machine, blocks: Records, kind: Int64, cycle: Int64) -> Int64:
    """How many bursts of the series the front end still has; but for the last, if what is behind may come in with
    it."""
    head, block = m.last_burst[kind] + 1, m.block
    end = (m.decoded + 1) << m.row_series_bits
    at = head
    while at < end and block < blocks.size and blocks[block].is_write == kind:
        if (at > head and blocks[block].first != at) or arrival(blocks, block, blocks[block].bursts - 1) > cycle:
            break
        at = blocks[block].first + blocks[block].bursts
        block += 1
    return min(at, end) - head - (m.requests_per_cycle > 1)


@compiled
def run_streak(
    m: Machine, log: Records, blocks: Records, cycle: Int64, left: Int64, stop_block: Int64, stop_cycle: Int64
) -> Int64:
    """Send what the banks want after `cycle`, until `left` bursts have come in; the cycle of the last."""
    kind, channel = np.int64(blocks[m.block].is_write), np.int64(m.banks[m.bank].channel)
    c = m.channels[channel]
    for other in range(m.channel_count):
        stop_cycle = min(stop_cycle, m.channels[other].refresh_due)
        if m.self_refresh_after < NEVER:
            stop_cycle = min(stop_cycle, sleep_wake(m, other, cycle))
    find_next(m, channel, cycle + 1)
    while stop_block < 0 or blocks[stop_block].remaining > 0:
        if left == 0:
            opened = open_next_row(m, log, blocks, cycle, stop_cycle)
            left = _left(m, blocks, kind, opened) if opened > cycle else 0
            cycle = opened
            if left <= 0:
                break
        at, bank, command = np.int64(c.due), np.int64(c.next), np.int64(c.command)
        moves_up = is_column(command) and m.queues[waiting_for(bank, kind)].count > 0
        if at >= stop_cycle:
            break
        if is_column(command):
            passed, came = pass_rounds(m, log, blocks, bank, at, left, stop_cycle)
            at += passed
            left -= came
        cycle = at
        c.turn = bank - channel * m.banks_per_channel
        if not moves_up:
            send_chosen(m, log, blocks, channel, cycle, cycle + 1)
            if m.ranks[m.banks[bank].rank].commands == 0 or c.commands < 2:
                break
            continue
        answer(m, blocks, cycle, bank, np.int64(c.entry))
        pass_on(m, blocks, bank, kind)
        foresee(m, channel, send(m, log, cycle, bank, command, np.int64(m.banks[bank].open_row), cycle + 1))
        accept_next(m, blocks, kind, cycle)
        left -= 1
    m.wake[channel] = next_command(m, channel, cycle)
    return cycle
