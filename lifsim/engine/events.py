"""The kernel of a convolution by events (lifsim.engine.convolution): finds the inputs that are not zero, and sums their
weight rows.

Outputs are computed a tile at a time, for one block of filters after the other, so that the weights that they add come
from the nearest caches and their sums stay in registers.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lifsim.engine.jit import compiled
from lifsim.engine.lanes import REGISTER_BYTES, element, load, nonzero_of_eight, spread, store, zeros

Array = NDArray[Any]

WIDE_BYTES = 4 * REGISTER_BYTES  # of a block of filters: sums in four registers hide how long an addition takes
NARROW_BYTES = REGISTER_BYTES  # of the blocks of filters that are left over

_SEGMENT_BYTES = 32 << 10  # of weight rows: they stay in the first cache while a tile's outputs add theirs
_LINE_BYTES = 64
_COPIED = _LINE_BYTES // 4  # events at a time
_OCTET_BYTES = 8 * 4  # of as many channels as a byte has places

_BYTES = np.arange(256)
_ZEROS = (_BYTES[:, None] >> np.arange(8) & 1) == 0
_PLACES = np.argsort(_ZEROS, axis=1, kind="stable").astype(np.int32).ravel()  # of a byte: those of its ones, then zeros
_ONES = np.bitwise_count(_BYTES).astype(np.int64)


class Layer(NamedTuple):
    """The shapes of a layer: input maps [images, H, W, groups * C], outputs [images, E, F, groups * M], windows R x S.
    A tile is `tile_rows` output rows of one image, or all rows of `tile_images` images; its filters are divided into
    `parts`."""

    images: int
    H: int
    W: int
    C: int
    E: int
    F: int
    M: int
    R: int
    S: int
    stride_y: int
    stride_x: int
    pad_y: int
    pad_x: int
    groups: int
    tile_images: int
    tile_rows: int
    parts: int


class Tile(NamedTuple):
    """Images `first` to `last`, output rows `top` to `bottom`, and the input rows `above` to `below` that they see."""

    first: int
    last: int
    top: int
    bottom: int
    above: int
    below: int


class Events(NamedTuple):
    """The nonzero inputs of a tile, input row by input row. place: index of each in its row of [W, C]; value: its
    value, not kept if all are 1. Both have room for W * C per row. begin: [rows, W + 1] index of the first one of each
    pixel, then the end of the last pixel's."""

    place: Array
    value: Array
    begin: Array


class Picked(NamedTuple):
    """The weight rows that each output of a tile adds, and the value by which each is multiplied. Those of output i are
    row[end[i]] to row[end[i + 1] - 1]; end: [outputs + 1]. next: [outputs] the first that has not been added yet."""

    row: Array
    value: Array
    end: Array
    next: Array


class PutOut(NamedTuple):
    """Where the sums of a tile and a group go. sums: scratch, [outputs, lanes]. out: all outputs, flat; the group's
    filters begin at `first` for the tile's first output, and `pitch` further on for each next output."""

    sums: Array
    scale: Array
    shift: Array
    out: Array
    first: int
    pitch: int


