"""What a simulated DRAM did, and which layer is charged for it.

docs/model.md, "Energy of a simulated DRAM", has the assumptions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import ceil

import numpy as np

from lifsim.accounting.counts import LayerCounts
from lifsim.config.dram import DramSpec
from lifsim.hardware.dram.counts import DramWork
from lifsim.hardware.dram.result import DramResult
from lifsim.hardware.dram.streamed import streamed_work
from lifsim.hardware.pipeline.timing import Runs
from lifsim.schedule.moves import shares
from lifsim.schedule.rows import Ints
from lifsim.simulate.steps import RunSteps

BY_TIME = ("refreshes", "active_rank_cycles", "idle_rank_cycles")
"""What passes whoever asks for what."""


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
            row_hits=work.row_hits,
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
    of addresses: the commands that were sent for them, refreshes and standby by its cycles."""
    requests, layers, sent = steps.program.requests, len(counts), dram.blocks
    layer = np.repeat(steps.layer[requests.step], np.diff(runs.first))
    write = np.repeat(requests.is_write, np.diff(runs.first))
    cycles = np.array([counted.cycles.total for counted in counts])
    columns = {
        "activates": _summed(sent.activates, layer, layers),
        "reads": _summed(sent.accesses * ~write, layer, layers),
        "writes": _summed(sent.accesses * write, layer, layers),
        "row_hits": _summed(sent.row_hits, layer, layers),
        **{name: shares(getattr(dram.work, name), cycles) for name in BY_TIME},
    }
    return [
        replace(counted, dram=DramWork(**{name: int(column[index]) for name, column in columns.items()}))
        for index, counted in enumerate(counts)
    ]


def with_streamed_work(counts: LayerCounts, spec: DramSpec, clock_hz: int) -> LayerCounts:
    """`counts` with the least that the DRAM `spec` would do for its bytes, to compare what was not simulated. psums go
    out as often as they come back."""
    moved = counts.dram_bytes
    written = moved.spikes_out + moved.membrane_write + moved.psum // 2
    cycles = ceil(counts.cycles.total / clock_hz / spec.timing.tCK_ns * 1e9)
    return replace(counts, dram=streamed_work(spec, moved.total - written, written, cycles))


def _summed(amounts: Ints, layer: Ints, layers: int) -> Ints:
    """[layers] sums of `amounts`."""
    sums = np.zeros(layers, np.int64)
    np.add.at(sums, layer, amounts)
    return sums
