"""What SCALE-Sim's input buffer fetches from DRAM, request by request.

SCALE-Sim v2 (`read_buffer_estimate_bw`, the buffer model inside SATA_Sim) cuts a buffer of B bytes into 100 sets of
floor(B / 100) one-byte elements and lets 50 of them be filled; once they are full it forgets all of them at once. What
it holds is therefore a number of elements, 50 * floor(B / 100), that starts anew each time it is reached.

Requests are those of an output-stationary array: column folds outermost, then row folds, then cycles; at cycle t of a
fold, row r asks element t - r of its pixel's receptive field, row 0 first. Elements are addressed by (row, column,
channel) of the map.

Source: Samajdar et al., "A systematic methodology for characterizing scalability of DNN accelerators using SCALE-Sim",
ISPASS 2020, and its code.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from lifsim.kernels.kernel import Kernel
from lifsim.lazy_dataclass import dataclass
from lifsim.room import require_walk

SETS = 100
SETS_IN_USE = 50

NEVER = np.int64(-1)
ALWAYS = np.int64(np.iinfo(np.int64).max)

Ints = NDArray[np.int64]
INT64 = np.dtype(np.int64)

FETCHES = Kernel(
    title="SCALE-Sim's read buffer",
    module="lifsim.hardware.read_buffer_kernel",
    function="fetches",
    parameters=(INT64, INT64, INT64, None, None, None),
    sources=("hardware/read_buffer_kernel.py",),
)


@dataclass(frozen=True)
class Window:
    """How a convolution slides over its map, without padding: sizes (rows, cols) of map, kernel, stride and output."""

    map: tuple[int, int]
    channels: int
    kernel: tuple[int, int]
    stride: tuple[int, int]
    out: tuple[int, int]


def input_fetches(window: Window, rows: int, filter_folds: int, buffer_bytes: int) -> int:
    """Elements that an array of `rows` rows, passing `filter_folds` times over the map, fetches into `buffer_bytes`.

    Receptive fields that hang over the map's edge, as SCALE-Sim lays them where the stride does not divide the map, ask
    for nothing there. Raises ValueError for less than 100 bytes, which make no sets, InputError for too many requests.
    """
    capacity = SETS_IN_USE * (buffer_bytes // SETS)
    if not capacity:
        raise ValueError(f"buffer_bytes must be >= {SETS}, is {buffer_bytes}")
    require_walk(math.prod((*window.out, *window.kernel)), "pixels of all windows", "kernel")
    pixels, offsets, held = _addresses(window)
    return FETCHES(pixels, offsets, held, rows, filter_folds, capacity)


def _addresses(window: Window) -> tuple[Ints, Ints, Ints]:
    """pixels [Sr]: address of each receptive field's first element; offsets [K]: of its elements from there; held: per
    address the epoch in which it was fetched, over the edge ALWAYS."""
    extent = [(out - 1) * step + size for out, step, size in zip(window.out, window.stride, window.kernel, strict=True)]
    row_pitch = extent[1] * window.channels
    pixel_rows, pixel_cols = (np.arange(out) * step for out, step in zip(window.out, window.stride, strict=True))
    pixels = pixel_rows[:, None] * row_pitch + pixel_cols * window.channels
    offsets = np.arange(window.kernel[0])[:, None] * row_pitch + np.arange(window.kernel[1] * window.channels)
    held = np.full((extent[0], extent[1], window.channels), NEVER)
    held[window.map[0] :] = ALWAYS
    held[:, window.map[1] :] = ALWAYS
    return pixels.ravel().astype(np.int64), offsets.ravel().astype(np.int64), held.ravel()
