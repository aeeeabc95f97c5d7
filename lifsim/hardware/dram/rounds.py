"""Hits of a streak, round by round: of one bank alone, or of two that take turns.

While a bank sends hits of one series, all alike, or two banks do, one after the other, and any other bank waits for its
row, each hit goes as soon as the one before lets it, one burst moves up behind it and one of the series that is coming
in takes its place.
"""

from __future__ import annotations

import numpy as np

from lifsim.hardware.dram.banks import IN_GROUP, IN_RANK, keep_apart
from lifsim.hardware.dram.hits import hit_gap, more_in_block, send_hits
from lifsim.hardware.dram.jit import Bool, Int64, Machine, Records, compiled
from lifsim.hardware.dram.members import HAVE_COMMANDS
from lifsim.hardware.dram.queues import NONE, commands_of, waiting_for
from lifsim.hardware.dram.wants import RD, WR, choose, is_column


@compiled
def pass_rounds(
    m: Machine, log: Records, blocks: Records, bank: Int64, at: Int64, left: Int64, stop_cycle: Int64
) -> tuple[Int64, Int64]:
    """Send hits from cycle `at` on, in which that of `bank` is due, in as many rounds as are alike: before `stop_cycle`
    there is room for one more hit, and fewer than `left` bursts come in. (the cycles that they take, how many bursts
    came in). A log that has room wants them one by one."""
    kind = np.int64(blocks[m.block].is_write)
    coming = m.queues[waiting_for(m.bank, kind)]
    if m.logged < log.size or not _is_steady(m, bank, kind) or m.entries[coming.last].series != m.series:
        return 0, 0
    other, until = _beside(m, bank, kind, at, stop_cycle)
    gap, period, moving = hit_gap(m, kind), hit_gap(m, kind), _moves_up(m, bank, kind)
    rounds = _rounds(m, blocks, bank, kind)
    if other >= 0:
        if not _is_steady(m, other, kind):
            return 0, 0
        gap, moving = gap_between(m, kind, bank, other), moving + _moves_up(m, other, kind)
        period, rounds = 2 * gap, min(rounds, _rounds(m, blocks, other, kind))
    rounds = min(rounds, (until - 1 - at) // period)
    if moving > 0:
        rounds = min(rounds, min(left - 1, blocks[m.block].bursts - m.offset - 1) // moving)
    if rounds <= 0:
        return 0, 0
    last = at + (rounds - 1) * period
    _send_round(m, blocks, bank, at, last, np.int64(rounds))
    if other >= 0:
        _send_round(m, blocks, other, at + gap, last + gap, np.int64(rounds))
        keep_apart(m, last + gap, other, WR if kind else RD)
    return rounds * period, rounds * moving


@compiled
def gap_between(m: Machine, kind: Int64, bank: Int64, other: Int64) -> Int64:
    """Cycles from a read (write) of one bank to one of another of its rank."""
    command = WR if kind else RD
    gap = max(1, m.gaps[command, IN_RANK, command])
    return max(gap, m.gaps[command, IN_GROUP, command]) if m.banks[bank].group == m.banks[other].group else gap


@compiled
def _moves_up(m: Machine, bank: Int64, kind: Int64) -> Int64:
    """1 if a burst moves up behind each hit of the bank, 0 if none waits for it."""
    return np.int64(m.queues[waiting_for(bank, kind)].count > 0)


@compiled
def _is_steady(m: Machine, bank: Int64, kind: Int64) -> Bool:
    """Whether the commands of the bank, which hits, are of one series, and so is what moves up. In a queue of two and
    more an entry stays when one burst leaves it and another joins."""
    commands, waiting = m.queues[commands_of(bank)], m.queues[waiting_for(bank, kind)]
    e, w = m.entries[commands.first], m.entries[waiting.first]
    if m.banks[bank].row_hits == 0 or commands.count < 2 or e.count < commands.count:
        return False
    return w.series == e.series if waiting.count > 0 else commands.count < m.command_queue


@compiled
def _rounds(m: Machine, blocks: Records, bank: Int64, kind: Int64) -> Int64:
    """How many hits of the bank are alike, but for the last."""
    commands, waiting = m.queues[commands_of(bank)], m.queues[waiting_for(bank, kind)]
    rounds = more_in_block(m, blocks, commands.first)
    if waiting.count == 0:
        return min(rounds, commands.count - 1)
    rounds = min(rounds, more_in_block(m, blocks, waiting.first))
    return rounds if bank == m.bank else min(rounds, m.entries[waiting.first].count - 1)


@compiled
def _beside(m: Machine, bank: Int64, kind: Int64, at: Int64, stop_cycle: Int64) -> tuple[Int64, Int64]:
    """(the other bank that hits behind `bank`, which does in `at`, and takes turns with it, -1 if there is none; the
    first cycle, `stop_cycle` at the latest, in which any other may send something)."""
    other, until = NONE, stop_cycle
    start = m.banks[bank].channel * m.banks_per_channel
    for place in range(start, start + m.member_count[m.banks[bank].channel, HAVE_COMMANDS]):
        beside = m.members[HAVE_COMMANDS, place]
        if beside == bank:
            continue
        ready, command, _ = choose(m, beside, at)
        gap = gap_between(m, kind, bank, beside)
        if other < 0 and is_column(command) and ready <= at + gap and _take_turns(m, kind, bank, beside):
            other = beside
        else:
            until = min(until, ready)
    return other, until


@compiled
def _take_turns(m: Machine, kind: Int64, bank: Int64, other: Int64) -> Bool:
    """Whether neither of the two banks, of one rank, can send a second hit before the other sends its own, and each is
    ready when it is its turn again."""
    gap = gap_between(m, kind, bank, other)
    return m.banks[bank].rank == m.banks[other].rank and gap <= hit_gap(m, kind) <= 2 * gap


@compiled
def _send_round(m: Machine, blocks: Records, bank: Int64, first: Int64, last: Int64, count: Int64) -> None:
    """The bank sends `count` hits, in `first` the first and in `last` the last of them; where bursts move up, as many
    come in: a write is answered with it."""
    kind = np.int64(blocks[m.block].is_write)
    if _moves_up(m, bank, kind) == 0:
        send_hits(m, blocks, bank, NONE, first, last, count)
        return
    send_hits(m, blocks, bank, np.int64(m.queues[waiting_for(bank, kind)].first), first, last, count)
    coming, block = m.queues[waiting_for(m.bank, kind)], blocks[m.block]
    if kind:
        block.remaining -= count
        block.first_completion = min(block.first_completion, first + 1)
        block.completion = max(block.completion, last + 1)
    m.entries[coming.last].count += count
    coming.count += count
    m.transactions[m.banks[bank].channel, kind] += count
    m.writes_open += kind * count
    m.reads_open += (1 - kind) * count
    m.last_burst += count
    m.offset += count
