"""How long the array waits for the ports of its buffers.

A fold streams its operands in S cycles (`Folds.stream_cycles`). Of its buffers,

- weight and psum are laid out in the order in which the array asks: a stream, spread evenly over the banks, of which n
  elements of b bits need ceil(n*b / port_bits) cycles, port_bits those of all banks together;
- spike_in holds a map, whose words fall on banks as their addresses say: `input_reads` has the cycles of each fold.

The fold takes as long as the slowest, and what it takes beyond S is the wait for that buffer. Stationary weights are
loaded in H cycles, likewise; of stationary inputs each vector waits for what it takes beyond a cycle. What
streams and what is loaded is the dataflow's to say (`Dataflow.waits`). A fold hides no other fold's wait.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from lifsim.hardware.gemm import ceil_div
from lifsim.hardware.sram_banks import Banks, Ints
from lifsim.lazy_dataclass import dataclass


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
        return sum(self._cycles)

    def __add__(self, other: PortStalls) -> PortStalls:
        return PortStalls(*(mine + more for mine, more in zip(self._cycles, other._cycles, strict=True)))

    def __mul__(self, times: int) -> PortStalls:
        return PortStalls(*(cycles * times for cycles in self._cycles))

    @property
    def _cycles(self) -> tuple[int, ...]:
        return self.weight, self.spike_in, self.spike_out, self.membrane, self.psum


@dataclass(frozen=True)
class Ports:
    """Of the three buffers that feed the array."""

    weight: Port
    spike_in: Banks
    psum: Port


def held_up(stream: Ints | int, weights: int, inputs: Ints, psums: int) -> PortStalls:
    """What folds that stream in `stream` cycles take longer, for the buffer that needs most; of equals weights, inputs,
    psums."""
    others = max(weights, psums)
    late = np.maximum(np.maximum(inputs, others) - stream, 0)
    by_inputs = np.broadcast_to((inputs > weights) & (inputs >= psums), late.shape)
    spikes, rest = int(late[by_inputs].sum()), int(late[~by_inputs].sum())
    return PortStalls(weight=rest if weights >= psums else 0, spike_in=spikes, psum=0 if weights >= psums else rest)


def cut(down: int, across: int, rows: int, cols: int) -> Iterator[tuple[int, int, int]]:
    """(rows used, columns used, folds of this kind) of an array of `rows` x `cols`."""
    for h, down_count in parts(down, rows):
        for w, across_count in parts(across, cols):
            yield h, w, down_count * across_count


def parts(total: int, size: int) -> Iterator[tuple[int, int]]:
    """(size, how many) of whole parts, and what is left."""
    whole, rest = divmod(total, size)
    if whole:
        yield size, whole
    if rest:
        yield rest, 1
