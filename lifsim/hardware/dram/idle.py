"""A DRAM that nobody asks for anything is refreshed all the same: the refreshes of a long rest, all at once."""

from __future__ import annotations

from lifsim.hardware.dram.banks import IN_OTHER_RANKS, IN_RANK, RANK_ROW, REF, keep_apart
from lifsim.hardware.dram.jit import Bool, Int64, Machine, Records, compiled
from lifsim.hardware.dram.members import HAVE_COMMANDS


@compiled
def is_long(m: Machine, log: Records, first: Int64, limit: Int64) -> Bool:
    """Whether more refreshes than one of each rank lie between the cycles `first`, the next of interest, and `limit`,
    the first in which a request may come in. A log that has room wants them one by one."""
    return m.reads_open == 0 and m.logged >= log.size and limit - first > m.rank_count * m.refresh_cycles


@compiled
def rest(m: Machine, limit: Int64, cycle: Int64) -> Int64:
    """Refresh all channels, which rest, as often as is due before `limit`; the last cycle in which one was, `cycle` if
    none was. Where a channel does not rest yet, nothing is done."""
    for channel in range(m.channel_count):
        if not _rests(m, channel):
            return cycle
    for channel in range(m.channel_count):
        cycle = max(cycle, _refresh_before(m, channel, limit))
    return cycle


@compiled
def _rests(m: Machine, channel: Int64) -> Bool:
    """Whether nothing but refreshes is to do, and each can be sent in the cycle in which it is due."""
    c = m.channels[channel]
    if m.wake[channel] != c.refresh_due or c.refreshes_owed > 0 or m.member_count[channel, HAVE_COMMANDS] > 0:
        return False
    if m.gaps[REF, IN_RANK, REF] > m.rank_count * m.refresh_cycles or m.gaps[REF, IN_OTHER_RANKS, REF] > 0:
        return False
    for rank in range(channel * m.rank_count, (channel + 1) * m.rank_count):
        if m.ranks[rank].open_banks > 0 or m.legal[RANK_ROW + rank, REF] > c.refresh_due:
            return False
    return True


@compiled
def _refresh_before(m: Machine, channel: Int64, limit: Int64) -> Int64:
    """Of the refreshes that are due before `limit`, the last of each rank holds off what all of them would."""
    c = m.channels[channel]
    count = max(0, (limit - c.refresh_due + m.refresh_cycles - 1) // m.refresh_cycles)
    for number in range(max(0, count - m.rank_count), count):
        rank = channel * m.rank_count + (c.refresh_rank + number) % m.rank_count
        keep_apart(m, c.refresh_due + number * m.refresh_cycles, rank * m.banks_per_rank, REF)
    m.counts[channel, REF] += count
    m.logged += count
    c.sent += count
    c.refresh_rank = (c.refresh_rank + count) % m.rank_count
    c.refresh_due += count * m.refresh_cycles
    m.wake[channel] = c.refresh_due
    return c.refresh_due - m.refresh_cycles if count > 0 else 0
