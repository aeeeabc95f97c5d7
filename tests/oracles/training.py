"""Training of a tick-batched network, walked element by element: what is multiplied, what moves."""

from __future__ import annotations

from collections import Counter
from itertools import product

import numpy as np
from numpy.typing import NDArray

from lifsim.model.network import Input, Layer, Network


def products(layer: Layer, spikes: NDArray[np.uint8]) -> tuple[int, int, int]:
    """Multiply-accumulates of one image [rounds, C, H, W]: all, those on ones, and those of gradients with weights.

    Walks every output, every weight; padding is nothing: its products are in the first count alone, which is SATA's
    C*R^2*K*E^2.
    """
    rounds, channels, height, width = spikes.shape
    filters, per_group = layer.filters // layer.groups, channels // layer.groups
    every = ones = on_map = 0
    for timestep, m, y, x in product(range(rounds), range(layer.filters), *map(range, layer.out_shape[1:])):
        for c, r, s in product(range(per_group), *map(range, layer.kernel)):
            every += 1
            row, column = y * layer.stride[0] - layer.padding[0] + r, x * layer.stride[1] - layer.padding[1] + s
            if 0 <= row < height and 0 <= column < width:
                on_map += 1
                ones += int(spikes[timestep, m // filters * per_group + c, row, column])
    return every, ones, on_map


def update_folds(layer: Layer, rows: int, columns: int, rounds: int, *, together: bool) -> tuple[int, int]:
    """(folds, cycles) of an output-stationary array of rows x columns that adds up the weight gradients of one image,
    walked: PEs hold as many of one group's; pixels pass, of all rounds in one fold where they run together."""
    folds = cycles = 0
    filters, pixels = layer.filters // layer.groups, layer.out_shape[1] * layer.out_shape[2]
    for _ in product(range(layer.groups), range(0, layer.reduction, rows), range(0, filters, columns)):
        for stretch in [rounds * [pixels]] if together else rounds * [[pixels]]:
            folds += 1
            cycles += sum(stretch) + rows + columns - 2
    return folds, cycles


def moved_bits(network: Network, bits: dict[str, int], batch: int, kept: int) -> Counter[str]:
    """Bits of states, gradients and weight changes of the whole network, layer after layer; buffers are endless.

    bits: of a "gradient" and a "weight"; kept: of states, of an image (`tests.oracles.kept_membranes`).
    """
    moved: Counter[str] = Counter()
    inputs = {node.output.name for node in network.nodes if isinstance(node, Input)}
    for _ in range(batch):
        moved["states_write"] += kept
        moved["states_read"] += kept
        for layer in network.layers:
            for tensor in (layer.input, *layer.residuals):
                if tensor.name not in inputs:  # its gradient goes out here, and in where it was made
                    moved["gradients_write"] += tensor.timesteps * tensor.elements * bits["gradient"]
                    moved["gradients_read"] += tensor.timesteps * tensor.elements * bits["gradient"]
        last = network.layers[-1].outputs[0]
        moved["gradients_read"] += last.timesteps * last.elements * bits["gradient"]
    for layer in network.layers:
        for _ in product(range(layer.filters), range(layer.reduction)):
            moved["weight_updates"] += 2 * bits["weight"]
    return moved


def state_moves(
    calls: list[tuple[str, int]], sizes: dict[str, int], permanent: dict[str, int], transient: int, timesteps: int
) -> tuple[Counter[int], Counter[int]]:
    """Bytes read and written by layer, walking `calls` (state, layer) of every timestep byte by byte: the first
    `permanent` bytes of a state stay, the next `transient` as long as calls on it follow each other."""
    reads: Counter[int] = Counter()
    writes: Counter[int] = Counter()
    touched: set[tuple[str, int]] = set()
    walk = [call for _ in range(timesteps) for call in calls]
    for position, (state, layer) in enumerate(walk):
        place = position % len(calls)
        after = calls[place + 1][0] if place + 1 < len(calls) else None
        before = calls[place - 1][0] if place else None
        later = [name for name, _ in walk[position + 1 :]]
        for byte in range(permanent[state], sizes[state]):
            passes = byte < permanent[state] + transient
            if (state, byte) in touched and not (passes and before == state):
                reads[layer] += 1
            if state in later and not (passes and after == state):
                writes[layer] += 1
            touched.add((state, byte))
    return reads, writes
