"""The records of blocks, filled from requests and read again, compiled. Import it only to compile: it loads Numba."""

from __future__ import annotations

from numba import carray  # type: ignore[attr-defined]

from lifsim.hardware.dram.jit import Int64, Pointer, Records, compiled
from lifsim.hardware.dram.rouse import NEVER


@compiled
def _fill(blocks: Records, first: Records, size: Records, is_write: Records, arrival: Records, bits: Int64) -> None:
    for number in range(blocks.size):
        block, address = blocks[number], first[number]
        bursts = ((address + size[number] - 1) >> bits) - (address >> bits) + 1
        block.first, block.bursts, block.remaining = address >> bits, bursts, bursts
        block.is_write, block.arrival, block.pace = is_write[number], arrival[number], 0
        block.first_completion, block.completion = NEVER, 0
        block.activates = block.accesses = block.row_hits = 0


@compiled
def _read(blocks: Records, told: Records) -> None:
    count = blocks.size
    for number in range(count):
        block = blocks[number]
        told[number], told[count + number] = block.arrival, block.completion
        told[2 * count + number], told[3 * count + number] = block.activates, block.accesses
        told[4 * count + number] = block.row_hits


def fill_blocks(
    block: Pointer, blocks: Int64, address: Pointer, addresses: Int64, size: Pointer, sizes: Int64,
    kind: Pointer, kinds: Int64, arrival: Pointer, arrivals: Int64, offset_bits: Int64,
) -> Int64:  # fmt: skip
    """Blocks of as many requests, whatever was there; a burst holds 2^offset_bits bytes."""
    requests = carray(address, addresses), carray(size, sizes), carray(kind, kinds), carray(arrival, arrivals)
    _fill(carray(block, blocks), *requests, offset_bits)
    return blocks


def read_blocks(block: Pointer, blocks: Int64, column: Pointer, numbers: Int64) -> Int64:
    """What blocks tell in the end, one column behind the other."""
    _read(carray(block, blocks), carray(column, numbers))
    return blocks
