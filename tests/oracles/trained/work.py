"""What the array, the units and the optimizer work in every stage: cycles, accesses, operations."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from math import prod

from tests.oracles.trained.back import Key
from tests.oracles.trained.count import Counted, Told
from tests.oracles.trained.forward import array_tiles, columns
from tests.oracles.trained.plain import Layer, Machine, Run, Tiles, Training, cut, up

Work = dict[str, Counter[str]]
"""By stage: cycles (of the array, filling and draining with it), inputs, weights, psum_reads, psum_writes, macs_dense,
macs_effective, lif_updates, pgu_updates, pgu_multiplications, norm_multiply_adds, optimizer_multiply_adds,
optimizer_divisions."""

PRODUCTS = {"sgd": (1, 0), "momentum": (2, 0), "adam": (6, 2)}
"""Multiply-adds, and quotients and roots of a weight."""


@dataclass(frozen=True)
class Facts:
    """Not counted here. ones: by layer, products of the batch that meet a one; zeros: shares among gradients of
    membranes and among firing gradients."""

    ones: dict[str, int]
    membrane_zeros: float
    firing_zeros: float


def tile(machine: Machine, size: tuple[int, int, int], repeats: int, *, wide: int, joined: bool) -> Counter[str]:
    """[pixels] x [terms] x [filters], as often as told; joined: through one load of what stays in the array."""
    pixels, terms, filters = size
    high = machine.rows
    columns_, folds = up(filters, wide), up(terms, high)
    if machine.dataflow == "os":
        each = terms + high + machine.columns - 2
        found = Counter(
            cycles=each * up(pixels, high) * columns_, inputs=pixels * terms * columns_,
            weights=terms * filters * up(pixels, high),
        )  # fmt: skip
        return _times(found, repeats)
    psums = repeats * pixels * filters * folds
    if machine.dataflow == "ws":
        loads = 1 if joined else repeats
        streams = repeats * pixels + loads * (2 * high + machine.columns - 2)
        return Counter(
            cycles=streams * folds * columns_, inputs=repeats * pixels * terms * columns_,
            weights=loads * terms * filters, psum_reads=psums, psum_writes=psums,
        )  # fmt: skip
    across = up(pixels, machine.columns)
    each = filters + 2 * high + machine.columns - 2
    return Counter(
        cycles=repeats * each * folds * across, inputs=repeats * pixels * terms,
        weights=repeats * terms * filters * across, psum_reads=psums, psum_writes=psums,
    )  # fmt: skip


def _times(counter: Counter[str], often: int) -> Counter[str]:
    return Counter({name: often * number for name, number in counter.items()})


def forward(layer: Layer, machine: Machine, run: Run, tiles: Tiles, batch: int) -> Counter[str]:
    joined = run.tick and not tiles.alternating
    found: Counter[str] = Counter()
    for pixels, filters in array_tiles(layer, tiles):
        size = pixels, layer.reduction, filters
        found += tile(machine, size, layer.rounds, wide=columns(machine, tiles), joined=joined)
    return _times(found, batch * layer.groups)


def backward(layer: Layer, machine: Machine, key: Key, batch: int, *, tick: bool) -> Counter[str]:
    """[rows of the input's map] x [filters and taps] x [channels]; together: rounds that a tile takes."""
    _, rows, channels, together = key
    terms = layer.of_group * prod(layer.kernel)
    across = layer.in_shape[2 - layer.along]
    found: Counter[str] = Counter()
    for high in cut(layer.rows_in, rows):
        for wide in cut(layer.in_shape[0] // layer.groups, channels):
            size = len(high) * across, terms, len(wide)
            joined = tick and together == layer.rounds
            found += tile(machine, size, layer.rounds, wide=machine.columns, joined=joined)
    return _times(found, batch * layer.groups)


def update(layer: Layer, machine: Machine, key: Key, batch: int) -> Counter[str]:
    """[taps] x [pixels of a row tile, of the rounds together] x [filters]; every sum is added to those before, the
    first to nothing."""
    _, rows, filters, together = key
    found: Counter[str] = Counter()
    sums = 0
    for high in cut(layer.rows_out, rows):
        for wide in cut(layer.of_group, filters):
            size = layer.reduction, len(high) * layer.across * together, len(wide)
            found += tile(machine, size, layer.rounds // together, wide=machine.columns, joined=False)
            sums += layer.rounds // together * layer.reduction * len(wide)
    found = _times(found, batch * layer.groups)
    sums *= batch * layer.groups
    return found + Counter(psum_reads=sums - layer.weights, psum_writes=sums)


def on_the_map(layer: Layer) -> int:
    """Products of one image and round that do not meet padding."""
    pairs = 1
    for axis in range(2):
        size = layer.in_shape[1 + axis]
        pairs *= sum(
            0 <= out * layer.stride[axis] - layer.padding[axis] + tap < size
            for out in range(layer.out[axis])
            for tap in range(layer.kernel[axis])
        )
    return pairs * layer.in_shape[0] // layer.groups * layer.filters


def count(training: Training, told: Told, counted: Counted, facts: Facts) -> dict[str, Work]:
    found: dict[str, Work] = {}
    for run in training.groups:
        for index, tiles in zip(run.layers, run.tiles, strict=True):
            layer = training.layers[index]
            found[layer.name] = _of_layer(training, layer, run, tiles, told, counted, facts)
    return found


def _of_layer(
    training: Training, layer: Layer, run: Run, tiles: Tiles, told: Told, counted: Counted, facts: Facts
) -> Work:
    machine, batch = training.machine, training.batch
    product = forward(layer, machine, run, tiles, batch)
    macs = Counter(
        macs_dense=batch * layer.rounds * layer.pixels * layer.filters * layer.reduction,
        macs_effective=facts.ones[layer.name],
    )
    calls = batch * layer.timesteps * (layer.lif.elements if layer.lif else 0)
    values = batch * layer.rounds * layer.pixels * layer.filters if layer.norm else 0
    norm = counted.norms.get(layer.name)
    if not run.tick and layer.lif and layer.rounds < layer.timesteps and not layer.last:
        # currents wait to be replayed: at the first timestep they come from the PEs
        currents = batch * layer.lif.elements
        product += Counter(psum_writes=currents, psum_reads=(layer.timesteps - 1) * currents)
    once = product + macs
    stages: Work = {"forward": _times(once, 2 if norm and norm.twice else 1) + Counter(lif_updates=calls)}
    stages["forward"]["norm_multiply_adds"] = 3 * values
    if "recompute" in counted.stages[layer.name]:
        again = layer.name in counted.again_for_second_pass
        stages["recompute"] = _times(once, 2 if again else 1) + Counter(lif_updates=calls)
        stages["recompute"]["norm_multiply_adds"] = values
    units = Counter(pgu_updates=calls, pgu_multiplications=round((1 - facts.firing_zeros) * calls))
    stages["backward"] = Counter(norm_multiply_adds=2 * values)
    if layer.norm:
        stages["gradient_sums"] = units + Counter(norm_multiply_adds=3 * values)
    else:
        stages["backward"] += units
    if not layer.input.given:
        dense = batch * layer.rounds * prod(layer.in_shape[1:]) * layer.filters * prod(layer.kernel)
        dense *= layer.in_shape[0] // layer.groups
        met = round((1 - facts.membrane_zeros) * on_the_map(layer) * layer.rounds * batch)
        stages["backward"] += backward(layer, machine, told.backward[layer.name], batch, tick=run.tick)
        stages["backward"] += Counter(macs_dense=dense, macs_effective=min(dense, met))
    products, quotients = PRODUCTS[machine.optimizer]
    stages["weight_update"] = update(layer, machine, told.update[layer.name], batch) + macs
    stages["weight_update"] += Counter(
        optimizer_multiply_adds=products * layer.weights, optimizer_divisions=quotients * layer.weights
    )
    return stages
