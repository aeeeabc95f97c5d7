"""Where windows over a map begin, one by one."""

from __future__ import annotations

import numpy as np

from lifsim.hardware.input_reads import InputMap
from lifsim.hardware.sram_banks import Ints


def origins(read: InputMap) -> tuple[Ints, Ints]:
    """[pixels] row and column of the map at which each window begins, padding below 0."""
    row, column = np.divmod(np.arange(read.pixels), read.out_width)
    return row * read.stride[0] - read.padding[0], column * read.stride[1] - read.padding[1]
