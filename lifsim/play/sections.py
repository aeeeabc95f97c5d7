"""A long run, built and played section by section, so that its memory on this machine does not grow with its images.

The visits are iterated several times: once to find what all of them touch and work on, once to play them, and once more
for each kind of load that enters the queue long before the steps that need it, because its buffer has two halves or was
empty before.
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
from lifsim.play.dram import Layout, addresses, layout_of
from lifsim.play.steps import halves_of, whole_buffers
from lifsim.play.stretches import FEW_STEPS, Placed, Stretch, cut_stretches
from lifsim.schedule.tensors.moves import Visit
from lifsim.watch import Watch, unwatched


@dataclass(frozen=True)
class RunSection:
    """A section. layer: [steps] the layer of each step. moved_bytes: of all steps up to its end."""

    section: Section
    layer: Ints
    moved_bytes: int


class RunSections:
    """The steps of `visits`, with the cycles of `counts` dealt to them, in sections of a few steps each. The requests
    of each layer are charged to two owners: 2 * layer for reads, 2 * layer + 1 for writes.

    The constructor iterates all visits once, and tells `watch` how far it is. layout: where every tensor lies; digest:
    32 bytes that identify everything on which the time of the steps depends; steps, moved_bytes: totals.
    """

    def __init__(
        self, stores: Stores, visits: Iterable[Visit], counts: Sequence[LayerCounts], watch: Watch = unwatched
    ) -> None:
        self._visits, self._counts, self._watch = visits, counts, watch
        self._whole, self._halves = whole_buffers(stores), halves_of(stores)
        self._sums, self._first_load = WorkSums(), dict[int, int]()
        self.steps, self.moved_bytes = 0, 0
        seen = hashlib.blake2b(repr([dealt_cycles(counted) for counted in counts]).encode(), digest_size=32)
        self.layout = layout_of(self._surveyed(seen))
        self.digest = seen.digest()

    def _surveyed(self, seen: hashlib.blake2b) -> Iterator[Stretch]:
        total = sum(counted.dram_bytes.total for counted in self._counts)
        for each in self._stretches():
            moves = [getattr(each.moves, one.name) for one in fields(each.moves)]
            columns = (each.layer, each.rounds, each.outputs, each.array_shares, each.ends, *moves)
            seen.update(repr((each.regions, [column.size for column in columns])).encode())
            for column in columns:
                seen.update(column.tobytes())
            self._sums.add(StepWork.of(each))
            kinds, first = np.unique(each.moves.kind, return_index=True)
            for kind, step in zip(kinds.tolist(), each.moves.step[first].tolist(), strict=True):
                self._first_load.setdefault(kind, self.steps + step)
            self.steps += each.steps
            self.moved_bytes += int(each.moves.bytes.sum())
            self._watch("KiB of DRAM traffic listed", self.moved_bytes >> 10, total >> 10)
            yield each

    def _is_early(self, kind: Kind) -> bool:
        """Whether loads enter the queue in an earlier section than that of their steps. Even the first section has a
        few steps."""
        return self._halves.double[kind] or self._first_load[kind] >= FEW_STEPS

    def _stretches(self) -> Iterator[Stretch]:
        return cut_stretches(self._visits, self._whole)

    def __iter__(self) -> Iterator[RunSection]:
        """The sections in order. Requests that enter the queue behind the last step of a section belong to the next
        one."""
        dealer = Dealer(self._counts, self._sums)
        ahead = [kind for kind in LOADS if kind in self._first_load and self._is_early(kind)]
        queues = _Queues([kind for kind in Kind if kind not in ahead], self._halves, self.layout)
        early = [_Ahead(_Queues([kind], self._halves, self.layout), self._stretches()) for kind in ahead]
        waiting, first, moved = np.zeros(0, ASKED), 0, 0
        for each in self._stretches():
            end = first + each.steps
            mine = queues.asked(each)
            known = [waiting, mine, *chain.from_iterable(one.until(end - 1) for one in early)]
            asked, is_last = np.concatenate(known), end == self.steps
            enters = np.full(asked.size, is_last) | (asked["gate"] < end - 1)
            queue, waiting = asked[enters], asked[~enters]
            order = np.lexsort([queue[name] for name in ("kind", "step", "turn", "gate")])
            section = Section(dealer.of(StepWork.of(each)), _stores(mine, first, each.steps), queue[order], is_last)
            moved += int(each.moves.bytes.sum())
            first = end
            yield RunSection(section, each.layer, moved)


class _Queues:
    """When the requests of `kinds` enter the queue, stretch by stretch."""

    def __init__(self, kinds: Sequence[Kind], halves: Halves, layout: Layout) -> None:
        self._gates = {kind: Gates(kind, double=halves.double[kind]) for kind in kinds}
        self._placed, self._layout = Placed(), layout

    def asked(self, each: Stretch) -> Array:
        """[moves of these kinds] what the next stretch asks for, in the order of its moves."""
        moves, first = each.moves, self._placed.first
        after = self._placed.after(each)
        chosen = np.flatnonzero(np.isin(moves.kind, list(self._gates)))
        found = np.zeros(chosen.size, ASKED)
        found["step"] = moves.step[chosen] + first
        for name in ("kind", "extent_bytes", "extents", "pitch"):
            found[name] = getattr(moves, name)[chosen]
        found["address"] = addresses(each, self._layout)[chosen]
        found["owner"] = 2 * each.layer[moves.step[chosen]] + np.isin(found["kind"], WRITES)
        for kind, gates in self._gates.items():
            mine = found["kind"] == kind
            found["gate"][mine], found["turn"][mine] = gates.of(found["step"][mine], after[chosen[mine]])
        return found


class _Ahead:
    """Loads that enter the queue before the stretches that need them are reached."""

    def __init__(self, queues: _Queues, stretches: Iterator[Stretch]) -> None:
        self._queues, self._stretches = queues, stretches
        self._gate = -1

    def until(self, gate: int) -> Iterator[Array]:
        """Look further ahead, until all loads that enter the queue before `gate` are known."""
        while self._gate < gate and (each := next(self._stretches, None)) is not None:
            asked = self._queues.asked(each)
            if asked.size:
                self._gate = int(asked["gate"].max())
                yield asked


def _stores(asked: Array, first: int, steps: int) -> Array:
    """[steps, STORES] which of the steps from `first` on store something."""
    found = np.zeros((steps, len(STORES)), np.bool_)
    for place, kind in enumerate(STORES):
        found[asked["step"][asked["kind"] == kind] - first, place] = True
    return found
