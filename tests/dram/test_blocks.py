"""Are the records of many blocks those of each alone?"""

from __future__ import annotations

import numpy as np
import pytest

from lifsim.hardware.dram.blocks import TOLD, fill, told
from lifsim.hardware.dram.requests import Requests
from lifsim.hardware.dram.state import BLOCK, FAR


@pytest.mark.parametrize("count", [0, 1, 2048, 5000])
def test_each_is_filled_and_read(count: int) -> None:
    rng = np.random.default_rng(count)
    addresses, sizes = rng.integers(0, 1 << 30, count), rng.integers(1, 1000, count)
    is_write, arrivals = rng.random(count) < 0.5, rng.integers(0, 1 << 40, count)
    blocks = np.full(count, -1, np.int64).repeat(len(BLOCK)).view(BLOCK)  # whatever was there
    fill(blocks, Requests(addresses.astype(np.uint64), sizes, is_write, arrivals), 6)
    for number, block in enumerate(blocks):
        last = (int(addresses[number]) + int(sizes[number]) - 1) // 64
        assert block["first"] == addresses[number] // 64
        assert block["bursts"] == block["remaining"] == last - block["first"] + 1
        assert (block["is_write"], block["arrival"]) == (is_write[number], arrivals[number])
        assert (block["first_completion"], block["completion"], block["pace"]) == (FAR, 0, 0)
        assert (block["activates"], block["accesses"], block["row_hits"]) == (0, 0, 0)
    for field in TOLD:
        blocks[field] = rng.integers(0, 1 << 40, count)
    for field, column in zip(TOLD, told(blocks), strict=True):
        assert (column == blocks[field]).all()
