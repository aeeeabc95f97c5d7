"""Consecutive visits as one table of steps, so that work on many small visits is vectorised."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np

from lifsim.distinct import distinct
from lifsim.hardware.pipeline.kinds import Kind
from lifsim.hardware.pipeline.program import START
from lifsim.hardware.stores import Store
from lifsim.lazy_dataclass import dataclass
from lifsim.schedule.tensors.cutting import Parts
from lifsim.schedule.tensors.moves import IS_LOAD, IS_STORE, Moves, Visit
from lifsim.schedule.tensors.rows import Ints

FEW_STEPS = 1 << 13
"""Steps of a stretch."""


@dataclass(frozen=True)
class Stretch:
    """layer, rounds, outputs, array_shares: [steps] as of `Visit`. moves: steps are counted from the first one of the
    stretch, regions are those of all its visits, in the order in which these name them first; named: [regions, 2] the
    first visit that names each, and the last. ends: [visits] the step behind each."""

    layer: Ints
    rounds: Ints
    outputs: Ints
    array_shares: Ints
    moves: Moves
    regions: tuple[str, ...]
    named: Ints
    ends: Ints

    @classmethod
    def of(cls, visits: Sequence[Visit]) -> Stretch:
        """The stretch of all `visits`, at least one."""
        steps = np.array([visit.steps for visit in visits])
        outputs, own = np.concatenate([visit.outputs for visit in visits]), all(visit.work is None for visit in visits)
        moved = np.array([visit.moves.step.size for visit in visits])
        place, named, numbers = dict[str, int](), list[list[int]](), list[int]()
        for index, visit in enumerate(visits):
            for name in visit.regions:
                if name not in place:
                    place[name] = len(named)
                    named.append([index, index])
                named[place[name]][1] = index
                numbers.append(place[name])
        regions = np.array([len(visit.regions) for visit in visits])
        columns = {
            name: np.concatenate([getattr(visit.moves, name) for visit in visits])
            for name in Moves.__dataclass_fields__
        }
        columns["step"] += np.repeat(np.cumsum(steps) - steps, moved)
        columns["region"] = np.array(numbers)[columns["region"] + np.repeat(np.cumsum(regions) - regions, moved)]
        return cls(
            np.repeat([visit.layer for visit in visits], steps),
            _by_step([visit.rounds for visit in visits], steps),
            outputs,
            outputs if own else np.concatenate([visit.array_shares for visit in visits]),
            Moves(**columns),
            tuple(place),
            np.array(named),
            np.cumsum(steps),
        )

    @property
    def steps(self) -> int:
        """The number of steps."""
        return self.layer.size

    def cut(self, parts: Parts) -> Stretch:
        """The stretch with each step cut into `parts`."""
        if parts.whole:
            return self
        return replace(
            self,
            layer=parts.repeated(self.layer),
            rounds=parts.repeated(self.rounds),
            outputs=parts.dealt(self.outputs),
            array_shares=parts.dealt(self.array_shares),
            moves=parts.moves(self.moves),
            ends=np.cumsum(np.append(0, parts.parts))[self.ends],
        )


def _by_step(told: Sequence[int | Ints], steps: Ints) -> Ints:
    """[steps] what is `told` of all steps of a visit, or of each; steps: [visits] how many it has."""
    if any(isinstance(one, np.ndarray) for one in told):
        return np.concatenate([np.broadcast_to(one, count) for one, count in zip(told, steps.tolist(), strict=True)])
    return np.repeat(np.array(told, np.int64), steps)


def stretches(visits: Iterable[Visit]) -> Iterator[Stretch]:
    """`visits` in stretches of as many as have a few steps together."""
    return map(Stretch.of, _few_at_a_time(visits))


def _few_at_a_time(visits: Iterable[Visit]) -> Iterator[list[Visit]]:
    found, steps = list[Visit](), 0
    for visit in visits:
        found.append(visit)
        steps += visit.steps
        if steps >= FEW_STEPS:
            yield found
            found, steps = [], 0
    if found:
        yield found


def cut_stretches(visits: Iterable[Visit], buffers: Mapping[Kind, Store]) -> Iterator[Stretch]:
    """`visits` in stretches, whose steps load and store no more of a kind than its buffer holds; each has as many
    visits as have a few such steps together."""
    rest = list[Visit]()
    for some in _few_at_a_time(visits):
        rest = yield from _cut([*rest, *some], buffers)
    if rest:
        yield stretch_of(rest, buffers)


def stretch_of(visits: Sequence[Visit], buffers: Mapping[Kind, Store]) -> Stretch:
    """The stretch of all `visits`, at least one, in steps that load and store no more of a kind than its buffer
    holds."""
    stretch = Stretch.of(visits)
    return stretch.cut(_parts(stretch, buffers))


def _cut(visits: list[Visit], buffers: Mapping[Kind, Store]) -> Generator[Stretch, None, list[Visit]]:
    """Cut visits into stretches; return the visits behind the last one. Most visits are not cut, and make one
    stretch."""
    whole = Stretch.of(visits)
    parts = _parts(whole, buffers)
    edges, before = [0], 0
    for number, end in enumerate(np.cumsum(parts.parts)[whole.ends - 1].tolist(), start=1):
        if end - before >= FEW_STEPS:
            edges.append(number)
            before = end
    if edges == [0, len(visits)]:
        yield whole.cut(parts)
        return []
    for first, end in pairwise(edges):
        yield stretch_of(visits[first:end], buffers)
    return visits[edges[-1] :]


def _parts(stretch: Stretch, buffers: Mapping[Kind, Store]) -> Parts:
    return Parts.of(stretch.moves.by_step(stretch.steps), buffers)


class Placed:
    """Consecutive stretches: where each begins, and what its loads must wait for."""

    def __init__(self) -> None:
        self.first = 0
        self._written = dict[str, int]()

    def after(self, stretch: Stretch) -> Ints:
        """[moves] the step after whose stores each load of the next stretch is served: the last step of the visit that
        wrote the tensor, `START` for a tensor that was there before."""
        moves, visits = stretch.moves, stretch.ends.size
        last = self.first + stretch.ends - 1
        use = moves.region * visits + np.searchsorted(stretch.ends, moves.step, side="right")
        stored = distinct(use[IS_STORE[moves.kind]])
        before = np.array([self._written.get(name, START) for name in stretch.regions], np.int64)
        found = np.full(use.size, START, np.int64)
        loads = np.flatnonzero(IS_LOAD[moves.kind])
        place = np.searchsorted(stored, use[loads]) - 1
        region, visit = np.divmod(np.append(stored, -1)[place], visits)  # of no region if there is none
        found[loads] = np.where(region == moves.region[loads], last[visit], before[moves.region[loads]])
        for use_ in stored.tolist():
            self._written[stretch.regions[use_ // visits]] = int(last[use_ % visits])
        self.first += stretch.steps
        return found
