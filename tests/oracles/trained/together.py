"""The weight buffer of a timestep-major group on the way back: sums that stay for updates in turn, weights that stay,
and a region for the tile at work. Every set of layers, every tile and every region is tried."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import chain, combinations, product

import numpy as np

from tests.oracles.trained.back import Orders, all_sums, made, update, update_step_by_step
from tests.oracles.trained.nest import heights, widths
from tests.oracles.trained.plain import Layer, Machine, cut, up


@dataclass(frozen=True)
class Chunks:
    """Images of each."""

    sizes: tuple[int, ...]

    @property
    def batch(self) -> int:
        return sum(self.sizes)


@dataclass(frozen=True)
class Way:
    """A tile of a layer's channels. tiles: bytes of each; streams: whether what does not fit may come for every row;
    gradients: bytes that come in, all visits."""

    tiles: tuple[int, ...]
    streams: bool
    gradients: int


def ways_of(layer: Layer, machine: Machine, chunks: Chunks) -> list[Way]:
    channels = layer.in_shape[0] // layer.groups
    each = up(layer.of_group * layer.kernel[0] * layer.kernel[1] * machine.weight_bits, 8)
    found = []
    for number, width in enumerate(widths(channels, machine.columns)):
        tiles = tuple(each * len(tile) for _ in range(layer.groups) for tile in cut(channels, width))
        for streams in [True, False] if number == 0 else [False]:
            count = len(cut(channels, width))
            moved = sum(traversal(layer, machine, images, count, streams=streams) for images in chunks.sizes)
            found.append(Way(tiles, streams, layer.rounds * moved))
    if layer.lif is None and layer.norm is None:  # they come in as the output's gradients anyway
        absent = updated(layer, machine, chunks, in_turn=True).absent
        found = [replace(way, gradients=max(0, way.gradients - absent)) for way in found]
    return found


def traversal(layer: Layer, machine: Machine, images: int, tiles: int, *, streams: bool) -> int:
    """Gradients that come in at a visit: what spike_out does not hold, once if spike_in takes it whole, else row tile
    by row tile for every tile of channels; streams: a row at a time."""
    row, rows = layer.gradient_row(1, 1, machine.gradient_bits), layer.rows_out
    every = [(image, one, byte) for image in range(images) for one in range(rows) for byte in range(row)]
    absent = every[min(len(every), machine.spike_out) :]
    used = {one for window in layer.backward_windows(1) for one in window}
    if len(absent) <= machine.spike_in:
        return sum(one in used for _, one, _ in absent)
    single = max(map(len, layer.backward_windows(1))) * row
    smallest = len(cut(layer.in_shape[0] // layer.groups, min(machine.columns, layer.in_shape[0] // layer.groups)))
    best = None
    for height in [1] if streams or single > machine.spike_in else heights(layer.rows_in):
        windows = layer.backward_windows(height)
        window = max(map(len, windows)) * row
        if height > 1 and window > machine.spike_in:
            continue
        pinned = set(absent[: max(0, machine.spike_in - window)])
        often = smallest if single > machine.spike_in else tiles
        uses = {one: sum(one in each for each in windows) for one in used}
        moved = sum((1 if place in pinned else often * uses[place[1]]) for place in absent if place[1] in used)
        best = moved if best is None else min(best, moved)
    assert best is not None
    return best


def fewest_weights(layers: list[Layer], machine: Machine, chunks: Chunks, room: int) -> int | None:
    """Weights and gradients that the transposed products of a group bring in; None: it has none."""
    if not layers:
        return 0
    best = None
    for chosen in product(*(ways_of(layer, machine, chunks) for layer in layers)):
        region = np.arange(min(room, max(max(way.tiles) for way in chosen)) + 1)
        left, fixed = room - region, np.zeros(region.size, np.int64)
        pieces = []
        for layer, way in zip(layers, chosen, strict=True):
            visits, row_visits = len(chunks.sizes) * layer.rounds, chunks.batch * layer.rounds * layer.rows_in
            over = np.maximum(np.array(way.tiles)[:, None] - region, 0).sum(axis=0)
            fixed = fixed + way.gradients + visits * sum(way.tiles)
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


def fewest(layers: list[Layer], asked: list[Layer], machine: Machine, chunks: Chunks) -> int:
    """Bytes of both products of a group over all sets of layers that are updated in turn."""
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
        moved += fewest_weights(asked, machine, chunks, machine.weight - taken) or 0
        best = moved if best is None else min(best, moved)
    assert best is not None
    return best
