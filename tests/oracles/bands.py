"""A literal interpreter of time-skewed strips in bands of columns, pixel by pixel.

    for chunks of images, for windows of timesteps, for bands of columns, for waves of rows, for layers, for filter
    tiles, for images, for the timesteps of the window: rows x columns

Layer l of timestep t lies behind in rows as skewed strips do and in columns by what the kernels need. It moves every
byte, knows what is on chip, and refuses what cannot be: a pixel of which not all is computed that it needs, or whose
spikes are not in spike_out, a call on a state whose last call has not been, more than a buffer holds. Knows nothing of
lifsim.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import product

from tests.oracles.loop_order_net import Nest, Room, Window, require
from tests.oracles.loop_order_turns import ceil_div

Pixel = tuple[str, int, int, int, int]
"""(plane, image, timestep, row, column)"""

Both = tuple[Window, Window]
"""Along rows, along columns."""

ALONE = Window(), Window()


@dataclass(frozen=True)
class Plane:
    """pixel_bits: of all channels. once: the same at all timesteps. leaves: DRAM must have all of it."""

    rows: int
    columns: int
    pixel_bits: int
    once: bool = False
    leaves: bool = True


@dataclass(frozen=True)
class Layer:
    """Reads `source` through a window, adds planes, fires, pools, puts out. filters of filter_bytes."""

    name: str
    source: str
    window: Both
    filters: int
    filter_bytes: int
    puts: str
    pool: Both = ALONE
    adds: tuple[str, ...] = ()


@dataclass(frozen=True)
class Net:
    """Layers of one state of rows x columns, of pixel_bytes each."""

    timesteps: int
    images: int
    planes: Mapping[str, Plane]
    layers: tuple[Layer, ...]
    rows: int
    columns: int
    pixel_bytes: int


@dataclass(frozen=True)
class Loops:
    """window: timesteps. height, width: of a strip. lags, column_lags: by layer; skew: rows by which a timestep lies
    behind the one before it. kept_rows: those of which what is between two bands stays on chip; permanent: bytes of the
    state of a chunk that stay from window to window. stops: timesteps after which each image exits, at the end of a
    window; none: after all."""

    window: int
    height: int
    width: int
    lags: tuple[int, ...]
    column_lags: tuple[int, ...]
    skew: int
    images: int = 1
    kept_rows: int = 0
    permanent: int = 0
    stops: tuple[int, ...] = ()
    nests: Mapping[str, Nest] = field(default_factory=dict)

    def end(self, image: int, timesteps: int) -> int:
        """Behind the last timestep that an image runs, of so many."""
        last = self.stops[image] if self.stops else timesteps
        return min(timesteps, ceil_div(last, self.window) * self.window)


@dataclass(frozen=True)
class Visit:
    """A layer's turn, of some images: by timestep (rows, columns)."""

    images: tuple[int, ...]
    window: int
    band: int
    layer: Layer
    parts: dict[int, tuple[range, range]]


def visits(net: Net, loops: Loops, images: range) -> list[Visit]:
    """Of a chunk, in order. Where none of its images runs any more, there are none."""
    found = []
    for number, first in enumerate(range(0, net.timesteps, loops.window)):
        running = tuple(image for image in images if first < loops.end(image, net.timesteps))
        if not running:
            break
        window = range(first, min(first + loops.window, net.timesteps))
        behind = (len(window) - 1) * loops.skew + loops.lags[-1]
        across = len(window) * loops.column_lags[-1]
        for band in range(ceil_div(net.columns + across, loops.width)):
            for wave in range(ceil_div(net.rows + behind, loops.height)):
                for place, layer in enumerate(net.layers):
                    parts = {}
                    for t in window:
                        lag = (t - first) * loops.skew + loops.lags[place]
                        beside = (t - first) * loops.column_lags[-1] + loops.column_lags[place]
                        rows = _cut(wave * loops.height - lag, loops.height, net.rows)
                        columns = _cut(band * loops.width - beside, loops.width, net.columns)
                        if rows and columns:
                            parts[t] = rows, columns
                    if parts:
                        found.append(Visit(running, number, band, layer, parts))
    return found


