"""Rows that have begun: partial results of pools and adds behind a layer, whose windows are not complete yet.

A layer that computes its rows in several visits splits windows of the nodes behind it. Such a node accumulates the rows
that it has received (their sum, or, a max pool, their maximum) in a row of its own, which waits in spike_out until the
window is complete. A row that needs rows first..end-1 has begun when `done` rows are there and first < done < end.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from lifsim.graph.reach import Read, Step
from lifsim.lazy_dataclass import dataclass
from lifsim.schedule.tensors.rows import Ints
from lifsim.schedule.tensors.storage import Reals, rows_of, step_row_bytes


def has_windows(steps: Sequence[Step]) -> bool:
    """Whether any node behind a layer needs more than its own row of another node. steps: the layer's nodes, its
    product first."""
    own = {step.name for step in steps}
    return any(_windowed(read) for step in steps[1:] for read in step.reads if read.node in own)


def begun_bytes(steps: Sequence[Step], rows: int, row_bytes: Mapping[str, int]) -> Ints:
    """[rows + 1] bytes that wait when 0, 1, ... of a layer's `rows` are done. steps: its nodes, its product first;
    row_bytes: bytes of a row, by node, of the nodes whose begun rows wait."""
    passed = np.arange(rows + 1)
    waiting = np.zeros_like(passed)
    for name, node in passing(steps, rows).items():
        waiting += (node.begun - node.complete) * row_bytes.get(name, 0)
    return waiting


@dataclass(frozen=True, eq=False)
class Passing:
    """A node behind a layer. begun, complete: [rows + 1] how many of its rows have begun, and how many are complete,
    when 0, 1, ... rows of the layer are done."""

    begun: Ints
    complete: Ints


def passing(steps: Sequence[Step], rows: int) -> dict[str, Passing]:
    """By node, how far it is. Inputs from other layers are assumed to be there."""
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
    """[rows + 1] bytes of the rows that have begun, in all timesteps, or in at most `timesteps`; empty if there are no
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
    """How many of `count` rows have begun, and how many are complete, when `done` rows of their input are there."""
    of = int(done[-1])
    if read.whole:
        return np.where(done > 0, count, 0), np.where(done == of, count, 0)
    top = np.arange(count) * read.stride - read.above
    first, end = np.clip(top, 0, of), np.clip(top + read.above + read.below + 1, 0, of)
    return np.searchsorted(first, done, "left"), np.searchsorted(end, done, "right")
