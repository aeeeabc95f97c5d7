"""How far each layer of a fused group must be, for the last one to do the next rows.

From the last layer back: a layer does what the windows of later ones need of it by then, pools and strides between them
included; what none of the group reads does as large a part of its rows as the last one. The last wave ends all of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property, lru_cache

import numpy as np

from lifsim.distinct import distinct
from lifsim.graph.reach import Read, Step
from lifsim.lazy_dataclass import dataclass
from lifsim.model.network import Tensor
from lifsim.schedule.facts import NetworkFacts
from lifsim.schedule.tensors.rows import Ints
from lifsim.schedule.tensors.storage import rows_of
from lifsim.schedule.waves.waves import Fused, SideBySide


@dataclass(frozen=True, eq=False)
class Need:
    """Node `reader` of layer `layer` reads a node of layer `of`, both in the group, whose `tensor` has so many `rows`.
    asked, gone: [n] of these, when so many rows of the reading layer are done, those that must be there, and those,
    from the first one on, that it needs no more. made: [n] those that are there when so many rows of layer `of` are
    done."""

    of: int
    layer: int
    reader: str
    read: Read
    tensor: Tensor
    rows: int
    asked: Ints
    gone: Ints
    made: Ints

    @cached_property
    def until(self) -> Ints:
        """[n] rows of layer `of` that must be done for so many of the reading layer."""
        return np.searchsorted(self.made, self.asked, "left")


@lru_cache(64)
def needs_of(facts: NetworkFacts) -> tuple[Need, ...]:
    """What layers of a network read of earlier ones."""
    return tuple(_needs(facts))


def _needs(facts: NetworkFacts) -> Iterator[Need]:
    made = {step.name: (layer, step.tensor) for layer, own in enumerate(facts.steps) for step in own}
    for layer, own in enumerate(facts.steps):
        for step in own:
            for read in step.reads:
                if read.node in made and made[read.node][0] != layer:
                    yield _need(facts, layer, step, (read, *made[read.node]))


def _need(facts: NetworkFacts, layer: int, step: Step, what: tuple[Read, int, Tensor]) -> Need:
    read, of, tensor = what
    rows, done = rows_of(tensor.shape), facts.passing[layer][step.name].complete
    last = np.clip((done - 1) * read.stride + read.below + 1, 0, rows)
    first = np.clip(done * read.stride - read.above, 0, rows)
    return Need(
        of=of,
        layer=layer,
        reader=step.name,
        read=read,
        tensor=tensor,
        rows=rows,
        asked=np.where(done > 0, rows if read.whole else last, 0),
        gone=np.where(done == done[-1], rows, 0 if read.whole else first),
        made=facts.passing[of][read.node].complete,
    )


@dataclass(frozen=True, eq=False)
class GroupRows:
    """Layers first..last, row by row."""

    facts: NetworkFacts
    first: int
    last: int

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

    @cached_property
    def needs_by_node(self) -> dict[str, tuple[Need, ...]]:
        """The same, of each node that is read."""
        found: dict[str, tuple[Need, ...]] = {}
        for need in self.needs:
            found[need.read.node] = (*found.get(need.read.node, ()), need)
        return found

    def waves(self, height: int) -> Fused:
        """So many rows of the last layer a wave."""
        return self._side_by_side([height]).apart(0)

    @cached_property
    def heights(self) -> tuple[list[int], list[int]]:
        """The lowest strips for each number of waves, of a single one first; and all others, in which earlier layers
        may have work in a wave fewer."""
        every = np.arange(1, self.rows(self.last) + 1)
        lowest = distinct(-(-self.rows(self.last) // every))[::-1]
        return lowest.tolist(), np.setdiff1d(every, lowest)[::-1].tolist()

    @cached_property
    def side_by_side(self) -> SideBySide:
        """The waves of all heights, in this order."""
        return self._side_by_side([*self.heights[0], *self.heights[1]])

    @cached_property
    def lowest(self) -> tuple[Fused, ...]:
        """The waves of the lowest strips."""
        return tuple(map(self.side_by_side.apart, range(len(self.heights[0]))))

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
            behind = [need.until[done[need.layer]] for need in needs.get(layer, [])]
            done[layer] = np.maximum.reduce(behind) if behind else -(-rows * done[self.last] // every)
            done[layer][begins[1:] - 1] = rows
        return SideBySide(self.first, tuple(heights), begins, np.stack([done[layer] for layer in self.members]))


@lru_cache(1 << 12)
def group_rows(facts: NetworkFacts, first: int, last: int) -> GroupRows:
    """Layers first..last of a network."""
    return GroupRows(facts, first, last)
