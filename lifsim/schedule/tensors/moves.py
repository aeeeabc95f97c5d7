"""What a schedule moves, step by step: the tiles that the array works on and the extents in DRAM that they need."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from hashlib import blake2b
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from lifsim.hardware.pipeline.kinds import LOADS, STORES, Kind
from lifsim.lazy_dataclass import dataclass
from lifsim.schedule.tensors.rows import Ints

REPLAY = -1
"""The round of a visit in which only LIFs work, on currents that the array computed before."""

ALL_ROUNDS = -2
"""The round of a visit in which the array computes all rounds."""


IS_LOAD, IS_STORE = (np.isin(np.array(Kind), kinds) for kinds in (LOADS, STORES))
"""[kinds]"""


@dataclass(frozen=True)
class Moves:
    """DRAM transfers in order of their steps; every column is [moves] int64.

    step: the step that needs or puts out the bytes. kind: a `Kind`. region: index of the tensor in `Visit.regions`.
    offset: of the first byte in the tensor. A move has `extents` extents of extent_bytes each, whose starts are `pitch`
    apart.
    """

    step: Ints
    kind: Ints
    region: Ints
    offset: Ints
    extent_bytes: Ints
    extents: Ints
    pitch: Ints

    @property
    def bytes(self) -> Ints:
        """[moves] bytes of each."""
        return self.extent_bytes * self.extents

    @property
    def ends(self) -> Ints:
        """[moves] the first byte behind each."""
        return self.offset + (self.extents - 1) * self.pitch + self.extent_bytes

    def by_step(self, steps: int) -> Ints:
        """[kinds, steps] bytes of each of `steps` steps."""
        found = np.zeros((len(Kind), steps), np.int64)
        np.add.at(found, (self.kind, self.step), self.bytes)
        return found

    def total(self, kind: Kind) -> int:
        """Bytes of one kind."""
        return int(self.bytes[self.kind == kind].sum())

    def only(self, chosen: NDArray[np.bool_]) -> Moves:
        """The moves that are `chosen` [moves]."""
        return Moves(*(getattr(self, name)[chosen] for name in self.__dataclass_fields__))

    @classmethod
    def joined(cls, parts: Iterable[Moves]) -> Moves:
        """All these moves, sorted by step, then by kind, without empty ones."""
        every = list(parts)
        columns = [np.concatenate([getattr(part, name) for part in every]) for name in cls.__dataclass_fields__]
        moves = cls(*columns)
        moved = np.flatnonzero(moves.bytes)
        order = moved[np.lexsort((moves.kind[moved], moves.step[moved]))]
        return cls(*(column[order] for column in columns))


def moves_of(
    kind: Kind | Ints,
    region: Ints | int,
    step: Ints,
    offset: Ints | int,
    extent_bytes: Ints,
    extents: Ints | int = 1,
    pitch: Ints | int = 0,
) -> Moves:
    """Moves from these columns, which NumPy broadcasts to one length."""
    columns = (step, kind, region, offset, extent_bytes, extents, pitch)
    table = np.empty((len(columns), *np.broadcast(*columns).shape), np.int64)
    for row, column in zip(table, columns, strict=True):
        row[...] = column
    return Moves(*table.reshape(len(columns), -1))


@dataclass(frozen=True, eq=False)
class Visit:
    """A stretch of one layer's work on the array.

    layer: its index. round: the first of the layer's rounds that the array computes, up to the first round of another
    visit; None for all, `REPLAY` for none (only LIFs work); [steps] if steps are in several timesteps. outputs: [steps]
    outputs of each step, in proportion to which cycles are divided among the steps. regions: names of the tensors that
    `moves` refers to. timestep: of the visit, or [steps] of each step; None if all timesteps run together. work:
    [steps] dense cycles of each step's tile, in proportion to which the array's cycles are divided; None: in proportion
    to outputs. Visits are compared by value, since results are cached by them.
    """

    layer: int
    round: int | Ints | None
    outputs: Ints
    moves: Moves
    regions: tuple[str, ...]
    timestep: int | Ints | None = None
    work: Ints | None = None

    def __eq__(self, other: object) -> bool:
        return self.digest == other.digest if isinstance(other, Visit) else NotImplemented

    def __hash__(self) -> int:
        """A cheap hash of the fields in which the visits of a run usually differ."""
        return self._hash

    @cached_property
    def _hash(self) -> int:
        return hash((self.layer, self.largest))

    @cached_property
    def digest(self) -> bytes:
        """A hash of everything that it says, 32 bytes."""
        columns = [self.outputs, *(getattr(self.moves, name) for name in Moves.__dataclass_fields__)]
        told: list[object] = [self.layer, self.regions]
        for each in (self.round, self.timestep, self.work):
            told.append("by step" if isinstance(each, np.ndarray) else each)
            columns += [each] if isinstance(each, np.ndarray) else []
        told += [column.size for column in columns]
        content = (column.astype(np.int64, copy=False).tobytes() for column in columns)
        return blake2b(b"".join([repr(told).encode(), *content]), digest_size=32).digest()

    @property
    def rounds(self) -> int | Ints:
        """The round of all steps, or [steps] of each."""
        return ALL_ROUNDS if self.round is None else self.round

    @property
    def array_shares(self) -> Ints:
        """[steps] weights by which the array's cycles are divided among the steps."""
        return self.outputs if self.work is None else self.work

    @property
    def steps(self) -> int:
        """How many."""
        return len(self.outputs)

    @cached_property
    def step_bytes(self) -> Ints:
        """[kinds, steps] that each step moves."""
        return self.moves.by_step(self.steps)

    @cached_property
    def moved(self) -> Ints:
        """[kinds] that all steps move."""
        moved: Ints = self.step_bytes.sum(axis=1)
        return moved

    @cached_property
    def largest(self) -> tuple[int, ...]:
        """[kinds] that any step moves at the most."""
        return tuple(self.step_bytes.max(axis=1, initial=0).tolist())

    @cached_property
    def array_bytes(self) -> int:
        """Bytes that its arrays take in this machine's memory, cached properties excluded."""
        held = (*vars(self).values(), *vars(self.moves).values())
        return sum(one.nbytes for one in held if isinstance(one, np.ndarray))


