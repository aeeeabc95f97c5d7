"""What else the machine does while something is measured, from /proc."""

from __future__ import annotations

import os
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")

MOST_LOAD = 0.3
"""Of the last minute, before anything is measured."""

MOST_SHARE = 0.05
"""Of one core: what other processes, and other machines on the same host, may take meanwhile."""

SLACK_S = 0.05
"""What they may take in any case: /proc counts in ticks of 0.01 s on each core."""


@dataclass(frozen=True)
class Snapshot:
    """Seconds since the machine began: of all cores at work, of this process with its descendants, stolen by the host;
    on the clock."""

    work_s: float
    own_s: float
    stolen_s: float
    clock_s: float


@dataclass(frozen=True)
class Load:
    """Between two snapshots: cores that others worked on, and cores that the host took away."""

    others: float
    stolen: float
    seconds: float

    @property
    def is_idle(self) -> bool:
        """Whether nothing but this process ran."""
        return self.others + self.stolen <= max(MOST_SHARE, SLACK_S / self.seconds)


class BusyError(Exception):
    """Figures of a busy machine are not worth keeping."""


def snapshot(proc: Path = PROC, pid: int | None = None, clock_s: float | None = None) -> Snapshot:
    """Of this process; `proc`, `pid` and `clock_s` stand in for it in tests."""
    ticks = os.sysconf("SC_CLK_TCK")
    fields = [int(word) for word in (proc / "stat").read_text().splitlines()[0].split()[1:9]]
    user, nice, system, _, _, interrupts, soft_interrupts, stolen = fields
    return Snapshot(
        (user + nice + system + interrupts + soft_interrupts) / ticks,
        _own_ticks(proc, os.getpid() if pid is None else pid) / ticks,
        stolen / ticks,
        time.monotonic() if clock_s is None else clock_s,
    )


def between(before: Snapshot, after: Snapshot) -> Load:
    """What others did meanwhile."""
    seconds = max(after.clock_s - before.clock_s, 1e-9)
    others = (after.work_s - before.work_s) - (after.own_s - before.own_s)
    return Load(max(others, 0.0) / seconds, (after.stolen_s - before.stolen_s) / seconds, seconds)


def load_average(proc: Path = PROC) -> float:
    """Of the last minute."""
    return float((proc / "loadavg").read_text().split()[0])


def wait_until_idle(
    most_seconds: float, probe_s: float = 2.0, proc: Path = PROC, tell: Callable[[str], None] = lambda _: None
) -> float:
    """The load average when the machine is idle; `tell` is given a line, once, where it has to be waited for. Raises
    BusyError where it is not within `most_seconds`."""
    given_up, told = time.monotonic() + most_seconds, False
    while True:
        before = snapshot(proc)
        time.sleep(probe_s)
        meanwhile, average = between(before, snapshot(proc)), load_average(proc)
        if average < MOST_LOAD and meanwhile.is_idle:
            return average
        if time.monotonic() >= given_up:
            raise BusyError(
                f"the machine is busy: load {average:.2f} must be below {MOST_LOAD}, and other processes take"
                f" {meanwhile.others:.0%} of a core, its host {meanwhile.stolen:.0%}, must be {MOST_SHARE:.0%} at most;"
                " end what runs beside it or wait longer (--wait SECONDS), or print without keeping (--busy)"
            )
        if not told:
            told = True
            tell(
                f"busy: load {average:.2f}, others {meanwhile.others:.0%} of a core; waiting up to {most_seconds:.0f} s"
                f" for a load below {MOST_LOAD} and others below {MOST_SHARE:.0%} (--busy measures at once, keeps none)"
            )


def _own_ticks(proc: Path, pid: int) -> int:
    """CPU of a process and all below it, those that ended and were waited for among them."""
    used: dict[int, int] = {}
    children: dict[int, list[int]] = defaultdict(list)
    for file in proc.glob("[0-9]*/stat"):
        try:
            text = file.read_text()
        except OSError:  # it has just ended
            continue
        fields = text.rpartition(")")[2].split()  # a name may have blanks and brackets
        used[int(file.parent.name)] = sum(map(int, fields[11:15]))
        children[int(fields[1])].append(int(file.parent.name))
    found, todo = 0, [pid]
    while todo:
        one = todo.pop()
        found += used.get(one, 0)
        todo += children[one]
    return found
