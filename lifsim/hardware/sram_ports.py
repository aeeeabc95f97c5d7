"""How long the array waits for the ports of its buffers.

A fold streams its operands in S cycles (`pe_array.dense`, `skip`). Of its buffers,

- weight and psum are laid out in the order in which the array asks: a stream, spread evenly over the banks, of which n
  elements of b bits need ceil(n*b / port_bits) cycles, port_bits those of all banks together;
- spike_in holds a map, whose words fall on banks as their addresses say: `input_reads` has the cycles of each fold.

The fold takes as long as the slowest, and what it takes beyond S is the wait for that buffer. Stationary weights are
loaded in H cycles, likewise; of stationary inputs each vector waits for what it takes beyond a cycle. With h x w of the
H x W array in use:

    dataflow   streamed, per fold                 loaded, per fold
    os         K vectors of h inputs, K*w weights -
    ws         S vectors of h inputs, S*w psums   h*w weights
    is         S*h weights, S*w psums             h vectors of w inputs
    sata       K vectors of h inputs              h*w weights, folds as ws

A fold hides no other fold's wait.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import astuple, dataclass

import numpy as np

from lifsim.hardware.input_reads import InputMap, InputReads, scanned_reads
from lifsim.hardware.pe_array.gemm import ArrayShape, Dataflow, Gemm, ceil_div
from lifsim.hardware.sram_banks import Banks, Ints


@dataclass(frozen=True)
class Port:
    """element_bits: of what passes. port_bits: what all banks together give, or take, in a cycle."""

    element_bits: int
    port_bits: int

    def cycles(self, elements: int) -> int:
        """ceil(elements * element_bits / port_bits)."""
        return ceil_div(elements * self.element_bits, self.port_bits)

    def slowed(self, cycles: Ints | int, elements: Ints) -> Ints:
        """[n] the longer of `cycles` and those that `elements` [n] need."""
        return np.maximum(cycles, -(-elements * self.element_bits // self.port_bits))


@dataclass(frozen=True)
class PortStalls:
    """Cycles in which the array waits for the ports of each buffer."""

    weight: int = 0
    spike_in: int = 0
    spike_out: int = 0
    membrane: int = 0
    psum: int = 0

    @property
    def total(self) -> int:
        """Of all buffers."""
        return sum(astuple(self))

    def __add__(self, other: PortStalls) -> PortStalls:
        return PortStalls(*(mine + more for mine, more in zip(astuple(self), astuple(other), strict=True)))

    def __mul__(self, times: int) -> PortStalls:
        return PortStalls(*(cycles * times for cycles in astuple(self)))


@dataclass(frozen=True)
class Ports:
    """Of the three buffers that feed the array."""

    weight: Port
    spike_in: Banks
    psum: Port


def dense_stalls(
    dataflow: Dataflow, read: InputReads, gemm: Gemm, shape: ArrayShape, runs: int, tick_batched: bool, ports: Ports
) -> PortStalls:
    """Waits of a layer over its `runs` where every operand takes its cycle (sparsity `none` and `gate`)."""
    visits = 1 if tick_batched else runs
    match dataflow:
        case "os" | "sata":
            inputs = gemm.reduction + read.planar_reads(ports.spike_in, shape.rows).waits
            waits = _row_folds(np.full_like(inputs, gemm.reduction), inputs, dataflow, gemm, shape, ports) * runs
            return waits + _weight_loads(gemm, shape, ports) * visits if dataflow == "sata" else waits
        case "ws":
            together = runs // visits
            inputs = together * (gemm.pixels + read.channel_last_reads(ports.spike_in, shape.rows).waits)
            waits = _weight_loads(gemm, shape, ports)
            stream = gemm.pixels * together
            for w, count in _parts(gemm.filters, shape.cols):
                waits += _held_up(stream, 0, inputs, ports.psum.cycles(stream * w)) * count
            return waits * visits
        case "is":
            waits = PortStalls(spike_in=int(read.planar_reads(ports.spike_in, shape.cols).waits.sum()))
            stream = gemm.filters
            for h, w, count in _cut(gemm.reduction, gemm.pixels, shape):
                needs = ports.weight.cycles(stream * h), np.zeros(1, np.int64), ports.psum.cycles(stream * w)
                waits += _held_up(stream, *needs) * (count * gemm.groups)
            return waits * runs


def skip_stalls(
    slowest: Ints,
    dataflow: Dataflow,
    read: InputMap,
    gemm: Gemm,
    shape: ArrayShape,
    tick_batched: bool,
    ports: Ports,
) -> PortStalls:
    """Waits where zeros cost no cycle; slowest: [runs, groups, ceil(Sr/H)] cycles in which each fold streams.

    A row must see all its spikes, and the rows of a column share its weights: a fold moves what it moves under `os`, in
    less time. Rows do not go in step, so that no two share a word that they read.
    """
    inputs = 1 + scanned_reads(read, ports.spike_in, shape.rows).waits
    waits = _row_folds(slowest, inputs, dataflow, gemm, shape, ports)
    visits = 1 if tick_batched else len(slowest)
    return waits + _weight_loads(gemm, shape, ports) * visits if dataflow == "sata" else waits


def input_words(
    dataflow: Dataflow, *, skips: bool, read: InputMap, gemm: Gemm, shape: ArrayShape, runs: int, banks: Banks
) -> int:
    """Words that the array reads from spike_in in a layer's `runs`."""
    filter_folds = ceil_div(gemm.filters, shape.cols)
    if skips:
        words = scanned_reads(read, banks, shape.rows).words
    elif dataflow == "ws":
        words = read.channel_last_reads(banks, shape.rows).words
    elif dataflow == "is":
        words, filter_folds = read.planar_reads(banks, shape.cols).words, 1
    else:
        words = read.planar_reads(banks, shape.rows).words
    return int(words.sum()) * filter_folds * runs


def _row_folds(
    stream: Ints, inputs: Ints, dataflow: Dataflow, gemm: Gemm, shape: ArrayShape, ports: Ports
) -> PortStalls:
    """Waits of folds of H pixels that stream in `stream` [..., groups, ceil(Sr/H)] cycles and whose inputs need
    `inputs`, over all filter folds; under sata weights do not stream."""
    waits = PortStalls()
    for w, count in _parts(gemm.filters, shape.cols):
        weights = ports.weight.cycles(gemm.reduction * w) if dataflow == "os" else 0
        waits += _held_up(stream, weights, inputs, 0) * count
    return waits


def _held_up(stream: Ints | int, weights: int, inputs: Ints, psums: int) -> PortStalls:
    """What folds take longer than they stream, for the buffer that needs most; of equals weights, inputs, psums."""
    others = max(weights, psums)
    late = np.maximum(np.maximum(inputs, others) - stream, 0)
    by_inputs = np.broadcast_to((inputs > weights) & (inputs >= psums), late.shape)
    spikes, rest = int(late[by_inputs].sum()), int(late[~by_inputs].sum())
    return PortStalls(weight=rest if weights >= psums else 0, spike_in=spikes, psum=0 if weights >= psums else rest)


def _weight_loads(gemm: Gemm, shape: ArrayShape, ports: Ports) -> PortStalls:
    """Waits of loading all weights once, fold by fold, in H cycles each."""
    folds = _cut(gemm.reduction, gemm.filters, shape)
    late = sum(max(0, ports.weight.cycles(h * w) - shape.rows) * count for h, w, count in folds)
    return PortStalls(weight=late * gemm.groups)


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
