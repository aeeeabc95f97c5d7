"""Small sets of banks of a channel, as lists, so that nobody looks at all banks: those with commands, and those to
which a read, or a write, can move."""

from __future__ import annotations

import numpy as np

from lifsim.hardware.dram.jit import Bool, Int64, Machine, compiled

# The first two are numbered as the kinds of transactions are.
READS_CAN_MOVE, WRITES_CAN_MOVE, HAVE_COMMANDS = np.arange(3)


_FEW = 4  # Times so many banks with commands than there are banks: only these are gone through, else all as one.


@compiled
def are_few(m: Machine, channel: Int64) -> Bool:
    """Whether few of the banks of a channel have commands."""
    return _FEW * m.member_count[channel, HAVE_COMMANDS] < m.banks_per_channel


@compiled
def join(m: Machine, which: Int64, bank: Int64) -> None:
    """The bank, until now outside, is of the set."""
    channel = m.banks[bank].channel
    place = channel * m.banks_per_channel + m.member_count[channel, which]
    m.members[which, place] = bank
    m.place[which, bank] = place
    m.member_count[channel, which] += 1


@compiled
def leave(m: Machine, which: Int64, bank: Int64) -> None:
    """The bank is no longer of the set: the last of the list takes its place."""
    channel, place = m.banks[bank].channel, m.place[which, bank]
    m.member_count[channel, which] -= 1
    last = m.members[which, channel * m.banks_per_channel + m.member_count[channel, which]]
    m.members[which, place] = last
    m.place[which, last] = place
    m.place[which, bank] = -1
