"""What spike_out cannot hold on the way back, and what collects in the psum buffer, walked one by one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import product

import numpy as np
from numpy.typing import NDArray

from tests.oracles.training import state_moves

Ints = NDArray[np.int64]


def made(rows: int, row_elements: int, bits: int, together: int) -> int:
    """Bytes of membrane gradients of a map, `together` timesteps of a row packed bit behind bit."""
    size = 0
    for _ in range(rows):
        used = 0
        for _ in range(together * row_elements):
            used += bits
        size += (used + 7) // 8
    return size


def beyond(buffer: int, size: int) -> int:
    """Of so many bytes one behind the other those that lie beyond the `buffer` bytes of a buffer."""
    return sum(1 for byte in range(size) if byte >= buffer)


def psum_accesses(sums: int, terms: int, rows: int, additions: int, *, in_the_array: bool) -> tuple[int, int]:
    """(reads, writes) of the psum buffer: `sums` of `terms` products each, `rows` of which the array adds up at a time
    (in_the_array: all, where they stay); every sum is then added to what collects, `additions` times, the first time
    to nothing."""
    reads = writes = 0
    for addition, _ in product(range(additions), range(sums)):
        for first in range(0, 0 if in_the_array else terms, rows):
            reads += first > 0
            writes += 1
        reads += not in_the_array  # the whole sum comes back
        reads += addition > 0
        writes += 1
    return reads, writes


def splits(
    sizes: Sequence[int], calls: Sequence[int], buffer: int, granule: int
) -> Iterator[tuple[int, tuple[int, ...]]]:
    """Every (transient, permanent bytes by state) that a buffer holds; a longer transient region serves nobody. Where a
    byte moves for each of a state's `calls`, of which there are several, `granule` bytes have room to pass through, or
    all of a buffer that is smaller."""
    for transient in range(min(buffer, max(sizes)) + 1):
        for permanent in product(*(range(size + 1) for size in sizes)):
            states = zip(sizes, permanent, calls, strict=True)
            streams = any(often > 1 and size > kept + transient for size, kept, often in states)
            if sum(permanent) + transient + streams * min(granule, buffer) <= buffer:
                yield transient, permanent


def fewest_moves(
    calls: list[tuple[str, int]], sizes: Mapping[str, int], buffer: int, timesteps: int, granule: int
) -> tuple[int, set[tuple[tuple[int, int], ...]]]:
    """Of all splits of a buffer the fewest bytes that move, and what the layers of `calls` (state, layer) may then read
    and write, ((reads, writes) by layer in order): one for each split that moves so few. granule: bytes that stream at
    a time, where any do.

    A byte of each kind is walked through all timesteps; what a split moves is the sum over its bytes.
    """
    names, layers = list(sizes), sorted(layer for _, layer in calls)
    state_of = {layer: names.index(name) for name, layer in calls}
    one, none = dict.fromkeys(names, 1), dict.fromkeys(names, 0)
    walked = [state_moves(calls, one, none, transient, timesteps) for transient in (1, 0)]
    passing, moving = (np.array([[ways[0][layer], ways[1][layer]] for layer in layers], np.int64) for ways in walked)
    often = [sum(state == name for state, _ in calls) * timesteps for name in names]
    every = np.array([(q, *p) for q, p in splits(list(sizes.values()), often, buffer, granule)], np.int64)
    away = np.array(list(sizes.values())) - every[:, 1:]
    transient = np.minimum(away, every[:, :1])
    chosen = [state_of[layer] for layer in layers]
    moved: Ints = (
        transient[:, chosen, None] * passing[None] + (away - transient)[:, chosen, None] * moving[None]
    )  # [splits, layers, ways]
    totals = moved.sum(axis=(1, 2))
    best = moved[totals == totals.min()]
    return int(totals.min()), {tuple((int(r), int(w)) for r, w in split) for split in best}
