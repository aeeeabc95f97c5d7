"""Which rows there are while the legality oracle walks a plan.

Rows of a layer's product that are finished pass the nodes behind it at once: those that can be made are. A row of which
only a part has passed by the end of a visit has *begun*: a pool's or an add's takes in what passes, if it lies on chip
until it is complete; else what has passed must lie there, or is gone.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import numpy as np
from numpy.typing import NDArray

from tests.oracles.legality_chip import Bools, Bytes, require
from tests.oracles.legality_events import Finish, Net, Node, Put, Source, Thing
from tests.oracles.legality_norms import Norms


class Rows:
    """made: by plane, [rows] which have been computed. passed: by node, image and timestep, which have passed its layer
    then (what a replayed layer computed once passes at every timestep). taken: by begun row, what of each source."""

    def __init__(self, net: Net, chip: Bytes, norms: Norms) -> None:
        self.net, self.chip, self.norms = net, chip, norms
        self.behind = {layer.name: [n for n in net.nodes if n.layer == layer.name] for layer in net.layers}
        self.passed: dict[Thing, Bools] = {}
        self.passing: dict[Thing, Bools] = {}
        self.taken: dict[Thing, dict[int, set[tuple[int, int]]]] = {}
        self._made: dict[Thing, Bools] = {}

    def made(self, plane: Thing) -> Bools:
        """[rows] of a plane that have been computed."""
        if plane not in self._made:
            node = self.net.node(plane[0])
            self._made[plane] = np.full(node.rows, node.layer is None)
        return self._made[plane]

    def begun(self) -> Iterator[tuple[Thing, int]]:
        """(thing, row) of rows of which a part has passed."""
        yield from ((thing, row) for thing, rows in self.taken.items() for row in rows)

    def have_begun(self, event: Put) -> bool:
        """Whether rows are begun ones."""
        size = self.net.node(event.thing[1]).row_bytes
        rows = range(event.low // size, -(-event.high // size))
        return all(row in self.taken.get(event.thing, ()) for row in rows)

    def finish(self, event: Finish) -> None:
        """Rows of a layer's product have passed its LIF."""
        for number, node in enumerate(self.behind[event.layer]):
            before = self._of(self.passed, node, event)
            rows = self._from(node, event) if number else self._asked(node, event)
            now = rows & ~before
            self._of(self.passing, node, event)[:] |= now if number else rows
            before |= rows
            plane = self.net.plane(node, event.image, event.timestep)
            if self._happens(node, event.timestep):
                self.made(plane)[:] |= rows
                fresh = self.chip.fresh.setdefault(plane, np.zeros(self.net.size(plane), np.bool_))
                if node.row_bytes and number:
                    fresh.reshape(node.rows, node.row_bytes)[now] = True

    def end_of_visit(self) -> None:
        """What has just passed is gone, and rows that have begun and lie nowhere with it."""
        self.passing.clear()
        for thing, rows in list(self.taken.items()):
            size = self.net.node(thing[1]).row_bytes
            for row in [r for r in rows if not self.chip.on_chip(thing, r * size, (r + 1) * size)]:
                del rows[row]

    def _asked(self, node: Node, event: Finish) -> Bools:
        rows = np.zeros(node.rows, np.bool_)
        rows[slice(*event.rows)] = True
        return rows

    def _of(self, what: dict[Thing, Bools], node: Node, event: Finish) -> Bools:
        return what.setdefault((node.name, event.image, event.timestep), np.zeros(node.rows, np.bool_))

    def _happens(self, node: Node, timestep: int) -> bool:
        at = {"first": 0, "last": self.net.timesteps - 1}
        return node.steps == "every" or timestep == at[node.steps]

    def _from(self, node: Node, event: Finish) -> Bools:
        """[rows] of a node that pass, or have passed. Of those that now do, all must be there."""
        before = self._of(self.passed, node, event)
        whole, some = np.ones(node.rows, np.bool_), np.zeros(node.rows, np.bool_)
        own = []
        for position, source in enumerate(node.sources):
            first, end = self.net.windows(node, source)
            mine = self.net.node(source.node).layer == node.layer
            there = self._there(node, source, event, mine=mine)
            counted = np.concatenate([[0], np.cumsum(there)])
            rows = counted[end] - counted[first]
            whole &= rows == end - first
            if mine and not node.mean:
                own.append((position, source, first, end))
                some |= rows > 0
        now = whole & ~before
        for source in node.sources:
            if now.any() and self.net.node(source.node).layer != node.layer:
                self._require_others(node, source, event, now)
        self._take(node, event, own, now, some & ~whole)
        return whole | before

    def _there(self, node: Node, source: Source, event: Finish, *, mine: bool) -> Bools:
        """[rows] of a source that have passed, or, made behind another layer, are made."""
        timesteps = range(self.net.timesteps) if node.mean else [event.timestep]
        its = self.net.node(source.node)
        rows = [
            self.passed.get((its.name, event.image, timestep), np.zeros(its.rows, np.bool_)) if mine
            else self.made(self.net.plane(its, event.image, timestep))
            for timestep in timesteps
        ]  # fmt: skip
        there: Bools = np.logical_and.reduce(rows)
        return there

    def _require_others(self, node: Node, source: Source, event: Finish, now: Bools) -> None:
        """Rows of a source that another layer made are on chip when they are asked for."""
        its = self.net.node(source.node)
        timesteps = range(self.net.timesteps) if node.mean else [event.timestep]
        for timestep in timesteps:
            self.norms.require_read(its.name, timestep, event)
        planes = [self.net.plane(its, event.image, timestep) for timestep in timesteps]
        for plane, (low, high) in product(planes, _runs(now)):
            for begin, end in self.net.needed(source, low, high):
                self.chip.require_on_chip(
                    plane, begin * its.row_bytes, end * its.row_bytes, event, f"{node.name} reads {its.name}"
                )

    def _take(
        self, node: Node, event: Finish, own: list[tuple[int, Source, NDArray[np.int64], NDArray[np.int64]]],
        now: Bools, begun: Bools,
    ) -> None:  # fmt: skip
        """Rows that pass find all that they are made of; those that have begun take in what does."""
        thing = ("/begun", node.name, event.image, event.timestep)
        taken = self.taken.setdefault(thing, {})
        again = node.steps == "first" and event.timestep > 0
        for position, source, first, end in own:
            passing = self._of(self.passing, self.net.node(source.node), event)
            if again:
                continue
            counted = np.concatenate([[0], np.cumsum(passing)])
            lacking = now & (counted[end] - counted[first] < end - first)
            for row in np.flatnonzero(lacking):
                for needed in np.flatnonzero(~passing[first[row] : end[row]]) + first[row]:
                    is_taken = (position, int(needed)) in taken.get(int(row), ())
                    require(is_taken or self._again(source, event, int(needed)),
                            event, f"row {needed} of {source.node}, which {node.name} needs, is gone")  # fmt: skip
            for row in np.flatnonzero(begun & (counted[end] > counted[first])):
                rows = np.flatnonzero(passing[first[row] : end[row]]) + first[row]
                taken.setdefault(int(row), set()).update((position, int(needed)) for needed in rows)
        for row in [row for row in taken if now[row]]:
            del taken[row]

    def _again(self, source: Source, event: Finish, row: int) -> bool:
        """Whether a row that has passed lies on chip, or all that it is made of does."""
        node = self.net.node(source.node)
        plane, size = self.net.plane(node, event.image, event.timestep), node.row_bytes
        if self._of(self.passing, node, event)[row]:
            return True
        if size and self.chip.on_chip(plane, row * size, (row + 1) * size):
            return True
        inner = [one for one in node.sources if self.net.node(one.node).layer == node.layer]
        return bool(inner) and all(
            self._again(one, event, needed)
            for one in inner
            for begin, end in self.net.needed(one, row, row + 1)
            for needed in range(begin, end)
        )


def _runs(rows: Bools) -> Iterator[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate([[0], rows.astype(np.int8), [0]])))
    yield from ((int(begin), int(end)) for begin, end in zip(edges[::2], edges[1::2], strict=True))
