"""The record of a DRAM simulation."""

from __future__ import annotations

from dataclasses import field
from functools import cached_property

import numpy as np
import numpy.typing as npt

from lifsim.hardware.dram.counts import SLEEP_CYCLES, SLEEPS, DramCounts, DramWork
from lifsim.hardware.dram.energy import Background, DramEnergy, background_pj, energy_pj
from lifsim.lazy_dataclass import dataclass
from lifsim.model.dram import DramSpec


@dataclass(frozen=True)
class BlockCounts:
    """What was sent for each block (or request), [N] int64. accesses: reads or writes; row_hits: of these. A burst that
    is answered by what was sent for another has none."""

    activates: npt.NDArray[np.int64]
    accesses: npt.NDArray[np.int64]
    row_hits: npt.NDArray[np.int64]


@dataclass(frozen=True)
class DramResult:
    """cycles: until the last burst has crossed the bus. channels: commands of each. active_rank_cycles: cycles with a
    row open, summed over ranks. sleeps, sleep_cycles: how often and how long ranks slept in active power-down, in
    precharge power-down and in self-refresh, summed over ranks. arrival_cycles, completion_cycles: [N] int64 of each
    block (or request); blocks: commands of each."""

    spec: DramSpec
    cycles: int
    channels: tuple[DramCounts, ...]
    active_rank_cycles: int
    sleeps: tuple[int, int, int]
    sleep_cycles: tuple[int, int, int]
    arrival_cycles: npt.NDArray[np.int64] = field(repr=False, compare=False)
    completion_cycles: npt.NDArray[np.int64] = field(repr=False, compare=False)
    blocks: BlockCounts = field(repr=False, compare=False)

    def __post_init__(self) -> None:
        ranks = self.spec.organisation.channels * self.spec.organisation.ranks
        if not 0 <= self.active_rank_cycles <= self.cycles * ranks:
            raise ValueError(f"{self.active_rank_cycles} active of {self.cycles} x {ranks} rank cycles do not balance")
        counts, blocks = self.counts, self.blocks
        sums = [int(column.sum()) for column in (blocks.activates, blocks.accesses, blocks.row_hits)]
        if sums != [counts.acts, counts.reads + counts.writes, counts.row_hits]:
            raise ValueError(f"commands of blocks, {sums}, are not those of the channels, {counts}")

    @cached_property
    def counts(self) -> DramCounts:
        """Commands of all channels."""
        return DramCounts.sum(self.channels)

    @property
    def work(self) -> DramWork:
        """What energy is charged for."""
        counts, organisation = self.counts, self.spec.organisation
        idle = self.cycles * organisation.channels * organisation.ranks - self.active_rank_cycles
        return DramWork(
            activates=counts.acts,
            reads=counts.reads,
            writes=counts.writes,
            row_hits=counts.row_hits,
            refreshes=counts.refs,
            active_rank_cycles=self.active_rank_cycles,
            idle_rank_cycles=idle,
            **dict(zip(SLEEPS, self.sleeps, strict=True)),
            **dict(zip(SLEEP_CYCLES, self.sleep_cycles, strict=True)),
        )

    @cached_property
    def energy(self) -> DramEnergy:
        """pJ by cause."""
        return energy_pj(self.spec, self.work)

    @cached_property
    def background(self) -> Background:
        """pJ of `energy.background`, by the state of ranks."""
        return background_pj(self.spec, self.work)

    @property
    def moved_bytes(self) -> int:
        """Bursts on the bus x burst bytes; what a queue answered by itself is not moved."""
        return (self.counts.reads + self.counts.writes) * self.spec.organisation.burst_bytes

    @property
    def seconds(self) -> float:
        """cycles x tCK."""
        return self.cycles * self.spec.timing.tCK_ns * 1e-9

    @property
    def bytes_per_second(self) -> float:
        """moved_bytes / seconds, 0 for nothing."""
        return self.moved_bytes / self.seconds if self.cycles else 0.0

    @property
    def peak_share(self) -> float:
        """Moved bytes of what the bus could have moved."""
        return self.moved_bytes / (self.cycles * self.spec.peak_bytes_per_cycle) if self.cycles else 0.0
