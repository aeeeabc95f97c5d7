"""Chains of LIF calls of one tick-batched layer under channelN, call by call: imports nothing of what it checks.

Filters f of M are in channel group f // (M/N); the N filters that are alike in f mod (M/N) are one chain, whose call of
group g at timestep t continues what group g - 1 left, that of group 0 what group N - 1 left at t - 1. An order is what
the array finishes one after the other, each time some outputs (pixel, filter, timestep) together; within these, calls
are made timestep by timestep, group by group.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

Output = tuple[int, int, int]
"""Pixel, filter, timestep."""

Order = Iterator[list[Output]]


@dataclass(frozen=True)
class Walked:
    """legal: whether every call found what it continues, and all were made. alive: the most membranes that are
    continued at a time. columns: the most filters of which outputs are finished together."""

    legal: bool
    alive: int
    columns: int


@dataclass(frozen=True)
class Layer:
    """pixels and filters of all groups of a convolution, `channels` N, timesteps."""

    pixels: int
    filters: int
    groups: int
    channels: int
    timesteps: int

    def chain(self, which: int) -> int:
        """Of a filter."""
        return which % (self.filters // self.channels)

    def channel_group(self, which: int) -> int:
        """Of a filter."""
        return which // (self.filters // self.channels)

    def members(self, group: int) -> list[int]:
        """The filters of a group of the convolution, those of one chain behind each other."""
        size = self.filters // self.groups
        own = range(group * size, (group + 1) * size)
        return sorted(own, key=lambda which: (self.chain(which), self.channel_group(which)))


def walk(layer: Layer, order: Order) -> Walked:
    """Make every call of `order`."""
    done: dict[tuple[int, int], tuple[int, int]] = {}
    legal, alive, columns, made = True, 0, 0, 0
    first, last = (-1, layer.channels - 1), (layer.timesteps - 1, layer.channels - 1)
    for together in order:
        touched = set()
        columns = max(columns, len({which for _, which, _ in together}))
        for pixel, which, timestep in sorted(together, key=lambda one: (one[2], layer.channel_group(one[1]))):
            state, call = (pixel, layer.chain(which)), (timestep, layer.channel_group(which))
            before = (call[0], call[1] - 1) if call[1] else (call[0] - 1, layer.channels - 1)
            legal = legal and done.get(state, first) == before
            done[state] = call
            touched.add(state)
            made += 1
        going_on = {state for state, call in done.items() if call != last}
        alive = max(alive, len(going_on | touched))
    return Walked(legal and made == layer.pixels * layer.filters * layer.timesteps, alive, columns)


def pieces(of: Sequence[int], size: int) -> list[Sequence[int]]:
    """`of` in pieces of `size`, the last one smaller."""
    return [of[start : start + size] for start in range(0, len(of), size)]


def fold_by_fold(
    layer: Layer, dataflow: str, rows: int, cols: int, in_chains: bool = True, tile: int | None = None
) -> Order:
    """All timesteps of a fold, then the next fold, in tiles of `tile` filters (None: one). os: rows of pixels by
    columns of filters; ws: columns of filters, of which a pixel's timesteps follow each other; is: columns of pixels,
    all filters of a tile pass. in_chains: filters lie chain by chain, whole chains in a fold; else as they are
    numbered, in all columns."""
    for group in range(layer.groups):
        own = layer.members(group) if in_chains else sorted(layer.members(group))
        tiles = pieces(own, tile or len(own))
        width = cols // layer.channels * layer.channels if in_chains else cols
        folds = tiles if dataflow == "is" else [fold for some in tiles for fold in pieces(some, width)]
        for filters in folds:
            pixels = range(layer.pixels)
            for block in pieces(pixels, {"os": rows, "ws": 1, "is": cols}[dataflow]):
                for timestep in range(layer.timesteps):
                    yield [(pixel, which, timestep) for pixel in block for which in filters]


def alternating(layer: Layer, dataflow: str, rows: int, cols: int, tile: int) -> Order:
    """Tiles of `tile` filters of a group (of all groups that a chain visits, position by position). In a tile, the
    folds that have chains in common take turns at every timestep: os for each block of rows, ws with all pixels that
    stream past, is for each block of columns."""
    for filters in _tiles(layer, tile):
        for folds in _linked(layer, [filter_fold for own in filters for filter_fold in _folds(own, dataflow, cols)]):
            for block in pieces(range(layer.pixels), {"os": rows, "ws": layer.pixels, "is": cols}[dataflow]):
                for timestep in range(layer.timesteps):
                    for fold in folds:
                        for some in pieces(block, 1 if dataflow == "ws" else len(block)):
                            yield [(pixel, which, timestep) for pixel in some for which in fold]


def _folds(own: Sequence[int], dataflow: str, cols: int) -> list[Sequence[int]]:
    return [own] if dataflow == "is" else pieces(own, cols)


def _tiles(layer: Layer, tile: int) -> Iterator[list[Sequence[int]]]:
    """By tile, its filters in each of its groups of the convolution: those that chains connect."""
    left = set(range(layer.groups))
    while left:
        group = min(left)
        together, grown = {group}, True
        while grown:
            chains = {layer.chain(which) for one in together for which in layer.members(one)}
            touching = {
                one for one in range(layer.groups) if chains & {layer.chain(which) for which in layer.members(one)}
            }
            together, grown = touching, touching != together
        left -= together
        members = [pieces(layer.members(one), tile) for one in sorted(together)]
        for position in range(len(members[0])):
            yield [own[position] for own in members]


def _linked(layer: Layer, folds: list[Sequence[int]]) -> Iterator[list[Sequence[int]]]:
    """Folds with a chain in common, together, in order."""
    left = list(folds)
    while left:
        chains, size = {layer.chain(which) for which in left[0]}, 0
        while len(chains) > size:
            size = len(chains)
            touching = [fold for fold in left if chains & {layer.chain(which) for which in fold}]
            chains |= {layer.chain(which) for fold in touching for which in fold}
        yield [fold for fold in left if chains & {layer.chain(which) for which in fold}]
        left = [fold for fold in left if not chains & {layer.chain(which) for which in fold}]
