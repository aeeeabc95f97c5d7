"""Which rows wait between the layers of strips, written down once more: they lie in spike_out until the last that needs
them has been.

A node is *passed on* if another layer of the strips reads it, or a node behind its own layer that is passed on. Its
rows wait for those layers, and under the windows of such nodes. Of one that is not passed on rows that have begun wait.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from lifsim.schedule.timestep.spike_store import Span
from tests.oracles.legality import Walker
from tests.oracles.legality_events import Node, Source, Thing


class Waiting:
    """Of the layers of one span."""

    def __init__(self, walker: Walker, span: Span) -> None:
        self.walker, self.net = walker, walker.net
        inside = {self.net.layers[index].name for index in range(span.first, span.last + 1)}
        self.nodes = [node for node in self.net.nodes if node.layer in inside]
        self.passed_on: set[str] = set()
        for node in reversed(self.nodes):
            for source in node.sources:
                if self._is_another(node, source) or node.name in self.passed_on:
                    self.passed_on.add(source.node)

    def _is_another(self, node: Node, source: Source) -> bool:
        its = self.net.node(source.node)
        return its in self.nodes and its.layer != node.layer

    def readers(self, name: str) -> Iterator[tuple[Node, Source]]:
        """Nodes for which rows of a node wait."""
        if self.net.node(name) not in self.nodes:
            return
        for node in self.nodes:
            for source in node.sources:
                windows = source.kernel > 1 and node.name in self.passed_on
                if source.node == name and (windows or self._is_another(node, source)):
                    yield node, source

    def first_needed(self, thing: Thing, timestep: int) -> int | None:
        """The first row of a plane that is still needed; None where none waits."""
        name = str(thing[0])
        found = []
        for node, source in self.readers(name):
            plane = self.net.plane(node, int(str(thing[1])), timestep)
            done = int(np.argmin(np.append(self.walker.rows.made(plane), False)))
            needed = self.net.needed(source, done, done + 1) if done < node.rows else []
            found.append(needed[0][0] if needed else self.net.node(name).rows)
        return min(found, default=None)

    def begun(self) -> Iterator[tuple[Thing, int, int]]:
        """(thing, its bytes) of rows that have begun and are not passed on."""
        for thing, row in self.walker.rows.begun():
            node = self.net.node(thing[1])
            if node in self.nodes and node.name not in self.passed_on:
                yield thing, row * node.row_bytes, (row + 1) * node.row_bytes
