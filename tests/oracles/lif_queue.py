"""The array and its LIF units, one cycle at a time, with two banks of psums between them."""

from __future__ import annotations


def ready_passes(passes: int, blocks: int) -> list[int]:
    """Passes that become ready behind each block when pass p needs a share (p + 1) / passes of the blocks."""
    ready = [0] * blocks
    for p in range(passes):
        block = next(b for b in range(blocks) if (b + 1) * passes >= (p + 1) * blocks)
        ready[block] += 1
    return ready


def visit_cycles(blocks: list[int], work: list[int]) -> int:
    """Cycles from the first block's start until the units have served everything.

    Block b fills psum bank b % 2 and may begin when the units have emptied it (block b - 2) and block b - 1 is done;
    the units serve finished blocks in order, work[b] cycles each.
    """
    cycle, array_block, array_left = 0, 0, blocks[0]
    finished, served, unit_left = 0, 0, 0
    while True:
        while array_block < len(blocks) and array_left == 0:
            finished += 1
            array_block += 1
            array_left = blocks[array_block] if array_block < len(blocks) else 0
            if finished == served + 1:
                unit_left = work[served]
        while served < finished and unit_left == 0:
            served += 1
            unit_left = work[served] if served < finished else 0
        if served == len(blocks):
            return cycle
        if array_block < len(blocks) and served >= array_block - 1:
            array_left -= 1
        if served < finished:
            unit_left -= 1
        cycle += 1
