"""How long the array waits for the ports of its buffers.

All banks of a buffer together give `port_bits` a cycle, and take as many (one read and one write port). A fold streams
its operands in S cycles (`pe_array.dense`, `skip`); a buffer that must give or take n elements of b bits meanwhile
needs ceil(n*b / port_bits) cycles. The fold takes as long as the slowest, and what it takes beyond S is the wait for
that buffer. Stationary operands are loaded in H cycles, likewise. With h x w of the H x W array in use:

    dataflow   streamed, per fold                 loaded, per fold
    os         K*h inputs, K*w weights            -
    ws         S*h inputs, S*w psums              h*w weights
    is         S*h weights, S*w psums             h*w inputs
    sata       K*h inputs                         h*w weights, folds as ws

Within a fold elements are packed and evenly spread over banks; a fold hides no other fold's wait.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lifsim.hardware.pe_array.gemm import ArrayShape, Dataflow, Gemm, ceil_div


@dataclass(frozen=True)
class Port:
    """element_bits: of what passes. port_bits: what all banks together give, or take, in a cycle."""

    element_bits: int
    port_bits: int

    def cycles(self, elements: int) -> int:
        """ceil(elements * element_bits / port_bits)."""
        return ceil_div(elements * self.element_bits, self.port_bits)


@dataclass(frozen=True)
class PortStalls:
    """Cycles in which the array waits for the ports of its weight, spike-input and psum buffers."""

    weights: int = 0
    spikes: int = 0
    psums: int = 0

    @property
    def total(self) -> int:
        """All of them."""
        return self.weights + self.spikes + self.psums

    def __add__(self, other: PortStalls) -> PortStalls:
        return PortStalls(self.weights + other.weights, self.spikes + other.spikes, self.psums + other.psums)

    def __mul__(self, times: int) -> PortStalls:
        return PortStalls(self.weights * times, self.spikes * times, self.psums * times)


@dataclass(frozen=True)
class Ports:
    """Of the three buffers that feed the array."""

    weight: Port
    spike_in: Port
    psum: Port


def dense_stalls(
    dataflow: Dataflow, gemm: Gemm, shape: ArrayShape, runs: int, tick_batched: bool, ports: Ports
) -> PortStalls:
    """Waits of a layer over its `runs` where every operand takes its cycle (sparsity `none` and `gate`)."""
    visits = 1 if tick_batched else runs
    match dataflow:
        case "os":
            return _streamed(_os_folds(gemm, shape), gemm.reduction, ports) * (gemm.groups * runs)
        case "sata":
            folds = [(inputs, 0, 0, count) for inputs, _, _, count in _os_folds(gemm, shape)]
            loads = _loaded(gemm.reduction, gemm.filters, shape, ports.weight) * visits
            return (_streamed(folds, gemm.reduction, ports) * runs + PortStalls(weights=loads)) * gemm.groups
        case "ws":
            stream = gemm.pixels * (runs // visits)
            folds = [(stream * h, 0, stream * w, n) for h, w, n in _cut(gemm.reduction, gemm.filters, shape)]
            loads = _loaded(gemm.reduction, gemm.filters, shape, ports.weight)
            return (_streamed(folds, stream, ports) + PortStalls(weights=loads)) * (gemm.groups * visits)
        case "is":
            stream = gemm.filters
            folds = [(0, stream * h, stream * w, n) for h, w, n in _cut(gemm.reduction, gemm.pixels, shape)]
            loads = _loaded(gemm.reduction, gemm.pixels, shape, ports.spike_in)
            return (_streamed(folds, stream, ports) + PortStalls(spikes=loads)) * (gemm.groups * runs)


def skip_stalls(
    slowest: NDArray[np.int64], dataflow: Dataflow, gemm: Gemm, shape: ArrayShape, tick_batched: bool, ports: Ports
) -> PortStalls:
    """Waits where zeros cost no cycle; slowest: [runs, groups, ceil(Sr/H)] cycles in which each fold streams.

    A row must see all its spikes, and the rows of a column share its weights: a fold moves what it moves under `os`, in
    less time.
    """
    runs, groups, row_folds = slowest.shape
    waits = PortStalls()
    if dataflow == "sata":
        visits = 1 if tick_batched else runs
        waits += PortStalls(weights=_loaded(gemm.reduction, gemm.filters, shape, ports.weight) * visits * groups)
    rows_used = np.full(row_folds, shape.rows)
    rows_used[-1] = gemm.pixels - shape.rows * (row_folds - 1)
    inputs = -(-gemm.reduction * rows_used * ports.spike_in.element_bits // ports.spike_in.port_bits)
    for w, count in _parts(gemm.filters, shape.cols):
        weights = ports.weight.cycles(gemm.reduction * w) if dataflow == "os" else 0
        late = np.maximum(np.maximum(inputs, weights) - slowest, 0)
        for_weights = int(late[..., inputs <= weights].sum())
        waits += PortStalls(weights=for_weights, spikes=int(late.sum()) - for_weights) * count
    return waits


def _os_folds(gemm: Gemm, shape: ArrayShape) -> list[tuple[int, int, int, int]]:
    """(inputs, weights, psums, folds) of the folds of one group and run."""
    K = gemm.reduction
    return [(K * h, K * w, 0, count) for h, w, count in _cut(gemm.pixels, gemm.filters, shape)]


def _streamed(folds: list[tuple[int, int, int, int]], stream_cycles: int, ports: Ports) -> PortStalls:
    """Waits of folds that move (inputs, weights, psums) in `stream_cycles`; ties: weights, inputs, psums."""
    waits = PortStalls()
    for inputs, weights, psums, count in folds:
        needs = (ports.weight.cycles(weights), ports.spike_in.cycles(inputs), ports.psum.cycles(psums))
        worst = needs.index(max(needs))
        late = max(0, needs[worst] - stream_cycles) * count
        waits += PortStalls(*(late if place == worst else 0 for place in range(3)))
    return waits


def _loaded(down: int, across: int, shape: ArrayShape, port: Port) -> int:
    """Waits of loading what stays, fold by fold, in H cycles each."""
    return sum(max(0, port.cycles(h * w) - shape.rows) * count for h, w, count in _cut(down, across, shape))


def _cut(down: int, across: int, shape: ArrayShape) -> Iterator[tuple[int, int, int]]:
    """(rows used, columns used, folds of this kind)."""
    for h, down_count in _parts(down, shape.rows):
        for w, across_count in _parts(across, shape.cols):
            yield h, w, down_count * across_count


def _parts(total: int, size: int) -> Iterator[tuple[int, int]]:
    """(size, how many) of whole parts, and what is left."""
    whole, rest = divmod(total, size)
    if whole:
        yield size, whole
    if rest:
        yield rest, 1
