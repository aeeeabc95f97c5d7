"""What a simulated DRAM did, and which layer is charged for it.

Commands belong to requests, and requests to layers, but the controller merges, reorders and keeps rows open for whoever
comes next. docs/model.md, "Energy of a simulated DRAM", has the assumptions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass, replace
from math import ceil

import numpy as np

from lifsim.config.dram import DramSpec
from lifsim.hardware.dram.counts import DramWork
from lifsim.hardware.dram.result import DramResult
from lifsim.hardware.dram.streamed import streamed_work
from lifsim.hardware.pipeline.kinds import WRITES
from lifsim.hardware.pipeline.timing import Runs
from lifsim.schedule.moves import shares
from lifsim.schedule.rows import Ints
from lifsim.simulate.counts import LayerCounts
from lifsim.simulate.steps import RunSteps


@dataclass(frozen=True)
class DramActivity:
    """A whole run's DRAM. cycles: memory cycles until the last burst has crossed the bus; *_rank_cycles: these summed
    over the ranks, with a row open (active) and without. moved_bytes: bursts x burst bytes. bandwidth_utilisation: of
    what the bus could have moved in `cycles`."""

    activates: int
    precharges: int
    reads: int
    writes: int
    refreshes: int
    row_hits: int
    row_hit_rate: float
    cycles: int
    active_rank_cycles: int
    idle_rank_cycles: int
    moved_bytes: int
    bandwidth_bytes_per_s: float
    bandwidth_utilisation: float

    @classmethod
    def of(cls, dram: DramResult) -> DramActivity:
        """The record of a simulation."""
        work, counts = dram.work, dram.counts
        return cls(
            activates=work.activates,
            precharges=counts.pres,
            reads=work.reads,
            writes=work.writes,
            refreshes=work.refreshes,
            row_hits=counts.row_hits,
            row_hit_rate=counts.hit_rate,
            cycles=dram.cycles,
            active_rank_cycles=work.active_rank_cycles,
            idle_rank_cycles=work.idle_rank_cycles,
            moved_bytes=dram.moved_bytes,
            bandwidth_bytes_per_s=dram.bytes_per_second,
            bandwidth_utilisation=dram.peak_share,
        )

    @property
    def work(self) -> DramWork:
        """What energy is charged for."""
        return DramWork(*(getattr(self, name) for name in DramWork.__dataclass_fields__))


def with_dram_work(counts: Sequence[LayerCounts], steps: RunSteps, runs: Runs, dram: DramResult) -> list[LayerCounts]:
    """`counts`, whose cycles are final, each with its share of what `dram` did for the requests of `steps`, the `runs`
    of addresses. The shares add up to it exactly."""
    requests, layers = steps.program.requests, len(counts)
    layer = np.repeat(steps.layer[requests.step], np.diff(runs.first))
    write = np.repeat(np.isin(requests.kind, WRITES), np.diff(runs.first))
    bursts, rows = _bursts(runs, dram.spec), _rows(runs, dram.spec)
    cycles = np.array([counted.cycles.total for counted in counts])
    did = dram.work
    columns = (
        shares(did.activates, _summed(rows, layer, layers)),
        shares(did.reads, _summed(bursts[~write], layer[~write], layers)),
        shares(did.writes, _summed(bursts[write], layer[write], layers)),
        *(shares(passed, cycles) for passed in astuple(did)[3:]),
    )
    return [
        replace(counted, dram=DramWork(*map(int, share)))
        for counted, share in zip(counts, np.stack(columns, axis=1), strict=True)
    ]


def with_streamed_work(counts: LayerCounts, spec: DramSpec, clock_hz: int) -> LayerCounts:
    """`counts` with the least that the DRAM `spec` would do for its bytes, to compare what was not simulated. psums go
    out as often as they come back."""
    moved = counts.dram_bytes
    written = moved.spikes_out + moved.membrane_write + moved.psum // 2
    cycles = ceil(counts.cycles.total / clock_hz / spec.timing.tCK_ns * 1e9)
    return replace(counts, dram=streamed_work(spec, moved.total - written, written, cycles))


def _bursts(runs: Runs, spec: DramSpec) -> Ints:
    """[runs] bursts that each touches."""
    shift = spec.offset_bits
    return (runs.address + runs.bytes - 1 >> shift) - (runs.address >> shift) + 1


def _rows(runs: Runs, spec: DramSpec) -> Ints:
    """[runs] stretches of a row's size that each enters: those that it touches, but for the one in which the run before
    it has ended."""
    row_bytes = spec.organisation.row_bytes
    first, last = runs.address // row_bytes, (runs.address + runs.bytes - 1) // row_bytes
    entered = last - first + 1
    entered[1:] -= first[1:] == last[:-1]
    return entered


def _summed(amounts: Ints, layer: Ints, layers: int) -> Ints:
    """[layers] sums of `amounts`."""
    sums = np.zeros(layers, np.int64)
    np.add.at(sums, layer, amounts)
    return sums
