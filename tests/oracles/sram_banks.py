"""Banks of the input buffer, one cycle of the array at a time: the words that every lane asks for, bit by bit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator

from lifsim.hardware.input_reads import InputMap
from lifsim.hardware.sram_banks import Banks

Bits = Iterable[int]


def planar(one: InputMap, group: int, channel: int, y: int, x: int) -> list[int]:
    """Bits of an element where channels lie one behind the other: [channel][y][x]."""
    return _bits(one, ((group * one.channels + channel) * one.height + y) * one.width + x)


def channel_last(one: InputMap, group: int, channel: int, y: int, x: int) -> list[int]:
    """Bits of an element where the channels of a pixel are neighbours: [group][y][x][channel]."""
    return _bits(one, ((group * one.height + y) * one.width + x) * one.channels + channel)


def _bits(one: InputMap, element: int) -> list[int]:
    return [element * one.element_bits + bit for bit in range(one.element_bits)]


def words_by_bank(asked: Bits, banks: Banks) -> Counter[int]:
    """Words that each bank must give; lanes that ask for one word get it together."""
    return Counter(word % banks.count for word in {bit // banks.word_bits for bit in asked})


def vector_cycles(asked: Bits, banks: Banks) -> int:
    """A vector takes as long as its busiest bank, and a cycle where padding asks for nothing."""
    return max(words_by_bank(asked, banks).values(), default=1)


def vector_words(asked: Bits, banks: Banks) -> int:
    """Words of a vector, over all banks."""
    return words_by_bank(asked, banks).total()


Measure = Callable[[Bits, Banks], int]


def cut(total: int, size: int) -> list[range]:
    return [range(start, min(start + size, total)) for start in range(0, total, size)]


def place(one: InputMap, pixel: int, r: int, s: int) -> tuple[int, int] | None:
    """Where kernel position (r, s) of an output pixel lies in the map; None in the padding."""
    oy, ox = divmod(pixel, one.out_width)
    y = oy * one.stride[0] - one.padding[0] + r
    x = ox * one.stride[1] - one.padding[1] + s
    return (y, x) if 0 <= y < one.height and 0 <= x < one.width else None


def planar_reads(one: InputMap, banks: Banks, lanes: int, measure: Measure = vector_cycles) -> list[list[int]]:
    """[groups][folds] cycles, or words: `lanes` neighbouring output pixels read one product after the other."""
    return [
        [
            sum(
                measure(
                    [
                        bit
                        for pixel in fold
                        if (at := place(one, pixel, r, s)) is not None
                        for bit in planar(one, group, channel, *at)
                    ],
                    banks,
                )
                for channel in range(one.channels)
                for r in range(one.kernel[0])
                for s in range(one.kernel[1])
            )
            for fold in cut(one.pixels, lanes)
        ]
        for group in range(one.groups)
    ]


def products(one: InputMap) -> Iterator[tuple[int, int, int]]:
    """(r, s, channel) in the order in which a weight-stationary array holds them."""
    for r in range(one.kernel[0]):
        for s in range(one.kernel[1]):
            for channel in range(one.channels):
                yield r, s, channel


def channel_last_reads(one: InputMap, banks: Banks, lanes: int, measure: Measure = vector_cycles) -> list[list[int]]:
    """[groups][folds] cycles, or words: `lanes` neighbouring products of one output pixel after the other."""
    every = list(products(one))
    return [
        [
            sum(
                measure(
                    [
                        bit
                        for k in fold
                        if (at := place(one, pixel, *every[k][:2])) is not None
                        for bit in channel_last(one, group, every[k][2], *at)
                    ],
                    banks,
                )
                for pixel in range(one.pixels)
            )
            for fold in cut(len(every), lanes)
        ]
        for group in range(one.groups)
    ]


def scanned_words(one: InputMap, banks: Banks, rows: int) -> list[list[Counter[int]]]:
    """[groups][folds] words of each bank: every row reads every word of its own receptive field once."""
    reads: list[list[Counter[int]]] = []
    for group in range(one.groups):
        reads.append([])
        for fold in cut(one.pixels, rows):
            asked: Counter[int] = Counter()
            for pixel in fold:
                field = [
                    bit
                    for r, s, channel in products(one)
                    if (at := place(one, pixel, r, s)) is not None
                    for bit in channel_last(one, group, channel, *at)
                ]
                asked += words_by_bank(field, banks)
            reads[-1].append(asked)
    return reads


def scanned_reads(one: InputMap, banks: Banks, rows: int) -> list[list[int]]:
    """[groups][folds] cycles of the busiest bank, at least one."""
    return [[max(fold.values(), default=1) for fold in group] for group in scanned_words(one, banks, rows)]
