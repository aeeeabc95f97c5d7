"""A long run, put together and played section by section: what it needs of this machine does not grow with its images.

Visits are gone through several times: once to see what all of them touch and work on, then as they are played, and once
more for each kind of load that enters the queue long before the steps that need it: into a buffer of two halves, or
into one that nothing was in before.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import fields
from itertools import chain

import numpy as np

from lifsim.accounting.counts import LayerCounts
from lifsim.hardware.dram.state import Array
from lifsim.hardware.pipeline.kinds import LOADS, STORES, WRITES, Kind
from lifsim.hardware.pipeline.program import Gates, Halves, Ints
from lifsim.hardware.pipeline.sections import ASKED, Section
from lifsim.hardware.stores import Stores
from lifsim.lazy_dataclass import dataclass
from lifsim.play.dealing import Dealer, StepWork, WorkSums, dealt_cycles
from lifsim.play.dram import Layout, layout_of
from lifsim.play.steps import FEW_STEPS, Placed, halves_of, placed, whole_buffers
from lifsim.schedule.cutting import cut
from lifsim.schedule.moves import Visit


@dataclass(frozen=True)
class RunSection:
    """A section, and whose its steps are: layer [steps]. moved_bytes: of all up to its end."""

    section: Section
    layer: Ints
    moved_bytes: int


class RunSections:
    """The steps of `visits`, whose `counts` are dealt to them, in sections of a few steps each. The requests of each
    layer are charged to two owners: 2 * layer its reads, 2 * layer + 1 its writes.

    Making it goes through all visits once. layout: where every tensor lies; digest: of all that the time of the steps
    follows from, 32 bytes: runs of the same take the same; steps, moved_bytes: of all.
    """

    def __init__(self, stores: Stores, visits: Iterable[Visit], counts: Sequence[LayerCounts]) -> None:
        self._visits, self._counts = visits, counts
        self._whole, self._halves = whole_buffers(stores), halves_of(stores)
        self._sums, self._first_load = WorkSums(), dict[int, int]()
        self.steps, self.moved_bytes = 0, 0
        seen = hashlib.blake2b(repr([dealt_cycles(counted) for counted in counts]).encode(), digest_size=32)
        self.layout = layout_of(self._surveyed(seen))
        self.digest = seen.digest()

    def _surveyed(self, seen: hashlib.blake2b) -> Iterator[Visit]:
        for visit in self._cut():
            moves = [getattr(visit.moves, one.name) for one in fields(visit.moves)]
            seen.update(repr((visit.layer, visit.regions, visit.steps, visit.moves.step.size)).encode())
            for column in (visit.rounds, visit.outputs, visit.array_shares, *moves):
                seen.update(column.tobytes())
            self._sums.add(StepWork.of([visit]))
            kinds, first = np.unique(visit.moves.kind, return_index=True)
            for kind, step in zip(kinds.tolist(), visit.moves.step[first].tolist(), strict=True):
                self._first_load.setdefault(kind, self.steps + step)
            self.steps += visit.steps
            self.moved_bytes += int(visit.moves.bytes.sum())
            yield visit

    def _is_early(self, kind: Kind) -> bool:
        """Whether loads enter the queue in an earlier section than that of their steps. The first section has a few
        steps at least."""
        return self._halves.double[kind] or self._first_load[kind] >= FEW_STEPS

    def _cut(self) -> Iterator[Visit]:
        return (cut(visit, self._whole) for visit in self._visits)

    def __iter__(self) -> Iterator[RunSection]:
        """In order. What enters the queue behind the last step of a section belongs to the next one."""
        layout, dealer = self.layout, Dealer(self._counts, self._sums)
        ahead = [kind for kind in LOADS if kind in self._first_load and self._is_early(kind)]
        queues = _Queues([kind for kind in Kind if kind not in ahead], self._halves)
        early = [_Ahead(_Queues([kind], self._halves), placed(self._cut()), layout) for kind in ahead]
        waiting, end, moved = np.zeros(0, ASKED), 0, 0
        for visits in _few_at_a_time(placed(self._cut())):
            first, work = visits[0].first, StepWork.of([each.visit for each in visits])
            end = first + work.layer.size
            mine = [queues.asked(each, layout) for each in visits]
            known = [waiting, *mine, *chain.from_iterable(each.until(end - 1) for each in early)]
            asked, is_last = np.concatenate(known), end == self.steps
            enters = np.full(asked.size, is_last) | (asked["gate"] < end - 1)
            queue, waiting = asked[enters], asked[~enters]
            order = np.lexsort([queue[name] for name in ("kind", "step", "turn", "gate")])
            section = Section(dealer.of(work), _stores(mine, first, work.layer.size), queue[order], is_last)
            moved += sum(int(each.visit.moves.bytes.sum()) for each in visits)
            yield RunSection(section, work.layer, moved)


class _Queues:
    """When the requests of `kinds` enter the queue, visit by visit."""

    def __init__(self, kinds: Sequence[Kind], halves: Halves) -> None:
        self._gates = {kind: Gates(kind, double=halves.double[kind]) for kind in kinds}

    def asked(self, each: Placed, layout: Layout) -> Array:
        """[moves of these kinds] what a visit asks for, in the order of its moves."""
        visit, first, after = each
        moves = visit.moves
        chosen = np.flatnonzero(np.isin(moves.kind, list(self._gates)))
        found = np.zeros(chosen.size, ASKED)
        found["step"] = moves.step[chosen] + first
        for name in ("kind", "extent_bytes", "extents", "pitch"):
            found[name] = getattr(moves, name)[chosen]
        found["address"] = layout.base_of(visit.regions)[moves.region[chosen]] + moves.offset[chosen]
        found["owner"] = 2 * visit.layer + np.isin(found["kind"], WRITES)
        for kind, gates in self._gates.items():
            mine = found["kind"] == kind
            found["gate"][mine], found["turn"][mine] = gates.of(found["step"][mine], after[chosen[mine]])
        return found


class _Ahead:
    """Loads that are asked for before the visits that need them are gone through."""

    def __init__(self, queues: _Queues, visits: Iterator[Placed], layout: Layout) -> None:
        self._queues, self._visits, self._layout = queues, visits, layout
        self._gate = -1

    def until(self, gate: int) -> Iterator[Array]:
        """More of them, until all are there that enter the queue before `gate`."""
        while self._gate < gate and (each := next(self._visits, None)) is not None:
            asked = self._queues.asked(each, self._layout)
            if asked.size:
                self._gate = int(asked["gate"].max())
                yield asked


def _few_at_a_time(visits: Iterable[Placed]) -> Iterator[list[Placed]]:
    """`visits`, as many at a time as have a few steps together."""
    found: list[Placed] = []
    steps = 0
    for each in visits:
        found.append(each)
        steps += each.visit.steps
        if steps >= FEW_STEPS:
            yield found
            found, steps = [], 0
    if found:
        yield found


def _stores(asked: Sequence[Array], first: int, steps: int) -> Array:
    """[steps, STORES] which of the steps from `first` on put something out."""
    found = np.zeros((steps, len(STORES)), np.bool_)
    for each in asked:
        for place, kind in enumerate(STORES):
            found[each["step"][each["kind"] == kind] - first, place] = True
    return found
