"""A memory that nobody waits for."""

from __future__ import annotations

from lifsim.hardware.memory.protocol import MEMORIES, Memory


@MEMORIES.register
class Ideal(Memory):
    """Whatever is asked for is there."""

    name = "ideal"
    title = "nobody waits for it"
    waits = False
    reads = ()
