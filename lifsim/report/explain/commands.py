"""A layer's share of the commands of a simulated DRAM."""

from __future__ import annotations

from collections.abc import Iterator

from lifsim.hardware.dram.counts import DramWork
from lifsim.report.explain.line import Line, plus


def command_lines(work: DramWork, burst_bytes: int) -> Iterator[Line]:
    """The commands. The energy of the DRAM is their number times the device's prices, plus standby."""
    bursts = work.reads + work.writes
    why = f"reads + writes of {burst_bytes} bytes, less what meets in the controller's queues"
    yield Line("DRAM bursts", plus(str(work.reads), str(work.writes)), bursts, "commands", why)
    why = f"rows that were opened for its bursts; {work.row_hits} found theirs open and used"
    yield Line("DRAM activates", str(work.activates), work.activates, "commands", why)
    yield Line("DRAM refreshes", str(work.refreshes), work.refreshes, "commands", "a share of the run's, by its cycles")
