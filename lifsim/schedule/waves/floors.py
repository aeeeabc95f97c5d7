"""Bytes that fused groups cannot go below, of all spans of layers at once, so that few of them are costed.

What enters and leaves moves once. Rows that a layer hands to another one wait in spike_out, all timesteps of a window:
of those that a visit makes, or needs, there must be room. So many rows a visit at most are so many visits at least, and
what the weight buffer cannot hold of the span's weights comes with each of them. Between windows those membranes move
that their buffer cannot hold.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from itertools import pairwise

import numpy as np

from lifsim.distinct import distinct
from lifsim.lazy_dataclass import dataclass
from lifsim.model.network import Tensor
from lifsim.schedule.chip import BufferBytes
from lifsim.schedule.facts import NetworkFacts
from lifsim.schedule.tensors.rows import Ints, row_tiles
from lifsim.schedule.tensors.spans import Term, gathered, most_of, over_spans, without
from lifsim.schedule.tensors.storage import packed_row_bytes, packed_rows, rows_of
from lifsim.schedule.together import NEVER
from lifsim.schedule.waves.first_wave import crowded
from lifsim.schedule.waves.fused_rows import GroupRows
from lifsim.schedule.waves.fused_turns import Turn, turns_of
from lifsim.schedule.weights.overflow import overflow_bytes
from lifsim.schedule.window import Window

PRICES = 8
"""Prices of a byte in the weight buffer that are tried: each gives a floor, the highest holds."""


@dataclass(frozen=True)
class FusedFloors:
    """Of a network on a chip with so much room, in windows of one size. never: layers that cannot be fused so."""

    facts: NetworkFacts
    room: BufferBytes
    batch: int
    window: Window
    never: frozenset[int]

    @cached_property
    def of_spans(self) -> Ints:
        """[layers, layers + 1] bytes that layers first..end-1 cannot go below; NEVER where they cannot be fused."""
        if self._nowhere:
            return np.where(self._gathered(self._alone) > 0, NEVER, 0)
        moved = self._gathered([*self._inputs(), *self._residuals(), *self._outputs()])
        moved += self._weights() + self._membranes()
        found: Ints = np.where(self._gathered(self._forbidden()) > 0, NEVER, moved)
        return found

    def nearer(self) -> Ints:
        """The same, higher where much passes by on the way to layers far behind: its rows take room in spike_out, or
        come again to be added."""
        if self._nowhere:
            return self.of_spans
        never = crowded(self.facts, max(self._lengths), self.room.spike_out)
        found: Ints = np.where(never, NEVER, np.minimum(NEVER, self.of_spans + self._gathered(list(self._added()))))
        return found

    @property
    def _nowhere(self) -> bool:
        """Whether no two layers that follow each other can be fused: as where all of them share membranes."""
        layers = range(len(self.facts.layers))
        return all(self.never.intersection(both) for both in pairwise(layers))

    def _gathered(self, terms: Sequence[Term]) -> Ints:
        return gathered(len(self.facts.layers), terms)

    @cached_property
    def _lengths(self) -> Counter[int]:
        return Counter(end - first for first, end in self.window.spans(self.facts.timesteps))

    @property
    def _windows(self) -> int:
        return self._lengths.total()

    @cached_property
    def _rows(self) -> GroupRows:
        return GroupRows(self.facts, 0, len(self.facts.layers) - 1)

    @property
    def _alone(self) -> list[Term]:
        return [Term(index, index, 1) for index in self.never]

    def _forbidden(self) -> list[Term]:
        never = self._alone
        for tensor in self.facts.tensors.values():
            if tensor.producer is not None and tensor.when != "every":
                never += [Term(tensor.producer, reader, 1) for reader in tensor.readers]
        for turns in self._turns:
            never += [Term(turn.first, turn.last, 1) for turn in turns if not turn.most_rows(self.room.spike_out)]
        return never

    # What enters and leaves

    def _moved(self, tensor: Tensor) -> int:
        """Bytes of all of a tensor."""
        together = self._lengths if tensor.timesteps > 1 else Counter([1])
        rows = self.batch * rows_of(tensor.shape)
        return rows * sum(count * packed_row_bytes(tensor, self.facts.reals, one) for one, count in together.items())

    def _inputs(self) -> Iterator[Term]:
        for index, facts in enumerate(self.facts.layers):
            layer, covered = facts.layer, row_tiles(facts.rows.axis).covered
            each = (
                count * packed_rows(layer, self.facts.reals, length).row_bytes
                for length, count in self._lengths.items()
            )
            yield from self._first(index, layer.input, self.batch * covered * sum(each))

    def _residuals(self) -> Iterator[Term]:
        """Where no layer reads them as its input: with that they may come."""
        for index, facts in enumerate(self.facts.layers):
            for tensor in facts.layer.residuals:
                if not self.facts.tensors[tensor.name].inputs:
                    yield from self._first(index, tensor, self._moved(tensor))

    def _added(self) -> Iterator[Term]:
        """The other residuals: each layer that adds them reads them where none of the span makes or convolves them."""
        for index, facts in enumerate(self.facts.layers):
            for tensor in facts.layer.residuals:
                known, size = self.facts.tensors[tensor.name], self._moved(tensor)
                if known.inputs:
                    before = [reader for reader in known.inputs if reader <= index]
                    before += [] if known.producer is None else [known.producer]
                    behind = [reader for reader in known.inputs if reader > index]
                    yield from without(Term(index, index, size), max(before, default=None), min(behind, default=None))

    def _first(self, index: int, tensor: Tensor, size: int) -> Iterator[Term]:
        """What a layer reads, in spans that have neither made nor read it before."""
        known = self.facts.tensors[tensor.name]
        touched = [reader for reader in known.readers if reader < index]
        touched += [] if known.producer is None else [known.producer]
        yield Term(index, index, size)
        if touched:
            yield Term(max(touched), index, -size)

    def _outputs(self) -> Iterator[Term]:
        for index, facts in enumerate(self.facts.layers):
            for tensor in facts.layer.outputs:
                readers, size = self.facts.tensors[tensor.name].readers, self._moved(tensor)
                yield Term(index, index, size)
                if readers:
                    yield Term(index, readers[-1], -size)

    def _membranes(self) -> Ints:
        states = [Term(state.layers[0], state.layers[-1], state.bytes) for state in self.facts.states]
        beyond: Ints = np.maximum(self._gathered(states) - self.room.membrane, 0)
        return 2 * self.batch * (self._windows - 1) * beyond

    # Weights

    def _weights(self) -> Ints:
        """What is lacking of the buffer has the price of a byte in it, whichever; what of a layer's tiles does not fit
        into all of the buffer comes for every row."""
        own, room = self.facts.layers, np.array([self.room.weight])
        streams = np.array([int(overflow_bytes(layer, room)[0]) * (layer.weight_bytes > 0) for layer in own])
        rows = self.batch * self._windows * np.array([layer.rows.axis.rows_out for layer in own])
        sizes = (np.array([layer.weight_bytes for layer in own]) - streams).tolist()
        often = distinct(np.array([0, *(visits.value - 1 for of_layer in self._visits for visits in of_layer)]))
        best = np.zeros((len(own), len(own) + 1), np.int64)
        for price in often[distinct(np.linspace(0, often.size - 1, PRICES).astype(np.int64))].tolist():
            moved = (
                [replace(visits, value=size * min(visits.value, 1 + price)) for visits in of_layer]
                for size, of_layer in zip(sizes, self._visits, strict=True)
            )
            gathered = self._gathered([term for of_layer in moved for term in most_of(of_layer)])
            best = np.maximum(best, gathered - price * self.room.weight)
        found: Ints = best + over_spans(streams * rows)
        return found

    @cached_property
    def _visits(self) -> list[list[Term]]:
        """By layer, how often it is visited at least in spans that hold it, and with it who reads or makes what."""
        room = self.room.spike_out
        return [
            [
                Term(index, index, self._windows),
                *(Term(turn.first, turn.last, self._windows * turn.least_visits(room)) for turn in turns),
            ]
            for index, turns in enumerate(self._turns)
        ]

    @cached_property
    def _turns(self) -> list[list[Turn]]:
        """By layer, beside more and more of what it reads and is read by."""
        return [list(turns_of(self._rows, index, max(self._lengths))) for index in range(len(self.facts.layers))]
