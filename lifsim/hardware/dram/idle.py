"""A DRAM that nobody asks for anything is refreshed all the same: the refreshes of a long rest, all at once, and the
power-down between them."""

from __future__ import annotations

from lifsim.hardware.dram.banks import IN_OTHER_RANKS, IN_RANK, keep_apart
from lifsim.hardware.dram.jit import Bool, Int64, Machine, Records, compiled
from lifsim.hardware.dram.rouse import NEVER, PRECHARGE_DOWN, down_from, hold_back
from lifsim.hardware.dram.sleep import sleep_wake
from lifsim.hardware.dram.state import AWAKE, SELF_REFRESH
from lifsim.hardware.dram.wants import REF


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
        if m.self_refresh_after < NEVER:
            limit = min(limit, sleep_wake(m, channel, cycle))
    # A rank in power-down is refreshed when it has left it.
    exit_cycles = m.down_exit if m.power_down_after < NEVER else 0
    for channel in range(m.channel_count):
        cycle = max(cycle, _refresh_before(m, channel, limit - exit_cycles, exit_cycles))
    return cycle


@compiled
def _rests(m: Machine, channel: Int64) -> Bool:
    """Whether nothing but refreshes is to do, and each can be sent in the cycle in which it is due, or, out of power-
    down, so much later as that takes."""
    c = m.channels[channel]
    if m.wake[channel] != c.refresh_due or c.refreshes_owed > 0 or c.commands > 0:
        return False
    if m.gaps[REF, IN_RANK, REF] > m.rank_count * m.refresh_cycles or m.gaps[REF, IN_OTHER_RANKS, REF] > 0:
        return False
    if m.power_down_after < NEVER and not _sleeps_between(m):
        return False
    for place in range(m.rank_count):
        rank = channel * m.rank_count + (c.refresh_rank + place) % m.rank_count
        if not _rank_rests(m, rank, c.refresh_due, c.refresh_due + place * m.refresh_cycles):
            return False
    return True


@compiled
def _sleeps_between(m: Machine) -> Bool:
    """Whether a rank that is in power-down at one refresh is so again at its next."""
    awake = m.down_exit + max(m.quiet_after[REF], m.least_down - m.down_exit)
    return m.down_exit < m.refresh_cycles and awake + m.least_down <= m.rank_count * m.refresh_cycles


@compiled
def _rank_rests(m: Machine, rank: Int64, first: Int64, own: Int64) -> Bool:
    """Whether the rank can be refreshed in `first`, when one of the channel is next, and sleeps in `own`, when itself
    is, as it will at every later one; or refreshes itself."""
    r = m.ranks[rank]
    if r.state != AWAKE:
        return r.state == SELF_REFRESH
    if r.open_banks > 0 or r.refresh_at > first:
        return False
    if m.power_down_after == NEVER:
        return True
    since = down_from(m, rank)
    return since > r.asked + m.power_down_after and since + m.least_down <= own


@compiled
def _refresh_before(m: Machine, channel: Int64, limit: Int64, exit_cycles: Int64) -> Int64:
    """Of the refreshes that are due before `limit`, the last of each rank holds off what all of them would. Each is
    sent `exit_cycles` behind the cycle in which it is due; one of a rank in self-refresh is not. The last cycle in
    which anything was due or sent."""
    c = m.channels[channel]
    count = max(0, (limit - c.refresh_due + m.refresh_cycles - 1) // m.refresh_cycles)
    sent, reached = 0, 0
    for place in range(min(m.rank_count, count)):
        rank = channel * m.rank_count + (c.refresh_rank + place) % m.rank_count
        times = (count - place + m.rank_count - 1) // m.rank_count
        first = c.refresh_due + place * m.refresh_cycles
        last = first + (times - 1) * m.rank_count * m.refresh_cycles
        reached = max(reached, last)
        if m.ranks[rank].state == SELF_REFRESH:
            continue
        if m.power_down_after < NEVER:
            _sleep_between(m, rank, first, last, times)
        last += exit_cycles
        keep_apart(m, last, rank * m.banks_per_rank, REF, last)
        if m.sleeps:
            m.ranks[rank].quiet = last + m.quiet_after[REF]
        sent += times
        reached = max(reached, last)
    m.counts[channel, REF] += sent
    m.logged += sent
    c.refresh_rank = (c.refresh_rank + count) % m.rank_count
    c.refresh_due += count * m.refresh_cycles
    c.origin = c.refresh_due - m.refresh_cycles
    m.wake[channel] = c.refresh_due
    if m.self_refresh_after < NEVER:
        m.wake[channel] = min(c.refresh_due, sleep_wake(m, channel, reached))
    return reached


@compiled
def _sleep_between(m: Machine, rank: Int64, first: Int64, last: Int64, times: Int64) -> None:
    """The rank is in power-down before each of its `times` refreshes, due in `first` to `last`, and wakes for them."""
    r, period = m.ranks[rank], m.rank_count * m.refresh_cycles
    awake = m.down_exit + max(m.quiet_after[REF], m.least_down - m.down_exit)
    m.sleep_count[rank, PRECHARGE_DOWN] += times
    m.sleep_cycles[rank, PRECHARGE_DOWN] += first - down_from(m, rank) + (times - 1) * (period - awake)
    r.woken, r.last_sleep = last, PRECHARGE_DOWN
    hold_back(m, rank, last + m.down_exit)
