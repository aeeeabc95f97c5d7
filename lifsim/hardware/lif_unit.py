"""LIF units: how many there are, how long the array waits for them, what they read and write of the membranes.

Without sharing there are `units` of them, one per PE by default. Channel sharing (EfficientLIF-Net, Kim et al., Front.
Neurosci. 17:1230002, 2023) lets N of them share one: units / N are left, and the calls of PEs that share a unit run in
sequence. One *pass* serves the H x W outputs that the array holds:

    chain = ceil(PEs / units) calls,   pass = latency + II * (chain - 1) cycles

which for one unit per PE is latency + II * (N - 1). Filters are dealt to the columns so that PEs that share a unit hold
the same pixel; fewer columns than N share in time. A pass takes its full time however little of the array it serves.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lifsim.hardware.gemm import ArrayShape, ceil_div
from lifsim.lazy_dataclass import dataclass
from lifsim.model.arch import LifUnits


@dataclass(frozen=True)
class LifBank:
    """The LIF units that are left under a sharing, and the registers of membranes. units: their number. chain: calls in
    sequence on one unit in a pass. pass_cycles: of one pass. datapaths: of all units. registers: of one state variable
    each."""

    units: int
    chain: int
    pass_cycles: int
    datapaths: int
    registers: int


@dataclass(frozen=True)
class NeuronNeeds:
    """What the neurons of a network need that need most. datapaths: of a LIF unit. variables: values of a state."""

    datapaths: int = 1
    variables: int = 1


def lif_bank(
    config: LifUnits, pes: int, channel_groups: int, needs: NeuronNeeds = NeuronNeeds(), held_states: int | None = None
) -> LifBank:
    """The bank beside an array of `pes` PEs when `channel_groups` N share (1: no channel sharing).

    Time-multiplexing takes units alone: a membrane register stands for each of the `held_states` that the array holds
    at a time (None: one per PE, an Nth where N share it), however few units there are.
    """
    units = ceil_div(config.units or pes, channel_groups)
    chain = ceil_div(pes, units)
    pass_cycles = config.latency_cycles + config.initiation_interval_cycles * (chain - 1)
    registers = ceil_div(pes, channel_groups) if held_states is None else held_states
    return LifBank(units, chain, pass_cycles, units * needs.datapaths, registers * needs.variables)


def lif_passes(pixels: int, filters: int, groups: int, shape: ArrayShape) -> int:
    """Passes of one timestep, ceil(pixels/H) * ceil(filters/W) * groups of the map that the LIFs see (behind a pool it
    is smaller than the GEMM's), filters of one group; the same for every dataflow."""
    return ceil_div(pixels, shape.rows) * ceil_div(filters, shape.cols) * groups


def pass_outputs(pixels: int, filters: int, groups: int, shape: ArrayShape) -> NDArray[np.int64]:
    """[lif_passes] outputs that each pass of a timestep serves, group by group, in each the pixels of some filters."""
    tall, wide = (
        np.diff(np.append(np.arange(0, n, size), n)) for n, size in ((pixels, shape.rows), (filters, shape.cols))
    )
    return np.tile(np.outer(wide, tall).ravel(), groups)


def lif_cycles(
    pass_cycles: int | NDArray[np.int64],
    passes: int,
    steps: int,
    blocks: NDArray[np.int64],
    *,
    tick_batched: bool,
    overlapped: bool,
) -> int:
    """Cycles in which the array waits for LIF units over all of a layer's timesteps.

    pass_cycles: L of `lif_bank`, or [passes] where the passes of a timestep differ, or, tick-batched, [passes, steps]
    where timesteps do, too. passes: per timestep. steps:
    timesteps in which the LIFs fire. blocks: [visits, blocks] cycles of the array between two finished sets of outputs
    (`Sparsity.blocks`).

    Not overlapped, every pass is waited for: steps * passes * L. Overlapped, psums are double-buffered: while the
    array works on block b + 1, the units serve what block b finished, p_b passes, and block b + 2 waits for both:

        waited per visit = sum over all blocks but the last of max(0, p_b*L - cycles of block b+1)  +  p_last*L

    A visit's P passes (all timesteps' tick-batched, one timestep's else) become ready evenly over its B blocks, in
    order: p_b = floor((b+1)*P/B) - floor(b*P/B). So an os fold has one, or T where the array computes once what T
    timesteps replay (direct encoding); a column fold of ws has all those of its columns; behind a pool of four, one
    fold in four has one. Timestep-major, timesteps that replay without the array hide nothing.
    """
    each = np.broadcast_to(pass_cycles, passes) if np.ndim(pass_cycles) < 2 else np.asarray(pass_cycles)
    every = np.repeat(each, steps).astype(np.int64) if each.ndim == 1 else each.ravel().astype(np.int64)
    if not overlapped:
        return int(every.sum())
    visits, count = map(int, blocks.shape)
    if not 1 <= visits <= steps:
        raise ValueError(f"visits must lie in 1..{steps}, the timesteps, not {visits}")
    served = np.append(0, np.cumsum(every if tick_batched else each.astype(np.int64)))
    replayed = 0 if tick_batched else steps - visits
    ready = np.arange(count + 1, dtype=np.int64) * (served.size - 1) // count
    work = np.diff(served[ready])
    late = np.maximum(0, work[:-1] - blocks[:, 1:])
    return int(late.sum()) + visits * int(work[-1]) + replayed * int(served[-1])


def membrane_accesses(
    elements: int, timesteps: int, channel_groups: int, *, starts_from_zero: bool = True
) -> tuple[int, int]:
    """Reads and writes of membranes, elements, of one layer and image: of PE registers where tick batching keeps them
    in the PE, of the membrane buffer under a timestep-major schedule.

    elements: the layer's neurons without sharing; N = `channel_groups` of them use one membrane in turn, and between
    the calls of such a chain the state stays in the unit. So a timestep reads and writes elements / N membranes once:

        reads = elements/N * (T - 1)    writes = elements/N * T

    The first touch of a zero state is no read; where the layer continues from the state that another one left (layer
    sharing), `starts_from_zero` is False and reads = writes. The last write counts: the unit writes it in any case.
    """
    if elements % channel_groups:
        raise ValueError(f"{channel_groups} channel groups must divide {elements} neurons")
    state = elements // channel_groups
    return state * (timesteps - starts_from_zero), state * timesteps
