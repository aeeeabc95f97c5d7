"""A memory that takes no time."""

from __future__ import annotations

from lifsim.hardware.memory.protocol import MEMORIES, Memory


@MEMORIES.register
class Ideal(Memory):
    """Whatever is asked for is there."""

    name = "ideal"
    title = "takes no time"
    waits = False
    reads = ()
