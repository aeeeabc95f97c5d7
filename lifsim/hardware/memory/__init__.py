"""Off-chip memories: how long a run waits for one, and what it is charged for."""

from lifsim.hardware.memory.charges import ByDevice, Charge, PerBit
from lifsim.hardware.memory.protocol import MEMORIES, Memory, Place

__all__ = ["MEMORIES", "ByDevice", "Charge", "Memory", "PerBit", "Place"]
