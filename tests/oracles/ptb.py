"""Parallel time batching, window row by window row, with Python's sets."""

from __future__ import annotations

import numpy as np

WINDOW, AHEAD = 4, 64


def window_rows(spikes: np.ndarray, kernel: int, stride: int, padding: int) -> list[frozenset[tuple[int, ...]]]:
    """Inputs with a spike, (channel, r, s), of each window and pixel; spikes [T, C, H, W]."""
    T, C, H, W = spikes.shape
    rows = []
    for first in range(0, T, WINDOW):
        fired = spikes[first : first + WINDOW].any(axis=0)
        for y in range(-padding, H + padding - kernel + 1, stride):
            for x in range(-padding, W + padding - kernel + 1, stride):
                rows.append(  # noqa: PERF401
                    frozenset(
                        (c, r, s)
                        for c in range(C)
                        for r in range(kernel)
                        for s in range(kernel)
                        if 0 <= y + r < H and 0 <= x + s < W and fired[c, y + r, x + s]
                    )
                )
    return rows


def inputs_of_folds(rows: list[frozenset[tuple[int, ...]]], height: int) -> list[int]:
    """What each fold works through: rows dealt to the array's rows in columns."""
    folds = -(-len(rows) // height)
    return [len(frozenset().union(*rows[fold::folds])) for fold in range(folds)]


def pair_up(rows: list[frozenset[tuple[int, ...]]]) -> list[frozenset[tuple[int, ...]]]:
    """Rows that share no input, two by two."""
    left, out = list(enumerate(rows)), []
    while left:
        at, row = left.pop(0)
        for index, (other_at, other) in enumerate(left):
            if other_at - at <= AHEAD and not row & other:
                row = row | other
                del left[index]
                break
        out.append(row)
    return out


def cycles(spikes: np.ndarray, kernel: int, stride: int, padding: int, filters: int, array: tuple[int, int]) -> int:
    """Of one image of one group, all timesteps together, on `array` (rows, cols)."""
    rows = window_rows(spikes, kernel, stride, padding)
    work = min(sum(inputs_of_folds(some, array[0])) for some in (rows, pair_up(rows)))
    pixels = len(rows) // -(-len(spikes) // WINDOW)
    return work * min(WINDOW, len(spikes)) * -(-filters // array[1]) + pixels * 2 * array[1]
