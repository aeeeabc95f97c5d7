"""Reads of one plane of an input map, [y][x], by neighbouring output pixels, an element for each lane.

Most vectors ask for one stretch of a row. m bits from bit b on lie in (b mod w + m - 1) // w + 1 words of w bits, which
are as many banks' in turn: the busiest gives ceil(words / banks). Where in a line they begin does not matter, only
where in a word. So kernel rows in which they begin at the same bit of a word count alike, and however large a kernel
is, as many of its rows are looked at as a word has bits, at most. Vectors of several stretches are looked at each.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache, reduce
from math import gcd

import numpy as np
from numpy.typing import NDArray

from lifsim.distinct import distinct
from lifsim.hardware.gemm import ceil_div
from lifsim.hardware.sram_banks import Banks, Ints, of_one_stretch, waits_and_words, words_by_bank
from lifsim.lazy_dataclass import dataclass
from lifsim.room import require_walk

REQUESTS = 1 << 18
"""That are looked at together."""


@dataclass(frozen=True)
class Axis:
    """How windows lie along a side of the plane, of `size` elements; padding: in front of the first."""

    size: int
    outputs: int
    kernel: int
    stride: int
    padding: int


@dataclass(frozen=True)
class Plane:
    """Rows and columns of elements of so many bits."""

    down: Axis
    across: Axis
    element_bits: int

    @property
    def pixels(self) -> int:
        """Windows."""
        return self.down.outputs * self.across.outputs

    @property
    def row_bits(self) -> int:
        """From a row to the next."""
        return self.across.size * self.element_bits


@dataclass(frozen=True)
class _Pieces:
    """Neighbouring output pixels of one fold and one output row: [pieces] fold, output row, first column, number. The
    elements of a piece touch every word from the first to the last."""

    fold: Ints
    row: Ints
    column: Ints
    count: Ints

    @classmethod
    def of(cls, plane: Plane, banks: Banks, lanes: int) -> _Pieces:
        """All, as long as can be: a pixel each where a whole word lies between two neighbours' elements."""
        if (plane.across.stride - 1) * plane.element_bits >= banks.word_bits:
            first = np.arange(plane.pixels)
        else:
            begins = (np.arange(0, plane.pixels, each) for each in (lanes, plane.across.outputs))
            first = distinct(np.concatenate([*begins]))
        row, column = np.divmod(first, plane.across.outputs)
        return cls(first // lanes, row, column, np.diff(first, append=plane.pixels))

    def some(self, chosen: NDArray[np.bool_]) -> _Pieces:
        """The chosen ones."""
        return _Pieces(self.fold[chosen], self.row[chosen], self.column[chosen], self.count[chosen])


def plane_reads(plane: Plane, banks: Banks, lanes: int, phases: Ints) -> Ints:
    """[2, phases, folds] waits and words of planes that begin at these bits of a line, over all kernel positions:
    `lanes` output pixels ask for the same one, one after the other. Raises InputError for too large a kernel."""
    pieces = _Pieces.of(plane, banks, lanes)
    alone = np.bincount(pieces.fold)[pieces.fold] == 1
    found = np.zeros((2, phases.size, ceil_div(plane.pixels, lanes)), np.int64)
    if alone.any():
        lone = pieces.some(alone)
        found[:, :, lone.fold] = _lone(plane, banks, lone, phases)
    if not alone.all():
        several = pieces.some(~alone)
        requests = several.fold.size * plane.down.kernel * plane.across.kernel
        require_walk(requests, "requests of folds over several rows of outputs", "kernel")
        parts = [_several(plane, banks, several, part) for part in _parts(phases, plane, several.fold.size)]
        found[:, :, distinct(several.fold)] = np.concatenate(parts, axis=1)
    return found


def _parts(phases: Ints, plane: Plane, pieces: int) -> Iterator[Ints]:
    """The phases that are looked at together."""
    together = max(1, REQUESTS // (pieces * plane.down.kernel * plane.across.kernel))
    for first in range(0, phases.size, together):
        yield phases[first : first + together]


def _lone(plane: Plane, banks: Banks, pieces: _Pieces, phases: Ints) -> Ints:
    """[2, phases, pieces] of pieces that are folds."""
    kinds, kind = np.unique(pieces.column * (plane.across.outputs + 1) + pieces.count, return_inverse=True)
    rows, row = np.unique(pieces.row, return_inverse=True)
    codes = tuple(kinds.tolist())
    begins, alike = _rows(plane, banks, rows, phases)
    found = np.zeros((2, phases.size, pieces.row.size), np.int64)
    for place, begin in enumerate(begins.tolist()):
        along = _along_row(plane.across, plane.element_bits, banks, codes, begin)
        found += alike[:, row, place] * along[:, None, kind]
    return found


def _rows(plane: Plane, banks: Banks, rows: Ints, phases: Ints) -> tuple[Ints, Ints]:
    """[begins] bits of a word at which rows of the plane begin, and [phases, rows, begins] how many rows that the
    windows of an output row see begin there."""
    down = plane.down
    corner = rows * down.stride - down.padding
    top, bottom = (np.clip(edge - corner, 0, down.kernel)[:, None] for edge in (0, down.size))
    period = banks.word_bits // gcd(banks.word_bits, plane.row_bits)
    first = np.arange(min(period, down.kernel))
    alike = (first - top) // period - (first - bottom) // period
    bits = (phases[:, None, None] + (corner[:, None] + first) * plane.row_bits) % banks.word_bits
    begins, begin = np.unique(bits, return_inverse=True)
    own = np.arange(phases.size * rows.size)[:, None] * begins.size + begin.reshape(-1, first.size)
    weights = np.broadcast_to(alike, bits.shape).ravel()
    counted = np.bincount(own.ravel(), weights, phases.size * rows.size * begins.size)
    return begins, counted.astype(np.int64).reshape(phases.size, rows.size, begins.size)


@lru_cache(maxsize=512)
def _along_row(across: Axis, element_bits: int, banks: Banks, kinds: tuple[int, ...], begin: int) -> Ints:
    """[2, kinds] waits and words over the kernel's columns in a row that begins at that bit of a word. kinds: of lone
    pieces, (outputs + 1) x first column + number of pixels."""
    column, count = np.divmod(np.array(kinds), across.outputs + 1)
    found = np.zeros((2, column.size), np.int64)
    together = max(1, REQUESTS // column.size)
    for start in range(0, across.kernel, together):
        shift = np.arange(start, min(start + together, across.kernel))[:, None] - across.padding
        first = np.maximum(column, -(shift // across.stride))
        last = np.minimum(column + count - 1, (across.size - 1 - shift) // across.stride)
        bits = np.where(first <= last, (last - first) * across.stride + 1, 0) * element_bits
        begins = begin + (first * across.stride + shift) * element_bits
        found += of_one_stretch(begins, bits, banks).sum(axis=1)
    return found


def _several(plane: Plane, banks: Banks, pieces: _Pieces, phases: Ints) -> Ints:
    """[2, phases, folds] of folds of several pieces, as many kernel positions together as REQUESTS has room for."""
    positions = plane.down.kernel * plane.across.kernel
    together = max(1, REQUESTS // (pieces.fold.size * phases.size))
    parts = (np.arange(start, min(start + together, positions)) for start in range(0, positions, together))
    return reduce(np.add, (_at_positions(plane, banks, pieces, phases, part) for part in parts))


def _at_positions(plane: Plane, banks: Banks, pieces: _Pieces, phases: Ints, positions: Ints) -> Ints:
    """[2, phases, folds] at these kernel positions."""
    down, across = plane.down, plane.across
    r, s = (at[:, None] for at in np.divmod(positions, across.kernel))
    shift = s - across.padding
    y = pieces.row * down.stride - down.padding + r
    first = np.maximum(pieces.column, -(shift // across.stride))
    last = np.minimum(pieces.column + pieces.count - 1, (across.size - 1 - shift) // across.stride)
    inside = (y >= 0) & (y < down.size) & (first <= last)
    begin, end = (np.where(inside, y * across.size + edge * across.stride + shift, 0) for edge in (first, last))
    begin, end = begin * plane.element_bits, np.where(inside, end + 1, 0) * plane.element_bits
    folds, fold = np.unique(pieces.fold, return_inverse=True)
    ask = np.arange(phases.size * r.size).reshape(phases.size, r.size, 1)
    vector, phase = ask * folds.size + fold, phases[:, None, None]
    words = words_by_bank(vector.ravel(), (begin + phase).ravel(), (end + phase).ravel(), ask.size * folds.size, banks)
    both: Ints = waits_and_words(words).reshape(2, phases.size, r.size, folds.size).sum(axis=2)
    return both
