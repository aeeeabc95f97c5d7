"""How long the input buffer needs for what the array asks of it, from the addresses of a layer's input map.

Bits are packed. Each timestep's map of an image begins in bank 0, in the order that suits the dataflow:

    os, is           [channel][y][x]           lanes are neighbouring output pixels: neighbours in a row
    ws, and `skip`   [group][y][x][channel]    lanes are neighbouring products: channels of a pixel, then of the next

The array asks for one vector a cycle, an element for each lane; padding asks for nothing. A vector takes as many cycles
as its busiest bank has words to give, one at least. The sums are exact: what differs by whole lines (`Banks.line_bits`)
behaves alike, so that few places of a map are looked at for all.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import field, replace
from functools import lru_cache
from math import gcd, prod
from typing import Protocol

import numpy as np

from lifsim.hardware.gemm import Gemm
from lifsim.hardware.pixel_map import PixelMap, WindowKinds
from lifsim.hardware.planes import REQUESTS, Axis, Plane, plane_reads
from lifsim.hardware.sram_banks import Banks, Ints, waits_and_words
from lifsim.lazy_dataclass import dataclass
from lifsim.room import require_walk
from lifsim.watch import Tally, Watch, unwatched

WATCHED = 1 << 32
"""Elements that all windows have, from which on it takes seconds to look at them."""

MANY_TILES = 64  # of which progress is told tile by tile, of fewer within each

BY_ROW = 16 * REQUESTS
"""Above which it takes less time to sort windows again for each kernel row."""


@dataclass(frozen=True)
class Reads:
    """Of one round's folds, [groups, folds] each. waits: cycles beyond one a vector. words: that the banks give."""

    waits: Ints
    words: Ints

    @classmethod
    def of(cls, both: Ints) -> Reads:
        """Waits and words [2, groups, folds]; read-only, since they are given out again."""
        both.setflags(write=False)
        return cls(both[0], both[1])


class InputReads(Protocol):
    """Inputs as the array asks for them, of `element_bits` each."""

    @property
    def element_bits(self) -> int:
        """Of one input."""
        ...

    def whole_rows(self, first: Ints, pixels: Ints) -> Ints:
        """[n, 4] (row, rows, column, columns) of the pieces of the output that the `pixels` [n] from `first` [n] on
        make: so many output rows from a row on, of these so many columns from a column on."""
        ...

    def tiles(self, pieces: Ints, banks: Banks) -> Iterator[tuple[InputReads, int, int]]:
        """(those of a piece [n, 4] of the output, or of another for which `banks` take the same; its pixels; how many
        pieces are alike) of all pieces, in no order."""
        ...

    def planar_reads(self, banks: Banks, lanes: int) -> Reads:
        """[groups, ceil(pixels / lanes)], as `planar_reads`."""
        ...

    def channel_last_reads(self, banks: Banks, lanes: int) -> Reads:
        """[groups, ceil(K / lanes)], as `channel_last_reads`."""
        ...


