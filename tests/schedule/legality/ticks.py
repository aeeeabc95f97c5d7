"""A tick-batched layer as events: the steps of its visit with the bytes that they move, and what its tiling keeps."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from lifsim.hardware.pipeline.kinds import Kind
from lifsim.model.network import Layer
from lifsim.schedule.moves import Visit
from lifsim.schedule.plan import Plan
from lifsim.schedule.rows import row_tiles, single_windows
from lifsim.schedule.storage import filter_bytes, images_together, tick_rows
from lifsim.schedule.tick_steps import tick_visit
from lifsim.schedule.traffic import Tiling
from tests.oracles.legality import IllegalPlanError, Walker
from tests.oracles.legality_events import Compute, Drop, Event, Finish, Fire, Load, Put, Store, Thing


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
        self.weight_room, self.spike_room = room.weight, room.spike_in
        self.rows_out = self.rows.axis.rows_out
        self.left = np.full((batch, self.rows_out), self.layer.filters)
        self.chains = self.layer.filters // self.told.calls
        chains = self.tiling.cut.chains
        self.together = chains.groups if chains else 1
        self.sets = self.layer.groups // self.together
        self.pinned = self._pinned_rows()
        self.here: set[tuple[int, int, int]] = set()

    @property
    def state(self) -> Thing:
        """Membranes by image, row and chain."""
        return ("state", self.told.state, "registers")

    def events(self) -> Iterator[Event]:
        if self.told.state is not None:
            self.walker.add_state(self.state, self.told.state, self.batch * self.rows_out * self.chains)
        at_work = None
        together = images_together(self.layer, self.batch) if self.tiling.order == "weights_outer" else 1
        for step, (group, image, row_tile, filter_tile) in enumerate(self._tiles()):
            if at_work != (group, image // together):
                at_work = group, image // together
                self.here.clear()
                yield Drop("spike_in")
            rows = self._cut(row_tile, self.tiling.rows, self.rows_out)
            filters = self._cut(filter_tile, self.tiling.filters, self.layer.group_filters)
            for member in range(self.together):
                yield from self._weights(step, group, member, image, filters)
            yield from self._input(step, group, image, rows)
            yield from self._work(image, rows, group, filters)
            yield from self._forget(group, image, rows, filters)
            self.left[image, slice(*rows)] -= (filters[1] - filters[0]) * self.together
            if not self.left[image, rows[0]]:
                yield from self._put_out(image, rows)
        for place in ("weight", "spike_in"):
            yield Drop(place)

    def _tiles(self) -> Iterator[tuple[int, int, int, int]]:
        tiling = self.tiling
        row_tiles, filter_tiles = range(tiling.row_tiles), range(tiling.filter_tiles)
        together = images_together(self.layer, self.batch)
        for group in range(self.sets):
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

    def _part(self, total: int, member: int) -> int:
        """Of what the groups of a tile have together, the part of one."""
        return total * (member + 1) // self.together - total * member // self.together

    def _stay(self, filters: tuple[int, int]) -> int:
        """Bytes of all groups of a tile."""
        one = self.filter_bytes * self.together
        whole = (filters[1] - filters[0]) * one
        if self.tiling.order == "weights_outer":
            return min(whole, self.weight_room)
        return min(max(self.tiling.resident_weight_bytes - filters[0] * one, 0), whole)

    def _stays(self, filters: tuple[int, int], member: int) -> int:
        one = (filters[1] - filters[0]) * self.filter_bytes
        return one - self._part(one * self.together - self._stay(filters), member)

    def _tile_bytes(self, group: int, member: int, filters: tuple[int, int]) -> tuple[int, int]:
        """Where they are in the order in which filters are taken."""
        begin = self._taken(group, member, filters)[0] * self.filter_bytes
        return begin, begin + (filters[1] - filters[0]) * self.filter_bytes

    def _weights(self, step: int, group: int, member: int, image: int, filters: tuple[int, int]) -> Iterator[Event]:
        begin, end = self._tile_bytes(group, member, filters)
        lie = ((group + member * self.sets) * self.layer.group_filters + filters[0]) * self.filter_bytes
        if self.layer.operand is not None:
            for timestep in self._timesteps:
                plane = (self.layer.operand.name, image, self._key(self.layer.operand.timesteps, timestep))
                yield Load("passing", plane, 0, self.walker.size(plane))
            return
        place, split = "weight" if self._room_beside(filters) else "passing", end - self._stays(filters, member)
        for address, size in self._moved(step, Kind.WEIGHTS):
            offset = address - lie + begin
            if not begin <= offset < end:
                continue
            if offset < split:
                yield Load(place, ("/weights", self.layer.name), offset, min(offset + size, split))
            if offset + size > split:
                yield Load("weight", ("/weights", self.layer.name), max(offset, split), offset + size)

    def _room_beside(self, filters: tuple[int, int]) -> bool:
        """Whether the tile at work fits beside what stays."""
        beside = self.tiling.resident_weight_bytes
        if self.tiling.order == "weights_outer":
            beside = self._stay(filters)
        tile = (filters[1] - filters[0]) * self.filter_bytes * self.together
        return beside + tile - self._stay(filters) <= self.weight_room

    def _forget(self, group: int, image: int, rows: tuple[int, int], filters: tuple[int, int]) -> Iterator[Event]:
        yield Drop("passing")
        last = image == self.batch - 1 and rows[1] == self.rows_out
        for member in range(self.together):
            begin, end = self._tile_bytes(group, member, filters)
            stays = 0 if self.tiling.order == "weights_outer" and last else self._stays(filters, member)
            yield Drop("weight", ("/weights", self.layer.name), begin, end - stays)
        if self.tiling.order == "weights_outer" or filters[1] == self.layer.group_filters:
            yield from self._forget_window(group, image, rows)
        if self.tiling.order == "inputs_outer" and last and filters[1] == self.layer.group_filters:
            yield Drop("weight")

    # The input: rows that most windows hold stay

    def _pinned_rows(self) -> dict[tuple[int, int], int]:
        """Bytes that stay, of all groups of a tile, by image (modulo those that are together) and row."""
        tiles, size = row_tiles(self.rows.axis), self.rows.row_bytes * self.together
        together = images_together(self.layer, self.batch) if self.tiling.order == "weights_outer" else 1
        uses = tiles.uses[int(np.searchsorted(tiles.heights, self.tiling.rows))]
        left, pinned = self.tiling.resident_spike_bytes, {}
        for row in np.argsort(-uses, kind="stable"):
            for image in range(together):
                pinned[image, int(row)] = min(left, size) if uses[row] else 0
                left -= pinned[image, int(row)]
        return pinned

    def _window(self, rows: tuple[int, int]) -> list[int]:
        first, end = single_windows(self.rows.axis)
        return sorted({row for out in range(*rows) for row in range(int(first[out]), int(end[out]))})

    def _segments(self, image: int, rows: tuple[int, int], member: int) -> Iterator[tuple[int, int, str]]:
        """The bytes of a group's window that stay for good, while filters pass, or not at all."""
        together = images_together(self.layer, self.batch) if self.tiling.order == "weights_outer" else 1
        size, room = self.rows.row_bytes, self._part(self.spike_room - sum(self.pinned.values()), member)
        for row in self._window(rows):
            stays = self._part(self.pinned[image % together, row], member)
            begin, end = row * size + stays, (row + 1) * size
            yield row * size, begin, "pinned"
            middle = min(end, begin + max(room, 0))
            room -= middle - begin
            yield begin, middle, "held"
            yield middle, end, "passing"

    def _input(self, step: int, group: int, image: int, rows: tuple[int, int]) -> Iterator[Event]:
        brought = 0
        for member in range(self.together):
            number = group * self.together + member
            for low, high, how in self._segments(image, rows, member):
                if high > low and (number, image, low) not in self.here:
                    brought += high - low
                    thing = ("/packed", self.layer.name, image, number)
                    yield Load("passing" if how == "passing" else "spike_in", thing, low, high)
                    if how != "passing":
                        self.here.add((number, image, low))
        paid = sum(moved for _, moved in self._moved(step, Kind.SPIKES_IN))
        if paid < brought:
            raise IllegalPlanError(
                f"step {step} of {self.layer.name} brings {paid} bytes of the {brought} that it needs"
            )

    def _forget_window(self, group: int, image: int, rows: tuple[int, int]) -> Iterator[Event]:
        for member in range(self.together):
            number = group * self.together + member
            for low, high, how in self._segments(image, rows, member):
                if how == "held" and high > low:
                    yield Drop("spike_in", ("/packed", self.layer.name, image, number), low, high)
                    self.here.discard((number, image, low))

    # The array

    @property
    def _timesteps(self) -> list[int]:
        """At which it is computed."""
        last = self.net.timesteps - 1
        return {"every": list(range(last + 1)), "first": [0], "last": [last]}[self.facts.when]

    @property
    def _fires_at(self) -> list[int]:
        return self._timesteps if self.facts.when == "last" else list(range(self.net.timesteps))

    def _taken(self, group: int, member: int, filters: tuple[int, int]) -> tuple[int, int]:
        """Filters of a group in the order in which they are taken: groups whose tiles take turns behind each other."""
        begin = (group * self.together + member) * self.layer.group_filters
        return begin + filters[0], begin + filters[1]

    def _work(self, image: int, rows: tuple[int, int], group: int, filters: tuple[int, int]) -> Iterator[Event]:
        if self.together > 1:
            assert self.together == self.told.calls  # call i of a chain is in the i-th group of a tile
            begin, end = (group * self.layer.group_filters + which for which in filters)
        else:
            taken = self._taken(group, 0, filters)
            begin, end = taken[0] // self.told.calls, -(-taken[1] // self.told.calls)
        for timestep in self._fires_at:
            for member in range(self.together):
                if timestep in self._timesteps:
                    yield Compute(self.layer.name, image, timestep, rows, self._taken(group, member, filters))
            if self.told.state is None:
                continue
            for call in range(self.told.calls):
                for row in range(*rows):
                    low, high = ((image * self.rows_out + row) * self.chains + chain for chain in (begin, end))
                    if timestep == 0 and call == 0:
                        yield Put("registers", self.state, low, high)
                    yield Fire(self.layer.name, timestep, call, self.state, low, high, "registers")
        yield Drop("registers")

    def _put_out(self, image: int, rows: tuple[int, int]) -> Iterator[Event]:
        """All filters of these rows are done: what follows from them leaves."""
        for timestep in self._fires_at:
            for tensor in self.layer.residuals:
                plane = (tensor.name, image, self._key(tensor.timesteps, timestep))
                yield Load("passing", plane, 0, self.walker.size(plane))
            yield Finish(self.layer.name, image, timestep, rows)
            for tensor in self.layer.outputs:
                yield Store("array", (tensor.name, image, self._key(tensor.timesteps, timestep)), 0, 1 << 60)
            yield Drop("passing")
        yield Drop("array")

    def _key(self, timesteps: int, timestep: int) -> int:
        return timestep if timesteps == self.net.timesteps else 0
