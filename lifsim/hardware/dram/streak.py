"""A long run of row hits in one step of the DRAM kernel.

While one bank alone is busy, its open row is all that is asked for and every queue is full of one run of bursts, each
read lets one burst move up from the front end to the read queue and one from there to the bank: the same picture one
burst and one gap later. So many reads at once come to the same state as one after the other.
"""

from __future__ import annotations

import numpy as np

from lifsim.hardware.dram.banks import RD, ROW_HITS, keep_apart, legal
from lifsim.hardware.dram.jit import Int64, Machine, Records, compiled
from lifsim.hardware.dram.queues import READ_KIND, hash_of


@compiled
def streak_length(m: Machine, blocks: Records, cycle: Int64, stop_cycle: Int64) -> Int64:
    """How many reads the bank of the front end's head sends after `cycle` and before `stop_cycle` while nothing else
    can happen; 0 if it is no such run."""
    bank, block = m.bank, m.block
    b = m.banks[bank]
    reads, queued = m.queues[m.bank_count + 2 * b.channel].count, m.queues[bank].count
    if m.reads_open != reads + queued or m.writes_open > 0 or reads < m.read_queue or queued < m.command_queue:
        return 0
    oldest = m.entries[m.queues[bank].first]
    head = blocks[block].first + m.offset
    one_run = oldest.block == block and oldest.burst + m.reads_open == head and b.open_row == m.row
    if not one_run or oldest.burst >> m.row_run_bits != head >> m.row_run_bits or b.row_hits == 0:
        return 0
    horizon = stop_cycle
    for channel in range(m.channel_count):
        owed = m.channels[channel].refreshes_owed > 0
        horizon = min(horizon, np.int64(0) if owed else m.channels[channel].refresh_due)
    gap = _gap(m)
    left_in_run = ((head >> m.row_run_bits) + 1 << m.row_run_bits) - head
    left = min(left_in_run, blocks[block].bursts - m.offset - 1)
    return max(np.int64(0), min(left, (horizon - 1 - _first(m, cycle)) // gap + 1))


@compiled
def _first(m: Machine, cycle: Int64) -> Int64:
    """When the next read goes: a refresh of another rank may have kept the bus in the cycle that it was due."""
    return max(legal(m, m.bank, RD), cycle + 1)


@compiled
def _gap(m: Machine) -> Int64:
    """Cycles between two reads of a bank."""
    gap = np.int64(1)
    for place in range(m.rules_of[RD], m.rules_of[RD + 1]):
        if m.rules[place].later == RD and m.rules[place].scope < 3:
            gap = max(gap, m.rules[place].cycles)
    return gap


@compiled
def run_streak(m: Machine, blocks: Records, cycle: Int64, count: Int64) -> Int64:
    """Send `count` reads of a streak after `cycle`; the cycle of the last."""
    bank, channel = m.bank, m.banks[m.bank].channel
    last = _first(m, cycle) + (count - 1) * _gap(m)
    for queue in (np.int64(bank), np.int64(m.bank_count + 2 * channel)):
        entry = m.queues[queue].first
        while entry >= 0:
            e = m.entries[entry]
            m.pending[READ_KIND, hash_of(channel, e.burst)] -= 1
            e.burst += count
            m.pending[READ_KIND, hash_of(channel, e.burst)] += 1
            entry = e.next
    blocks[m.block].remaining -= count
    blocks[m.block].completion = last + m.read_cycles
    m.offset += count
    keep_apart(m, last, bank, RD)
    m.banks[bank].row_hits += count
    m.banks[bank].ready = legal(m, bank, RD)
    m.counts[channel, RD] += count
    m.counts[channel, ROW_HITS] += count
    m.channels[channel].turn = bank - channel * m.banks_per_channel
    m.channels[channel].wake = min(m.banks[bank].ready, m.channels[channel].refresh_due)
    return last
