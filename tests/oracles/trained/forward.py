"""The forward pass of a tick-batched layer: its product, spilled psums, what it puts out and keeps."""

from __future__ import annotations

from tests.oracles.trained.nest import Came, Nest, Order, came
from tests.oracles.trained.plain import Layer, Machine, Tiles, cut, up


def nest_of(layer: Layer, machine: Machine, batch: int, together: int) -> Nest:
    """Of so many groups whose tiles take turns."""
    return Nest(
        rows=layer.rows_out,
        row=together * layer.input_row(layer.groups, layer.rounds),
        filters=layer.of_group,
        each=together * up(layer.reduction * machine.weight_bits, 8),
        maps=batch,
        spike_buffer=machine.spike_in,
        weight_buffer=machine.weight,
    )


def product(layer: Layer, machine: Machine, batch: int, tiles: Tiles, runs: int = 1) -> Came:
    """(spikes, weights) that come in."""
    order = Order(tiles.filters_outer, tiles.rows, tiles.filters)
    moved = came(nest_of(layer, machine, batch, tiles.together), order, layer.forward_windows(tiles.rows), runs)
    sets = layer.groups // tiles.together
    return Came(sets * moved.rows, sets * moved.filters, sets * moved.pinned)


def array_tiles(layer: Layer, tiles: Tiles) -> list[tuple[int, int]]:
    """(pixels, filters) of each tile of a group that the array works off whole."""
    ends = (*tiles.starts[1:], layer.pixels)
    return [
        (end - begin, len(filters))
        for begin, end in zip(tiles.starts, ends, strict=True)
        for filters in cut(layer.of_group, tiles.array_filters)
    ]


def columns(machine: Machine, tiles: Tiles) -> int:
    """Filters that a fold holds."""
    chain = tiles.whole_chains
    return machine.columns // chain * chain if chain and machine.dataflow != "is" else machine.columns


def waiting_psums(layer: Layer, machine: Machine, tile: tuple[int, int], tiles: Tiles, together: int) -> list[int]:
    """Bytes of partial sums that wait together between two folds over K, of each set of folds of a tile, in a round, or
    in all of them where the array takes them through one load of weights."""
    pixels, filters = tile
    if machine.dataflow == "os":
        return []
    if machine.dataflow == "is":
        sums = [filters * len(fold) for fold in cut(pixels, machine.columns)]
    else:
        sums = [pixels * len(fold) * together for fold in cut(filters, columns(machine, tiles))]
    return [up(one * machine.psum_bits, 8) for one in sums]


def spilled(layer: Layer, machine: Machine, batch: int, tiles: Tiles, *, tick: bool) -> int:
    """Bytes of psums that leave between folds, and come back."""
    together = layer.rounds if tick and machine.dataflow == "ws" and not tiles.alternating else 1
    hand_overs = up(layer.reduction, machine.rows) - 1
    moved = sum(
        max(0, size - machine.psum)
        for tile in array_tiles(layer, tiles)
        for size in waiting_psums(layer, machine, tile, tiles, together)
    )
    return batch * layer.groups * layer.rounds // together * hand_overs * moved


def working_psums(layer: Layer, machine: Machine, tiles: Tiles, *, tick: bool) -> int:
    """The most bytes of psums that wait; none where one fold adds all up."""
    together = layer.rounds if tick and machine.dataflow == "ws" and not tiles.alternating else 1
    if up(layer.reduction, machine.rows) == 1:
        return 0
    sizes = [waiting_psums(layer, machine, tile, tiles, together) for tile in array_tiles(layer, tiles)]
    return max((size for each in sizes for size in each), default=0)


def outputs(layer: Layer, batch: int, *, tick: bool) -> int:
    """Everything that it hands over, whole."""
    return batch * sum(one.whole(one.timesteps if tick else 1) for one in layer.outputs)


def residuals(layer: Layer, batch: int, *, tick: bool) -> int:
    return batch * sum(one.whole(one.timesteps if tick else 1) for one in layer.residuals)


def own_spikes(layer: Layer, batch: int) -> int:
    """Of its neurons, all timesteps."""
    return 0 if layer.lif is None else up(batch * layer.timesteps * layer.lif.elements, 8)
