"""A tick-batched layer as events: the steps of its visit with the bytes that they move, and what its tiling keeps.

In windows it is so in each of them. A tile's folds follow each other, each with all its timesteps, or, where chains
alternate, timesteps with all folds of the tiles that take turns. Where the tiles of several groups do, which parts of
their windows stay is not followed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import chain

import numpy as np

from lifsim.hardware.pipeline.kinds import Kind
from lifsim.model.network import Layer
from lifsim.schedule.plan import Plan
from lifsim.schedule.tensors.moves import Visit
from lifsim.schedule.tensors.products import gemm_of
from lifsim.schedule.tensors.rows import single_windows
from lifsim.schedule.tensors.storage import filter_bytes, images_together, tick_rows
from lifsim.schedule.tick.nest import nest_of, pinned_spikes, staying_of
from lifsim.schedule.tick.steps import tick_visit
from lifsim.schedule.tick.ways import Way
from lifsim.schedule.tick.window_steps import window_visits
from lifsim.schedule.traffic import Tiling
from lifsim.schedule.window import layers_of
from tests.oracles.legality import IllegalPlanError, Walker
from tests.oracles.legality_events import Drop, Event, Finish, Load, Put, Store
from tests.schedule.legality.order import Range
from tests.schedule.legality.tile_work import Pass, TileWork

Tile = tuple[int, int, int, int]
"""The first group, image, number of the row tile and of the filter tile."""


@dataclass(frozen=True)
class Part:
    """What one visit works on: images first..end-1 at the timesteps of a window, `layer` as it is in it. last: whether
    no other visit follows."""

    layer: Layer
    tiling: Tiling
    visit: Visit
    images: Range
    window: Range
    number: int | None
    last: bool


def tick_events(walker: Walker, plan: Plan, index: int, batch: int) -> Iterator[Event]:
    """Of one layer: all images, all timesteps of a tile back to back; or chunk by chunk, window by window."""
    work = TileWork(walker, plan, index, batch)
    for part in _parts(plan, index, batch):
        yield from TickEvents(walker, plan, work, part).events()
    for place in ("weight", "spike_in", f"waiting of {work.told.name}"):
        yield Drop(place)


def _parts(plan: Plan, index: int, batch: int) -> Iterator[Part]:
    group, layer = plan.group_of(index), plan.facts.layers[index].layer
    tiling, reals = group.layers[0].tiling, plan.facts.reals
    if group.tick_batched:
        visit = tick_visit(layer, reals, plan.chip.tiles, batch, group.layers[0])
        yield Part(layer, tiling, visit, (0, batch), (0, plan.facts.timesteps), None, last=True)
        return
    visits = iter(window_visits(plan.facts, plan.chip, batch, group))
    windows = list(zip(layers_of(layer, group.window), group.window.spans(layer.timesteps), strict=True))
    for first in range(0, batch, group.images):
        images = first, min(first + group.images, batch)
        for number, (within, span) in enumerate(windows):
            together = images_together(within, images[1] - first)
            nest = nest_of(within, reals, plan.chip.tiles, together, Way(tiling.cut.chains))
            stays = pinned_spikes(nest, tiling.order)[int(np.searchsorted(nest.rows.heights, tiling.rows))]
            cut = replace(tiling, resident_spike_bytes=int(stays))
            last = images[1] == batch and number == len(windows) - 1
            yield Part(within, cut, next(visits), images, span, number, last)


class TickEvents:
    """Of one visit."""

    def __init__(self, walker: Walker, plan: Plan, work: TileWork, part: Part) -> None:
        net, facts, room = walker.net, plan.facts, plan.chip.tiles
        self.walker, self.net, self.plan, self.part = walker, net, plan, part
        self.batch = part.images[1] - part.images[0]
        self.facts = facts.layers[part.layer.index]
        self.layer: Layer = part.layer
        self.told = net.layers[part.layer.index]
        self.tiling: Tiling = part.tiling
        self.visit: Visit = part.visit
        self.rows = tick_rows(self.layer, facts.reals)
        self.filter_bytes = filter_bytes(self.layer, room.weight_bits, self.layer.rounds)
        sets = self.tiling.group_sets(self.layer.groups)
        self.members = range(0, self.layer.groups, sets)
        self.weight_room, self.spike_room = room.weight, room.spike_in
        self.rows_out = self.rows.axis.rows_out
        self.left = np.full((self.batch, self.rows_out), self.layer.filters)
        self.work = work
        self.pinned = self._pinned_rows()
        self.here: set[tuple[int, int, int]] = set()
        self.at_work: tuple[int, int] | None = None
        self.straddling = f"spike_out of {self.layer.name}"
        self.first, self.spilled = part.images[0], work.sums.spilled.get(part.layer.name, 0)
        self.packed = () if part.number is None else (part.number,)

    def _at_work(self) -> None:
        """The tiles know their window, and which membranes they find and leave."""
        part, work = self.part, self.work
        work.window, work.opens = part.window, bool(part.number)
        work.closes = part.window[1] < self.net.timesteps
        each = self.layer.pixels * self.layer.filters // self.told.calls
        work.begun = work.base = part.images[0] * each
        state = next((state for state in self.plan.facts.states if self.layer.index in state.layers), None)
        if state is not None and (work.opens or work.closes):
            moved = self.visit.moves.total(Kind.MEMBRANE_READ if work.opens else Kind.MEMBRANE_WRITE)
            work.kept, work.every = self.batch * state.bytes - moved, self.batch * state.bytes

    def events(self) -> Iterator[Event]:
        self._at_work()
        for tiles in self._lots():
            if self.work.lots.wait:
                self.work.lots.begin(self._sums_of(tiles))
            for each in self.work.passes:
                self.work.lots.restart()
                yield from self._pass(each, tiles)
            if self.work.lots.wait:
                yield from self.work.lots.end()
        yield Drop("spike_in")
        self.work.require_paid(self.visit, self.spilled)

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
            if each.sums and not each.again and self.at_work != (group, (image - self.first) // together):
                self.at_work = group, (image - self.first) // together
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
                self.left[image - self.first, slice(*rows)] -= (filters[1] - filters[0]) * len(parts)
                if not self.left[image - self.first, rows[0]]:
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
                images = range(*self.part.images)
                yield from ((group, i, r, m) for i in images for r in row_tiles for m in filter_tiles)
                continue
            for lot in range(*self.part.images, together):
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

    @property
    def _any_lasts(self) -> bool:
        return self.tiling.lasting_weight_bytes > 0 and not self.part.last

    def _lasts(self, group: int, filters: Range) -> int:
        """Of a tile, what stays from this visit to the next."""
        sizes = np.array(self.tiling.cut.filter_tiles(gemm_of(self.layer))) * self._together
        sets = self.tiling.group_sets(self.layer.groups)
        stay = staying_of(np.tile(sizes, sets), self.tiling.lasting_weight_bytes, self.weight_room)
        return int(stay[group * sizes.size + filters[0] // self.tiling.filters]) * self._any_lasts

    def _zones(self, parts: list[Range], stays: int, filters: Range) -> list[tuple[int, int, int]]:
        """Of each group the tile's first byte, the first one of those that stay, and its end."""
        leaves = (filters[1] - filters[0]) * self._together - stays
        count, found = len(parts), []
        for number, (first, end) in enumerate(parts):
            share = leaves * (number + 1) // count - leaves * number // count
            begin = first * self.filter_bytes
            found.append((begin, begin + share, end * self.filter_bytes))
        return found

    def _weights(self, step: int, image: int, parts: list[Range], filters: Range) -> Iterator[Event]:
        if self.layer.operand is not None:
            for timestep in self.work.timesteps:
                plane = (self.layer.operand.name, image, self._key(self.layer.operand.name, timestep))
                yield Load("passing", plane, 0, self.walker.chip.size(plane))
            return
        place = "weight" if self._room_beside(filters) else "passing"
        for offset, size in self._moved(step, Kind.WEIGHTS):
            for begin, split, end in self._zones(parts, self._stays(filters), filters):
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
        last = image == self.part.images[1] - 1 and rows[1] == self.rows_out
        stays = self._lasts(group, filters) if weights_outer and last else self._stays(filters)
        for begin, split, _ in self._zones(parts, stays, filters):
            yield Drop("weight", ("/weights", self.layer.name), begin, split)
        if weights_outer or filters[1] == self.layer.group_filters:
            yield from self._forget_window(group, image, rows)
        if not weights_outer and last and filters[1] == self.layer.group_filters and not self._any_lasts:
            group_bytes = self.layer.group_filters * self.filter_bytes
            for first, _ in parts:  # those of other groups may have stayed from the window before
                begin = first // self.layer.group_filters * group_bytes
                yield Drop("weight", ("/weights", self.layer.name), begin, begin + group_bytes)

    # The input: rows that most windows hold stay

    def _pinned_rows(self) -> dict[tuple[int, int], int]:
        """Bytes that stay, by image (modulo those that are together) and row."""
        axis, size = self.rows.axis, self.rows.row_bytes
        together = images_together(self.layer, self.batch) if self.tiling.order == "weights_outer" else 1
        tops = range(0, axis.rows_out, self.tiling.rows)
        read = (self._window((top, min(top + self.tiling.rows, axis.rows_out))) for top in tops)
        uses = np.bincount(list(chain.from_iterable(read)), minlength=axis.rows_in)
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
            stays = self.pinned[(image - self.first) % together, row]
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
        thing, brought = ("/packed", self.layer.name, image, group, *self.packed), 0
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
                thing = ("/packed", self.layer.name, image, group + member, *self.packed)
                yield Load("passing", thing, row * size, (row + 1) * size)

    def _forget_window(self, group: int, image: int, rows: Range) -> Iterator[Event]:
        thing = ("/packed", self.layer.name, image, group, *self.packed)
        for low, high, how in self._segments(image, rows) if len(self.members) == 1 else ():
            if how == "held" and high > low:
                yield Drop("spike_in", thing, low, high)
                self.here.discard((group, image, low))

    def _put_out(self, image: int, rows: Range) -> Iterator[Event]:
        """All filters of these rows are done: what follows from them leaves."""
        for timestep in self.work.fires_at:
            for tensor in self.layer.residuals:
                plane = (tensor.name, image, self._key(tensor.name, timestep))
                yield Load("passing", plane, 0, self.walker.chip.size(plane))
            yield Finish(self.layer.name, image, timestep, rows)
            for tensor in self.layer.outputs:
                yield Store("array", (tensor.name, image, self._key(tensor.name, timestep)), 0, 1 << 60)
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

    def _key(self, name: str, timestep: int) -> int:
        layer = self.facts.layer
        tensors = (*layer.reads, *layer.residuals, *layer.outputs)
        timesteps = next(tensor.timesteps for tensor in tensors if tensor.name == name)
        return timestep if timesteps == self.net.timesteps else 0
