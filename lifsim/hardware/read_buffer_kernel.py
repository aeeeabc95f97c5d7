"""The loop over all requests to SCALE-Sim's read buffer, compiled. Import it only to compile: it loads Numba."""

from __future__ import annotations

from typing import Any

from numba import carray  # type: ignore[attr-defined]

Pointer = Any
Int64 = Any


def fetches(
    pixel: Pointer, pixel_count: Int64, offset: Pointer, offset_count: Int64, holds: Pointer, held_count: Int64,
    rows: Int64, passes: Int64, capacity: Int64,
) -> Int64:  # fmt: skip
    """Count the requests for elements that were not fetched in the current epoch, one every `capacity` fetches."""
    pixels, offsets, held = carray(pixel, pixel_count), carray(offset, offset_count), carray(holds, held_count)
    fetched = epoch = 0
    for _ in range(passes):
        before = fetched
        for fold in range((pixel_count + rows - 1) // rows):
            first = fold * rows
            used = min(rows, pixel_count - first)
            for cycle in range(offset_count + used - 1):
                for row in range(max(0, cycle - offset_count + 1), min(used, cycle + 1)):
                    element = pixels[first + row] + offsets[cycle - row]
                    if held[element] < epoch:
                        held[element] = epoch
                        fetched += 1
                        epoch = fetched // capacity
        if fetched == before:  # everything is held, and stays so
            break
    return fetched
