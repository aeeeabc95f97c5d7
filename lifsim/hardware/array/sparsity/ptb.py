"""Parallel time batching: a PE row works on a window of timesteps of one output pixel, all its inputs in turn.

Timesteps go by windows of 4. The window rows of a layer, pixel by pixel within each window, are dealt to the H rows of
the array: with n of them, fold j holds rows j, j + G, j + 2G ... of G = ceil(n/H), so that where T has H windows a fold
is one pixel, and where it has one a fold is H pixels. Two window rows that share no input pack into one (`packed`),
where that makes a layer shorter. An input that is silent in all rows of a fold is skipped; any other takes its window:

    fold = 4 * (inputs with a spike in any of its rows)     of each of the ceil(Sc/W) filter folds
    start = 2 * W cycles a pixel

A tile's pixels are dealt among themselves and start for themselves. Timestep-major, a visit is one timestep and so is a
window. Output-stationary arrays only, whose rows hold pixels.

Source: Lee, Zhang, Li, "Parallel time batching: Systolic-array acceleration of sparse spiking neural computation",
HPCA 2022, as the simulator of Prosperity (Wei et al., HPCA 2025) has it, whose cycles these are for 16 filters by 8
rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from math import prod
from typing import Self

import numpy as np
from numpy.typing import NDArray

from lifsim.hardware.array.dataflow import Dataflow, FoldWords
from lifsim.hardware.array.laid import Laid
from lifsim.hardware.array.sparsity.protocol import SPARSITIES, Kept, Sparsity, SpikeMaps, ones_of
from lifsim.hardware.gemm import NO_CYCLES, ArrayCycles, ceil_div
from lifsim.hardware.input_reads import InputMap
from lifsim.hardware.sram_banks import Banks, Ints
from lifsim.hardware.sram_ports import Ports, PortStalls
from lifsim.lazy_dataclass import dataclass
from lifsim.room import require_memory

WINDOW = 4
"""Timesteps."""

AHEAD = 64
"""Window rows among which one looks for its partner."""

Bits = NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Maps(Kept):
    """spikes: [B or 1, rounds, bytes] the input maps, packed to bits. read: how windows lie in them. order: [pixels] as
    they are worked off; None: row by row."""

    spikes: Bits
    read: InputMap
    order: Ints | None = None

    def window(self, first: int, end: int) -> Self:
        """With the maps of these rounds."""
        return replace(super().window(first, end), spikes=self.spikes[:, first:end])

    def in_order(self, pixels: Ints) -> Self:
        """Of what is read, too."""
        return replace(super().in_order(pixels), order=pixels)

    def of_images(self, chosen: Sequence[int]) -> Self:
        """With the maps of these images; one may stand for all."""
        mine = super().of_images(chosen)
        return mine if len(self.spikes) == 1 else replace(mine, spikes=self.spikes[list(chosen)])

    def rows(self, image: int, group: int, first: int, last: int) -> NDArray[np.bool_]:
        """[pixels, K] inputs with a spike at any timestep from `first` to `last` (exclusive). Raises InputError if
        this machine has no memory for them."""
        read, (R, S) = self.read, self.read.kernel
        require_memory(read.pixels * read.channels * R * S, "the inputs of all windows", "kernel")
        bits = np.bitwise_or.reduce(self.spikes[image % len(self.spikes), first:last], axis=0)
        shape = (read.groups, read.channels, read.height, read.width)
        spikes = np.unpackbits(bits, count=prod(shape)).reshape(shape)[group].view(bool)
        top, left = read.padding
        padded = np.pad(spikes, ((0, 0), (top, top + R), (left, left + S)))
        windows = np.lib.stride_tricks.sliding_window_view(padded, (R, S), axis=(1, 2))
        chosen = windows[:, :: read.stride[0], :: read.stride[1]][:, : read.out_height, : read.out_width]
        found = chosen.transpose(1, 2, 0, 3, 4).reshape(read.pixels, -1)
        return found if self.order is None else found[self.order]


@SPARSITIES.register
class ParallelTimeBatching(Sparsity):
    """PTB."""

    name = "ptb"
    title = "parallel time batching: windows of 4 timesteps, inputs without spikes are skipped"
    gates = skips = True
    streams = "a window of every input with a spike in a fold, visit by visit"

    def refusal(self, dataflow: Dataflow) -> str:
        """Only rows that hold pixels can hold windows of them."""
        return "" if dataflow.holds_pixels else f"'ptb' must go with dataflow os, not {dataflow.name}"

    def fills(self, laid: Laid) -> FoldWords:
        """Every pixel starts once a filter tile."""
        count = laid.gemm.pixels * laid.gemm.groups * len(laid.column_folds)
        return FoldWords(str(count), f"{count}*2*{laid.shape.cols}", "pixels x 2 cols")

    def keep(self, read: InputMap, spikes: SpikeMaps, batch: int, rounds: int) -> Maps:
        """The maps themselves, a bit a spike."""
        stored = min(batch, spikes.images)
        maps = [[np.packbits(spikes.read(timestep, i, i + 1)) for timestep in range(rounds)] for i in range(stored)]
        return Maps(ones_of(read, spikes, batch, rounds), np.array(maps), read)

    def cycles(self, kept: Kept, laid: Laid) -> tuple[ArrayCycles, ...]:
        """What a window takes is its visit's first round's."""
        filter_folds = sum(laid.column_folds)
        rounds = []
        for first, last in _visits(kept, laid):
            inputs = _inputs(kept, laid, first, last)
            streamed = int(inputs.sum()) * min(WINDOW, last - first) * filter_folds
            visit = ArrayCycles(streamed, _start_cycles(laid) * kept.images, inputs.size * filter_folds)
            rounds += [visit] + [NO_CYCLES] * (last - first - 1)
        return tuple(rounds)

    def blocks(self, kept: Kept, laid: Laid) -> Iterator[tuple[NDArray[np.int64], int]]:
        """A fold finishes its outputs; the starts of all pixels are dealt evenly to the folds, which come column by
        column."""
        filter_folds = sum(laid.column_folds)
        for image in range(kept.images):
            visits = []
            for first, last in _visits(kept, laid):
                inputs = _inputs(kept, laid, first, last)[image].ravel()
                folds = np.tile(inputs * min(WINDOW, last - first), filter_folds)
                visits.append(folds + np.diff(np.arange(folds.size + 1) * _start_cycles(laid) // folds.size))
            yield np.array(visits, np.int64), 1

    def waits(self, kept: Kept, laid: Laid, read: InputMap, ports: Ports) -> PortStalls:
        """A fold's inputs come with the bits of all its windows."""
        waits = PortStalls()
        for first, last in _visits(kept, laid):
            inputs = _inputs(kept, laid, first, last)
            asked = -(-_input_bits(inputs, laid, read, last - first) // ports.spike_in.line_bits)
            stream = inputs * min(WINDOW, last - first)
            waits += laid.row_waits(stream, asked, ports)
        return waits

    def input_words(self, kept: Kept, laid: Laid, read: InputMap, banks: Banks) -> int:
        """Of every fold the bits of all its windows."""
        words = 0
        for first, last in _visits(kept, laid):
            bits = _input_bits(_inputs(kept, laid, first, last), laid, read, last - first)
            words += int((-(-bits // banks.word_bits)).sum())
        return words * sum(laid.column_folds)


def _visits(kept: Kept, laid: Laid) -> list[tuple[int, int]]:
    """Rounds (first, last + 1) that go together: timesteps of a window have their weights in common."""
    return (
        [(0, kept.rounds)]
        if laid.tick_batched and not laid.per_round
        else [(timestep, timestep + 1) for timestep in range(kept.rounds)]
    )


def _start_cycles(laid: Laid) -> int:
    """Of all pixels of an image, once a visit and filter tile."""
    return 2 * laid.shape.cols * laid.gemm.pixels * laid.gemm.groups * len(laid.column_folds)


def _input_bits(inputs: Ints, laid: Laid, read: InputMap, rounds: int) -> Ints:
    """That folds ask for: of each input a window in every row."""
    return inputs * (laid.shape.rows * min(WINDOW, rounds) * read.element_bits)


@lru_cache(maxsize=256)
def _inputs(kept: Kept, laid: Laid, first: int, last: int) -> Ints:
    """[B, groups, folds] inputs that a fold works through, of the rounds first to last."""
    return np.stack([_image_inputs(kept, laid, image, first, last) for image in range(kept.images)])


def _image_inputs(kept: Kept, laid: Laid, image: int, first: int, last: int) -> Ints:
    if not isinstance(kept, Maps):
        raise TypeError(f"ptb must be given the maps that it keeps, not {type(kept).__name__}")
    found = []
    for group in range(laid.gemm.groups):
        windows = [kept.rows(image, group, at, min(at + WINDOW, last)) for at in range(first, last, WINDOW)]
        tiles = zip(*(np.split(window, laid.tiling.starts[1:]) for window in windows), strict=True)
        found.append(np.concatenate([_tile_inputs(np.concatenate(tile), laid.shape.rows) for tile in tiles]))
    return np.array(found)


def _tile_inputs(windows: NDArray[np.bool_], height: int) -> Ints:
    """[folds] of a tile's window rows [n, K], packed where that makes it shorter."""
    rows = np.packbits(windows, axis=1)
    plain, fewer = (fold_inputs(some, height) for some in (rows, packed(rows)))
    best = fewer if fewer.sum() < plain.sum() else plain
    return np.pad(best, (0, plain.size - best.size))


def fold_inputs(rows: Bits, height: int) -> Ints:
    """[ceil(n / height)] inputs with a spike in any row of each fold, of window rows [n, bytes] of bits."""
    folds = ceil_div(len(rows), height)
    filled = np.zeros((height * folds, rows.shape[1]), np.uint8)
    filled[: len(rows)] = rows
    together = np.bitwise_or.reduce(filled.reshape(height, folds, -1), axis=0)
    inputs: Ints = np.bitwise_count(together).sum(axis=1, dtype=np.int64)
    return inputs


def packed(rows: Bits) -> Bits:
    """[m, bytes] of window rows [n, bytes]: each takes the first of the `AHEAD` behind it that shares no input with it
    and is still alone."""
    free = np.ones(len(rows), bool)
    out = []
    for at, row in enumerate(rows):
        if not free[at]:
            continue
        behind = slice(at + 1, at + 1 + AHEAD)
        fits = np.flatnonzero(free[behind] & ~(rows[behind] & row).any(axis=1))
        partner = at + 1 + fits[0] if fits.size else at
        free[partner] = False
        out.append(row | rows[partner])
    return np.array(out)
