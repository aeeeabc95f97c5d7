"""Are the records of many blocks those of each alone?"""

from __future__ import annotations

import numpy as np
import pytest

from lifsim.config.dram import load_dram
from lifsim.errors import InputError
from lifsim.hardware.dram.blocks import SUMS, TOLD, fill, new_blocks, told
from lifsim.hardware.dram.requests import MAX_BURSTS, Requests, sequential
from lifsim.hardware.dram.state import BLOCK, FAR, LINE, new_machine
from lifsim.hardware.dram.stream import DramStream
from lifsim.model.dram import DramSpec


@pytest.mark.parametrize("count", [0, 1, 2048, 5000])
def test_each_is_filled_and_read(count: int) -> None:
    rng = np.random.default_rng(count)
    addresses, sizes = rng.integers(0, 1 << 30, count), rng.integers(1, 1000, count)
    is_write, arrivals = rng.random(count) < 0.5, rng.integers(0, 1 << 40, count)
    blocks = np.full(count, -1, np.int64).repeat(BLOCK.itemsize // 8).view(BLOCK)  # whatever was there
    fill(blocks, Requests(addresses.astype(np.uint64), sizes, is_write, arrivals), 6)
    for number, block in enumerate(blocks):
        last = (int(addresses[number]) + int(sizes[number]) - 1) // 64
        assert block["first"] == addresses[number] // 64
        assert block["bursts"] == block["remaining"] == last - block["first"] + 1
        assert (block["is_write"], block["arrival"]) == (is_write[number], arrivals[number])
        assert (block["first_completion"], block["completion"], block["pace"]) == (FAR, 0, 0)
        assert (block["activates"], block["accesses"], block["row_hits"]) == (0, 0, 0)
    for field in TOLD:
        blocks[field] = rng.integers(0, 1 << (8 * BLOCK[field].itemsize - 2), count)
    for field, column in zip(TOLD, told(blocks), strict=True):
        assert (column == blocks[field]).all()


def test_they_begin_with_lines() -> None:
    assert BLOCK.itemsize == LINE
    for count in (1, 7, 1 << 16):
        blocks = new_blocks(count)
        assert blocks.size == count
        assert blocks.ctypes.data % LINE == 0
    machine = new_machine(load_dram("hbm2"))
    assert machine.shape == (1,)
    assert machine["allowed"].ctypes.data % LINE == 0


def test_a_request_of_more_bursts_than_are_counted_is_refused() -> None:
    spec = load_dram("ddr4_2400")
    spec = DramSpec.model_validate(
        spec.model_dump() | {"organisation": spec.organisation.model_dump() | {"rows": 1 << 24}}
    )
    most = MAX_BURSTS * spec.organisation.burst_bytes
    assert spec.organisation.capacity_bytes > most
    sequential(most).check_fit(spec)
    sizes, zeros = np.array([1, most + 1]), np.zeros(2, np.int64)
    with pytest.raises(InputError, match=rf"sizes_bytes\[1\].*must be <= {most}; ask in parts"):
        Requests(zeros.astype(np.uint64), sizes, zeros > 0, zeros).check_fit(spec)


def test_what_was_forgotten_comes_first() -> None:
    stream, forgotten = DramStream(load_dram("ddr4_2400")), np.zeros(2, SUMS)
    stream.submit(sequential(1 << 12))
    (last,) = stream.finish().completion_cycles
    forgotten["completion"] = [7, 9]
    assert stream.result_with(forgotten).completion_cycles.tolist() == [7, 9, last]
