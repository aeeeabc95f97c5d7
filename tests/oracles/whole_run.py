"""A tick-batched run with unshared or channel-shared LIF units, counted from DESIGN's sentences with plain integers.

Knows nothing of lifsim: a network is a list of `Convolution`, spikes are arrays.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tests.oracles.receptive import ones_per_pixel_by_loops

Pair = tuple[int, int]


@dataclass(frozen=True)
class Convolution:
    """One weight layer on inputs `shape`; a linear layer is 1 x 1 on one pixel. rounds: timesteps that it computes."""

    shape: tuple[int, int, int]
    filters: int
    kernel: Pair
    stride: Pair
    padding: Pair
    groups: int
    rounds: int
    lif: bool

    @property
    def out(self) -> Pair:
        """Output map."""
        rows, cols = (
            (n + 2 * p - k) // s + 1
            for n, k, s, p in zip(self.shape[1:], self.kernel, self.stride, self.padding, strict=True)
        )
        return rows, cols


@dataclass(frozen=True)
class Machine:
    """The array and its LIF units, one per PE."""

    rows: int
    cols: int
    dataflow: str
    sparsity: str
    latency: int
    interval: int
    channel_groups: int


@dataclass(frozen=True)
class Counted:
    """What one layer does for all images."""

    array_and_fill: int
    lif: int
    macs_dense: int
    macs_effective: int
    input_reads: int
    weight_reads: int
    psum_reads: int
    psum_writes: int
    output_writes: int
    lif_updates: int
    register_reads: int
    register_writes: int


def count(layer: Convolution, machine: Machine, spikes: NDArray[np.uint8], timesteps: int) -> Counted:
    """`spikes` [B, rounds, C, H, W] of 0 and 1."""
    H, W, flow = machine.rows, machine.cols, machine.dataflow
    batch, rounds = spikes.shape[:2]
    pixels, filters = math.prod(layer.out), layer.filters // layer.groups
    reduction = layer.shape[0] * math.prod(layer.kernel) // layer.groups
    row_folds, col_folds = math.ceil(pixels / H), math.ceil(filters / W)
    k_folds, pixel_cols = math.ceil(reduction / H), math.ceil(pixels / W)
    ones = [_ones(layer, image) for image in spikes]

    if machine.sparsity == "skip":
        slowest = [
            max(one[group, first : first + H]) for image in ones for one in image
            for group in range(layer.groups) for first in range(0, pixels, H)
        ]  # fmt: skip
        cycles = sum((int(most) + H + W - 2) * col_folds for most in slowest)
    else:
        cycles = batch * layer.groups * {
            "os": rounds * (reduction + H + W - 2) * row_folds * col_folds,
            "ws": (rounds * pixels + 2 * H + W - 2) * k_folds * col_folds,
            "is": rounds * (filters + 2 * H + W - 2) * k_folds * pixel_cols,
        }[flow]  # fmt: skip

    each, weights = batch * layer.groups, reduction * filters
    psums = each * rounds * pixels * filters * k_folds if flow in ("ws", "is") else 0
    finished = each * rounds * pixels * filters
    units = math.ceil(H * W / machine.channel_groups)
    chain = machine.latency + machine.interval * (math.ceil(H * W / units) - 1)
    neurons = pixels * layer.filters if layer.lif else 0
    return Counted(
        array_and_fill=cycles,
        lif=each * timesteps * row_folds * col_folds * chain if layer.lif else 0,
        macs_dense=finished * reduction,
        macs_effective=sum(int(image.sum()) for image in ones) * filters,
        input_reads=each * rounds * pixels * reduction * (1 if flow == "is" else col_folds),
        weight_reads=each * weights * {"os": rounds * row_folds, "ws": 1, "is": rounds * pixel_cols}[flow],
        psum_reads=psums,
        psum_writes=psums,
        output_writes=batch * timesteps * neurons if layer.lif else finished,
        lif_updates=batch * timesteps * neurons,
        register_reads=batch * (timesteps - 1) * neurons // machine.channel_groups,
        register_writes=batch * timesteps * neurons // machine.channel_groups,
    )


def _ones(layer: Convolution, image: NDArray[np.uint8]) -> NDArray[np.int32]:
    """[rounds, groups, pixels]."""
    ones = ones_per_pixel_by_loops(image, layer.kernel, layer.stride, layer.padding, layer.groups)
    return ones.reshape(len(image), layer.groups, -1)
