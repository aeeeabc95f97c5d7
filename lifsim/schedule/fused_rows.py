"""How far each layer of a fused group must be, for the last one to do the next rows.

From the last layer back: a layer does what the windows of later ones need of it by then, pools and strides between them
included; what none of the group reads does as large a part of its rows as the last one. The last wave ends all of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

from lifsim.graph.reach import Read
from lifsim.schedule.begun import Passing
from lifsim.schedule.facts import NetworkFacts
from lifsim.schedule.rows import Ints
from lifsim.schedule.storage import rows_of
from lifsim.schedule.waves import Fused, SideBySide


@dataclass(frozen=True)
class Need:
    """Node `reader` of layer `layer` reads a node of layer `of`, both in the group. rows: that the node has."""

    of: int
    layer: int
    reader: str
    read: Read
    rows: int


@lru_cache(64)
def needs_of(facts: NetworkFacts) -> tuple[Need, ...]:
    """What layers of a network read of earlier ones."""
    return tuple(_needs(facts))


def _needs(facts: NetworkFacts) -> Iterator[Need]:
    owner = {step.name: (layer, rows_of(step.tensor.shape)) for layer, own in enumerate(facts.steps) for step in own}
    for layer, own in enumerate(facts.steps):
        for step in own:
            for read in step.reads:
                of, rows = owner.get(read.node, (layer, 0))
                if of != layer:
                    yield Need(of, layer, step.name, read, rows)


@dataclass(frozen=True, eq=False)
class GroupRows:
    """Layers first..last, row by row."""

    facts: NetworkFacts
    first: int
    last: int

    @property
    def passing(self) -> tuple[dict[str, Passing], ...]:
        """By layer and node."""
        return self.facts.passing

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
        return tuple(need for need in needs_of(self.facts) if need.of >= self.first and need.layer <= self.last)

    def needed(self, need: Need, done: Ints) -> Ints:
        """[n] rows of the node that must be there when so many rows [n] of the reading layer are done."""
        complete = self.passing[need.layer][need.reader].complete[done]
        last = (complete - 1) * need.read.stride + need.read.below
        every = need.rows if need.read.whole else np.clip(last + 1, 0, need.rows)
        needed: Ints = np.where(complete > 0, every, 0)
        return needed

    def gone(self, need: Need, done: Ints) -> Ints:
        """[n] rows of the node, from the first one on, that are needed no more when so many rows [n] of the reading
        layer are done."""
        reader = self.passing[need.layer][need.reader].complete
        complete = reader[done]
        first = 0 if need.read.whole else np.clip(complete * need.read.stride - need.read.above, 0, need.rows)
        gone: Ints = np.where(complete == reader[-1], need.rows, first)
        return gone

    def waves(self, height: int) -> Fused:
        """So many rows of the last layer a wave."""
        return self._side_by_side([height]).apart()[0]

    def heights(self) -> list[int]:
        """One for each number of waves, of a single one first."""
        rows = self.rows(self.last)
        return [int(height) for height in np.unique(-(-rows // np.arange(1, rows + 1)))[::-1]]

    @cached_property
    def side_by_side(self) -> SideBySide:
        """The waves of these heights."""
        return self._side_by_side(self.heights())

    @cached_property
    def every(self) -> tuple[Fused, ...]:
        """The waves of these heights."""
        return self.side_by_side.apart()

    def _side_by_side(self, heights: Sequence[int]) -> SideBySide:
        every = self.rows(self.last)
        ends = [np.minimum(np.arange(1, -(-every // height) + 1) * height, every) for height in heights]
        begins = np.cumsum([0, *map(len, ends)])
        done = {self.last: np.concatenate(ends)}
        needs: dict[int, list[Need]] = {}
        for need in self.needs:
            needs.setdefault(need.of, []).append(need)
        for layer in reversed(self.members[:-1]):
            rows = self.rows(layer)
            behind = [self._until(need, self.needed(need, done[need.layer])) for need in needs.get(layer, [])]
            done[layer] = np.maximum.reduce(behind) if behind else -(-rows * done[self.last] // every)
            done[layer][begins[1:] - 1] = rows
        return SideBySide(self.first, tuple(heights), begins, np.stack([done[layer] for layer in self.members]))

    def _until(self, need: Need, rows: Ints) -> Ints:
        """[n] rows of the layer that must be done for so many of its node."""
        return np.searchsorted(self.passing[need.of][need.read.node].complete, rows, "left")


@lru_cache(1 << 12)
def group_rows(facts: NetworkFacts, first: int, last: int) -> GroupRows:
    """Layers first..last of a network."""
    return GroupRows(facts, first, last)
