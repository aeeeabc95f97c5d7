"""What a DRAM did: commands by kind, and what its energy is counted from."""

from __future__ import annotations

from collections.abc import Iterable

from lifsim.lazy_dataclass import dataclass


@dataclass(frozen=True)
class DramCounts:
    """Commands of one channel, or of all. row_hits: reads and writes that found their row open and used already."""

    acts: int = 0
    pres: int = 0
    reads: int = 0
    writes: int = 0
    refs: int = 0
    row_hits: int = 0

    def __post_init__(self) -> None:
        if min(vars(self).values()) < 0 or self.row_hits > self.reads + self.writes or self.pres > self.acts:
            raise ValueError(f"DRAM counts do not balance: {self}")

    @classmethod
    def sum(cls, counts: Iterable[DramCounts]) -> DramCounts:
        """Of all channels."""
        return cls(*(sum(column) for column in zip(*(vars(one).values() for one in counts), strict=True)))

    @property
    def hit_rate(self) -> float:
        """row_hits / (reads + writes), 0 where there were none."""
        accesses = self.reads + self.writes
        return self.row_hits / accesses if accesses else 0.0


@dataclass(frozen=True)
class DramWork:
    """What a DRAM did, all of it or a part of it: commands of all channels, and memory cycles summed over the ranks,
    those with a row open (active) and those without (idle). Of these, ranks were asleep: in power-down with a row open
    or precharged, or in self-refresh; how often and how long. Energy is charged for all but the row hits."""

    activates: int
    reads: int
    writes: int
    row_hits: int
    refreshes: int
    active_rank_cycles: int
    idle_rank_cycles: int
    active_power_downs: int = 0
    precharge_power_downs: int = 0
    self_refreshes: int = 0
    active_power_down_rank_cycles: int = 0
    precharge_power_down_rank_cycles: int = 0
    self_refresh_rank_cycles: int = 0

    def __post_init__(self) -> None:
        standby = self.active_standby_rank_cycles, self.precharge_standby_rank_cycles
        if min(*vars(self).values(), *standby) < 0 or self.row_hits > self.reads + self.writes:
            raise ValueError(f"DRAM work does not balance: {self}")

    @property
    def active_standby_rank_cycles(self) -> int:
        """With a row open, awake."""
        return self.active_rank_cycles - self.active_power_down_rank_cycles

    @property
    def precharge_standby_rank_cycles(self) -> int:
        """Without a row open, awake."""
        return self.idle_rank_cycles - self.precharge_power_down_rank_cycles - self.self_refresh_rank_cycles


SLEEPS = ("active_power_downs", "precharge_power_downs", "self_refreshes")
"""Of `DramWork`: how often ranks went to sleep, by state."""

SLEEP_CYCLES = ("active_power_down_rank_cycles", "precharge_power_down_rank_cycles", "self_refresh_rank_cycles")
"""Of `DramWork`: how long they slept, in the same order."""
