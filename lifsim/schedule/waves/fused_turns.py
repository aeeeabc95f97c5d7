"""How many rows a fused layer can do in one turn: for what it reads and puts out there must be room in spike_out.

Whatever the waves, a layer that goes on from row d to row d + n finds what these rows need of each node that it reads,
as far as it has not read that for the last time by row d, and leaves what they make for layers behind it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import product
from operator import attrgetter
from typing import NamedTuple

import numpy as np

from lifsim.lazy_dataclass import dataclass
from lifsim.schedule.tensors.rows import Ints
from lifsim.schedule.tensors.storage import packed_row_bytes
from lifsim.schedule.waves.fused_rows import GroupRows, Need


@dataclass(frozen=True, eq=False)
class Turn:
    """Of a layer in spans that hold layers first..last, beside it nodes that it reads or makes. there, gone: [nodes,
    rows + 1] bytes of each that must be there when so many rows of the layer are done, and that nobody needs any more;
    rows: up to the last one that the others need."""

    first: int
    last: int
    there: Ints
    gone: Ints

    @property
    def rows(self) -> int:
        """That a window has of it."""
        return len(self.there[0]) - 1

    def held(self, rows: int) -> int:
        """Bytes that a turn of so many rows holds at least, whichever rows they are."""
        return int(np.maximum(self.there[:, rows:] - self.gone[:, : self.rows + 1 - rows], 0).sum(axis=0).min())

    def most_rows(self, room: int) -> int:
        """Of a turn that has room."""
        low, high = 0, self.rows
        while low < high:
            middle = (low + high + 1) // 2
            low, high = (middle, high) if self.held(middle) <= room else (low, middle - 1)
        return low

    def least_visits(self, room: int) -> int:
        """So many turns at least a window has."""
        return -(-self.rows // max(self.most_rows(room), 1))


def turns_of(group: GroupRows, layer: int, timesteps: int) -> Iterator[Turn]:
    """Those of a layer in windows of so many timesteps: beside the nodes that it reads of the nearest layers, and
    those whose next reader is the nearest, and more and more of them."""
    known = [_read(group, needs, timesteps) for needs in _by_node(need for need in group.needs if need.layer == layer)]
    asked = [_put_out(group, needs, timesteps) for needs in _by_node(need for need in group.needs if need.of == layer)]
    known.sort(key=lambda node: -node.beside)
    asked.sort(key=lambda node: node.beside)
    for reads, puts in product(range(len(known) + 1), range(len(asked) + 1)):
        nodes = known[:reads] + asked[:puts]
        if nodes:
            rows = max((node.rows for node in asked[:puts]), default=group.rows(layer)) + 1
            there, gone = (np.stack([getattr(node, name)[:rows] for node in nodes]) for name in ("there", "gone"))
            first = known[reads - 1].beside if reads else layer
            yield Turn(first, asked[puts - 1].beside if puts else layer, there, gone)


class _Node(NamedTuple):
    """beside: the layer that makes it, or the nearest that reads it. rows: up to the last one that readers need."""

    beside: int
    there: Ints
    gone: Ints
    rows: int


def _by_node(needs: Iterable[Need]) -> list[list[Need]]:
    found: dict[str, list[Need]] = {}
    for need in needs:
        found.setdefault(need.tensor.name, []).append(need)
    return list(found.values())


def _read(group: GroupRows, needs: list[Need], timesteps: int) -> _Node:
    """What a layer reads through one window or several."""
    size = packed_row_bytes(needs[0].tensor, group.facts.reals, timesteps)
    there = np.maximum.reduce([need.asked for need in needs])
    gone = np.minimum.reduce([need.gone for need in needs])
    return _Node(needs[0].of, size * there, size * gone, group.rows(needs[0].layer))


def _put_out(group: GroupRows, needs: list[Need], timesteps: int) -> _Node:
    """What a layer makes: nobody has read it before."""
    need = min(needs, key=attrgetter("layer"))
    size, rows = packed_row_bytes(need.tensor, group.facts.reals, timesteps), int(need.until[-1])
    there = size * need.made[np.minimum(np.arange(len(need.made)), rows)]
    return _Node(need.layer, there, there, rows)
