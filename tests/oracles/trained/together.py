"""The weight buffer of a timestep-major group on the way back: sums that stay for updates in turn, weights that stay,
and a region for the tile at work, of transposed products and of forward products that run again. Every set of layers,
every tile and every region is tried."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import chain, combinations, product

import numpy as np

from tests.oracles.trained.back import Orders, all_sums, made, update, update_step_by_step
from tests.oracles.trained.nest import heights, widths
from tests.oracles.trained.plain import Layer, Machine, Window, cut, up


@dataclass(frozen=True)
class Chunks:
    """Images of each."""

    sizes: tuple[int, ...]

    @property
    def batch(self) -> int:
        return sum(self.sizes)


@dataclass(frozen=True)
class Asked:
    """A product of a layer that takes turns with the others, one of so many `rounds`. rows: that it makes of an image;
    windows: of rows that come in, by the rows made at a time; row: bytes of one; held: bytes on chip, of each chunk's;
    beyond: of what comes in, what does so anyway; filters: of a group, `each` of so many bytes."""

    layer: Layer
    machine: Machine
    rows: int
    windows: Callable[[int], list[Window]]
    row: int
    rows_in: int
    held: int
    beyond: int
    filters: int
    each: int


@dataclass(frozen=True)
class Way:
    """A tile of a product's filters. tiles: bytes of each; streams: whether what does not fit may come for every row;
    rows: bytes of rows that come in, all visits."""

    tiles: tuple[int, ...]
    streams: bool
    rows: int


def transposed(layer: Layer, machine: Machine, chunks: Chunks) -> Asked:
    """Gradients that spike_out does not hold come in."""
    own = layer.lif is not None or layer.norm is not None
    return Asked(
        layer=layer,
        machine=machine,
        rows=layer.rows_in,
        windows=layer.backward_windows,
        row=layer.gradient_row(1, 1, machine.gradient_bits),
        rows_in=layer.rows_out,
        held=machine.spike_out,
        beyond=0 if own else updated(layer, machine, chunks, in_turn=True).absent,
        filters=layer.in_shape[0] // layer.groups,
        each=up(layer.of_group * layer.kernel[0] * layer.kernel[1] * machine.weight_bits, 8),
    )


def again(layer: Layer, machine: Machine) -> Asked:
    """The forward product, of whose input nothing is on chip."""
    return Asked(
        layer=layer,
        machine=machine,
        rows=layer.rows_out,
        windows=layer.forward_windows,
        row=layer.input_row(1, 1),
        rows_in=layer.rows_in,
        held=0,
        beyond=0,
        filters=layer.of_group,
        each=up(layer.reduction * machine.weight_bits, 8),
    )


def ways_of(asked: Asked, chunks: Chunks) -> list[Way]:
    """All that may be the best: a narrower tile never overflows by more."""
    layer, found = asked.layer, list[Way]()
    for number, width in enumerate(widths(asked.filters, asked.machine.columns)):
        tiles = tuple(asked.each * len(tile) for _ in range(layer.groups) for tile in cut(asked.filters, width))
        for streams in [True, False] if number == 0 else [False]:
            count = len(cut(asked.filters, width))
            moved = sum(traversal(asked, images, count, streams=streams) for images in chunks.sizes)
            rows = max(0, layer.rounds * moved - asked.beyond)
            if not any(better.rows <= rows and _never_over(better.tiles, tiles) for better in found):
                found.append(Way(tiles, streams, rows))
    return found


def _never_over(narrow: tuple[int, ...], wide: tuple[int, ...]) -> bool:
    """Whether tiles overflow no region by more than others do."""
    region = np.arange(max(wide) + 1)
    over = (np.maximum(np.array(tiles)[:, None] - region, 0).sum(axis=0) for tiles in (narrow, wide))
    return bool(np.less_equal(*over).all())


def traversal(asked: Asked, images: int, tiles: int, *, streams: bool) -> int:
    """Bytes of rows that come in at a visit: what is not on chip, once if spike_in takes it whole, else row tile by row
    tile for every tile of filters; streams: a row at a time."""
    row, spike_in, columns = asked.row, asked.machine.spike_in, asked.machine.columns
    every = [(image, one, byte) for image in range(images) for one in range(asked.rows_in) for byte in range(row)]
    absent = every[min(len(every), asked.held) :]
    used = {one for window in asked.windows(1) for one in window}
    if len(absent) <= spike_in:
        return sum(one in used for _, one, _ in absent)
    single = max(map(len, asked.windows(1))) * row
    smallest = len(cut(asked.filters, min(columns, asked.filters)))
    best = None
    for height in [1] if streams or single > spike_in else heights(asked.rows):
        windows = asked.windows(height)
        window = max(map(len, windows)) * row
        if height > 1 and window > spike_in:
            continue
        pinned = set(absent[: max(0, spike_in - window)])
        often = smallest if single > spike_in else tiles
        uses = {one: sum(one in each for each in windows) for one in used}
        moved = sum((1 if place in pinned else often * uses[place[1]]) for place in absent if place[1] in used)
        best = moved if best is None else min(best, moved)
    assert best is not None
    return best


def fewest_weights(asked: list[Asked], chunks: Chunks, room: int) -> int:
    """Weights and rows that products which take turns bring in."""
    if not asked:
        return 0
    best = None
    for chosen in product(*(ways_of(one, chunks) for one in asked)):
        region = np.arange(min(room, max(max(way.tiles) for way in chosen)) + 1)
        left, fixed = room - region, np.zeros(region.size, np.int64)
        pieces = []
        for one, way in zip(asked, chosen, strict=True):
            rounds = one.layer.rounds
            visits, row_visits = len(chunks.sizes) * rounds, chunks.batch * rounds * one.rows
            over = np.maximum(np.array(way.tiles)[:, None] - region, 0).sum(axis=0)
            fixed = fixed + way.rows + visits * sum(way.tiles)
            if way.streams:
                fixed = fixed + (row_visits - visits) * over
                pieces.append((row_visits - 1, over))
            else:
                left = left - over
                fixed = fixed - (visits - 1) * over
            pieces.append((visits - 1, sum(way.tiles) - over))
        possible = left >= 0
        for saves, size in sorted(pieces, key=lambda piece: -piece[0]):
            stays = np.minimum(size, np.maximum(left, 0))
            fixed, left = fixed - saves * stays, left - stays
        if possible.any():
            least = int(fixed[possible].min())
            best = least if best is None else min(best, least)
    assert best is not None
    return best


def updated(layer: Layer, machine: Machine, chunks: Chunks, *, in_turn: bool) -> Orders:
    """As a layer is updated, its other product left out."""
    absent = layer.rounds * sum(max(0, made(layer, machine, n, 1, 1) - machine.spike_out) for n in chunks.sizes)
    own = layer.lif is not None or layer.norm is not None
    if in_turn:
        change = dict(update_step_by_step(layer, machine, chunks.batch))
        return Orders(True, {}, change, absent, absent, own)
    change = dict(update(layer, machine, chunks.batch, machine.weight))
    return Orders(False, {}, change, absent, layer.rounds * made(layer, machine, chunks.batch, 1, 1), own)


def fewest(layers: list[Layer], asked: list[Asked], machine: Machine, chunks: Chunks) -> int:
    """Bytes of all products of a group over all sets of layers that are updated in turn."""
    ways = {
        (layer.name, turn): updated(layer, machine, chunks, in_turn=turn).least
        for layer in layers
        for turn in (True, False)
    }
    best = None
    for chosen in chain.from_iterable(combinations(layers, size) for size in range(len(layers) + 1)):
        taken = sum(all_sums(layer, machine) for layer in chosen)
        if taken > machine.weight:
            continue
        moved = sum(ways[layer.name, layer in chosen] for layer in layers)
        if best is not None and moved >= best:
            continue
        moved += fewest_weights(asked, chunks, machine.weight - taken)
        best = moved if best is None else min(best, moved)
    assert best is not None
    return best
