"""What a group in waves reads from outside, in a window of timesteps, per image.

Where spike_in takes all inputs from outside whole, every row of them comes once in a window, with the first turn that
needs it, and adds find it there. If not, a turn's window of its layer's input comes once if spike_in holds any turn's
of the layer, else once per filter tile, row by row where weights stream under each row. Operands of adds come once for
the rows that need them.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property, lru_cache

import numpy as np

from lifsim.lazy_dataclass import dataclass
from lifsim.model.network import Tensor
from lifsim.schedule.facts import LayerFacts
from lifsim.schedule.tensors.rows import Ints, RowAxis, row_tiles, single_windows
from lifsim.schedule.tensors.storage import rows_of
from lifsim.schedule.waves.turns import Turns

NEVER = np.iinfo(np.int64).max
"""A turn that there is not."""

Rows = tuple[str, int]
"""A tensor, and in how many rows it is read."""


@dataclass(frozen=True, eq=False)
class OutsideReads:
    """Of the layers of `turns`, beside a spike_in of so many bytes, by chunks of so many images."""

    turns: Turns
    room: int
    images: int

    @cached_property
    def whole(self) -> bool:
        """Whether spike_in takes all inputs from outside whole, of all images."""
        inputs = {
            facts.layer.input.name: facts.layer.input for facts in self._layers if self._outside(facts.layer.input)
        }
        return self.images * sum(self.turns.window_bytes(tensor) for tensor in inputs.values()) <= self.room

    @property
    def _layers(self) -> tuple[LayerFacts, ...]:
        rows = self.turns.rows
        return rows.facts.layers[rows.first : rows.last + 1]

    def _outside(self, tensor: Tensor) -> bool:
        return self.turns.rows.facts.tensors[tensor.name].producer not in self.turns.rows.members

    @property
    def most_held(self) -> int:
        """Bytes of spike_in that all inputs take, whole, or the fullest turn's windows, as far as they fit."""
        outside = [facts.layer for facts in self._layers if self._outside(facts.layer.input)]
        if self.whole:
            inputs = {layer.input.name: layer.input for layer in outside}
            return self.images * sum(self.turns.window_bytes(tensor) for tensor in inputs.values())
        found = 0
        for layer in outside:
            windows, shared = self.windows(layer.index)
            rows = int((windows - shared).sum(axis=0).max())
            found = max(found, self.images * self.turns.input_row_bytes(layer.index) * rows)
        return min(found, self.room)

    def inputs(self, layer: int, counts: Ints) -> Ints:
        """[1 + m] bytes of a layer's input: entry 0 if weights stream under each row, 1 + m for filter tile m; `counts`
        [1 + m]: filter tiles of a turn."""
        facts = self.turns.rows.facts.layers[layer]
        if not self._outside(facts.layer.input):
            return np.zeros_like(counts)
        row_bytes = self.turns.input_row_bytes(layer)
        if self.whole:
            first = self._first[_rows_read(facts)]
            mine = first == self._needed(layer)
            return np.full_like(counts, row_bytes * int((mine & (first < NEVER)).sum()))
        windows, shared = self.windows(layer)
        if self._fit(layer, windows - shared):
            return np.full_like(counts, row_bytes * int((windows - shared).sum()))
        reads: Ints = counts * row_bytes * int(windows.sum())
        reads[0] = counts[0] * row_bytes * len(windows) * self._row_by_row(facts)
        return reads

    def _row_by_row(self, facts: LayerFacts) -> int:
        """Rows of the windows of all rows, one by one."""
        return int(row_tiles(facts.rows.axis).single_windows.sum())

    def windows(self, layer: int) -> tuple[Ints, Ints]:
        """[lines, waves] rows of its input that a turn of a layer needs, and how many of them are those of an earlier
        timestep: of an image that is computed at all of them."""
        facts = self.turns.rows.facts.layers[layer]
        axis, end = facts.rows.axis, self.turns.computed(layer)
        begin = self.turns.before[layer][: len(end)]
        first, past = single_windows(axis)
        if axis.stride > axis.kernel:
            lengths = np.concatenate([[0], np.cumsum(past - first)])
            return np.asarray(lengths[end] - lengths[begin], np.int64), np.zeros_like(end)
        low, high = np.append(first, 0)[begin], np.concatenate([[0], past])[end]
        rows = np.where(end > begin, high - low, 0)
        shared = np.zeros_like(rows)
        if facts.layer.input.timesteps == 1:
            above, below = rows[:-1] > 0, rows[1:] > 0  # a timestep's rows lie beneath those of the next one
            shared[1:] = np.clip(high[1:] - low[:-1], 0, None) * (above & below)
        return rows, shared

    def _fit(self, layer: int, rows: Ints) -> bool:
        """Whether spike_in holds all `rows` [lines, waves] of a turn's windows, of all images."""
        return self.images * self.turns.input_row_bytes(layer) * int(rows.sum(axis=0).max()) <= self.room

    def brought(self, layer: int) -> Ints:
        """[lines, waves] rows of its input that a turn of a layer brings with its first filter tile: those that are not
        there."""
        windows, shared = self.windows(layer)
        if not self.whole:
            return windows - shared if self._fit(layer, windows - shared) else windows
        first, needed = self._first[_rows_read(self.turns.rows.facts.layers[layer])], self._needed(layer)
        found, mine = np.zeros_like(windows), (first == needed) & (needed < NEVER)
        line, row = np.nonzero(mine)
        wave = needed[line, row] // len(self.turns.rows.members)
        if len(needed) < len(windows):  # of an image that is there for all lines
            line = np.argmax(windows[:, wave] > 0, axis=0)
        np.add.at(found, (line, wave), 1)
        return found

    @cached_property
    def _first(self) -> dict[Rows, Ints]:
        """[lines, rows] the first turn that needs each row of an input from outside."""
        found: dict[Rows, Ints] = {}
        for layer in self.turns.rows.members:
            facts = self.turns.rows.facts.layers[layer]
            if self._outside(facts.layer.input):
                key, needed = _rows_read(facts), self._needed(layer)
                found[key] = np.minimum(found.get(key, needed), needed)
        return found

    def _needed(self, layer: int) -> Ints:
        """[lines, rows] the first turn in which a layer needs each row of its input."""
        facts = self.turns.rows.facts.layers[layer]
        turns = self.turns.when_done(layer)[: len(self.turns.computed(layer))]
        needed = np.stack([_first_needed(facts.rows.axis, line) for line in turns])
        return needed.min(axis=0, keepdims=True) if facts.layer.input.timesteps == 1 else needed

    def at_least(self, begins: Ints) -> Ints:
        """[heights] bytes that come at least, where spike_in does not take all inputs whole, in fused waves side by
        side, of which those of each height begin so."""
        found = np.zeros_like(begins)
        for facts in self._layers:
            layer, operands = facts.layer.index, [one for one in facts.layer.residuals if self._outside(one)]
            found += sum(self.turns.row_bytes(tensor) * rows_of(tensor.shape) for tensor in operands)
            if self._outside(facts.layer.input):
                rows = np.add.reduceat(self.windows(layer)[0].sum(axis=0), begins)
                found += self.turns.input_row_bytes(layer) * rows
        return found

    def residual(self, layer: int) -> int:
        """Bytes of the operands of adds behind a layer."""
        return sum(self._residuals(layer))

    def _residuals(self, layer: int) -> Iterator[int]:
        facts = self.turns.rows.facts
        for tensor in facts.layers[layer].layer.residuals:
            if self._outside(tensor):
                lines = self.turns.timesteps if self.turns.waves.skewed else 1
                rows = np.full((lines, rows_of(tensor.shape)), True)
                there = self._first.get((tensor.name, rows_of(tensor.shape))) if self.whole else None
                if there is not None:
                    rows &= there > self._added(layer, tensor)
                yield self.turns.row_bytes(tensor) * int(rows.sum())

    def _added(self, layer: int, tensor: Tensor) -> Ints:
        """[lines, rows] the turn in which a layer adds each row of a tensor."""
        rows, done = self.turns.rows, self.turns.when_done(layer)
        step = next(step for step in rows.facts.steps[layer] for read in step.reads if read.node == tensor.name)
        complete = rows.facts.passing[layer][step.name].complete
        row = np.searchsorted(complete, np.arange(rows_of(tensor.shape)), "right") - 1
        return done[:, np.clip(row, 0, done.shape[1] - 1)]


@lru_cache(1 << 12)
def reads_once(turns: Turns) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """By layer, bytes of an image's inputs and of its operands of adds, where spike_in takes all inputs whole, of
    however many images: chunks of many sizes ask for it."""
    reads, tiles = OutsideReads(turns, NEVER, 1), np.ones(1, np.int64)
    inputs = (int(reads.inputs(layer, tiles)[0]) for layer in turns.rows.members)
    return tuple(inputs), tuple(map(reads.residual, turns.rows.members))


def _rows_read(facts: LayerFacts) -> Rows:
    return facts.layer.input.name, facts.rows.axis.rows_in


def _first_needed(axis: RowAxis, turns: Ints) -> Ints:
    """[rows_in] the turn in which each input row is first needed by rows done in these `turns` [rows_out]."""
    first, past = single_windows(axis)
    row = np.arange(axis.rows_in)
    output = np.searchsorted(past, row, "right")
    covered = output < axis.rows_out
    output = np.minimum(output, axis.rows_out - 1)
    return np.where(covered & (first[output] <= row), turns[output], NEVER)
