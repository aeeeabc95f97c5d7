"""A step whose tile does not fit into a buffer streams through it: it is cut into smaller steps that fit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from lifsim.hardware.pipeline.kinds import Kind
from lifsim.hardware.stores import Store
from lifsim.lazy_dataclass import dataclass
from lifsim.schedule.tensors.moves import Moves, Visit
from lifsim.schedule.tensors.rows import Ints

MAX_PARTS = 1 << 12
"""The most parts of one step, so that a buffer of a few bytes is not simulated byte by byte."""


@dataclass(frozen=True)
class Parts:
    """parts: [steps] into how many parts each step is cut."""

    parts: Ints

    @classmethod
    def of(cls, step_bytes: Ints, buffers: Mapping[Kind, Store]) -> Parts:
        """As many parts of steps that move `step_bytes` [kinds, steps] that none loads or stores more of a kind than
        its buffer holds."""
        parts = np.ones(step_bytes.shape[1], np.int64)
        for kind, buffer in buffers.items():
            needed = np.minimum(-(-step_bytes[kind] // max(buffer.usable_bytes, 1)), MAX_PARTS)
            parts = np.maximum(parts, needed)
        return cls(parts)

    @property
    def whole(self) -> bool:
        """Whether no step is cut."""
        return bool(self.parts.max(initial=1) == 1)

    def repeated(self, column: Ints) -> Ints:
        """[parts] a `column` [steps], repeated for every part of its step."""
        return np.repeat(column, self.parts)

    def dealt(self, amount: Ints) -> Ints:
        """`amount` [steps], divided among the parts as equally as whole numbers allow."""
        steps, whole, part = _repeated(np.arange(self.parts.size), self.parts)
        return amount[steps] * (part + 1) // whole - amount[steps] * part // whole

    def moves(self, moves: Moves) -> Moves:
        """The moves, divided among the parts. The extents of a move that is cut count as one extent."""
        first = np.cumsum(self.parts) - self.parts
        index, pieces, piece = _repeated(np.arange(moves.step.size), self.parts[moves.step])
        size, is_cut = moves.bytes[index], pieces > 1
        begin, end = size * piece // pieces, size * (piece + 1) // pieces
        cut_moves = Moves(
            step=first[moves.step[index]] + piece,
            kind=moves.kind[index],
            region=moves.region[index],
            offset=moves.offset[index] + np.where(is_cut, begin, 0),
            extent_bytes=np.where(is_cut, end - begin, moves.extent_bytes[index]),
            extents=np.where(is_cut, 1, moves.extents[index]),
            pitch=moves.pitch[index],
        )
        return Moves.joined([cut_moves])


def cut(visit: Visit, buffers: Mapping[Kind, Store]) -> Visit:
    """`visit` in steps that load and store no more of a kind than its buffer holds, cut into equal parts."""
    if all(visit.largest[kind] <= max(buffer.usable_bytes, 1) for kind, buffer in buffers.items()):
        return visit
    parts = Parts.of(visit.step_bytes, buffers)
    return replace(
        visit,
        round=parts.repeated(visit.round) if isinstance(visit.round, np.ndarray) else visit.round,
        outputs=parts.dealt(visit.outputs),
        moves=parts.moves(visit.moves),
        timestep=parts.repeated(visit.timestep) if isinstance(visit.timestep, np.ndarray) else visit.timestep,
        work=None if visit.work is None else parts.dealt(visit.work),
    )


def _repeated(index: Ints, times: Ints) -> tuple[Ints, Ints, Ints]:
    """Every index repeated as often as `times` says; with each, how often, and the number of the repetition from 0."""
    first = np.cumsum(times) - times
    return np.repeat(index, times), np.repeat(times, times), np.arange(times.sum()) - np.repeat(first, times)
