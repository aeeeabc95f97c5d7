"""Many small visits in little of this machine's memory: their columns end to end, in as few bytes as hold them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from lifsim.lazy_dataclass import dataclass
from lifsim.schedule.tensors.moves import Moves, Visit
from lifsim.schedule.tensors.rows import Ints

TOGETHER = 1 << 10
"""Visits whose columns lie end to end: so many are unpacked at a time."""

WIDTHS = (np.int8, np.int16, np.int32)


class PackedVisits:
    """Those of a run in order, each a little dearer to look at than in a list, of which one costs some kilobytes."""

    def __init__(self, visits: Iterable[Visit]) -> None:
        self._packs = list(_packs(visits))

    def __iter__(self) -> Iterator[Visit]:
        for pack in self._packs:
            yield from pack.visits()


@dataclass(frozen=True)
class _Pack:
    """told: what each visit has beside its columns: layer, round, regions, timestep, and whether it says its work.
    step_edges, move_edges: [visits + 1] where its own begin in them. outputs, work: [steps]; moves: its columns."""

    told: Sequence[tuple[int, int | Ints | None, tuple[str, ...], int | Ints | None, bool]]
    step_edges: Ints
    move_edges: Ints
    outputs: NDArray[np.signedinteger]
    work: NDArray[np.signedinteger]
    moves: Sequence[NDArray[np.signedinteger]]

    def visits(self) -> Iterator[Visit]:
        """As they were."""
        outputs, work, *moves = (column.astype(np.int64) for column in (self.outputs, self.work, *self.moves))
        for number, (layer, round_, regions, timestep, works) in enumerate(self.told):
            steps, mine = slice(*self.step_edges[number : number + 2]), slice(*self.move_edges[number : number + 2])
            moved = Moves(*(column[mine] for column in moves))
            yield Visit(layer, round_, outputs[steps], moved, regions, timestep, work[steps] if works else None)


def _packs(visits: Iterable[Visit]) -> Iterator[_Pack]:
    known = dict[tuple[str, ...], tuple[str, ...]]()
    left = iter(visits)
    while some := list(islice(left, TOGETHER)):
        told = [
            (one.layer, one.round, known.setdefault(one.regions, one.regions), one.timestep, one.work is not None)
            for one in some
        ]
        steps, moves = ([0, *sizes] for sizes in ([v.steps for v in some], [v.moves.step.size for v in some]))
        yield _Pack(
            told,
            np.cumsum(steps),
            np.cumsum(moves),
            _narrow([one.outputs for one in some]),
            _narrow([one.array_shares for one in some]),
            [_narrow([getattr(one.moves, name) for one in some]) for name in Moves.__dataclass_fields__],
        )


def _narrow(columns: Sequence[Ints]) -> NDArray[np.signedinteger]:
    """End to end, in the fewest bytes that hold each."""
    joined = np.concatenate(columns)
    low, high = int(joined.min(initial=0)), int(joined.max(initial=0))
    for width in WIDTHS:
        if np.iinfo(width).min <= low and high <= np.iinfo(width).max:
            return joined.astype(width)
    return joined
