"""What a DRAM would do for so many bytes at best: an estimate without a simulation."""

from __future__ import annotations

from lifsim.hardware.dram.counts import DramWork
from lifsim.model.dram import DramSpec


def streamed_work(spec: DramSpec, read_bytes: int, written_bytes: int, cycles: int) -> DramWork:
    """The least work of `spec` for these bytes within `cycles` of the memory, or as many as they take at its peak.

    Whole bursts, every row activated once, each rank refreshed once in tREFI, no row kept open. Ranks that may be put
    into self-refresh, where nobody else refreshes them, or else into power-down, are there whenever the bus is not
    theirs.
    """
    organisation = spec.organisation
    reads, writes = (-(-size // organisation.burst_bytes) for size in (read_bytes, written_bytes))
    passed = max(cycles, -(-(reads + writes) * organisation.burst_cycles // organisation.channels))
    ranks = organisation.channels * organisation.ranks
    activates = -(-(reads + writes) * organisation.burst_bytes // organisation.row_bytes)
    busy = (reads + writes) * organisation.burst_cycles
    asleep = passed * ranks - busy
    refreshes_itself = spec.controller.self_refresh_after_cycles != "off"
    sleeps = spec.controller.power_down_after_cycles != "off" and not refreshes_itself
    return DramWork(
        activates=activates,
        reads=reads,
        writes=writes,
        row_hits=reads + writes - activates,
        refreshes=0 if refreshes_itself else passed // spec.timing.tREFI * ranks,
        active_rank_cycles=0,
        idle_rank_cycles=passed * ranks,
        precharge_power_downs=ranks if sleeps else 0,
        precharge_power_down_rank_cycles=asleep if sleeps else 0,
        self_refreshes=ranks if refreshes_itself else 0,
        self_refresh_rank_cycles=asleep if refreshes_itself else 0,
    )
