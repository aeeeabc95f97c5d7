"""Cycles, finished blocks and buffer accesses of a layer under any dataflow, when every operand takes its cycle.

A layer is cut into folds that fill the H x W array; a fold streams its operands through the array, skewed by one cycle
per row and column, and takes its full time however little of the array it fills. What a fold is, is the dataflow's.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lifsim.hardware.array.dataflow import Dataflow
from lifsim.hardware.gemm import ArrayCycles, ArrayShape, Gemm
from lifsim.hardware.input_reads import InputReads
from lifsim.hardware.sram_ports import Ports, PortStalls
from lifsim.lazy_dataclass import dataclass


@dataclass(frozen=True)
class ArrayAccesses:
    """Elements at the array's ports, of all rounds.

    inputs, weights: read. outputs: that leave the array: finished ones where the PEs sum them up, else psums.
    psum_writes, psum_reads: of the psum buffer: every psum that leaves is written, and read back once, for the next of
    the folds that add up to it or, the last one, by what takes the finished sum; none where the PEs sum them up.
    """

    inputs: int
    weights: int
    outputs: int
    psum_reads: int
    psum_writes: int

    @property
    def counts(self) -> tuple[int, ...]:
        """All of them, in their order."""
        return tuple(vars(self).values())


def dense_cycles(dataflow: Dataflow, gemm: Gemm, shape: ArrayShape, rounds: int, *, tick_batched: bool) -> ArrayCycles:
    """Cycles of a layer over its `rounds` (timesteps that the array computes; images multiply them).

    Every fold repeats in every round, but where tick batching streams all rounds through one fold. Timestep-major,
    other layers use the array between two rounds, so the layer is visited `rounds` times and everything repeats.
    """
    folds = dataflow.folds(gemm, shape)
    count = folds.count * gemm.groups
    visits = _visits(dataflow, rounds, tick_batched=tick_batched)
    together = rounds // visits
    all_folds = count if dataflow.joins_rounds else count * together
    cycles = ArrayCycles(count * together * folds.stream_cycles, all_folds * folds.fill_drain_cycles, all_folds)
    return cycles * visits


def _visits(dataflow: Dataflow, rounds: int, *, tick_batched: bool) -> int:
    """Into how many like ones the rounds fall apart: one where they share what is loaded."""
    return 1 if tick_batched and (dataflow.joins_rounds or dataflow.loads_once) else rounds


def output_blocks(
    dataflow: Dataflow, gemm: Gemm, shape: ArrayShape, rounds: int, *, tick_batched: bool
) -> NDArray[np.int64]:
    """[visits, blocks] int64, read-only: the layer's work cut where a set of outputs is finished, in cycles per block.

    A block is the folds that add up to the same outputs, of one round or of those that go together. visits: how often
    the layer gets the array: once tick-batched, `rounds` times timestep-major. LIF passes hide under blocks
    (`lif_unit.lif_cycles`).
    """
    folds = dataflow.folds(gemm, shape)
    blocks = folds.outputs * gemm.groups
    if dataflow.joins_rounds and tick_batched:
        cycles = folds.reductions * (folds.stream_cycles * rounds + folds.fill_drain_cycles)
        return np.broadcast_to(np.int64(cycles), (1, blocks))
    visits = (1, blocks * rounds) if tick_batched else (rounds, blocks)
    return np.broadcast_to(np.int64(folds.reductions * folds.cycles), visits)


def dense_waits(
    dataflow: Dataflow,
    read: InputReads,
    gemm: Gemm,
    shape: ArrayShape,
    rounds: int,
    ports: Ports,
    *,
    tick_batched: bool,
) -> PortStalls:
    """Waits of a layer over its `rounds` for the ports of the buffers that feed the array."""
    visits = _visits(dataflow, rounds, tick_batched=tick_batched)
    return dataflow.waits(read, gemm, shape, rounds // visits, ports) * visits


def buffer_accesses(
    dataflow: Dataflow, gemm: Gemm, shape: ArrayShape, rounds: int, *, tick_batched: bool
) -> ArrayAccesses:
    """Accesses of a layer over its `rounds`.

    Sparsity does not change them: `gate` fetches what it then gates off, and under `skip` a row needs its spikes to
    know which of them to skip, and its neighbours need the weights that it skips. Source: SCALE-Sim v3's SRAM reads and
    writes (its os output writes also count the skew of its demand matrices; Sr*Sc is the true count); the last sums are
    read back by the LIF units, which SCALE-Sim does not have.
    """
    operands = dataflow.operands(gemm, shape)
    weight_loads = 1 if tick_batched and dataflow.loads_once else rounds
    finished = gemm.pixels * gemm.filters * gemm.groups * rounds
    partial = finished * dataflow.folds(gemm, shape).reductions if not dataflow.sums_in_pes else 0
    return ArrayAccesses(
        inputs=operands.inputs * gemm.groups * rounds,
        weights=operands.weights * gemm.groups * weight_loads,
        outputs=partial or finished,
        psum_reads=partial,
        psum_writes=partial,
    )
