"""Makes the runs of a comparison, one after the other in this process or in parallel processes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from functools import partial

from lifsim.errors import InputError
from lifsim.kernels.share import share_cache
from lifsim.processes.pool import Lost, Pool
from lifsim.report.compare.runs import Entry, Failure, Run
from lifsim.simulate.result import Result
from lifsim.sweeps.combinations import Asked
from lifsim.sweeps.together import Together, run_each
from lifsim.units import counted
from lifsim.watch import Watch

Keep = Callable[[str, Result], None]
"""Is told of every run that is made, with its label; with several processes in theirs."""


def made(asked: Sequence[Asked], watch: Watch, keep: Keep, jobs: int) -> Iterator[Entry]:
    """Each run, in order, or why there is none. jobs: processes, of which one is this one."""
    if jobs > 1 and len(asked) > 1:
        yield from _beside(asked, watch, keep, min(jobs, len(asked)))
        return
    for one, found in zip(asked, run_each(asked, watch), strict=True):
        yield _entry(one, found, keep)


def _entry(one: Asked, found: Result | InputError, keep: Keep) -> Entry:
    if isinstance(found, InputError):
        return Failure.of(one.label, found)
    keep(one.label, found)
    return Run.of(one.label, found)


def _beside(asked: Sequence[Asked], watch: Watch, keep: Keep, jobs: int) -> Iterator[Entry]:
    share_cache()
    entries: dict[int, Entry] = {}
    pool: Pool[int, Entry] = Pool(partial(Maker, asked, keep), jobs)
    watch("runs", 0, len(asked))
    with closing(pool):
        for index, entry in pool.answers(range(len(asked))):
            if isinstance(entry, Lost):
                times = counted(entry.attempts, "time")
                why = f"the process that ran it died {times}, the last time with exit code {entry.status}"
                entries[index] = Failure(asked[index].label, (why,))
            else:
                entries[index] = entry
            watch("runs", len(entries), len(asked))
    yield from (entries[index] for index in range(len(asked)))


class Maker:
    """Makes runs in a process of its own, by their place among those that are asked for."""

    def __init__(self, asked: Sequence[Asked], keep: Keep) -> None:
        self._asked, self._keep, self._together = asked, keep, Together()

    def __call__(self, index: int) -> Entry:
        """Whatever is wrong with its inputs is the entry."""
        one = self._asked[index]
        found = one.inputs
        if not isinstance(found, InputError):
            try:
                return _entry(one, self._together.run(found), self._keep)
            except InputError as error:
                found = error
        return _entry(one, found, self._keep)
