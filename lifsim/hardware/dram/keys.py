"""The key of a bank, in the DRAM kernel: from when on it can send something, and how many banks come in turn before it.

Both in one number, so that there is but one thing to compare, and nothing branches on the way to the least: that of the
bank that is the next of its channel.
"""

from __future__ import annotations

import numpy as np

from lifsim.hardware.dram.clock import cycle_of, key_at
from lifsim.hardware.dram.jit import Int64, Machine, compiled
from lifsim.hardware.dram.rouse import NEVER
from lifsim.hardware.dram.wants import MOST, chosen

UNKNOWN = np.int64(-1)  # when the next bank sends something: it must be looked for


@compiled
def key_of(m: Machine, bank: Int64, turns: Int64, first: Int64) -> Int64:
    """The least of all that the bank wants, from the key `first` on."""
    allowed = np.int64(m.allowed[MOST, bank])
    if m.banks[bank].has_choice:
        allowed = min(allowed, np.int64(m.allowed[MOST + 1, bank]), np.int64(m.allowed[MOST + 2, bank]))
    return max(allowed, first) | turns


@compiled
def foresee(m: Machine, channel: Int64, key: Int64) -> None:
    """The bank with the least `key`, in turn behind the one that sent last, is the next of the channel."""
    c, banks = m.channels[channel], m.banks_per_channel
    c.due = cycle_of(m, channel, key)
    if c.due == NEVER:
        return
    c.next = channel * banks + ((c.turn + 1 + key) & (banks - 1))
    c.command, c.entry = chosen(m, np.int64(c.next), np.int64(c.due))


@compiled
def find_sooner(m: Machine, bank: Int64, cycle: Int64) -> None:
    """The bank wants something new since `cycle`: it may be the next of its channel, or not any more."""
    c, last = m.channels[m.banks[bank].channel], m.banks_per_channel - 1
    if c.due <= cycle or c.next == bank:
        c.due = UNKNOWN
        return
    first = (bank & ~last) + c.turn + 1
    channel = np.int64(m.banks[bank].channel)
    key = key_of(m, bank, (bank - first) & last, key_at(m, channel, cycle + 1))
    if c.due == NEVER or key < key_at(m, channel, np.int64(c.due)) | ((c.next - first) & last):
        foresee(m, channel, key)
