"""Many small visits in little memory: their columns are concatenated, in the narrowest type that holds them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from lifsim.lazy_dataclass import dataclass
from lifsim.schedule.tensors.moves import Moves, Visit
from lifsim.schedule.tensors.rows import Ints

TOGETHER = 1 << 10
"""Visits per pack: so many are unpacked at a time."""

WIDTHS = (np.int8, np.int16, np.int32)


class PackedVisits:
    """The visits of a run in order. Reading one is a little slower than from a list, in which a visit takes some
    kilobytes."""

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
        """The visits, unpacked."""
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
    """The arrays concatenated, in the narrowest type that holds them."""
    joined = np.concatenate(columns)
    low, high = int(joined.min(initial=0)), int(joined.max(initial=0))
    for width in WIDTHS:
        if np.iinfo(width).min <= low and high <= np.iinfo(width).max:
            return joined.astype(width)
    return joined