@compiled
def sum_tiles(start, stop, x, rows, layer, spikes, scale, shift, out):  # type: ignore[no-untyped-def]
    """Compute jobs `start` to `stop`. A job is one part of the filters of one tile: all tiles of a part come before the
    next part. out: flat."""
    wide, narrow = zeros(rows, WIDE_BYTES), zeros(rows, NARROW_BYTES)
    wides = layer.M // len(wide)
    blocks = wides + (layer.M - wides * len(wide) + len(narrow) - 1) // len(narrow)
    bands = (layer.E + layer.tile_rows - 1) // layer.tile_rows
    tiles = (layer.images + layer.tile_images - 1) // layer.tile_images * bands
    outputs, window = layer.tile_images * layer.tile_rows * layer.F, layer.R * layer.S * layer.C
    events, picked = _room(layer, outputs, spikes, rows)
    sums = _on_a_line(outputs * len(wide), rows)
    for job in range(start, stop):
        part, tile = job // tiles, _tile(layer, job % tiles // bands, job % bands)
        first = (tile.first * layer.E + tile.top) * layer.F * layer.groups * layer.M
        for g in range(layer.groups):
            _list_events(x, g, tile, layer, spikes, events)
            here = _pick(tile, layer, spikes, events, picked)
            of_group = slice(g * layer.M, (g + 1) * layer.M)
            put = PutOut(sums, scale[of_group], shift[of_group], out, first + g * layer.M, layer.groups * layer.M)
            for block in range(blocks * part // layer.parts, blocks * (part + 1) // layer.parts):
                m = min(block, wides) * len(wide) + max(0, block - wides) * len(narrow)
                if block < wides:
                    _sum_trees(wide, rows[g], m, picked, here, window, spikes, sums)
                    _put_out(wide, rows[g], m, picked, here, window, spikes, put)
                else:
                    _sum_trees(narrow, rows[g], m, picked, here, window, spikes, sums)
                    _put_out(narrow, rows[g], m, picked, here, window, spikes, put)


@compiled
def _room(layer, outputs, spikes, rows):  # type: ignore[no-untyped-def]
    """Room for the events of a tile, and for the weight rows that its outputs pick."""
    seen = min(layer.H, (layer.tile_rows - 1) * layer.stride_y + layer.R)
    lines, window = layer.tile_images * seen, layer.R * layer.S * layer.C
    listed, most = lines * layer.W * layer.C, outputs * window
    events = Events(
        np.empty(listed + _COPIED, np.int32),
        np.empty(0 if spikes else listed, rows.dtype),
        np.empty(lines * (layer.W + 1), np.int64),
    )
    picked = Picked(
        np.empty(most + _COPIED, np.int32),
        np.empty(0 if spikes else most, rows.dtype),
        np.empty(outputs + 1, np.int64),
        np.empty(outputs, np.int64),
    )
    return events, picked


@compiled
def _on_a_line(size, like):  # type: ignore[no-untyped-def]
    """Room for elements of the type of `like` that starts on a cache line."""
    room = np.empty(size + _LINE_BYTES // like.itemsize, like.dtype)
    start = -room.ctypes.data % _LINE_BYTES // like.itemsize
    return room[start : start + size]


@compiled
def _tile(layer, number, band):  # type: ignore[no-untyped-def]
    """The tile of a band of rows of the images of that number."""
    first, top = number * layer.tile_images, band * layer.tile_rows
    last, bottom = min(layer.images, first + layer.tile_images), min(layer.E, top + layer.tile_rows)
    above = max(0, top * layer.stride_y - layer.pad_y)
    below = min(layer.H, (bottom - 1) * layer.stride_y - layer.pad_y + layer.R)
    return Tile(first, last, top, bottom, above, below)


@compiled
def _list_events(x, g, tile, layer, spikes, events):  # type: ignore[no-untyped-def]
    """List the events of one group of channels."""
    eight = zeros(events.place, _OCTET_BYTES)
    C, pixel = layer.C, 0
    for n in range(tile.first, tile.last):
        for y in range(tile.above, tile.below):
            found = pixel // (layer.W + 1) * layer.W * C
            for z in range(layer.W):
                base, begin = (((n * layer.H + y) * layer.W + z) * layer.groups + g) * C, found
                for c in range(0, C - C % 8, 8):
                    ones = nonzero_of_eight(x, base + c)
                    store(load(eight, _PLACES, 8 * ones) + spread(eight, z * C + c), events.place, found)
                    found += element(_ONES, ones)
                for c in range(C - C % 8, C):
                    events.place[found] = z * C + c
                    found += element(x, base + c) != 0
                if not spikes:
                    for k in range(begin, found):
                        events.value[k] = element(x, base - z * C + events.place[k])
                events.begin[pixel] = begin
                pixel += 1
            events.begin[pixel] = found
            pixel += 1


@compiled
def _pick(tile, layer, spikes, events, picked):  # type: ignore[no-untyped-def]
    """Pick the weight rows of each output's window, in the order (r, s, c), in which those of one window row are
    contiguous."""
    copied = zeros(events.place, _LINE_BYTES)
    p = total = 0
    picked.end[0] = 0
    for n in range(tile.last - tile.first):
        for e in range(tile.top, tile.bottom):
            for f in range(layer.F):
                origin = f * layer.stride_x - layer.pad_x
                left = min(layer.W, max(0, origin))
                right = max(left, min(layer.W, origin + layer.S))
                for r in range(layer.R):
                    y = e * layer.stride_y - layer.pad_y + r
                    if not 0 <= y < layer.H:
                        continue
                    line = (n * (tile.below - tile.above) + y - tile.above) * (layer.W + 1)
                    start, end = events.begin[line + left], events.begin[line + right]
                    shift = spread(copied, (r * layer.S - origin) * layer.C)
                    for k in range(0, end - start, _COPIED):
                        store(load(copied, events.place, start + k) + shift, picked.row, total + k)
                    if not spikes:
                        for k in range(end - start):
                            picked.value[total + k] = events.value[start + k]
                    total += end - start
                p += 1
                picked.end[p] = total
    return p


@compiled
def _sum_trees(like, rows, m, picked, outputs, window, spikes, sums):  # type: ignore[no-untyped-def]
    """Sums [outputs, lanes] for the filters from `m` on: segment by segment of the weight rows, for each output all
    trees that begin in the segment."""
    lanes, base, leaves = len(like), m * window, 8 if spikes else 4
    segment = _SEGMENT_BYTES // (lanes * rows.itemsize)
    for p in range(outputs):
        store(like, sums, p * lanes)
        picked.next[p] = picked.end[p]
    for bound in range(segment, window + segment, segment):
        for p in range(outputs):
            k, end = picked.next[p], picked.end[p + 1]
            total = load(like, sums, p * lanes)
            while k + leaves <= end and element(picked.row, k) < bound:
                total = total + (_eight(like, rows, base, picked, k) if spikes else _four(like, rows, base, picked, k))
                k += leaves
            store(total, sums, p * lanes)
            picked.next[p] = k


@compiled
def _put_out(like, rows, m, picked, outputs, window, spikes, put):  # type: ignore[no-untyped-def]
    """Add the rows that no tree holds, and put out scale * sum + shift for the filters from `m` on. The last block may
    have more lanes than filters."""
    lanes, base, width = len(like), m * window, min(len(like), put.scale.size - m)
    for p in range(outputs):
        total, place = load(like, put.sums, p * lanes), put.first + p * put.pitch + m
        for k in range(picked.next[p], picked.end[p + 1]):
            total = total + (_row(like, rows, base, picked, k) if spikes else _weighted(like, rows, base, picked, k))
        if width == lanes:
            store(total * load(like, put.scale, m) + load(like, put.shift, m), put.out, place)
        else:
            store(total, put.sums, p * lanes)
            for lane in range(width):
                scaled = put.sums[p * lanes + lane] * put.scale[m + lane] + put.shift[m + lane]
                put.out[place + lane] = scaled


@compiled
def _row(like, rows, base, picked, k):  # type: ignore[no-untyped-def]
    """The k-th weight row that is picked."""
    return load(like, rows, base + element(picked.row, k) * len(like))


@compiled
def _weighted(like, rows, base, picked, k):  # type: ignore[no-untyped-def]
    """The k-th times its input's value."""
    return spread(like, element(picked.value, k)) * _row(like, rows, base, picked, k)


@compiled
def _eight(like, rows, base, picked, k):  # type: ignore[no-untyped-def]
    """Sum of the k-th row and the seven behind it, as a tree."""
    a, b = _row(like, rows, base, picked, k), _row(like, rows, base, picked, k + 1)
    c, d = _row(like, rows, base, picked, k + 2), _row(like, rows, base, picked, k + 3)
    e, f = _row(like, rows, base, picked, k + 4), _row(like, rows, base, picked, k + 5)
    g, h = _row(like, rows, base, picked, k + 6), _row(like, rows, base, picked, k + 7)
    return ((a + b) + (c + d)) + ((e + f) + (g + h))


@compiled
def _four(like, rows, base, picked, k):  # type: ignore[no-untyped-def]
    """Sum of the k-th row and the three behind it, each times its value, as a tree."""
    a, b = _weighted(like, rows, base, picked, k), _weighted(like, rows, base, picked, k + 1)
    c, d = _weighted(like, rows, base, picked, k + 2), _weighted(like, rows, base, picked, k + 3)
    return (a + b) + (c + d)
