"""The banks of a channel take turns in the DRAM kernel: which one sends what, and when the next can."""

from __future__ import annotations

from lifsim.hardware.dram.banks import ACT, choose, is_column, look, refresh_wake, send
from lifsim.hardware.dram.jit import Int64, Machine, Records, compiled
from lifsim.hardware.dram.members import HAVE_COMMANDS, leave
from lifsim.hardware.dram.queues import NONE, answer_sharers, commands_of, complete, take
from lifsim.hardware.dram.rouse import NEVER
from lifsim.hardware.dram.sleep import sleep_wake
from lifsim.hardware.dram.transactions import give_room


@compiled
def _next_in_turn(m: Machine, channel: Int64, cycle: Int64) -> tuple[Int64, Int64, Int64, Int64]:
    """(bank, command, entry before, entry) of the next bank in turn that can send something, bank -1 if none can."""
    c = m.channels[channel]
    base = channel * m.banks_per_channel
    nearest, bank, command, before, entry = m.banks_per_channel, NONE, NONE, NONE, NONE
    for place in range(base, base + m.member_count[channel, HAVE_COMMANDS]):
        candidate = m.members[HAVE_COMMANDS, place]
        if m.banks[candidate].ready <= cycle:
            distance = candidate - base - c.turn - 1
            if distance < 0:
                distance += m.banks_per_channel
            if distance < nearest:
                at, its_command, its_before, its_entry = choose(m, candidate, cycle)
                m.banks[candidate].ready, m.banks[candidate].looked = at, c.sent
                if at <= cycle:
                    nearest, bank, command, before, entry = distance, candidate, its_command, its_before, its_entry
    return bank, command, before, entry


@compiled
def queue_step(m: Machine, log: Records, blocks: Records, channel: Int64, cycle: Int64, first: Int64) -> Int64:
    """The next bank in turn that can send something does. Beside `first`, a command sent in this cycle already, only
    one of the other kind (row, column) goes. The command, or -1."""
    bank, command, before, entry = _next_in_turn(m, channel, cycle)
    if bank < 0:
        return NONE
    c = m.channels[channel]
    c.turn = bank - channel * m.banks_per_channel
    if first >= 0 and is_column(command) == is_column(first):
        return NONE
    _send_chosen(m, log, blocks, cycle, bank, command, before, entry)
    return command


@compiled
def _send_chosen(
    m: Machine,
    log: Records,
    blocks: Records,
    cycle: Int64,
    bank: Int64,
    command: Int64,
    before: Int64,
    entry: Int64,
) -> None:
    """The bank sends the command that it chose for `entry`."""
    row = m.entries[entry].row
    if is_column(command):
        answer(m, blocks, cycle, bank, before, entry)
        if m.queues[commands_of(bank)].count == m.command_queue - 1:
            give_room(m, bank)
    elif command == ACT:
        blocks[m.entries[entry].block].activates += 1
    send(m, log, cycle, bank, command, row)
    if m.queues[commands_of(bank)].count == 0:
        retire(m, bank)
    else:
        look(m, bank, cycle)


@compiled
def retire(m: Machine, bank: Int64) -> None:
    """The bank has run out of commands."""
    m.banks[bank].ready = NEVER
    leave(m, HAVE_COMMANDS, bank)


@compiled
def answer(m: Machine, blocks: Records, cycle: Int64, bank: Int64, before: Int64, entry: Int64) -> None:
    """A read or write is sent and leaves its bank's queue: tell those who wait for its data."""
    b, e = m.banks[bank], m.entries[entry]
    m.channels[b.channel].commands -= 1
    m.ranks[b.rank].commands -= 1
    m.ranks[b.rank].asked = cycle + 1
    b.queued_hits -= 1
    b.queued_writes -= e.kind
    m.writes_open -= e.kind
    m.reads_open -= 1 - e.kind
    blocks[e.block].accesses += 1
    blocks[e.block].row_hits += b.row_hits > 0
    if e.kind == 0:
        complete(blocks, e.block, cycle + m.read_cycles)
        if m.merged > 0:
            answer_sharers(m, blocks, e.burst, cycle + m.read_cycles)
    take(m, blocks, commands_of(bank), before, entry)


@compiled
def next_command(m: Machine, channel: Int64, cycle: Int64) -> Int64:
    """The next cycle in which the channel sends something or owes a refresh, if no request comes in."""
    c = m.channels[channel]
    latest = c.refresh_due
    if c.refreshes_owed > 0:
        latest = min(latest, refresh_wake(m, channel))
    elif m.self_refresh_after < NEVER:
        latest = min(latest, sleep_wake(m, channel, cycle))
    base = channel * m.banks_per_channel
    at = max(latest, cycle + 1)
    for place in range(base, base + m.member_count[channel, HAVE_COMMANDS]):
        bank = m.members[HAVE_COMMANDS, place]
        if m.banks[bank].ready < at and m.banks[bank].looked < c.sent:
            look(m, bank, cycle)
        at = min(at, m.banks[bank].ready)
    return max(at, cycle + 1)
