"""The records of blocks, filled from requests and read again, each once: it comes from memory with all its fields."""

from __future__ import annotations

import numpy as np

from lifsim.hardware.dram.requests import Requests
from lifsim.hardware.dram.state import BLOCK, LINE, Array, on_lines
from lifsim.kernels.kernel import Kernel

INT64 = np.dtype(np.int64)
TOLD = ("arrival", "completion", "activates", "accesses", "row_hits")
SUMS = np.dtype([(field, np.int64) for field in TOLD])
"""What several blocks tell together."""

_SOURCES = ("hardware/dram/block_kernel.py", "hardware/dram/jit.py", "hardware/dram/rouse.py")
FILL_BLOCKS = Kernel(
    title="the requests to a DRAM",
    module="lifsim.hardware.dram.block_kernel",
    function="fill_blocks",
    parameters=(BLOCK, INT64, INT64, np.dtype(np.uint8), INT64, None),
    sources=_SOURCES,
)
READ_BLOCKS = Kernel(
    title="the answers of a DRAM",
    module="lifsim.hardware.dram.block_kernel",
    function="read_blocks",
    parameters=(BLOCK, INT64),
    sources=_SOURCES,
)


def new_blocks(count: int) -> Array:
    """So many, which hold anything."""
    return on_lines(np.empty(count * BLOCK.itemsize + LINE, np.uint8), BLOCK, "first")


def fill(blocks: Array, requests: Requests, offset_bits: int) -> None:
    """Blocks [N], whatever they hold, for as many requests; a burst holds 2^offset_bits bytes."""
    addresses = np.ascontiguousarray(requests.addresses, np.uint64).view(np.int64)
    sizes, arrivals = (
        np.ascontiguousarray(column, np.int64) for column in (requests.sizes_bytes, requests.arrival_cycles)
    )
    kinds = np.ascontiguousarray(requests.is_write, np.bool_).view(np.uint8)
    FILL_BLOCKS(blocks, addresses, sizes, kinds, arrivals, offset_bits)


def told(blocks: Array) -> Array:
    """What blocks [N] tell in the end: [TOLD, N]."""
    columns = np.empty((len(TOLD), len(blocks)), np.int64)
    READ_BLOCKS(blocks, columns.reshape(-1))
    return columns
