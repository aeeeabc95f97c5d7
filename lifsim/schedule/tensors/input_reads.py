"""DRAM bytes of one traversal of a layer's input when part of it is on chip already.

A traversal loops over filter tiles, images and row tiles. Bytes that are on chip already need not be fetched. Of the
rest, what spike_in can hold beside the window at work is fetched once per traversal, and the other rows once per filter
tile and window that contains them. An input that fits into spike_in is fetched once. The bytes on chip are the first
ones, in the order of images and rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from lifsim.schedule.facts import LayerFacts
from lifsim.schedule.tensors.rows import Ints, Windows, in_windows, reading_tiles, row_tiles, tallest_window, windows


def whole_reads(facts: LayerFacts, images: int, resident: int) -> Ints:
    """[1 + m] bytes of a traversal of an input that fits into spike_in: those that are not on chip, once."""
    return np.full(1 + len(facts.tile_counts), whole_reads_of(facts, np.array([images]), np.array([resident]))[0])


def whole_reads_of(facts: LayerFacts, images: Ints, resident: Ints) -> Ints:
    """[n] the same for chunks of `images` [n] images with `resident` [n] bytes on chip."""
    tiles = row_tiles(facts.rows.axis)
    once: Ints = _from(tiles.windows, tiles.cut[-1:], images[:, None], resident[:, None], facts.rows.row_bytes)[:, 0]
    return once


@lru_cache(maxsize=1 << 14)
def traversal_reads(facts: LayerFacts, images: int, resident: int, buffer: int, *, runs: int = 1) -> Ints:
    """[1 + m] bytes of a traversal: entry 0 if the smallest filter tile does not fit, entry 1 + m for filter tile m.

    resident: bytes of the input on chip; buffer: spike_in; runs: how often each filter tile runs. Row tiles have the
    height that reads the fewest bytes.
    """
    tiles = range(1 + len(facts.tile_counts))
    reads: Ints = traversals(facts, np.array([images]), np.array([resident]), buffer, tiles, runs=runs)[0]
    return reads


def traversals(
    facts: LayerFacts, images: Ints, resident: Ints, buffer: int, tiles: Sequence[int], *, runs: int = 1
) -> Ints:
    """[n, tiles] these entries of `traversal_reads`, for chunks of `images` [n] images with `resident` [n] bytes on
    chip."""
    row_bytes, every = facts.rows.row_bytes, reading_tiles(facts.rows.axis)
    images, resident = images[:, None], resident[:, None]
    window = every.tallest_window * row_bytes
    fits = np.flatnonzero(window <= buffer) if window[0] <= buffer else np.zeros(1, np.int64)
    wide = max(tiles) if window[0] <= buffer else 0
    counts = runs * facts.tile_counts[[min(max(0, tile - 1), wide) for tile in tiles]]
    kept = resident + np.maximum(buffer - window[fits], 0)
    whole = every.cut[-1:]  # a tile of all rows, the last of them, fetches each of them once
    once = _from(every.windows, whole, images, resident, row_bytes)
    once = once - _from(every.windows, whole, images, kept, row_bytes)
    again = _from(every.windows, every.cut[fits], images, kept, row_bytes)
    reads = once[..., None] + np.multiply.outer(again, counts)
    reads[:, 1:, [not tile for tile in tiles]] = np.iinfo(np.int64).max  # weights stream under rows, one by one
    best: Ints = np.where(resident >= images * facts.input_bytes, 0, reads.min(axis=1))
    return best


@lru_cache(maxsize=1 << 14)
def strip_reads(facts: LayerFacts, images: int, resident: int, buffer: int, starts: tuple[int, ...]) -> Ints:
    """[1 + m] bytes of a traversal in strips that start at these output rows: a strip's window is fetched once if
    spike_in holds it for all images, else once per filter tile."""
    counts = np.concatenate([facts.tile_counts[:1], facts.tile_counts])
    axis, row_bytes = facts.rows.axis, facts.rows.row_bytes
    if images * tallest_window(axis, starts) * row_bytes <= buffer:
        counts = np.ones_like(counts)
    reads: Ints = counts * _from(windows(axis, starts), np.zeros(1, np.int64), images, resident, row_bytes)
    return reads


@lru_cache(maxsize=1 << 14)
def strip_windows(facts: LayerFacts, images: int, resident: int, starts: tuple[int, ...]) -> tuple[Ints, Ints]:
    """([strips], [strips]) for strips that start at these output rows: bytes of their windows, and of the rows that no
    window above contains; without the `resident` bytes on chip."""
    row_bytes, rows = facts.rows.row_bytes, facts.rows.axis.rows_in
    end = row_bytes * (rows * np.arange(images)[:, None] + np.arange(1, rows + 1))
    absent = np.clip(end - resident, 0, row_bytes).sum(axis=0)
    return in_windows(facts.rows.axis, starts, absent)


def _from(cuts: Windows, cut: Ints, images: Ints | int, start: Ints | int, row_bytes: int) -> Ints:
    """[..., n] bytes that one walk over `images` [..., 1] images fetches from byte `start` [..., n] on, under each
    `cut` [n]."""
    rows = cuts.rows_in
    start = np.asarray(np.minimum(start, images * rows * row_bytes), np.int64)
    row, part = start // row_bytes, start % row_bytes
    image, row = row // rows, row % rows
    every = cuts.before(cut, np.full_like(cut, rows))
    fetched: Ints = row_bytes * ((images - image) * every - cuts.before(cut, row)) - part * cuts.uses(cut, row)
    return fetched
