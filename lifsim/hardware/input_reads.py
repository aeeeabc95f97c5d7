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
from dataclasses import replace
from functools import lru_cache
from math import gcd
from typing import Protocol

import numpy as np

from lifsim.hardware.gemm import Gemm
from lifsim.hardware.pixel_map import PixelMap, WindowKinds
from lifsim.hardware.planes import REQUESTS, Axis, Plane, plane_reads
from lifsim.hardware.sram_banks import Banks, Ints, waits_and_words
from lifsim.lazy_dataclass import dataclass
from lifsim.room import require_walk

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

    def tile(self, first: int, pixels: int, banks: Banks) -> InputReads:
        """Those of the output pixels from `first` on, or of others for which `banks` take the same."""
        ...

    def piece(self, row: int, rows: int, column: int, columns: int, banks: Banks) -> InputReads:
        """Those of so many output rows from `row` on, of these so many columns from `column` on, or of others for which
        `banks` take the same."""
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

    def tile(self, first: int, pixels: int, banks: Banks) -> EvenReads:  # noqa: ARG002 (all pixels are alike)
        """Those of so many pixels."""
        return replace(self, gemm=self.gemm.tile(pixels, self.gemm.filters))

    def piece(self, row: int, rows: int, column: int, columns: int, banks: Banks) -> EvenReads:
        """Those of so many pixels."""
        del row, column
        return self.tile(0, rows * columns, banks)

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
    [out_height, out_width] in which it reads it. channels: of one group. kernel, stride, padding: (rows, columns)."""

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

    def tile(self, first: int, pixels: int, banks: Banks) -> InputMap:
        """The windows of the output rows (of a 1-D signal: its places) that these pixels make, at their addresses in
        the whole map; or of rows above that lie inside it at the same place of a line, which the banks serve alike."""
        if pixels == self.pixels:
            return self
        top, left = self.padding
        if self.height == 1:
            place, places = first // self.out_height, pixels // self.out_height
            return replace(self, out_width=places, padding=(top, left - place * self.stride[1]))
        row, rows = first // self.out_width, pixels // self.out_width
        tile = replace(self, out_height=rows, padding=(top - row * self.stride[0], left))
        return tile.lifted(banks, self.element_bits)

    def piece(self, row: int, rows: int, column: int, columns: int, banks: Banks) -> InputMap:
        """The windows of a part of some rows, as `tile` has them of whole ones."""
        (top, left), (down, right) = self.padding, self.stride
        place = top - row * down, left - column * right
        return replace(self, out_height=rows, out_width=columns, padding=place).lifted(banks, self.element_bits)

    def lifted(self, banks: Banks, pixel_bits: int) -> InputMap:
        """The same windows in the first rows of the map that lie at the same place of a line, if none leaves it above
        or below; a pixel has `pixel_bits` side by side."""
        top = -self.padding[0]
        if top < 0 or top + (self.out_height - 1) * self.stride[0] + self.kernel[0] > self.height:
            return self
        period = banks.line_bits // gcd(banks.line_bits, self.width * pixel_bits)
        return self if top < period else replace(self, padding=(-(top % period), self.padding[1]))

    def planar_reads(self, banks: Banks, lanes: int) -> Reads:
        """As `planar_reads`."""
        return planar_reads(self, banks, lanes)

    def channel_last_reads(self, banks: Banks, lanes: int) -> Reads:
        """As `channel_last_reads`."""
        return channel_last_reads(self.lifted(banks, self.channels * self.element_bits), banks, lanes)


@lru_cache(maxsize=4096)
def planar_reads(read: InputMap, banks: Banks, lanes: int) -> Reads:
    """[groups, ceil(pixels / lanes)]: `lanes` output pixels ask for the same product, product after product (os: the
    rows of a fold; is: its columns, while a fold is loaded)."""
    plane = read.height * read.width * read.element_bits
    begins = np.arange(read.groups * read.channels) * plane % banks.line_bits
    phases, kind = np.unique(begins, return_inverse=True)
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
    parts = []
    for kinds, some in _by_row(pixels, banks, starts, lanes):
        ends = np.minimum(some + lanes, pixels.products)
        together = kinds.parts(pixels.rows_of(lanes) * some.size)
        both = [pixels.waits_and_words(kind, some, ends, banks) for kind in together]
        parts.append(kinds.pixels @ np.concatenate(both, axis=1))
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


@lru_cache(maxsize=4096)
def scanned_reads(read: InputMap, banks: Banks, starts: tuple[int, ...], order: tuple[int, ...] | None = None) -> Reads:
    """[groups, folds]: every row of a fold, which begins at one of the pixels `starts`, reads all words of its own
    receptive field, at its own pace; the fold waits beyond its first cycle as long as the busiest bank has words, as if
    it were one vector (`skip`). order: of the pixels, as they are counted."""
    pixels, rows = read.of_pixels, read.kernel[0]
    kinds, whole = pixels.kinds(banks.line_bits), (np.array([0]), np.array([pixels.products]))
    require_walk(kinds.begin.size * rows, "kernel rows of kinds of windows", "kernel")
    words = np.concatenate([pixels.words(some, *whole, banks)[:, 0] for some in kinds.parts(rows)])
    found = np.empty((2, len(kinds.kind), len(starts)), np.int64)
    for some, first, pixel in _bands(starts, read.pixels):
        one = pixel if order is None else np.array(order[pixel[0] : pixel[-1] + 1])
        of_each = words[kinds.of(*np.divmod(one, read.out_width))]
        found[:, :, some] = waits_and_words(np.add.reduceat(of_each, first, axis=1))
    return Reads.of(found[:, kinds.group])


def _bands(starts: tuple[int, ...], pixels: int) -> Iterator[tuple[slice, Ints, Ints]]:
    """(some folds, where among their pixels each begins, the numbers of these pixels): as many as are looked at
    together."""
    edges, first = np.array([*starts, pixels]), 0
    while first < len(starts):
        end = max(first + 1, int(np.searchsorted(edges, edges[first] + REQUESTS, "right")) - 1)
        yield slice(first, end), edges[first:end] - edges[first], np.arange(edges[first], edges[end])
        first = end
