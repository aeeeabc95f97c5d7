"""What moves between DRAM and the chip, and what it means to the step that it belongs to."""

from __future__ import annotations

from enum import IntEnum


class Kind(IntEnum):
    """A tensor and its direction, in the order in which, of two in one cycle, one is asked for or blamed first.

    In training gradients of spikes go as spikes do, kept states as membranes, what changes the weights as psums.
    """

    WEIGHTS = 0
    SPIKES_IN = 1
    MEMBRANE_READ = 2
    RESIDUAL = 3
    PSUM_READ = 4
    PSUM_WRITE = 5
    SPIKES_OUT = 6
    MEMBRANE_WRITE = 7


LOADS = (Kind.WEIGHTS, Kind.SPIKES_IN, Kind.MEMBRANE_READ)
"""A step starts when they are there."""

STREAMS = (Kind.RESIDUAL, Kind.PSUM_READ, Kind.PSUM_WRITE)
"""They go on while their step works, and it ends no earlier than they do."""

STORES = (Kind.SPIKES_OUT, Kind.MEMBRANE_WRITE)
"""They leave when their step has ended."""

WRITES = (Kind.PSUM_WRITE, *STORES)
