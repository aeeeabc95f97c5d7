"""How far each layer of a fused group must be, for the last one to do the next rows.

From the last layer back: a layer does what the windows of later ones need of it by then, pools and strides between them
included; what none of the group reads does as large a part of its rows as the last one. The last wave ends all of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

from lifsim.graph.reach import Read
from lifsim.schedule.begun import Passing, passing
from lifsim.schedule.facts import NetworkFacts
from lifsim.schedule.rows import Ints
from lifsim.schedule.storage import rows_of
from lifsim.schedule.waves import Fused


@dataclass(frozen=True)
class Need:
    """Node `reader` of layer `layer` reads a node of layer `of`, both in the group."""

    of: int
    layer: int
    reader: str
    read: Read


@dataclass(frozen=True, eq=False)
class GroupRows:
    """Layers first..last, row by row."""

    facts: NetworkFacts
    first: int
    last: int

    @cached_property
    def passing(self) -> dict[int, dict[str, Passing]]:
        """By layer and node."""
        return {layer: passing(self.facts.steps[layer], self.rows(layer)) for layer in self.members}

    @property
    def members(self) -> range:
        """Indices."""
        return range(self.first, self.last + 1)

    def rows(self, layer: int) -> int:
        """Of the outputs of its product."""
        return self.facts.layers[layer].rows.axis.rows_out

    @cached_property
    def needs(self) -> tuple[Need, ...]:
        """What layers read of earlier ones."""
        return tuple(self._needs())

    def _needs(self) -> Iterator[Need]:
        owner = {step.name: layer for layer in self.members for step in self.facts.steps[layer]}
        for layer in self.members:
            for step in self.facts.steps[layer]:
                for read in step.reads:
                    if owner.get(read.node, layer) != layer:
                        yield Need(owner[read.node], layer, step.name, read)

    def node_rows(self, need: Need) -> int:
        """Rows of what is read."""
        step = next(step for step in self.facts.steps[need.of] if step.name == need.read.node)
        return rows_of(step.tensor.shape)

    def needed(self, need: Need, done: Ints) -> Ints:
        """[n] rows of the node that must be there when so many rows [n] of the reading layer are done."""
        rows, complete = self.node_rows(need), self.passing[need.layer][need.reader].complete[done]
        last = (complete - 1) * need.read.stride + need.read.below
        needed: Ints = np.where(complete > 0, rows if need.read.whole else np.clip(last + 1, 0, rows), 0)
        return needed

    def gone(self, need: Need, done: Ints) -> Ints:
        """[n] rows of the node, from the first one on, that are needed no more when so many rows [n] of the reading
        layer are done."""
        rows, reader = self.node_rows(need), self.passing[need.layer][need.reader].complete
        complete = reader[done]
        first = 0 if need.read.whole else np.clip(complete * need.read.stride - need.read.above, 0, rows)
        gone: Ints = np.where(complete == reader[-1], rows, first)
        return gone

    def waves(self, height: int) -> Fused:
        """So many rows of the last layer a wave."""
        every = self.rows(self.last)
        ends = np.minimum(np.arange(1, -(-every // height) + 1) * height, every)
        done = {self.last: ends}
        for layer in reversed(self.members[:-1]):
            rows, needs = self.rows(layer), [need for need in self.needs if need.of == layer]
            behind = [self._until(need, self.needed(need, done[need.layer])) for need in needs]
            done[layer] = np.maximum.reduce(behind) if behind else -(-rows * ends // every)
            done[layer][-1] = rows
        return Fused(self.first, height, tuple(tuple(done[layer].tolist()) for layer in self.members))

    def _until(self, need: Need, rows: Ints) -> Ints:
        """[n] rows of the layer that must be done for so many of its node."""
        return np.searchsorted(self.passing[need.of][need.read.node].complete, rows, "left")

    def heights(self) -> list[int]:
        """One for each number of waves, of a single one first."""
        rows = self.rows(self.last)
        return [int(height) for height in np.unique(-(-rows // np.arange(1, rows + 1)))[::-1]]

    @cached_property
    def every(self) -> tuple[Fused, ...]:
        """The waves of these heights."""
        return tuple(map(self.waves, self.heights()))


@lru_cache(1 << 12)
def group_rows(facts: NetworkFacts, first: int, last: int) -> GroupRows:
    """Layers first..last of a network."""
    return GroupRows(facts, first, last)
