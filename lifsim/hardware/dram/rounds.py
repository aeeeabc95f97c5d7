"""Hits of a streak, round by round: of one bank alone, or of several that take turns.

While banks send hits, one after the other, all of a bank alike, and any other bank waits for its row, or has but hits
of the other kind, which each of these holds off, each goes as soon as the one before lets it, one burst moves up behind
it and one of the series that is coming in takes its place.
"""

from __future__ import annotations

import numpy as np

from lifsim.hardware.dram.banks import IN_GROUP, IN_OTHER_RANKS, IN_RANK, keep_apart
from lifsim.hardware.dram.front_end import take_bursts
from lifsim.hardware.dram.hits import hit_gap, more_in_block, send_hits
from lifsim.hardware.dram.jit import Bool, Int64, Machine, Records, compiled
from lifsim.hardware.dram.queues import NONE, commands_of, waiting_for
from lifsim.hardware.dram.rouse import NEVER
from lifsim.hardware.dram.turns import ready_at
from lifsim.hardware.dram.wants import RD, WR


@compiled
def pass_rounds(
    m: Machine, log: Records, blocks: Records, bank: Int64, at: Int64, left: Int64, stop_cycle: Int64
) -> tuple[Int64, Int64]:
    """Send hits from cycle `at` on, in which that of `bank` is due, in as many rounds as are alike: before `stop_cycle`
    there is room for one more hit, and fewer than `left` bursts come in. (the cycles that they take, how many bursts
    came in). A log that has room wants them one by one."""
    kind = np.int64(blocks[m.block].is_write)
    coming = m.queues[waiting_for(m.bank, kind)]
    if m.logged < log.size or not is_steady(m, bank, kind) or m.entries[coming.last].series != m.last_series[kind]:
        return 0, 0
    rounds, gap, size, moving = _alike(m, blocks, bank, at, stop_cycle)
    if moving > 0:
        rounds = min(rounds, min(left - 1, blocks[m.block].bursts - m.offset - 1) // moving)
    if rounds <= 0:
        return 0, 0
    period = size * gap
    last = at + (rounds - 1) * period
    _send_round(m, blocks, bank, at, last, np.int64(rounds))
    sends, turn = _next_with_commands(m, bank), gap
    while sends != bank:
        if is_steady(m, sends, kind):
            _send_round(m, blocks, sends, at + turn, last + turn, np.int64(rounds))
            keep_apart(m, last + turn, sends, WR if kind else RD, last + turn)
            turn += gap
        sends = _next_with_commands(m, sends)
    return rounds * period, rounds * moving


@compiled
def _alike(m: Machine, blocks: Records, bank: Int64, at: Int64, stop_cycle: Int64) -> tuple[Int64, Int64, Int64, Int64]:
    """(how many rounds that begin with the hit of `bank` in `at` are alike, but for the last; the cycles between two
    hits; how many hits they are in a round; how many bursts then move up)."""
    kind = np.int64(blocks[m.block].is_write)
    rounds, moving = hits_alike(m, blocks, bank, kind), _moves_up(m, bank, kind)
    gap, size, until = hit_gap(m, kind), np.int64(1), stop_cycle
    held, held_until = NEVER, NEVER
    before, beside = bank, _next_with_commands(m, bank)
    while beside != bank:
        ready = ready_at(m, beside, at)
        if is_steady(m, beside, kind):
            between = _gap_between(m, kind, before, beside)
            gap = between if size == 1 else gap
            if between == NEVER or between != gap or ready > at + size * gap:
                return 0, gap, size, moving
            rounds, moving = min(rounds, hits_alike(m, blocks, beside, kind)), moving + _moves_up(m, beside, kind)
            before, size = beside, size + 1
        elif m.banks[beside].want == (RD if kind else WR):
            held, held_until = min(held, _holds_off(m, kind, bank, beside)), min(held_until, ready)
        else:
            until = min(until, ready)
        beside = _next_with_commands(m, beside)
    # None can send a second hit before the others sent theirs, and each is ready when it is its turn again.
    if size > 1 and (_gap_between(m, kind, before, bank) != gap or not gap <= hit_gap(m, kind) <= 2 * gap):
        return 0, gap, size, moving
    if held <= gap or held_until <= at:
        until = min(until, held_until)
    return min(rounds, (until - 1 - at) // (size * gap)), gap, size, moving


@compiled
def _next_with_commands(m: Machine, bank: Int64) -> Int64:
    """The bank behind `bank` in turn that has commands."""
    last = m.banks_per_channel - 1
    first = bank & ~last
    after = first + ((bank + 1) & last)
    while m.queues[commands_of(after)].count == 0:
        after = first + ((after + 1) & last)
    return after


@compiled
def _gap_between(m: Machine, kind: Int64, bank: Int64, other: Int64) -> Int64:
    """Cycles from a read (write) of one bank to one of another, NEVER if that is of another rank."""
    command = WR if kind else RD
    if m.banks[bank].rank != m.banks[other].rank:
        return NEVER
    gap = max(1, m.gaps[command, IN_RANK, command])
    return max(gap, m.gaps[command, IN_GROUP, command]) if m.banks[bank].group == m.banks[other].group else gap


@compiled
def _holds_off(m: Machine, kind: Int64, bank: Int64, other: Int64) -> Int64:
    """For how long at least a read (write) of one bank holds off the writes (reads) of another."""
    scope = IN_RANK if m.banks[bank].rank == m.banks[other].rank else IN_OTHER_RANKS
    return m.gaps[WR, scope, RD] if kind else m.gaps[RD, scope, WR]


@compiled
def _moves_up(m: Machine, bank: Int64, kind: Int64) -> Int64:
    """1 if a burst moves up behind each hit of the bank, 0 if none waits for it."""
    return np.int64(m.queues[waiting_for(bank, kind)].count > 0)


@compiled
def is_steady(m: Machine, bank: Int64, kind: Int64) -> Bool:
    """Whether the bank hits, its commands are of one series, and so is what moves up. In a queue of two and more an
    entry stays when one burst leaves it and another joins."""
    commands, waiting = m.queues[commands_of(bank)], m.queues[waiting_for(bank, kind)]
    e, w = m.entries[commands.first], m.entries[waiting.first]
    if e.kind != kind or e.row != m.banks[bank].open_row or m.banks[bank].row_hits == 0:
        return False
    if commands.count < 2 or e.count < commands.count:
        return False
    if waiting.count > 0:
        return w.series == e.series
    return commands.count < m.command_queue or m.queues[waiting_for(bank, 1 - kind)].count == 0


@compiled
def hits_alike(m: Machine, blocks: Records, bank: Int64, kind: Int64) -> Int64:
    """How many hits of the bank are alike, but for the last."""
    commands, waiting = m.queues[commands_of(bank)], m.queues[waiting_for(bank, kind)]
    rounds = more_in_block(m, blocks, np.int64(commands.first))
    if waiting.count == 0:
        return min(rounds, commands.count - 1)
    rounds = min(rounds, more_in_block(m, blocks, np.int64(waiting.first)))
    return rounds if bank == m.bank else min(rounds, m.entries[waiting.first].count - 1)


@compiled
def _send_round(m: Machine, blocks: Records, bank: Int64, first: Int64, last: Int64, count: Int64) -> None:
    """The bank sends `count` hits, in `first` the first and in `last` the last of them; where bursts move up, as many
    come in: a write is answered with it."""
    kind = np.int64(blocks[m.block].is_write)
    if _moves_up(m, bank, kind) == 0:
        send_hits(m, blocks, bank, NONE, first, last, count)
        return
    send_hits(m, blocks, bank, np.int64(m.queues[waiting_for(bank, kind)].first), first, last, count)
    take_bursts(m, blocks, first, last, count)
