"""Sliding windows by brute force: try every position, keep those whose window lies within the padded map."""

from __future__ import annotations

Pair = tuple[int, int]


def positions(size: int, kernel: int, stride: int, padding: int) -> list[int]:
    """First index of each window along one axis, in coordinates of the unpadded map."""
    found = []
    start = -padding
    while start + kernel <= size + padding:
        found.append(start)
        start += stride
    return found


def convolution_counts(
    shape: tuple[int, int, int], out: int, kernel: Pair, stride: Pair, padding: Pair, groups: int
) -> tuple[tuple[int, int, int], int, int]:
    """Output shape, multiply-accumulates (padding included) and weights of a convolution, counted one by one."""
    channels, height, width = shape
    rows = positions(height, kernel[0], stride[0], padding[0])
    cols = positions(width, kernel[1], stride[1], padding[1])
    macs = 0
    used: set[tuple[int, int, int, int]] = set()
    for m in range(out):
        group = m // (out // groups)
        for _ in rows:
            for _ in cols:
                for c in range(channels):
                    if c // (channels // groups) != group:
                        continue
                    for r in range(kernel[0]):
                        for s in range(kernel[1]):
                            macs += 1
                            used.add((m, c, r, s))
    return (out, len(rows), len(cols)), macs, len(used)
