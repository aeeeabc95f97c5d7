"""Rows that have begun: what a pool or an add behind a layer has taken in of windows that are not complete yet.

A layer that works on some of its rows, and on the others later, cuts windows of the nodes behind it in two.
Such a node adds up (or, a max pool, keeps the largest of) what has passed, in a row of its own that waits in spike_out
until the last row of its window has passed: of rows first..end-1 that it needs, `done` of which have passed, a row has
begun if first < done < end.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from lifsim.graph.reach import Read, Step
from lifsim.lazy_dataclass import dataclass
from lifsim.schedule.tensors.rows import Ints
from lifsim.schedule.tensors.storage import Reals, rows_of, step_row_bytes


def has_windows(steps: Sequence[Step]) -> bool:
    """Whether a node behind a layer needs more than its own row of another one; steps: its nodes, its product first."""
    own = {step.name for step in steps}
    return any(_windowed(read) for step in steps[1:] for read in step.reads if read.node in own)


def begun_bytes(steps: Sequence[Step], rows: int, row_bytes: Mapping[str, int]) -> Ints:
    """[rows + 1] bytes that wait when so many of a layer's `rows` are done. steps: its nodes, its product first;
    row_bytes: by node, of those of which rows that have begun wait."""
    passed = np.arange(rows + 1)
    waiting = np.zeros_like(passed)
    for name, node in passing(steps, rows).items():
        waiting += (node.begun - node.complete) * row_bytes.get(name, 0)
    return waiting


@dataclass(frozen=True, eq=False)
class Passing:
    """A node behind a layer. begun, complete: [rows + 1] of its rows how many have begun, and of how many all has
    passed, when so many rows of the layer are done."""

    begun: Ints
    complete: Ints


def passing(steps: Sequence[Step], rows: int) -> dict[str, Passing]:
    """By node how far it is. What other layers hand to it is taken to be there."""
    passed, made = np.arange(rows + 1), rows_of(steps[0].tensor.shape)
    product = passed if made == rows else np.where(passed == rows, made, 0)
    found = {steps[0].name: Passing(product, product)}
    for step in steps[1:]:
        count = rows_of(step.tensor.shape)
        parts = [_parts(read, found[read.node].complete, count) for read in step.reads if read.node in found]
        begun, complete = zip(*parts, strict=True)
        found[step.name] = Passing(np.maximum.reduce(begun), np.minimum.reduce(complete))
    return found


def begun_together(steps: Sequence[Step], rows: int, reals: Reals, most: int | None = None) -> tuple[int, ...]:
    """[rows + 1] bytes of all timesteps, or of so many at most, of the rows that have begun; empty where there are no
    windows."""
    if not has_windows(steps):
        return ()
    sizes = {
        step.name: min(step.tensor.timesteps, most or step.tensor.timesteps) * step_row_bytes(step.tensor, reals)
        for step in steps
    }
    return tuple(begun_bytes(steps, rows, sizes).tolist())


def _windowed(read: Read) -> bool:
    return read.whole or read.stride > 1 or read.above > 0 or read.below > 0


def _parts(read: Read, done: Ints, count: int) -> tuple[Ints, Ints]:
    """Of `count` rows how many have begun, and of how many all has passed, when `done` rows of what they read have."""
    of = int(done[-1])
    if read.whole:
        return np.where(done > 0, count, 0), np.where(done == of, count, 0)
    top = np.arange(count) * read.stride - read.above
    first, end = np.clip(top, 0, of), np.clip(top + read.above + read.below + 1, 0, of)
    return np.searchsorted(first, done, "left"), np.searchsorted(end, done, "right")
