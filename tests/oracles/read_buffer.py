"""SCALE-Sim's input buffer as it is written there: sets of addresses, a window over them, request after request."""

from __future__ import annotations

from collections.abc import Iterator

from lifsim.hardware.read_buffer import Window


def requests(window: Window, rows: int, filter_folds: int) -> Iterator[tuple[int, int, int]]:
    """(row, column, channel) in the order in which an output-stationary array asks."""
    pixels = [(y, x) for y in range(window.out[0]) for x in range(window.out[1])]
    field = [
        (r, s, c) for r in range(window.kernel[0]) for s in range(window.kernel[1]) for c in range(window.channels)
    ]
    for _ in range(filter_folds):
        for first in range(0, len(pixels), rows):
            fold = pixels[first : first + rows]
            for cycle in range(len(field) + len(fold) - 1):
                for row, (y, x) in enumerate(fold):
                    if 0 <= cycle - row < len(field):
                        r, s, c = field[cycle - row]
                        yield y * window.stride[0] + r, x * window.stride[1] + s, c


def input_fetches(window: Window, rows: int, filter_folds: int, buffer_bytes: int) -> int:
    """Requests that no active set answers."""
    per_set = buffer_bytes // 100
    sets: list[set[tuple[int, int, int]]] = [set()]
    start, end, fetched = 0, 49, 0
    for address in requests(window, rows, filter_folds):
        outside = address[0] >= window.map[0] or address[1] >= window.map[1]
        if outside or any(address in held for held in sets[start:]):
            continue
        sets[-1].add(address)
        fetched += 1
        if len(sets[-1]) == per_set:
            sets.append(set())
            if len(sets) - 1 == end + 1:
                start, end = start + 50, end + 50
    return fetched