def shares(total: int, weights: Ints) -> Ints:
    """[n] `total`, divided by `weights` [n] into whole numbers: the first k parts sum up to floor(total * (w_1 + ..
    w_k) / sum(w))."""
    return shares_between(total, weights, 0, int(weights.sum()))


def shares_between(total: int, weights: Ints, before: int, summed: int) -> Ints:
    """[n] a section of the `shares` of more weights, which sum up to `summed`: those of `weights` [n], behind weights
    of sum `before`."""
    if not summed or total < (1 << 62) // summed:
        edges = total * (before + np.cumsum(weights)) // max(summed, 1)
    else:
        passed = accumulate(map(int, weights), initial=before)
        edges = np.array([total * edge // summed for edge in passed][1:], np.int64)
    edges[1:] -= edges[:-1].copy()
    edges[:1] -= total * before // max(summed, 1)
    return edges


def all_shares(totals: Ints, weights: Ints) -> Ints:
    """[k, n, m] each of `totals` [k, n], divided into `shares` by the `weights` [k, m] of its row."""
    summed = np.maximum(weights.sum(axis=1), 1)
    if int(totals.max(initial=0)) >= (1 << 62) // int(summed.max(initial=1)):
        every = zip(totals.tolist(), weights, strict=True)
        return np.array([[shares(total, row) for total in of_row] for of_row, row in every])
    edges: Ints = totals[:, :, None] * np.cumsum(weights, axis=1)[:, None] // summed[:, None, None]
    edges[..., 1:] -= edges[..., :-1].copy()
    return edges


def dealt(totals: Ints, weights: Ints) -> Ints:
    """[n, k] each of `totals` [n], divided into `shares` by the same `weights` [k]."""
    found: Ints = all_shares(totals[None], weights[None])[0]
    return found