@dataclass(frozen=True)
class EvenReads:
    """Inputs of a product that lie in the order in which the array asks for them, so that no two words of a vector meet
    in a bank while another is idle."""

    gemm: Gemm
    element_bits: int

    def whole_rows(self, first: Ints, pixels: Ints) -> Ints:
        """Parts of a single row."""
        return np.column_stack([np.zeros_like(first), np.ones_like(first), first, pixels])

    def tiles(self, pieces: Ints, banks: Banks) -> Iterator[tuple[InputReads, int, int]]:
        """All of as many pixels are alike."""
        del banks
        pixels, count = np.unique(pieces[:, 1] * pieces[:, 3], return_counts=True)
        for size, often in zip(pixels.tolist(), count.tolist(), strict=True):
            yield replace(self, gemm=self.gemm.tile(size, self.gemm.filters)), size, often

    def planar_reads(self, banks: Banks, lanes: int) -> Reads:
        """[groups, ceil(pixels / lanes)]"""
        return self._reads(banks, lanes, self.gemm.pixels, self.gemm.reduction)

    def channel_last_reads(self, banks: Banks, lanes: int) -> Reads:
        """[groups, ceil(K / lanes)]"""
        return self._reads(banks, lanes, self.gemm.reduction, self.gemm.pixels)

    def _reads(self, banks: Banks, lanes: int, elements: int, vectors: int) -> Reads:
        bits = np.minimum(lanes, elements - np.arange(0, elements, lanes)) * self.element_bits
        both = np.stack([-(-bits // banks.line_bits) - 1, -(-bits // banks.word_bits)])
        return Reads.of(np.tile(vectors * both[:, None], (1, self.gemm.groups, 1)))


@dataclass(frozen=True)
class InputMap:
    """The map [groups * channels, height, width] that a layer reads, of `element_bits` each, and the windows
    [out_height, out_width] in which it reads it. channels: of one group. kernel, stride, padding: (rows, columns).
    watch: whom to tell how much of a large one is looked at."""

    channels: int
    groups: int
    height: int
    width: int
    out_height: int
    out_width: int
    kernel: tuple[int, int]
    stride: tuple[int, int]
    padding: tuple[int, int]
    element_bits: int
    watch: Watch = field(default=unwatched, compare=False, repr=False)

    def watched(self, watch: Watch) -> InputMap:
        """The same, that tells `watch` how much of it is looked at, if that takes long."""
        return replace(self, watch=watch) if self.pixels * prod(self.kernel) >= WATCHED else self

    @property
    def pixels(self) -> int:
        """Output pixels."""
        return self.out_height * self.out_width

    @property
    def plane(self) -> Plane:
        """That of each channel."""
        (R, S), (down, right), (top, left) = self.kernel, self.stride, self.padding
        rows, columns = (
            Axis(self.height, self.out_height, R, down, top),
            Axis(self.width, self.out_width, S, right, left),
        )
        return Plane(rows, columns, self.element_bits)

    @property
    def of_pixels(self) -> PixelMap:
        """The same, channels last."""
        plane = replace(self.plane, element_bits=self.channels * self.element_bits)
        return PixelMap(plane, self.channels, self.groups)

    def whole_rows(self, first: Ints, pixels: Ints) -> Ints:
        """Whole rows of the map; of a 1-D signal, whose places follow each other, whole columns."""
        whole = self.out_height if self.height == 1 else self.out_width
        none, every, along = np.zeros_like(first), np.full_like(first, whole), (first // whole, pixels // whole)
        return np.column_stack([none, every, *along] if self.height == 1 else [*along, none, every])

    def tiles(self, pieces: Ints, banks: Banks) -> Iterator[tuple[InputReads, int, int]]:
        """The windows of each piece at their addresses in the whole map, or of one nearer to its corner that lies
        inside it at the same place of a line (`lifted`)."""
        row, rows, column, columns = pieces.T
        (top, left), (down, right) = self.padding, self.stride
        placed = np.column_stack([row * down - top, rows, column * right - left, columns])
        placed[:, 0] = self._lifted(placed[:, 0], rows, banks, self.element_bits)
        placed[:, 2] = self._moved(placed[:, 2], columns, banks, self.element_bits)
        found, count = np.unique(placed, axis=0, return_counts=True)
        many = count.size >= MANY_TILES
        tally = Tally(self.watch if many else unwatched, "tiles of the input buffer", count.size)
        one = replace(self, watch=unwatched) if many else self
        for (first, high, begin, wide), often in zip(found.tolist(), count.tolist(), strict=True):
            yield replace(one, out_height=high, out_width=wide, padding=(-first, -begin)), high * wide, often
            tally.add(1)

    def lifted(self, banks: Banks, pixel_bits: int) -> InputMap:
        """The same windows in the first rows and columns of the map that lie at the same place of a line, if none
        leaves it on either side; a pixel has `pixel_bits` side by side."""
        top, left = (np.array([-before]) for before in self.padding)
        first = self._lifted(top, np.array([self.out_height]), banks, pixel_bits)
        begin = self._moved(left, np.array([self.out_width]), banks, pixel_bits)
        return replace(self, padding=(-int(first[0]), -int(begin[0])))

    def _lifted(self, first: Ints, rows: Ints, banks: Banks, pixel_bits: int) -> Ints:
        """[n] the row in which windows of so many output rows begin as well as in `first`."""
        return _nearer(first, (rows - 1) * self.stride[0] + self.kernel[0], self.height, banks, self.width * pixel_bits)

    def _moved(self, first: Ints, columns: Ints, banks: Banks, pixel_bits: int) -> Ints:
        """The same of columns."""
        return _nearer(first, (columns - 1) * self.stride[1] + self.kernel[1], self.width, banks, pixel_bits)

    def planar_reads(self, banks: Banks, lanes: int) -> Reads:
        """As `planar_reads`."""
        return planar_reads(self, banks, lanes)

    def channel_last_reads(self, banks: Banks, lanes: int) -> Reads:
        """As `channel_last_reads`."""
        return channel_last_reads(self.lifted(banks, self.channels * self.element_bits), banks, lanes)


def _nearer(first: Ints, taken: Ints, size: int, banks: Banks, pitch_bits: int) -> Ints:
    """[n] the least place at which as much is `taken` [n] of a side of `size`, whose places lie `pitch_bits` apart, at
    the same bits of a line as from `first` [n] on; `first` itself of what leaves the side."""
    period = banks.line_bits // gcd(banks.line_bits, pitch_bits)
    return np.where((first >= 0) & (first + taken <= size), first % period, first)


@lru_cache(maxsize=4096)
def planar_reads(read: InputMap, banks: Banks, lanes: int) -> Reads:
    """[groups, ceil(pixels / lanes)]: `lanes` output pixels ask for the same product, product after product (os: the
    rows of a fold; is: its columns, while a fold is loaded)."""
    plane = read.height * read.width * read.element_bits
    phases, kind = np.unique(np.arange(read.groups * read.channels) * plane % banks.line_bits, return_inverse=True)
    both = plane_reads(read.plane, banks, lanes, phases)
    group = np.repeat(np.arange(read.groups), read.channels)
    channels = np.bincount(group * phases.size + kind, minlength=read.groups * phases.size)
    return Reads.of(channels.reshape(read.groups, phases.size) @ both)


@lru_cache(maxsize=4096)
def channel_last_reads(read: InputMap, banks: Banks, lanes: int) -> Reads:
    """[groups, ceil(K / lanes)]: pixel after pixel asks for the same `lanes` products, which go by kernel row, kernel
    column, channel (ws: the rows of a fold). Each vector waits for itself, whichever bank is its first."""
    pixels = read.of_pixels
    starts = np.arange(0, pixels.products, lanes)
    parts, tally = [], Tally(read.watch, "vectors of the input buffer", starts.size)
    for kinds, some in _by_row(pixels, banks, starts, lanes):
        ends = np.minimum(some + lanes, pixels.products)
        together = kinds.parts(pixels.rows_of(lanes) * some.size)
        both = [pixels.waits_and_words(kind, some, ends, banks) for kind in together]
        parts.append(kinds.pixels @ np.concatenate(both, axis=1))
        tally.add(some.size)
    return Reads.of(np.concatenate(parts, axis=2)[:, kinds.group])


def _by_row(pixels: PixelMap, banks: Banks, starts: Ints, lanes: int) -> Iterator[tuple[WindowKinds, Ints]]:
    """(kinds of windows, the `starts` that are looked at together of them): any, or where there are many more, those
    that begin in one kernel row, of windows that are told apart by the rows from there on that `lanes` products lie
    in."""
    kinds, rows = pixels.kinds(banks.word_bits), pixels.rows_of(lanes)
    requests = kinds.begin.size * rows * starts.size
    require_walk(requests, "kernel rows of kinds of windows", "kernel")
    if requests <= BY_ROW:
        yield from ((kinds, part) for part in _together(starts, kinds.begin.size * rows))
        return
    begins = pixels.row_of(starts, rows)
    for some in np.split(starts, np.flatnonzero(np.diff(begins)) + 1):
        first = int(pixels.row_of(some[:1], rows)[0])
        kinds = pixels.kinds(banks.word_bits, (first, first + rows))
        yield from ((kinds, part) for part in _together(some, kinds.begin.size * rows))


def _together(starts: Ints, requests: int) -> list[Ints]:
    """Those that are looked at together where each has so many requests."""
    together = max(1, REQUESTS // requests)
    return np.split(starts, range(together, starts.size, together))


def require_scan(read: InputMap) -> None:
    """Raises InputError if windows are of so many kinds, at least, that `scanned_reads` refuses to look at each."""
    _require_kinds(read.of_pixels.fewest_kinds, read)


def _require_kinds(kinds: int, read: InputMap) -> None:
    require_walk(kinds * read.kernel[0], "kernel rows of kinds of windows", "kernel")


@lru_cache(maxsize=4096)
def scanned_reads(
    read: InputMap, banks: Banks, starts: tuple[range, ...], order: tuple[int, ...] | None = None
) -> Reads:
    """[groups, folds], which begin at the pixels `starts`: every row reads all words of its own field, at its own pace;
    a fold waits for its busiest bank beyond a cycle, as for a vector (`skip`). order: of the pixels, as counted."""
    pixels, rows = read.of_pixels, read.kernel[0]
    kinds, whole = pixels.kinds(banks.line_bits), (np.array([0]), np.array([pixels.products]))
    _require_kinds(kinds.begin.size, read)
    seen, tally = list[Ints](), Tally(read.watch, "windows of the input buffer", kinds.begin.size)
    for part in kinds.parts(rows):
        seen.append(pixels.words(part, *whole, banks)[:, 0])
        tally.add(part.begin.size)
    words = np.concatenate(seen)
    found = np.empty((2, len(kinds.kind), sum(map(len, starts))), np.int64)
    for some, first, pixel in _bands(starts, read.pixels):
        one = pixel if order is None else np.array(order[pixel[0] : pixel[-1] + 1])
        of_each = words[kinds.of(*np.divmod(one, read.out_width))]
        found[:, :, some] = waits_and_words(np.add.reduceat(of_each, first, axis=1))
    return Reads.of(found[:, kinds.group])


def _bands(starts: tuple[range, ...], pixels: int) -> Iterator[tuple[slice, Ints, Ints]]:
    """(some folds, where among their pixels each begins, the numbers of these pixels): as many as are looked at
    together."""
    edges, first = np.concatenate([*(np.arange(one.start, one.stop, one.step) for one in starts), [pixels]]), 0
    while first < edges.size - 1:
        end = max(first + 1, int(np.searchsorted(edges, edges[first] + REQUESTS, "right")) - 1)
        yield slice(first, end), edges[first:end] - edges[first], np.arange(edges[first], edges[end])
        first = end
