"""A tick-batched layer as events: the steps of its visit with the bytes that they move, and what its tiling keeps.

A tile's folds follow each other, each with all its timesteps, or, where chains alternate, timesteps with all folds of
the tiles that take turns. Where the tiles of several groups do, which parts of their windows stay is not followed.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from lifsim.hardware.pipeline.kinds import Kind
from lifsim.model.network import Layer
from lifsim.schedule.moves import Visit
from lifsim.schedule.plan import Plan
from lifsim.schedule.products import gemm_of
from lifsim.schedule.rows import row_tiles, single_windows
from lifsim.schedule.storage import filter_bytes, images_together, tick_rows
from lifsim.schedule.tick_nest import staying_of
from lifsim.schedule.tick_steps import tick_visit
from lifsim.schedule.traffic import Tiling
from tests.oracles.legality import IllegalPlanError, Walker
from tests.oracles.legality_events import Drop, Event, Finish, Load, Put, Store
from tests.schedule.legality.order import Range
from tests.schedule.legality.tile_work import Pass, TileWork

Tile = tuple[int, int, int, int]
"""The first group, image, number of the row tile and of the filter tile."""


class TickEvents:
    """Of one layer, all images, all timesteps of a tile back to back."""

    def __init__(self, walker: Walker, plan: Plan, index: int, batch: int) -> None:
        net, facts, room, traffic = walker.net, plan.facts, plan.chip.tiles, plan.group_of(index).layers[0]
        self.walker, self.net, self.plan, self.batch = walker, net, plan, batch
        self.facts = facts.layers[index]
        self.layer: Layer = self.facts.layer
        self.told = net.layers[index]
        self.tiling: Tiling = traffic.tiling
        self.visit: Visit = tick_visit(self.layer, facts.reals, room, batch, traffic)
        self.rows = tick_rows(self.layer, facts.reals)
        self.filter_bytes = filter_bytes(self.layer, room.weight_bits, self.layer.rounds)
        sets = self.tiling.group_sets(self.layer.groups)
        self.members = range(0, self.layer.groups, sets)
        self.weight_room, self.spike_room = room.weight, room.spike_in
        self.rows_out = self.rows.axis.rows_out
        self.left = np.full((batch, self.rows_out), self.layer.filters)
        self.work = TileWork(walker, plan, index, batch)
        self.pinned = self._pinned_rows()
        self.here: set[tuple[int, int, int]] = set()
        self.at_work: tuple[int, int] | None = None
        self.straddling = f"spike_out of {self.layer.name}"

    def events(self) -> Iterator[Event]:
        for tiles in self._lots():
            if self.work.lots.wait:
                self.work.lots.begin(self._sums_of(tiles))
            for each in self.work.passes:
                self.work.lots.restart()
                yield from self._pass(each, tiles)
            if self.work.lots.wait:
                yield from self.work.lots.end()
        for place in ("weight", "spike_in"):
            yield Drop(place)
        self.work.require_paid(self.visit)

    def _lots(self) -> list[list[tuple[int, Tile]]]:
        """Tiles with their steps: all, or those whose sums wait together for the statistics of a norm."""
        tiles = list(enumerate(self._tiles()))
        if not self.work.lots.wait:
            return [tiles]
        outer = self.tiling.order == "weights_outer"
        lots: dict[tuple[int, int], list[tuple[int, Tile]]] = {}
        for step, tile in tiles:
            lots.setdefault((tile[0], tile[3] if outer else 0), []).append((step, tile))
        return list(lots.values())

    def _sums_of(self, tiles: list[tuple[int, Tile]]) -> int:
        filters = {tile[3] for _, tile in tiles}
        ends = [self._cut(one, self.tiling.filters, self.layer.group_filters) for one in filters]
        wide = len(self.members) * sum(end - begin for begin, end in ends)
        return wide * self.batch * self.layer.pixels * len(self.work.timesteps)

    def _pass(self, each: Pass, tiles: list[tuple[int, Tile]]) -> Iterator[Event]:
        """What comes comes with the sums; the calls put out what follows."""
        together = images_together(self.layer, self.batch) if self.tiling.order == "weights_outer" else 1
        for step, (group, image, row_tile, filter_tile) in tiles:
            if each.sums and not each.again and self.at_work != (group, image // together):
                self.at_work = group, image // together
                self.here.clear()
                yield Drop("spike_in")
            rows = self._cut(row_tile, self.tiling.rows, self.rows_out)
            filters = self._cut(filter_tile, self.tiling.filters, self.layer.group_filters)
            parts = [
                tuple((group + member) * self.layer.group_filters + end for end in filters) for member in self.members
            ]
            if each.again:
                yield from self._all_again(group, image, rows, parts)
            elif each.sums:
                yield from self._weights(step, image, parts, filters)
                yield from self._input(step, group, image, rows)
            yield from self.work.events(each, image, rows, parts)
            if each.again:
                yield Drop("passing")
            elif each.sums:
                yield from self._forget(group, image, rows, parts, filters)
            if each.calls:
                self.left[image, slice(*rows)] -= (filters[1] - filters[0]) * len(parts)
                if not self.left[image, rows[0]]:
                    yield from self._put_out(image, rows)

    def _all_again(self, group: int, image: int, rows: Range, parts: list[Range]) -> Iterator[Event]:
        """What a second run needs, whether it is there or not: what of it moves is counted elsewhere."""
        size = self.rows.row_bytes
        for first, end in parts:
            yield Load("passing", ("/weights", self.layer.name), first * self.filter_bytes, end * self.filter_bytes)
        for member in self.members:
            for row in self._window(rows):
                thing = ("/packed", self.layer.name, image, group + member)
                yield Load("passing", thing, row * size, (row + 1) * size)

    def _tiles(self) -> Iterator[Tile]:
        tiling = self.tiling
        row_tiles, filter_tiles = range(tiling.row_tiles), range(tiling.filter_tiles)
        together = images_together(self.layer, self.batch)
        for group in range(self.tiling.group_sets(self.layer.groups)):
            if tiling.order == "inputs_outer":
                yield from ((group, i, r, m) for i in range(self.batch) for r in row_tiles for m in filter_tiles)
                continue
            for lot in range(0, self.batch, together):
                for m in filter_tiles:
                    yield from ((group, i, r, m) for i in range(lot, lot + together) for r in row_tiles)

    def _cut(self, number: int, size: int, of: int) -> tuple[int, int]:
        return number * size, min((number + 1) * size, of)

    def _moved(self, step: int, kind: Kind) -> list[tuple[int, int]]:
        """(offset, bytes) of the moves of a step."""
        moves = self.visit.moves
        mine = np.flatnonzero((moves.step == step) & (moves.kind == kind))
        return [(int(moves.offset[m]), int(moves.bytes[m])) for m in mine]

    # Weights: what of a tile is loaded first is what does not stay

    @property
    def _together(self) -> int:
        """Bytes of one filter of each group whose tiles take turns."""
        return self.filter_bytes * len(self.members)

    def _stays(self, filters: Range) -> int:
        whole = (filters[1] - filters[0]) * self._together
        if self.tiling.order == "weights_outer":
            return min(whole, self.weight_room)
        sizes = np.array(self.tiling.cut.filter_tiles(gemm_of(self.layer))) * self._together
        stay = staying_of(sizes, self.tiling.resident_weight_bytes, self.weight_room)
        return int(stay[filters[0] // self.tiling.filters])

    def _zones(self, parts: list[Range], filters: Range) -> list[tuple[int, int, int]]:
        """Of each group the tile's first byte, the first one that stays, and its end."""
        leaves = (filters[1] - filters[0]) * self._together - self._stays(filters)
        count, found = len(parts), []
        for number, (first, end) in enumerate(parts):
            share = leaves * (number + 1) // count - leaves * number // count
            begin = first * self.filter_bytes
            found.append((begin, begin + share, end * self.filter_bytes))
        return found

    def _weights(self, step: int, image: int, parts: list[Range], filters: Range) -> Iterator[Event]:
        if self.layer.operand is not None:
            for timestep in self.work.timesteps:
                plane = (self.layer.operand.name, image, self._key(self.layer.operand.timesteps, timestep))
                yield Load("passing", plane, 0, self.walker.chip.size(plane))
            return
        place = "weight" if self._room_beside(filters) else "passing"
        for offset, size in self._moved(step, Kind.WEIGHTS):
            for begin, split, end in self._zones(parts, filters):
                for low, high, where in ((begin, split, place), (split, end, "weight")):
                    if max(low, offset) < min(high, offset + size):
                        weights = ("/weights", self.layer.name)
                        yield Load(where, weights, max(low, offset), min(high, offset + size))

    def _room_beside(self, filters: Range) -> bool:
        """Whether the tile at work fits beside what stays."""
        beside = self.tiling.resident_weight_bytes
        if self.tiling.order == "weights_outer":
            beside = self._stays(filters)
        return beside + (filters[1] - filters[0]) * self._together - self._stays(filters) <= self.weight_room

    def _forget(self, group: int, image: int, rows: Range, parts: list[Range], filters: Range) -> Iterator[Event]:
        yield Drop("passing")
        weights_outer = self.tiling.order == "weights_outer"
        last = image == self.batch - 1 and rows[1] == self.rows_out
        for begin, split, end in self._zones(parts, filters):
            yield Drop("weight", ("/weights", self.layer.name), begin, end if weights_outer and last else split)
        if weights_outer or filters[1] == self.layer.group_filters:
            yield from self._forget_window(group, image, rows)
        if not weights_outer and last and filters[1] == self.layer.group_filters:
            yield Drop("weight")

    # The input: rows that most windows hold stay

    def _pinned_rows(self) -> dict[tuple[int, int], int]:
        """Bytes that stay, by image (modulo those that are together) and row."""
        tiles, size = row_tiles(self.rows.axis), self.rows.row_bytes
        together = images_together(self.layer, self.batch) if self.tiling.order == "weights_outer" else 1
        uses = tiles.uses[int(np.searchsorted(tiles.heights, self.tiling.rows))]
        left, pinned = self.tiling.resident_spike_bytes, {}
        for row in np.argsort(-uses, kind="stable"):
            for image in range(together):
                pinned[image, int(row)] = min(left, size) if uses[row] else 0
                left -= pinned[image, int(row)]
        return pinned

    def _window(self, rows: Range) -> list[int]:
        first, end = single_windows(self.rows.axis)
        return sorted({row for out in range(*rows) for row in range(int(first[out]), int(end[out]))})

    def _segments(self, image: int, rows: Range) -> Iterator[tuple[int, int, str]]:
        """The bytes of a window that stay for good, while filters pass, or not at all."""
        together = images_together(self.layer, self.batch) if self.tiling.order == "weights_outer" else 1
        size, room = self.rows.row_bytes, self.spike_room - sum(self.pinned.values())
        for row in self._window(rows):
            stays = self.pinned[image % together, row]
            begin, end = row * size + stays, (row + 1) * size
            yield row * size, begin, "pinned"
            middle = min(end, begin + max(room, 0))
            room -= middle - begin
            yield begin, middle, "held"
            yield middle, end, "passing"

    def _input(self, step: int, group: int, image: int, rows: Range) -> Iterator[Event]:
        if len(self.members) > 1:
            yield from self._inputs_of_turns(group, image, rows)
            return
        thing, brought = ("/packed", self.layer.name, image, group), 0
        for low, high, how in self._segments(image, rows):
            if high > low and (group, image, low) not in self.here:
                brought += high - low
                yield Load("passing" if how == "passing" else "spike_in", thing, low, high)
                if how != "passing":
                    self.here.add((group, image, low))
        paid = sum(moved for _, moved in self._moved(step, Kind.SPIKES_IN))
        if paid < brought:
            raise IllegalPlanError(
                f"step {step} of {self.layer.name} brings {paid} bytes of the {brought} that it needs"
            )

    def _inputs_of_turns(self, group: int, image: int, rows: Range) -> Iterator[Event]:
        size = self.rows.row_bytes
        for member in self.members:
            for row in self._window(rows):
                thing = ("/packed", self.layer.name, image, group + member)
                yield Load("passing", thing, row * size, (row + 1) * size)

    def _forget_window(self, group: int, image: int, rows: Range) -> Iterator[Event]:
        thing = ("/packed", self.layer.name, image, group)
        for low, high, how in self._segments(image, rows) if len(self.members) == 1 else ():
            if how == "held" and high > low:
                yield Drop("spike_in", thing, low, high)
                self.here.discard((group, image, low))

    def _put_out(self, image: int, rows: Range) -> Iterator[Event]:
        """All filters of these rows are done: what follows from them leaves."""
        for timestep in self.work.fires_at:
            for tensor in self.layer.residuals:
                plane = (tensor.name, image, self._key(tensor.timesteps, timestep))
                yield Load("passing", plane, 0, self.walker.chip.size(plane))
            yield Finish(self.layer.name, image, timestep, rows)
            for tensor in self.layer.outputs:
                yield Store("array", (tensor.name, image, self._key(tensor.timesteps, timestep)), 0, 1 << 60)
            yield Drop("passing")
        yield from self._begun(image)
        yield Drop("array")

    def _begun(self, image: int) -> Iterator[Event]:
        """Rows of which windows are cut wait in spike_out; those that are complete leave it."""
        yield Drop(self.straddling)
        for thing, row in list(self.walker.rows.begun()):
            node = self.net.node(thing[1])
            if (node.layer, thing[2]) == (self.layer.name, image):
                yield Put(self.straddling, thing, row * node.row_bytes, (row + 1) * node.row_bytes)

    def _key(self, timesteps: int, timestep: int) -> int:
        return timestep if timesteps == self.net.timesteps else 0