def _cut(first: int, size: int, there: int) -> range:
    return range(max(0, first), max(0, min(there, first + size)))


def walk(net: Net, loops: Loops, room: Room) -> Walker:
    """All chunks. Raises IllegalOrderError."""
    walker = Walker(net, loops, room)
    for first in range(0, net.images, loops.images):
        walker.chunk(range(first, min(first + loops.images, net.images)))
    return walker


class Walker:
    """moved: by layer, bytes by tensor. most_spikes, most_membranes: bytes that were ever in their buffers together;
    visited: all visits, in order; by_visit: by layer, what each moved."""

    def __init__(self, net: Net, loops: Loops, room: Room) -> None:
        self.net, self.loops, self.room = net, loops, room
        self.moved = {layer.name: Counter[str]() for layer in net.layers}
        self.by_visit: dict[str, list[Counter[str]]] = {layer.name: [] for layer in net.layers}
        self.most_spikes = self.most_membranes = 0
        self.maker = {layer.puts: layer for layer in net.layers}
        self.seen: set[tuple[str, int]] = set()
        self.visited: list[Visit] = []

    def chunk(self, images: range) -> None:
        order = visits(self.net, self.loops, images)
        self.images, self.order = images, order
        self.visited += order
        self.made: set[Pixel] = set()
        self.fired: set[Pixel] = set()
        self.held: set[Pixel] = set()
        self.calls: Counter[tuple[int, int, int]] = Counter()
        self.here: set[tuple[int, int, int]] = set()
        self.last_need = self._last_needs()
        self.bands = self._bands_of_calls()
        for position, visit in enumerate(order):
            before = Counter(self.moved[visit.layer.name])
            self.membranes_come(visit)
            self.work(visit)
            self.put_out(visit, position)
            self.membranes_go(visit)
            self.by_visit[visit.layer.name].append(self.moved[visit.layer.name] - before)
        for layer, image, t in product(self.net.layers, images, range(self.net.timesteps)):
            plane = self.net.planes[layer.puts]
            for row, column in product(range(plane.rows), range(plane.columns)):
                pixel = layer.puts, image, t, row, column
                runs = t < self.loops.end(image, self.net.timesteps)
                require((pixel in self.made) == runs, f"{pixel} is {'never' if runs else 'yet'} made")

    # What is needed when

    def under(self, visit: Visit, image: int, t: int, rows: range, columns: range) -> set[Pixel]:
        """Pixels of its input."""
        plane = self.net.planes[visit.layer.source]
        down, across = visit.layer.window
        high = {r for row in rows for r in down.rows(row, plane.rows)}
        wide = {c for column in columns for c in across.rows(column, plane.columns)}
        when = 0 if plane.once else t
        return {(visit.layer.source, image, when, r, c) for r in high for c in wide}

    def needs(self, visit: Visit) -> Iterator[Pixel]:
        """Of what layers of the group make."""
        for (t, (rows, columns)), image in product(visit.parts.items(), visit.images):
            if visit.layer.source in self.maker:
                yield from self.under(visit, image, t, rows, columns)
        for name in visit.layer.adds:
            if name in self.maker:
                yield from self._own(visit, name)

    def _own(self, visit: Visit, name: str) -> Iterator[Pixel]:
        """The pixels of a plane that lie where the visit works."""
        for (t, (rows, columns)), image in product(visit.parts.items(), visit.images):
            yield from ((name, image, t, row, column) for row in rows for column in columns)

    def _last_needs(self) -> dict[Pixel, int]:
        return {pixel: position for position, visit in enumerate(self.order) for pixel in self.needs(visit)}

    def _bands_of_calls(self) -> dict[tuple[int, int], list[tuple[int, int]]]:
        """By row and column, (window, band) of every call on it, in order."""
        found: dict[tuple[int, int], list[tuple[int, int]]] = {}
        for visit in self.order:
            for rows, columns in visit.parts.values():
                for row, column in product(rows, columns):
                    found.setdefault((row, column), []).append((visit.window, visit.band))
        return found

    # The array's work

    def work(self, visit: Visit) -> None:
        layer, moved = visit.layer, self.moved[visit.layer.name]
        nest = self.loops.nests.get(layer.name, Nest())
        for pixel in self.needs(visit):
            require(pixel in self.made, f"{layer.name} needs {pixel}, which is not there yet")
            require(pixel in self.held, f"{layer.name} needs {pixel}, which is not in spike_out")
        pinned = layer.source not in self.maker and self._fits(layer, visit.window)
        brought: set[object] = set()
        size = nest.filters or layer.filters
        for first in range(0, layer.filters, size):
            at_work: set[tuple[str, int]] = set()
            filters = range(first, min(first + size, layer.filters))
            for image, (t, (rows, columns)) in product(visit.images, visit.parts.items()):
                every = [rows[at : at + (nest.rows or len(rows))] for at in range(0, len(rows), nest.rows or len(rows))]
                for part in every:
                    self._weights(layer, nest, filters, at_work)
                    if layer.source in self.maker:
                        continue
                    needed = self._bytes(self.under(visit, image, t, part, columns))
                    moved["spikes_in"] += len(needed - brought) if pinned else len(needed)
                    brought |= needed
        for name in layer.adds:
            if name not in self.maker:
                moved["residual"] += len(self._bytes(set(self._own(visit, name))))

    def _fits(self, layer: Layer, window: int) -> bool:
        return all(len(self._asked(visit)) <= self.room.spike_in for visit in self.order
                   if visit.layer is layer and visit.window == window)  # fmt: skip

    def _asked(self, visit: Visit) -> set[object]:
        found: set[object] = set()
        for image, (t, part) in product(visit.images, visit.parts.items()):
            found |= self._bytes(self.under(visit, image, t, *part))
        return found

    def _bytes(self, pixels: set[Pixel]) -> set[object]:
        """In DRAM, where a row of pixels begins on a byte."""
        found: set[object] = set()
        for name, image, t, row, column in pixels:
            bits = self.net.planes[name].pixel_bits
            for byte in range(column * bits // 8, ceil_div((column + 1) * bits, 8)):
                found.add((name, image, t, row, byte))
        return found

    def _weights(self, layer: Layer, nest: Nest, filters: range, at_work: set[tuple[str, int]]) -> None:
        """First what a tile has beyond its room stays, then the rest."""
        size = nest.filters or layer.filters
        every = [(layer.name, byte) for byte in range(layer.filters * layer.filter_bytes)]
        tiles = [every[at : at + size * layer.filter_bytes] for at in range(0, len(every), size * layer.filter_bytes)]
        beyond = [byte for tile in tiles for byte in tile[nest.at_work :]]
        stay = set((beyond + [byte for tile in tiles for byte in tile[: nest.at_work]])[: nest.stays])
        for byte in tiles[filters.start // size]:
            if byte in stay:
                self.moved[layer.name]["weights"] += byte not in self.seen
                self.seen.add(byte)
            elif byte not in at_work:
                self.moved[layer.name]["weights"] += 1
                if len(at_work) < nest.at_work:
                    at_work.add(byte)

    # Spikes

    def put_out(self, visit: Visit, position: int) -> None:
        """What passes a pool waits in spike_out from its first pixel under a window to its last."""
        layer = visit.layer
        plane = self.net.planes[layer.puts]
        for image, (t, (rows, columns)) in product(visit.images, visit.parts.items()):
            for row, column in product(rows, columns):
                self.fired.add((layer.name, image, t, row, column))
        begun = set()
        for image, t in product(visit.images, visit.parts):
            for row, column in product(range(plane.rows), range(plane.columns)):
                pixel = layer.puts, image, t, row, column
                if pixel in self.made:
                    continue
                high, wide = layer.pool[0].rows(row, self.net.rows), layer.pool[1].rows(column, self.net.columns)
                under = [(layer.name, image, t, r, c) in self.fired for r in high for c in wide]
                if all(under):
                    self.made.add(pixel)
                    if plane.leaves:
                        self.moved[layer.name]["spikes_out"] += plane.pixel_bits // 8
                        require(plane.pixel_bits % 8 == 0, "pixels that leave must be whole bytes")
                    if pixel in self.last_need:
                        self.held.add(pixel)
                elif any(under):
                    begun.add(pixel)
        self._look(visit, begun)
        self.held -= {pixel for pixel in self.held if self.last_need[pixel] <= position}

    def _look(self, visit: Visit, begun: set[Pixel]) -> None:
        self.waiting = {pixel for pixel in getattr(self, "waiting", set()) if pixel not in self.made}
        self.waiting |= begun
        held = [*self.held, *(pixel for pixel in self.waiting if pixel[1] in self.images)]
        size = sum(ceil_div(self.net.planes[pixel[0]].pixel_bits, 8) for pixel in held)
        self.most_spikes = max(self.most_spikes, size)
        require(size <= self.room.spike_out, f"{size} bytes of spikes must wait while {visit.layer.name} works")

    # Membranes

    def membranes_come(self, visit: Visit) -> None:
        """The zero state is never read. Call after call, layer after layer, timestep after timestep."""
        layers = self.net.layers
        for image, (t, (rows, columns)) in product(visit.images, visit.parts.items()):
            for row, column in product(rows, columns):
                key = image, row, column
                due = t * len(layers) + layers.index(visit.layer)
                require(self.calls[key] == due, f"{visit.layer.name} calls {key} at {t}: {self.calls[key]} of {due}")
                if key not in self.here and due:
                    opens = t % self.loops.window == 0 and visit.layer is layers[0]
                    self.moved[visit.layer.name]["membrane_read"] += (
                        self._absent(key) if opens else self.net.pixel_bytes
                    )
                self.here.add(key)
                self.calls[key] += 1
        between = min(self.loops.permanent, len(self.images) * self.net.rows * self.net.columns * self.net.pixel_bytes)
        every = len(self.images) * self.net.rows * self.net.columns * self.net.pixel_bytes
        size = every if between == every else between + len(self.here) * self.net.pixel_bytes
        self.most_membranes = max(self.most_membranes, size)
        require(size <= self.room.membrane, f"{size} bytes of membranes must be on chip")

    def _absent(self, key: tuple[int, int, int]) -> int:
        """Bytes of it that do not stay from window to window: first rows stay first."""
        image, row, column = key
        place = ((image - self.images.start) * self.net.rows + row) * self.net.columns + column
        return self.net.pixel_bytes - min(
            max(self.loops.permanent - place * self.net.pixel_bytes, 0), self.net.pixel_bytes
        )

    def membranes_go(self, visit: Visit) -> None:
        """What the next band needs stays or goes, row by row; what the next window needs, byte by byte."""
        layers = self.net.layers
        for image, (_, (rows, columns)) in product(visit.images, visit.parts.items()):
            for row, column in product(rows, columns):
                done = self.calls[image, row, column]
                if done == len(layers) * self.loops.end(image, self.net.timesteps):
                    self.here.remove((image, row, column))
                    continue
                window, band = self.bands[row, column][done]
                if window != visit.window:
                    self.here.remove((image, row, column))
                    self.moved[visit.layer.name]["membrane_write"] += self._absent((image, row, column))
                elif band != visit.band and row >= self.loops.kept_rows:
                    self.here.remove((image, row, column))
                    self.moved[visit.layer.name]["membrane_write"] += self.net.pixel_bytes
