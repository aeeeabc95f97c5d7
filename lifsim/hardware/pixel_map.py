"""Windows over a map [y][x][channel], in kinds: those of a kind ask the banks for the same words.

A window is told by where it begins in a line, or a word, of the banks, and by the kernel rows and columns that lie
inside the map. Rows and columns of outputs are sorted into kinds on their own, so that no window is looked at but those
of two kinds.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from math import prod

import numpy as np

from lifsim.hardware.planes import REQUESTS, Axis, Plane
from lifsim.hardware.sram_banks import Banks, Ints, of_one_stretch, waits_and_words, words_by_bank
from lifsim.lazy_dataclass import dataclass


@dataclass(frozen=True)
class WindowKinds:
    """begin: [kinds] bit of the period (of a window's corner, were it no padding); top, bottom, left, right: [kinds]
    kernel rows and columns from, up to which they lie inside the map. group: [groups] row of each group in `kind`
    [., rows, columns], the kind of the windows of a kind of output rows and one of columns, and in `pixels` [., kinds],
    how many pixels have it. row, column: [out_height], [out_width] the kind of each output row, and column.
    """

    begin: Ints
    top: Ints
    bottom: Ints
    left: Ints
    right: Ints
    group: Ints
    kind: Ints
    pixels: Ints
    row: Ints
    column: Ints

    def of(self, row: Ints, column: Ints) -> Ints:
        """[., n] kind of the windows of these output rows and columns [n]."""
        return self.kind[:, self.row[row], self.column[column]]

    def parts(self, requests: int) -> Iterator[WindowKinds]:
        """Some kinds after the other, as many as are looked at together where each has so many requests."""
        together = max(1, REQUESTS // requests)
        for first in range(0, self.begin.size, together):
            edges = (self.begin, self.top, self.bottom, self.left, self.right)
            begin, top, bottom, left, right = (edge[first : first + together] for edge in edges)
            yield replace(self, begin=begin, top=top, bottom=bottom, left=left, right=right)


@dataclass(frozen=True)
class PixelMap:
    """A map for each of `groups`, one after the other. plane: that of its pixels, of `channels` elements each."""

    plane: Plane
    channels: int
    groups: int

    @property
    def products(self) -> int:
        """Of a window."""
        return self.plane.down.kernel * self._row_products

    @property
    def _row_products(self) -> int:
        return self.plane.across.kernel * self.channels

    def rows_of(self, products: int) -> int:
        """Kernel rows in which so many neighbouring products lie, at most."""
        return min(self.plane.down.kernel, (products - 2) // self._row_products + 2)

    def row_of(self, product: Ints, rows: int) -> Ints:
        """[n] the kernel row in which each `product` [n] lies, or one above, such that so many rows follow from it."""
        return np.minimum(product // self._row_products, self.plane.down.kernel - rows)

    @property
    def fewest_kinds(self) -> int:
        """So many `kinds` there are at least, wherever windows begin: as many as the map's edges tell apart."""
        return prod(_alike(axis, 0, 1, (0, axis.kernel))[2].size for axis in (self.plane.down, self.plane.across))

    def kinds(self, period_bits: int, seen: tuple[int, int] | None = None) -> WindowKinds:
        """Of all windows, as far as kernel rows from, up to those `seen` tell them apart. What begins `period_bits`
        further on is served alike: a line, where it matters which banks serve, or a word, where only how many do."""
        down, across = self.plane.down, self.plane.across
        groups = np.arange(self.groups) * (down.size * self.plane.row_bits) % period_bits
        phases, group = np.unique(groups, return_inverse=True)
        tall, row, many = _alike(down, self.plane.row_bits, period_bits, seen or (0, down.kernel))
        wide, column, often = _alike(across, self.plane.element_bits, period_bits, (0, across.kernel))
        begin = (phases[:, None, None] + tall[0][:, None] + wide[0]) % period_bits
        parts = np.broadcast_arrays(begin, *(edge[:, None] for edge in tall[1:]), *wide[1:])
        sizes = period_bits, *(1 + axis.kernel for axis in (down, down, across, across))
        kinds, kind = np.unique(np.ravel_multi_index(tuple(parts), sizes), return_inverse=True)
        kind = kind.reshape(begin.shape)
        pixels = np.zeros((phases.size, kinds.size), np.int64)
        np.add.at(pixels, (np.arange(phases.size)[:, None, None], kind), many[:, None] * often)
        first, *edges = np.unravel_index(kinds, sizes)
        top, bottom, left, right = edges
        return WindowKinds(first, top, bottom, left, right, group, kind, pixels, row, column)

    def waits_and_words(self, kinds: WindowKinds, start: Ints, end: Ints, banks: Banks) -> Ints:
        """[2, kinds, n] of vectors that ask for the products start..end [n] of each kind of window. Most lie in one
        kernel row, and so in one stretch."""
        row = start // self._row_products
        alone = row == (end - 1) // self._row_products
        if not alone.any():
            return waits_and_words(self.words(kinds, start, end, banks))
        found = np.empty((2, kinds.begin.size, start.size), np.int64)
        begin, stretch = self._stretches(kinds, row[alone], start[alone], end[alone])
        found[:, :, alone] = of_one_stretch(begin, stretch, banks)
        if not alone.all():
            found[:, :, ~alone] = waits_and_words(self.words(kinds, start[~alone], end[~alone], banks))
        return found

    def words(self, kinds: WindowKinds, start: Ints, end: Ints, banks: Banks) -> Ints:
        """[kinds, n, banks] words that the products start..end [n] of each kind of window touch: in every kernel row
        one stretch of bits, from the first of them that lies inside the map to the last. Rows in which none lies are
        not looked at."""
        seen = np.arange(self.rows_of(int((end - start).max())))
        row = (self.row_of(start, seen.size)[:, None] + seen).ravel()
        begin, bits = self._stretches(kinds, row, *(np.repeat(edge, seen.size) for edge in (start, end)))
        vectors, some = kinds.begin.size * start.size, np.flatnonzero(bits)
        first = begin.ravel()[some]
        found = words_by_bank(some // seen.size, first, first + bits.ravel()[some], vectors, banks)
        return found.reshape(kinds.begin.size, start.size, banks.count)

    def _stretches(self, kinds: WindowKinds, row: Ints, start: Ints, end: Ints) -> tuple[Ints, Ints]:
        """([kinds, n] first bit, number of bits) of what the products start..end [n] of each kind of window have in
        the kernel `row` [n]: from the first that lies inside the map to the last."""
        element_bits, before = self.plane.element_bits // self.channels, row * self._row_products
        inside = (row >= kinds.top[:, None]) & (row < kinds.bottom[:, None])
        low, high = (edge[:, None] * self.channels for edge in (kinds.left, kinds.right))
        first, last = (np.clip(edge - before, low, high) for edge in (start, end))
        begin = kinds.begin[:, None] + row * self.plane.row_bits + first * element_bits
        return begin, np.where(inside, last - first, 0) * element_bits


def _alike(axis: Axis, step_bits: int, period_bits: int, seen: tuple[int, int]) -> tuple[Ints, Ints, Ints]:
    """Output rows, or columns, in kinds: [3, kinds] bit of the period at which a window begins, kernel rows from and up
    to which it lies inside the map, of those `seen`; [outputs] the kind of each; [kinds] how many there are. step_bits:
    from a row of the map to the next."""
    place = np.arange(axis.outputs) * axis.stride - axis.padding
    edges = (np.clip(np.clip(edge - place, 0, axis.kernel), *seen) for edge in (0, axis.size))
    sizes = period_bits, axis.kernel + 1, axis.kernel + 1
    codes = np.ravel_multi_index((place * step_bits % period_bits, *edges), sizes)
    kinds, kind, many = np.unique(codes, return_inverse=True, return_counts=True)
    return np.stack(np.unravel_index(kinds, sizes)), kind, many
