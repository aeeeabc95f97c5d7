"""The clock of a channel in the DRAM kernel: keys, each a cycle and how many banks come in turn, in one number.

The cycles of keys count from the channel's last refresh that was due. The next is not far, so 32 bits are enough
(DramSpec sees to it), of which a processor compares twice as many at once as of 64, and sooner.
"""

from __future__ import annotations

import numpy as np

from lifsim.hardware.dram.jit import Int64, Machine, compiled
from lifsim.hardware.dram.rouse import NEVER
from lifsim.hardware.dram.state import NO_KEY

UNWANTED = np.int32(NO_KEY)  # the key of a bank that wants nothing: behind all others


@compiled
def key_at(m: Machine, channel: Int64, cycle: Int64) -> Int64:
    """The first key of `cycle`, which is not before the origin."""
    return (cycle - m.channels[channel].origin) << m.turn_bits


@compiled
def cycle_of(m: Machine, channel: Int64, key: Int64) -> Int64:
    """The cycle of a key; NEVER if it is of a bank that wants nothing."""
    return NEVER if key >= UNWANTED else (key >> m.turn_bits) + m.channels[channel].origin
