"""Measure benchmarks, tell each figure at once, and keep those of an idle machine."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from benchmarks.frame.load import MOST_LOAD, Load, Snapshot, between, snapshot
from benchmarks.frame.machine import this_machine
from benchmarks.frame.members import Benchmark
from benchmarks.frame.results import Record
from benchmarks.frame.session import Session
from benchmarks.frame.table import HEAD, cells

LEAST_S = 1.0
"""Over which the load is told: ticks are too coarse for less."""


def measured(
    member: Benchmark, session: Session, load_before: float, attempts: int, tell: Callable[[str], None]
) -> Iterator[Record]:
    """A record for each figure, idle ones as soon as they are there.

    While others ran beside some of them, the benchmark runs again, up to `attempts` times; what was busy every time
    comes last, as it is. `tell` is given a line for each figure.
    """
    machine, kept, busy = this_machine(), set[str](), dict[str, Record]()
    for _ in range(attempts):
        taken = [snapshot()]
        for figure in member.figures(session):
            taken.append(snapshot())
            record = Record(figure, machine, load_before, between(_long_before(taken), taken[-1]))
            tell(line(record))
            if record.meanwhile.is_idle and figure.name not in kept:
                kept.add(figure.name)
                busy.pop(figure.name, None)
                yield record
            elif figure.name not in kept:
                busy[figure.name] = record
        if not busy:
            return
    yield from busy.values()


def _long_before(taken: list[Snapshot]) -> Snapshot:
    """The latest that is so long before the last one: figures that came at once were measured together."""
    return next((one for one in reversed(taken) if one.clock_s <= taken[-1].clock_s - LEAST_S), taken[0])


def line(record: Record) -> str:
    """What a terminal is told of a figure; whether it meets its target only of an idle machine."""
    is_idle = record.load_before < MOST_LOAD and record.meanwhile.is_idle
    name, *rest = cells(record.figure, judged=is_idle)
    told = [f"{head} {cell}" for head, cell in zip(HEAD[1:], rest, strict=True) if cell]
    return f"{name}: {'; '.join(told)}{beside(record.meanwhile)}"


def beside(load: Load) -> str:
    """What others did, where it was too much."""
    return "" if load.is_idle else f" [busy: others {load.others:.0%} of a core, host {load.stolen:.0%}; not kept]"
