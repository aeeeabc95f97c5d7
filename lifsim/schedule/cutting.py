"""Steps whose tile does not fit into a buffer stream through it: they are cut into steps whose part does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from lifsim.hardware.pipeline.kinds import Kind
from lifsim.hardware.stores import Store
from lifsim.schedule.moves import Moves, Visit
from lifsim.schedule.rows import Ints

MAX_PARTS = 1 << 12
"""Of one step: a buffer of a few bytes is not followed byte by byte."""


def cut(visit: Visit, buffers: Mapping[Kind, Store]) -> Visit:
    """`visit` in steps that load and store no more of a kind than its buffer holds.

    A step is cut into equal parts: outputs and moves are dealt to them in whole numbers. The extents of a move that is
    cut count as one extent.
    """
    most = visit.most_bytes.tolist()
    if all(most[kind] <= max(buffer.usable_bytes, 1) for kind, buffer in buffers.items()):
        return visit
    moves = visit.moves
    parts = np.ones(visit.steps, np.int64)
    for kind, buffer in buffers.items():
        needed = np.minimum(-(-visit.step_bytes[kind] // max(buffer.usable_bytes, 1)), MAX_PARTS)
        parts = np.maximum(parts, needed)
    steps, whole, part = _repeated(np.arange(visit.steps), parts)
    first = np.cumsum(parts) - parts
    index, pieces, piece = _repeated(np.arange(moves.step.size), parts[moves.step])
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

    def dealt(amount: Ints) -> Ints:
        return amount[steps] * (part + 1) // whole - amount[steps] * part // whole

    return replace(
        visit,
        round=visit.round[steps] if isinstance(visit.round, np.ndarray) else visit.round,
        outputs=dealt(visit.outputs),
        moves=Moves.joined([cut_moves]),
        timestep=visit.timestep[steps] if isinstance(visit.timestep, np.ndarray) else visit.timestep,
        work=None if visit.work is None else dealt(visit.work),
    )


def _repeated(index: Ints, times: Ints) -> tuple[Ints, Ints, Ints]:
    """Every index as often as `times` says; beside it how often, and the how-manieth it is."""
    first = np.cumsum(times) - times
    return np.repeat(index, times), np.repeat(times, times), np.arange(times.sum()) - np.repeat(first, times)
