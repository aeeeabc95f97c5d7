"""Is the input buffer as long at its vectors as a walk over every cycle, lane and bit says?"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lifsim.errors import InputError
from lifsim.hardware import input_reads, pixel_map, planes
from lifsim.hardware.array import Gemm
from lifsim.hardware.input_reads import (
    EvenReads,
    InputMap,
    channel_last_reads,
    planar_reads,
    require_scan,
    scanned_reads,
)
from lifsim.hardware.sram_banks import Banks, words_by_bank
from tests.hardware.windows import origins
from tests.oracles import sram_banks as oracle


@st.composite
def maps(draw: st.DrawFn) -> InputMap:
    """Windows that lie in the map, on its edges and beyond them."""
    small = st.integers(1, 3)
    kernel, stride = draw(st.tuples(small, small)), draw(st.tuples(small, small))
    padding = draw(st.tuples(st.integers(0, 2), st.integers(0, 2)))
    size = [draw(st.integers(max(1, k - 2 * p), 7)) for k, p in zip(kernel, padding, strict=True)]
    out = [(n + 2 * p - k) // s + 1 for n, p, k, s in zip(size, padding, kernel, stride, strict=True)]
    return InputMap(
        channels=draw(st.integers(1, 4)),
        groups=draw(small),
        height=size[0],
        width=size[1],
        out_height=out[0],
        out_width=out[1],
        kernel=kernel,
        stride=stride,
        padding=padding,
        element_bits=draw(st.sampled_from([1, 1, 2, 3, 8])),
    )


banks = st.builds(Banks, count=st.integers(1, 4), word_bits=st.sampled_from([1, 4, 5, 8, 16]))
lanes = st.integers(1, 9)


def starts(read: InputMap, lanes: int) -> tuple[range, ...]:
    """Of folds of so many pixels."""
    return (range(0, read.pixels, lanes),)


@settings(max_examples=100, deadline=None)
@given(maps(), banks, lanes)
def test_neighbouring_pixels_wait_as_long_as_every_cycle_walked(read: InputMap, some: Banks, lanes: int) -> None:
    products = read.kernel[0] * read.kernel[1] * read.channels
    found = planar_reads(read, some, lanes)
    assert (products + found.waits).tolist() == oracle.planar_reads(read, some, lanes)
    assert found.words.tolist() == oracle.planar_reads(read, some, lanes, oracle.vector_words)


@settings(max_examples=100, deadline=None)
@given(maps(), banks, lanes)
def test_neighbouring_products_wait_as_long_as_every_cycle_walked(read: InputMap, some: Banks, lanes: int) -> None:
    found = channel_last_reads(read, some, lanes)
    assert (read.pixels + found.waits).tolist() == oracle.channel_last_reads(read, some, lanes)
    assert found.words.tolist() == oracle.channel_last_reads(read, some, lanes, oracle.vector_words)


@settings(max_examples=60, deadline=None)
@given(maps(), banks, lanes, st.integers(2, 7), st.sampled_from([1, 9, 1000]))
def test_windows_sorted_again_for_each_kernel_row_wait_alike(
    read: InputMap, some: Banks, lanes: int, high: int, together: int
) -> None:
    """Kernels higher than a vector's rows, and than the map."""
    large = replace(read, kernel=(high, read.kernel[1]), padding=(high // 2, read.padding[1]), out_height=read.height)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(input_reads, "BY_ROW", 0)
        patch.setattr(input_reads, "REQUESTS", together)
        found = channel_last_reads.__wrapped__(large, some, lanes)
    assert (large.pixels + found.waits).tolist() == oracle.channel_last_reads(large, some, lanes)
    assert found.words.tolist() == oracle.channel_last_reads(large, some, lanes, oracle.vector_words)


@settings(max_examples=60, deadline=None)
@given(maps(), banks, lanes)
def test_rows_that_skip_read_every_word_of_their_field(read: InputMap, some: Banks, lanes: int) -> None:
    found = scanned_reads(read, some, starts(read, lanes))
    assert (1 + found.waits).tolist() == oracle.scanned_reads(read, some, lanes)
    every = oracle.scanned_words(read, some, lanes)
    assert found.words.tolist() == [[fold.total() for fold in group] for group in every]


@settings(max_examples=40, deadline=None)
@given(
    maps(), st.tuples(st.integers(4, 9), st.integers(4, 9)), st.sampled_from([1, 2, 4, 16]), st.integers(1, 3), lanes
)
def test_kernels_larger_than_a_word_wait_as_long_as_every_cycle_walked(
    read: InputMap, kernel: tuple[int, int], word_bits: int, count: int, lanes: int
) -> None:
    """So that rows of a kernel begin at the same bit of a word, which are counted, not looked at."""
    top, left = (size // 2 for size in kernel)
    out = read.height // read.stride[0], read.width // read.stride[1]
    size = {"out_height": max(1, out[0]), "out_width": max(1, out[1])}
    large, some = replace(read, kernel=kernel, padding=(top, left), **size), Banks(count, word_bits)
    found = planar_reads(large, some, lanes)
    assert (kernel[0] * kernel[1] * read.channels + found.waits).tolist() == oracle.planar_reads(large, some, lanes)
    assert found.words.tolist() == oracle.planar_reads(large, some, lanes, oracle.vector_words)


def rows_of(read: InputMap, first: int, rows: int) -> InputMap:
    """Output rows (of a map of height 1: columns) from `first` on, at their addresses in the whole map."""
    top, left = read.padding
    if read.height == 1:
        return replace(read, out_width=rows, padding=(top, left - first * read.stride[1]))
    return replace(read, out_height=rows, padding=(top - first * read.stride[0], left))


def tile_of(read: InputMap, first: int, pixels: int, some: Banks) -> InputMap:
    """What stands for these pixels."""
    [(tile, size, count)] = read.tiles(read.whole_rows(np.array([first]), np.array([pixels])), some)
    assert isinstance(tile, InputMap)
    assert (size, count) == (pixels, 1)
    return tile


@settings(max_examples=150, deadline=None)
@given(st.data(), maps(), banks, lanes)
def test_a_tile_is_read_at_its_addresses_in_the_whole_map(
    data: st.DataObject, read: InputMap, some: Banks, lanes: int
) -> None:
    along, across = (read.out_width, read.out_height) if read.height == 1 else (read.out_height, read.out_width)
    rows = data.draw(st.integers(1, along))
    for first in range(0, along, rows):
        high = min(rows, along - first)
        literal = rows_of(read, first, high)
        if read.height > 1:  # of rows of columns the pixels do not follow each other
            mine = slice(first * across, (first + high) * across)
            for whole, part in zip(origins(read), origins(literal), strict=True):
                assert whole[mine].tolist() == part.tolist()
        tile = tile_of(read, first * across, high * across, some)
        assert tile.pixels == literal.pixels
        for function in (planar_reads, channel_last_reads):
            found, expected = function(tile, some, lanes), function(literal, some, lanes)
            assert (found.waits.tolist(), found.words.tolist()) == (expected.waits.tolist(), expected.words.tolist())
        products = read.kernel[0] * read.kernel[1] * read.channels
        found = planar_reads(tile, some, lanes)
        assert (products + found.waits).tolist() == oracle.planar_reads(literal, some, lanes)


def test_tiles_at_the_same_place_of_a_line_are_looked_at_once() -> None:
    """A row of 16 bits is half a line of 2 x 16: of rows inside the map every second one is alike."""
    read, some = InputMap(3, 1, 16, 16, 16, 16, (3, 3), (1, 1), (1, 1), 1), Banks(2, 16)
    tiles = [tile_of(read, 16 * row, 16, some) for row in range(16)]
    assert len(set(tiles)) == 2 + 2  # the first, the last, and two between
    for row, tile in enumerate(tiles):
        for function in (planar_reads, channel_last_reads):
            found, literal = (function(one, some, 5) for one in (tile, rows_of(read, row, 1)))
            assert (found.waits.tolist(), found.words.tolist()) == (literal.waits.tolist(), literal.words.tolist())
    assert tile_of(read, 0, 256, some) == read
    every = list(read.tiles(read.whole_rows(16 * np.arange(16), np.full(16, 16)), some))
    assert Counter(tiles) == {tile: count for tile, _, count in every}
    assert {size for _, size, _ in every} == {16}


@pytest.mark.parametrize("rows", [64, 63])
def test_of_many_tiles_each_is_told_of_few_what_is_in_them(rows: int) -> None:
    """Of a 4095 x 4095 kernel the rows of a map took half a minute in silence."""
    told = list[tuple[str, int, int]]()

    def watch(*words: object) -> None:
        told.append(words)  # type: ignore[arg-type]

    read = InputMap(1, 1, rows, 5, rows, 5, (rows, 5), (1, 1), (rows // 2, 2), 1, watch=watch)
    pieces = read.whole_rows(np.arange(rows) * 5, np.full(rows, 5))
    tiles = list(read.tiles(pieces, Banks(2, 16)))
    assert told == ([("tiles of the input buffer", done, 64) for done in range(1, 65)] if rows == 64 else [])
    assert all((tile.watch is watch) == (rows == 63) for tile, _, _ in tiles)  # type: ignore[attr-defined]


def test_places_of_a_signal_at_the_same_place_of_a_line_are_looked_at_once() -> None:
    """A line of 2 x 4 bits: of places inside the signal every eighth one is alike."""
    read, some = InputMap(3, 1, 1, 64, 1, 64, (1, 3), (1, 1), (0, 1), 1), Banks(2, 4)
    tiles = [tile_of(read, 2 * place, 2, some) for place in range(32)]
    assert len(set(tiles)) == 2 + 4  # the first, the last, and four between
    for place, tile in enumerate(tiles):
        for function in (planar_reads, channel_last_reads):
            found, literal = (function(one, some, 5) for one in (tile, rows_of(read, 2 * place, 2)))
            assert (found.waits.tolist(), found.words.tolist()) == (literal.waits.tolist(), literal.words.tolist())


@settings(max_examples=150, deadline=None)
@given(st.data(), maps(), banks, lanes)
def test_pieces_of_rows_are_read_at_their_addresses_in_the_whole_map(
    data: st.DataObject, read: InputMap, some: Banks, lanes: int
) -> None:
    """Of any rows and columns, all at once as one by one."""
    (top, left), (down, right) = read.padding, read.stride
    pieces, expected = [], Counter[tuple[str, ...]]()
    for _ in range(data.draw(st.integers(1, 4))):
        row, column = (data.draw(st.integers(0, size - 1)) for size in (read.out_height, read.out_width))
        rows, columns = (
            data.draw(st.integers(1, read.out_height - row)),
            data.draw(st.integers(1, read.out_width - column)),
        )
        pieces.append((row, rows, column, columns))
        size = {"out_height": rows, "out_width": columns}
        literal = replace(read, **size, padding=(top - row * down, left - column * right))
        expected[read_by(literal, some, lanes)] += 1
    found = Counter[tuple[str, ...]]()
    for tile, size, count in read.tiles(np.array(pieces), some):
        assert isinstance(tile, InputMap)
        assert size == tile.pixels
        found[read_by(tile, some, lanes)] += count
    assert found == expected


def read_by(read: InputMap, some: Banks, lanes: int) -> tuple[str, ...]:
    """What banks take for all that is asked for."""
    found = [function(read, some, lanes) for function in (planar_reads, channel_last_reads)]
    found.append(scanned_reads(read, some, starts(read, lanes)))
    return tuple(f"{one.waits.tolist()} {one.words.tolist()}" for one in found)


@pytest.mark.parametrize("together", [1, 40])
def test_looking_at_fewer_requests_at_a_time_changes_nothing(monkeypatch, together: int) -> None:
    read, some = InputMap(7, 2, 5, 7, 5, 7, (3, 3), (1, 1), (1, 1), 1), Banks(2, 8)
    whole = [function(read, some, 6).waits.tolist() for function in (planar_reads, channel_last_reads)]
    monkeypatch.setattr(input_reads, "REQUESTS", together)
    monkeypatch.setattr(planes, "REQUESTS", together)
    monkeypatch.setattr(pixel_map, "REQUESTS", together)
    for function, found in zip((planar_reads, channel_last_reads), whole, strict=True):
        assert function.__wrapped__(read, some, 6).waits.tolist() == found


def test_as_few_windows_at_a_time_as_can_be_are_scanned_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    read, some = InputMap(7, 2, 5, 7, 5, 7, (3, 3), (1, 1), (1, 1), 1), Banks(2, 8)
    whole = scanned_reads(read, some, starts(read, 6))
    for module in (input_reads, pixel_map):
        monkeypatch.setattr(module, "REQUESTS", 1)
    found = scanned_reads.__wrapped__(read, some, starts(read, 6))
    assert (found.waits.tolist(), found.words.tolist()) == (whole.waits.tolist(), whole.words.tolist())


def test_what_is_looked_at_one_by_one_for_too_long_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lifsim.room.MAX_WALKED", 10)
    read, some = InputMap(7, 2, 5, 7, 5, 7, (3, 3), (1, 1), (1, 1), 1), Banks(2, 8)
    for reads, last in ((planar_reads, 6), (channel_last_reads, 6), (scanned_reads, starts(read, 6))):
        with pytest.raises(InputError, match=r"kernel: \d+ .* must be <= 10, since each is looked at"):
            reads.__wrapped__(read, some, last)


@settings(max_examples=60, deadline=None)
@given(maps(), banks)
def test_what_is_refused_before_it_is_looked_at_would_be_refused(read: InputMap, some: Banks) -> None:
    """Kinds that the edges tell apart are as many as there are at least; where a row is a line, exactly."""
    pixels = read.of_pixels
    assert pixels.fewest_kinds <= pixels.kinds(some.line_bits).begin.size
    assert pixels.fewest_kinds == pixels.kinds(1).begin.size


def test_kernels_too_large_to_look_at_are_refused_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    read = InputMap(1, 1, 9, 9, 9, 9, (9, 9), (1, 1), (4, 4), 1)
    require_scan(read)
    monkeypatch.setattr("lifsim.room.MAX_WALKED", 9 * 81 - 1)
    with pytest.raises(InputError, match=r"kernel: 729 .* must be <= 728, since each is looked at"):
        require_scan(read)


def every_wait(read: InputMap, some: Banks, lanes: int) -> list[int]:
    found = [function(read, some, lanes) for function in (planar_reads, channel_last_reads)]
    found.append(scanned_reads(read, some, starts(read, lanes)))
    return [value for reads in found for value in reads.waits.ravel().tolist()]


@settings(max_examples=100, deadline=None)
@given(maps(), banks, lanes, st.integers(2, 3))
def test_a_multiple_of_the_banks_never_waits_longer(read: InputMap, some: Banks, lanes: int, factor: int) -> None:
    more = replace(some, count=factor * some.count)
    assert all(
        after <= before
        for after, before in zip(every_wait(read, more, lanes), every_wait(read, some, lanes), strict=True)
    )


@settings(max_examples=100, deadline=None)
@given(maps(), st.sampled_from([1, 3, 8]), lanes, st.integers(2, 3))
def test_a_multiple_of_the_width_of_one_bank_never_waits_longer(
    read: InputMap, width: int, lanes: int, factor: int
) -> None:
    narrow, wide = Banks(1, width), Banks(1, factor * width)
    assert all(
        after <= before
        for after, before in zip(every_wait(read, wide, lanes), every_wait(read, narrow, lanes), strict=True)
    )


@settings(max_examples=100, deadline=None)
@given(maps(), banks, lanes)
def test_banks_side_by_side_never_beat_one_port_as_wide(read: InputMap, some: Banks, lanes: int) -> None:
    """What `count` banks of a word can give at best is a port limit: the words of a vector over the banks."""
    one = Banks(1, some.word_bits)
    for function in (planar_reads, channel_last_reads):
        assert (function(read, some, lanes).waits <= function(read, one, lanes).waits).all()
    every = starts(read, lanes)
    assert ((1 + scanned_reads(read, some, every).waits) * some.count > scanned_reads(read, one, every).waits).all()


def test_wider_words_can_bring_two_requests_into_one_bank() -> None:
    """Bits 0 and 10 lie in words 0 and 5 of two bits: two banks. In words of four bits, 0 and 2: one bank."""

    def busiest(width: int) -> int:
        vector, first = np.zeros(2, np.int64), np.array([0, 10])
        return int(words_by_bank(vector, first, first + 1, 1, Banks(2, width)).max())

    assert (busiest(2), busiest(4)) == (1, 2)


def test_a_word_of_neighbouring_pixels_is_read_once_for_all_rows() -> None:
    """16 pixels of a row of 32, 3 x 3: of the three columns of the kernel one reaches into the neighbouring word of 16
    bits, in every kernel row that is not padding."""
    read = InputMap(64, 1, 32, 32, 32, 32, (3, 3), (1, 1), (1, 1), 1)
    assert planar_reads(read, Banks(2, 64), 16).waits.sum() == 0
    assert planar_reads(read, Banks(1, 32), 16).waits.sum() == 0  # a row is a word
    assert planar_reads(read, Banks(1, 16), 16).waits.tolist() == [[64 * 2] * 2 + [64 * 3] * 60 + [64 * 2] * 2]
    assert planar_reads(read, Banks(2, 16), 16).waits.sum() == 0  # neighbouring words lie in both banks


def test_pixels_of_two_rows_that_lie_a_line_apart_conflict() -> None:
    """Rows of 64 bits, 8 output pixels of stride 8 in each: 16 pixels want two rows, 8 x 64 bits apart."""
    read = InputMap(1, 1, 64, 64, 8, 8, (1, 1), (8, 8), (0, 0), 1)
    assert planar_reads(read, Banks(2, 32), 16).waits.tolist() == [[1] * 4]  # 2 words a row, a row's in both banks
    assert planar_reads(read, Banks(2, 64), 16).waits.tolist() == [[1] * 4]  # 1 word a row, both in bank 0
    assert planar_reads(read, Banks(3, 64), 16).waits.tolist() == [[0] * 4]


def test_channels_of_a_pixel_are_one_word_for_a_weight_stationary_array() -> None:
    read = InputMap(64, 1, 8, 8, 8, 8, (3, 3), (1, 1), (1, 1), 1)
    assert channel_last_reads(read, Banks(1, 64), 16).waits.sum() == 0
    assert channel_last_reads(read, Banks(1, 64), 128).waits.tolist()[0][0] > 0


@settings(max_examples=100, deadline=None)
@given(
    st.builds(Gemm, st.integers(1, 9), st.integers(1, 9), st.just(1), st.integers(1, 2)),
    st.sampled_from([1, 3, 16]),
    banks,
    st.integers(1, 5),
)
def test_what_lies_in_the_order_of_the_array_waits_for_narrow_ports_alone(
    gemm: Gemm, bits: int, banks: Banks, lanes: int
) -> None:
    """Bit by bit into words, word by word into banks; every vector begins in the first."""

    def walked(elements: int, vectors: int) -> tuple[list[list[int]], list[list[int]]]:
        waits, given = [], []
        for first in range(0, elements, lanes):
            words = {bit // banks.word_bits for bit in range(min(lanes, elements - first) * bits)}
            served = [word % banks.count for word in words]
            waits.append(vectors * (max(map(served.count, served)) - 1))
            given.append(vectors * len(words))
        return [waits] * gemm.groups, [given] * gemm.groups

    read = EvenReads(gemm, bits)
    planar, last = read.planar_reads(banks, lanes), read.channel_last_reads(banks, lanes)
    assert (planar.waits.tolist(), planar.words.tolist()) == walked(gemm.pixels, gemm.reduction)
    assert (last.waits.tolist(), last.words.tolist()) == walked(gemm.reduction, gemm.pixels)
