"""The banks of a channel take turns in the DRAM kernel: which one sends what, and when the next can."""

from __future__ import annotations

import numpy as np

from lifsim.hardware.dram.banks import ROW_HITS, send_known
from lifsim.hardware.dram.clock import UNWANTED, cycle_of, key_at
from lifsim.hardware.dram.jit import Int64, Machine, Records, compiled, inlined
from lifsim.hardware.dram.keys import UNKNOWN, foresee, key_of
from lifsim.hardware.dram.members import HAVE_COMMANDS, are_few, leave
from lifsim.hardware.dram.queues import NONE, answer_sharers, commands_of, complete, take
from lifsim.hardware.dram.refresh import refresh_wake
from lifsim.hardware.dram.rouse import NEVER
from lifsim.hardware.dram.sleep import sleep_wake
from lifsim.hardware.dram.state import WANTS
from lifsim.hardware.dram.transactions import give_room
from lifsim.hardware.dram.wants import ACT, PRE, is_column


@compiled
def find_next(m: Machine, channel: Int64, cycle: Int64) -> None:
    """The bank that is the first to send something from `cycle` on, of several the next in turn: when, and what."""
    few = are_few(m, channel)
    foresee(m, channel, _soonest_of_few(m, channel, cycle) if few else _soonest_of_all(m, channel, cycle))


@compiled
def _soonest_of_all(m: Machine, channel: Int64, cycle: Int64) -> Int64:
    """The least key of the channel's banks."""
    c, banks, soonest = m.channels[channel], m.banks_per_channel, UNWANTED
    first, behind, least = channel * banks, c.turn + 1, np.int32(key_at(m, channel, cycle))
    for want in range(WANTS if c.choices > 0 else 1):
        for place in range(banks):
            key = np.int32(max(m.allowed[want, first + place], least) | (place - behind) & (banks - 1))
            soonest = min(soonest, key)
    return np.int64(soonest)


@compiled
def _soonest_of_few(m: Machine, channel: Int64, cycle: Int64) -> Int64:
    """The least key of its banks with commands."""
    c, banks, soonest = m.channels[channel], m.banks_per_channel, np.int64(UNWANTED)
    first, least = channel * banks, key_at(m, channel, cycle)
    for place in range(first, first + m.member_count[channel, HAVE_COMMANDS]):
        bank = m.members[HAVE_COMMANDS, place]
        soonest = min(soonest, key_of(m, bank, (bank - first - c.turn - 1) & (banks - 1), least))
    return soonest


@compiled
def ready_at(m: Machine, bank: Int64, cycle: Int64) -> Int64:
    """The first cycle from `cycle` on in which the bank can send something."""
    channel = np.int64(m.banks[bank].channel)
    return cycle_of(m, channel, key_of(m, bank, np.int64(0), key_at(m, channel, cycle)))


@compiled
def queue_step(m: Machine, log: Records, blocks: Records, channel: Int64, cycle: Int64, first: Int64) -> Int64:
    """The next bank in turn that can send something does. Beside `first`, a command sent in this cycle already, only
    one of the other kind (row, column) goes. The command, or -1."""
    c = m.channels[channel]
    if c.due < cycle:
        find_next(m, channel, cycle)
        if c.due > cycle:
            return NONE
    command = np.int64(c.command)
    c.turn = c.next - channel * m.banks_per_channel
    if first >= 0 and is_column(command) == is_column(first):
        c.due = UNKNOWN
        return NONE
    send_chosen(m, log, blocks, channel, cycle, cycle if first < 0 and m.dual_command else cycle + 1)
    return command


@compiled
def send_chosen(m: Machine, log: Records, blocks: Records, channel: Int64, cycle: Int64, next_cycle: Int64) -> None:
    """The next bank of the channel sends what it chose; which one is the next from `next_cycle` on."""
    c = m.channels[channel]
    bank, command, entry = np.int64(c.next), np.int64(c.command), np.int64(c.entry)
    row = np.int64(m.entries[entry].row)
    if is_column(command):
        answer(m, blocks, cycle, bank, entry)
        if m.queues[commands_of(bank)].count == m.command_queue - 1:
            give_room(m, bank)
        key = send_known(m, log, cycle, bank, command, row, next_cycle)
    elif command == ACT:
        blocks[m.entries[entry].block].activates += 1
        key = send_known(m, log, cycle, bank, ACT, row, next_cycle)
    else:
        key = send_known(m, log, cycle, bank, PRE, row, next_cycle)
    if m.queues[commands_of(bank)].count == 0:
        retire(m, bank)
    foresee(m, channel, key)


@compiled
def retire(m: Machine, bank: Int64) -> None:
    """The bank has run out of commands."""
    leave(m, HAVE_COMMANDS, bank)


@inlined
def answer(m: Machine, blocks: Records, cycle: Int64, bank: Int64, entry: Int64) -> None:
    """A read or write is sent and leaves its bank's queue: tell those who wait for its data."""
    b, e = m.banks[bank], m.entries[entry]
    kind, block, channel, is_hit = np.int64(e.kind), np.int64(e.block), np.int64(b.channel), b.row_hits > 0
    rank = m.ranks[b.rank]
    m.channels[channel].commands -= 1
    rank.commands -= 1
    rank.asked = cycle + 1
    b.queued_hits -= 1
    b.queued_writes -= kind
    m.writes_open -= kind
    m.reads_open -= 1 - kind
    blocks[block].accesses += 1
    blocks[block].row_hits += is_hit
    m.counts[channel, ROW_HITS] += is_hit
    b.row_hits += 1
    if kind:
        m.written = max(m.written, cycle + m.write_cycles)
    else:
        complete(blocks, block, cycle + m.read_cycles)
        if m.merged > 0:
            answer_sharers(m, blocks, e.burst, cycle + m.read_cycles)
    take(m, blocks, commands_of(bank), entry)


@inlined
def next_command(m: Machine, channel: Int64, cycle: Int64) -> Int64:
    """The next cycle in which the channel sends something or owes a refresh, if no request comes in."""
    c = m.channels[channel]
    at = min(c.due, c.refresh_due)
    if c.refreshes_owed > 0 or m.self_refresh_after < NEVER:
        at = min(at, _wake_of_ranks(m, channel, cycle))
    return max(at, cycle + 1)


@compiled
def _wake_of_ranks(m: Machine, channel: Int64, cycle: Int64) -> Int64:
    """The next cycle in which a refresh goes on, or a rank may go to sleep."""
    if m.channels[channel].refreshes_owed > 0:
        return refresh_wake(m, channel)
    return sleep_wake(m, channel, cycle)
