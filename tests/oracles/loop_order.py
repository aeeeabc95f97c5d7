"""A literal interpreter of one loop order, of which every schedule is a case: for windows, for strips, for layers, for
the timesteps of the window.

    tick-batched       a layer alone, one window of all timesteps
    timestep-major     windows of one timestep
    time windows       a layer alone, windows in between
    plain strips       windows of one timestep, strips, layers behind each other
    fused              windows of several timesteps, strips, layers behind each other, or as far as later ones need them
    skewed strips      strips, layers behind each other, and timesteps behind each other

It walks the loops, moves every byte, keeps sets of what is on chip, and refuses what cannot be: a row of which not all
is computed that it needs, a call on a state whose last call has not been, more than a buffer holds.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

from tests.oracles.loop_order_membranes import Membranes
from tests.oracles.loop_order_net import Layer, Loops, Nest, Net, Plane, Room, require
from tests.oracles.loop_order_turns import Visit, ceil_div, visits

Byte = tuple[object, ...]
Images = Sequence[int]
Filters = Sequence[int]
Tiles = list[tuple[int, dict[int, range], Filters]]
Cuttable = TypeVar("Cuttable", range, list[int])


def cut(whole: Cuttable, size: int | None) -> list[Cuttable]:
    return [whole[start : start + (size or len(whole))] for start in range(0, len(whole), size or max(len(whole), 1))]


def walk(net: Net, loops: Loops, room: Room) -> Walker:
    """All chunks. Raises IllegalOrderError."""
    walker = Walker(net, loops, room)
    for first in range(0, net.images, loops.images):
        walker.chunk(range(first, min(first + loops.images, net.images)))
    walker.end()
    return walker


class Walker:
    """moved: by layer, bytes by tensor; fetches: by layer, visits in which any of its weights came; most_spikes: the
    most bytes that spike_out held between visits."""

    def __init__(self, net: Net, loops: Loops, room: Room) -> None:
        self.net, self.loops, self.room = net, loops, room
        self.moved = {layer.name: Counter[str]() for layer in net.layers}
        self.fetches: Counter[str] = Counter()
        self.most_spikes = 0
        self.made: set[tuple[str, int, int, int]] = set()
        self.fired: Counter[tuple[str, int, int, int]] = Counter()
        self.stored: set[Byte] = set()
        self.seen: set[Byte] = set()
        self.maker = {layer.puts: layer for layer in net.layers}
        self.membranes = Membranes(net, loops, room)
        self.stay = {layer.name: self._that_stay(layer) for layer in net.layers}
        require(sum(map(len, self.stay.values())) <= room.weight, "the weights that stay do not fit")

    def nest(self, layer: Layer) -> Nest:
        return self.loops.nests.get(layer.name, Nest())

    # The order

    def chunk(self, images: Images) -> None:
        order = visits(self.net, self.loops)
        self.order = order
        self.membranes.begin(images[0])
        held: set[Byte] = set()
        taken: set[Byte] = set()
        for position, visit in enumerate(order):
            if position and order[position - 1].window != visit.window:
                taken = set()
            left = self.running(visit, images)
            if not left:
                return
            self.visit(visit, left, held, taken)
            held = self.keep(order[position + 1 :], images, held)

    def running(self, visit: Visit, images: Images) -> Images:
        """Those that have not exited before the window of a visit."""
        return [image for image in images if self.loops.runs(image, visit.window)]

    def visit(self, visit: Visit, images: Images, held: set[Byte], taken: set[Byte]) -> None:
        """One layer's turn: its tiles. held: what spike_out has; taken: what spike_in took whole in this window."""
        layer, nest = visit.layer, self.nest(visit.layer)
        tiles = list(self.tiles(visit, images))
        pinned = self.pins(visit, tiles, images)
        if self._whole_input(visit, images):
            pinned, brought = None, taken
        else:
            brought = set()
        at_work: tuple[Filters, set[Byte]] | None = None
        last: tuple[int, dict[int, range]] | None = None
        here: set[Byte] = set()
        before = self.moved[layer.name]["weights"]
        for image, rows, filters in tiles:
            if at_work is None or at_work[0] != filters:
                at_work = filters, set()
            if last != (image, rows) or nest.outer == "weights":
                here = set()
            if self.computed(layer, rows):
                self.fetch_weights(layer, filters, at_work[1])
                self.read(visit, image, rows, (held, pinned, brought, here))
            self.compute(visit, image, rows, filters)
            last = image, rows
        self.fetches[layer.name] += self.moved[layer.name]["weights"] > before
        self.add(visit, images, held, taken)
        self.put_out(visit, images, held)

    def computed(self, layer: Layer, rows: dict[int, range]) -> bool:
        """Whether the array computes these rows, or has at the first timestep of the window."""
        return layer.name not in self.loops.once or any(t % self.loops.window == 0 for t in rows)

    def tiles(self, visit: Visit, images: Images) -> Iterator[tuple[int, dict[int, range], Filters]]:
        """(image, by timestep its rows, filters). Where timesteps are skewed each has rows of its own."""
        layer, nest = visit.layer, self.nest(visit.layer)
        if self.loops.skew:
            row_tiles = [{t: part} for t, rows in visit.rows.items() for part in cut(rows, nest.rows)]
        else:
            row_tiles = [dict.fromkeys(visit.rows, part) for part in cut(next(iter(visit.rows.values())), nest.rows)]
        filter_tiles = self.filter_tiles(layer)
        if nest.outer == "weights":
            yield from ((i, rows, m) for m in filter_tiles for i in images for rows in row_tiles)
        else:
            yield from ((i, rows, m) for i in images for rows in row_tiles for m in filter_tiles)

    def filter_tiles(self, layer: Layer) -> list[Filters]:
        """Of each group of a convolution, or of those whose tiles take turns: every few groups one."""
        nest, each, found = self.nest(layer), layer.filters // layer.groups, list[Filters]()
        sets = layer.groups // nest.together
        for first in range(sets):
            members = [range(group * each, (group + 1) * each) for group in range(first, layer.groups, sets)]
            tiles = zip(*(cut(one, nest.filters) for one in members), strict=True)
            found += [tuple(n for part in tile for n in part) for tile in tiles]
        return found

    def folds(self, layer: Layer, filters: Filters) -> list[Filters]:
        """Filters that the array works on together: of one group."""
        each = layer.filters // layer.groups
        parts = [[n for n in filters if n // each == group] for group in range(layer.groups)]
        return [fold for part in parts for fold in cut(part, self.nest(layer).fold)]

    # Weights

    def _that_stay(self, layer: Layer) -> set[Byte]:
        """First what a tile has beyond its room."""
        nest = self.nest(layer)
        tiles = [self._weights(layer, tile) for tile in self.filter_tiles(layer)]
        beyond = [byte for tile in tiles for byte in tile[nest.at_work :]]
        return set((beyond + [byte for tile in tiles for byte in tile[: nest.at_work]])[: nest.stays])

    def _weights(self, layer: Layer, filters: Filters) -> list[Byte]:
        return [(layer.name, number, byte) for number in filters for byte in range(layer.filter_bytes)]

    def fetch_weights(self, layer: Layer, filters: Filters, at_work: set[Byte]) -> None:
        stay = self.stay[layer.name]
        beside = self.room.weight - sum(len(others) for others in self.stay.values())
        room = min(self.nest(layer).at_work, beside)
        for byte in self._weights(layer, filters):
            if byte in stay:
                self.moved[layer.name]["weights"] += byte not in self.seen
                self.seen.add(byte)
            elif byte not in at_work:
                self.moved[layer.name]["weights"] += 1
                if len(at_work) < room:
                    at_work.add(byte)

    # Spikes

    def pack(self, plane: Plane, t: int) -> tuple[int, int]:
        """(which, of how many timesteps) lies side by side in DRAM, with what a plane has at one."""
        if plane.once:
            return 0, 1
        if self.loops.skew:
            return t, 1
        first = t - t % self.loops.window
        return first, min(self.loops.window, self.net.timesteps - first)

    def row(self, plane: Plane, image: int, t: int, row: int) -> list[Byte]:
        """The bytes that have one row at a timestep, and at those beside it."""
        which, count = self.pack(plane, t)
        return [(plane.name, image, which, row, byte) for byte in range(ceil_div(plane.row_bits * count, 8))]

    def under(self, visit: Visit, image: int, rows: dict[int, range]) -> list[Byte]:
        """Bytes of its input that a tile needs, each once."""
        layer = visit.layer
        plane = self.net.planes[layer.source]
        needed: dict[Byte, None] = {}
        for t, part in rows.items():
            under = sorted({r for row in part for r in layer.window.rows(row, plane.rows)})
            for row in under:
                self.require_made(plane, image, t, row, layer)
                needed |= dict.fromkeys(self.row(plane, image, t, row))
        return list(needed)

    def require_made(self, plane: Plane, image: int, t: int, row: int, layer: Layer) -> None:
        there = plane.name not in self.maker or (plane.name, image, 0 if plane.once else t, row) in self.made
        require(there, f"{layer.name} at timestep {t} needs row {row} of {plane.name}, which is not there yet")

    def _whole_input(self, visit: Visit, images: Images) -> bool:
        """Whether spike_in takes all of a window's inputs from outside, so that they come once, whatever strips."""
        sources = {layer.source for layer in self.net.layers if layer.source not in self.maker}
        timesteps = min(self.loops.window, self.net.timesteps - visit.window * self.loops.window)
        size = sum(self._window_bytes(self.net.planes[name], timesteps) for name in sources)
        return self.loops.in_strips and len(images) * size <= self.room.spike_in

    def _window_bytes(self, plane: Plane, timesteps: int) -> int:
        """Of all of a plane in a window, as it lies in DRAM."""
        together = 1 if plane.once else timesteps
        if self.loops.skew:
            return plane.rows * together * ceil_div(plane.row_bits, 8)
        return plane.rows * ceil_div(plane.row_bits * together, 8)

    def pins(self, visit: Visit, tiles: Tiles, images: Images) -> set[Byte] | None:
        """Bytes that stay in spike_in beside the window at work, those that most tiles need first. In strips all of a
        visit's do, if those of all visits can, or none."""
        nest, plane = self.nest(visit.layer), self.net.planes[visit.layer.source]
        if plane.name in self.maker:
            return set()
        if self.loops.in_strips:
            fit = all(len(self.asked(one, images)) <= self.room.spike_in for one in self.alike(visit))
            return self.asked(visit, images) if fit else set()
        windows = {(i, tuple(rows.items())): self.under(visit, i, rows) for i, rows, _ in tiles}
        used = Counter(byte for window in windows.values() for byte in window)
        ranked = [byte for byte, _ in used.most_common()]
        beside = max(0, self.room.spike_in - max(map(len, windows.values())))
        lots = [ranked] if nest.outer == "weights" else [[b for b in ranked if b[1] == i] for i in images]
        return {byte for lot in lots for byte in (lot if len(lot) <= self.room.spike_in else lot[:beside])}

    def alike(self, visit: Visit) -> list[Visit]:
        """The layer's turns in its window."""
        return [one for one in self.order if one.layer is visit.layer and one.window == visit.window]

    def asked(self, visit: Visit, images: Images) -> set[Byte]:
        """Bytes of its input that a visit reads."""
        rows = {t: part for t, part in visit.rows.items() if self.computed(visit.layer, {t: part})}
        return {byte for image in images for byte in self.under(visit, image, rows)}

    def read(
        self,
        visit: Visit,
        image: int,
        rows: dict[int, range],
        chip: tuple[set[Byte], set[Byte] | None, set[Byte], set[Byte]],
    ) -> None:
        """chip: what spike_out holds; what is pinned in spike_in (None: all); of it what has come; the window there."""
        held, pinned, brought, here = chip
        plane, moved = self.net.planes[visit.layer.source], self.moved[visit.layer.name]
        for byte in self.under(visit, image, rows):
            if plane.name in self.maker:
                moved["spikes_in"] += self._comes_back(byte, held)
            elif pinned is None or byte in pinned:
                moved["spikes_in"] += byte not in brought
                brought.add(byte)
            elif byte not in here:
                moved["spikes_in"] += 1
                if len(here) < self.room.spike_in:
                    here.add(byte)

    def _comes_back(self, byte: Byte, held: set[Byte]) -> bool:
        require(byte in held or byte in self.stored, f"{byte} is neither on chip nor in DRAM")
        return byte not in held

    def add(self, visit: Visit, images: Images, held: set[Byte], taken: set[Byte]) -> None:
        """Operands of adds come once for the rows that need them."""
        for name in visit.layer.adds:
            plane = self.net.planes[name]
            needed: dict[Byte, None] = {}
            for image in images:
                for t, rows in visit.rows.items():
                    for row in rows:
                        self.require_made(plane, image, t, row, visit.layer)
                        needed |= dict.fromkeys(self.row(plane, image, t, row))
            inside = name in self.maker
            comes = [b for b in needed if (self._comes_back(b, held) if inside else b not in taken)]
            self.moved[visit.layer.name]["residual"] += len(comes)

    def put_out(self, visit: Visit, images: Images, held: set[Byte]) -> None:
        """Rows all of whose own rows have fired: those behind a pool wait for the last one under their window."""
        layer = visit.layer
        plane = self.net.planes[layer.puts]
        for image in images:
            for t in visit.rows:
                for row in range(plane.rows):
                    unit = plane.name, image, t, row
                    under = layer.pool.rows(row, layer.rows)
                    done = all(self.fired[layer.name, image, t, r] == layer.filters for r in under)
                    if unit not in self.made and done:
                        self.made.add(unit)
                        held |= set(self.row(plane, image, t, row))

    def keep(self, rest: list[Visit], images: Images, held: set[Byte]) -> set[Byte]:
        """Of what spike_out has, and what has just been put out, what is needed soonest stays; the rest goes to DRAM
        if anybody needs it, and what leaves the group in any case."""
        soonest: dict[Byte, int] = {}
        for position, visit in enumerate(rest):
            for name in (visit.layer.source, *visit.layer.adds):
                if name in self.maker:
                    for byte in self._needs(visit, name, self.running(visit, images)):
                        soonest.setdefault(byte, position)
        order = {name: number for number, name in enumerate(self.net.planes)}
        wanted = sorted((byte for byte in held if byte in soonest),
                        key=lambda byte: (soonest[byte], order[str(byte[0])], byte[1:]))  # fmt: skip
        kept = set(wanted[: self.room.spike_out])
        self.most_spikes = max(self.most_spikes, len(kept))
        for byte in held - self.stored:
            if self.net.planes[str(byte[0])].leaves or (byte in soonest and byte not in kept):
                self.moved[self.maker[str(byte[0])].name]["spikes_out"] += 1
                self.stored.add(byte)
        return kept

    def _needs(self, visit: Visit, name: str, images: Images) -> Iterable[Byte]:
        plane, layer = self.net.planes[name], visit.layer
        for image in images:
            for t, rows in visit.rows.items():
                for row in rows:
                    under = layer.window.rows(row, plane.rows) if name == layer.source else []
                    for one in {*under, *([row] if name in layer.adds else [])}:
                        yield from self.row(plane, image, t, one)

    # Calls

    def compute(self, visit: Visit, image: int, rows: dict[int, range], filters: Filters) -> None:
        """A tile: whole folds one behind the other, all timesteps of each; or folds in turn at every timestep."""
        layer, nest = visit.layer, self.nest(visit.layer)
        self.membranes.come(layer, image, rows, filters, self.moved[layer.name])
        folds = self.folds(layer, filters)
        order = [(t, f) for t in rows for f in folds] if nest.alternating else [(t, f) for f in folds for t in rows]
        for t, fold in order:
            for row in rows[t]:
                for number in fold:
                    self.membranes.call(layer, image, t, row, number)
                self.fired[layer.name, image, t, row] += len(fold)
        self.membranes.go(layer, image, rows, filters, self.moved[layer.name])

    def end(self) -> None:
        """Everything has been computed."""
        for layer in self.net.layers:
            plane = self.net.planes[layer.puts]
            for image in range(self.net.images):
                for t in range(self.net.timesteps):
                    runs = self.loops.runs(image, t // self.loops.window)
                    for row in range(plane.rows):
                        made = (plane.name, image, t, row) in self.made
                        require(made == runs, f"row {row} of {plane.name} is {'never' if runs else 'yet'} made")
