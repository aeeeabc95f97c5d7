"""A network and a plan for it as the legality oracle is told them: plain nodes, and plain events in order.

Places: "weight", "spike_in", "spike_out", "membrane" and "psum" are the buffers; "registers of" a layer are in the
array; "passing" is what streams to the array from DRAM while it works, "array" what it has just put out, "sums" the
partial sums that it has. Things lie in bytes from 0 on: ("/weights", layer), planes (node, image, timestep), row behind
row, rows of such that have begun ("/begun", node, image, timestep), the packed input of a layer alone
("/packed", layer, image, group), all timesteps of a row side by side, or ("/packed", layer, image, group, window) those
of a window, partial sums ("/sums", layer, number, bytes), currents that wait ("/currents", layer, image, bytes),
complete sums that wait for a norm ("/waiting", layer, number, bytes), and what states are cut into.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Thing = tuple[object, ...]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Source:
    """What a node reads. whole: all of its rows, whatever row is asked for."""

    node: str
    kernel: int = 1
    stride: int = 1
    padding: int = 0
    whole: bool = False


@dataclass(frozen=True)
class Node:
    """`rows` of row_bytes each. steps: at "every" timestep, or one value for all of them, made at the "first" or the
    "last". mean: reads all timesteps. layer: the one behind which it runs, None for an input of the network."""

    name: str
    rows: int
    row_bytes: int
    sources: tuple[Source, ...] = ()
    steps: str = "every"
    mean: bool = False
    layer: str | None = None


@dataclass(frozen=True)
class Layer:
    """product: its node, rows of row_pixels; filters of filter_bytes each (0: they are the rows of a tensor), in
    `groups` parts, each of channels of its own; packed_rows, packed_row_bytes: of its input, all timesteps of a row
    side by side, one part; windows: (first timestep, the one behind the last, packed_row_bytes) of each, if it runs in
    several; state: of its LIF; calls: the channel groups that call it in turn; parts: in which the array
    computes a sum, one behind the other; current_bytes: of an image, what it has computed once and does not keep. norm:
    of what its batch norm takes statistics, all images of a "timestep" or of "all_timesteps", None where it takes none;
    hands_on: whether the norm is left to those who read its sums."""

    name: str
    product: str
    filters: int
    filter_bytes: int
    groups: int
    packed_rows: int
    packed_row_bytes: int
    state: str | None = None
    calls: int = 1
    row_pixels: int = 1
    parts: int = 1
    current_bytes: int = 0
    norm: str | None = None
    hands_on: bool = False
    windows: tuple[tuple[int, int, int], ...] = ()


@dataclass(frozen=True)
class Net:
    """nodes: each behind what it reads. layers: in execution order. buffers: bytes by name."""

    timesteps: int
    images: int
    nodes: tuple[Node, ...]
    layers: tuple[Layer, ...]
    buffers: dict[str, int]

    @cached_property
    def _windows(self) -> dict[tuple[str, Source], tuple[Ints, Ints]]:
        return {}

    @cached_property
    def _nodes(self) -> dict[str, Node]:
        return {node.name: node for node in self.nodes}

    @cached_property
    def _layers(self) -> dict[str, Layer]:
        return {layer.name: layer for layer in self.layers}

    def node(self, name: object) -> Node:
        """By its name."""
        return self._nodes[str(name)]

    def layer(self, name: object) -> Layer:
        """By its name."""
        return self._layers[str(name)]

    def plane(self, node: Node, image: int, timestep: int) -> Thing:
        """The plane of a node that is read at a timestep."""
        return (node.name, image, timestep if node.steps == "every" else 0)

    def size(self, thing: Thing) -> int:
        """Bytes of a thing that is not a state."""
        match thing[0]:
            case "/weights":
                return self.layer(thing[1]).filters * self.layer(thing[1]).filter_bytes
            case "/packed":
                return self.layer(thing[1]).packed_rows * self._window(thing)[2]
            case "/sums" | "/currents" | "/waiting":
                return int(str(thing[3]))
        node = self.node(thing[1] if thing[0] == "/begun" else thing[0])
        return node.rows * node.row_bytes

    def _window(self, thing: Thing) -> tuple[int, int, int]:
        """(first timestep, end, bytes of a row) of a packed input."""
        layer = self.layer(thing[1])
        return layer.windows[int(str(thing[4]))] if len(thing) > 4 else (0, self.timesteps, layer.packed_row_bytes)

    def given(self, thing: Thing) -> bool:
        """Whether DRAM has it from the beginning: weights, and inputs of the network."""
        return thing[0] == "/weights" or (not str(thing[0]).startswith("/") and self.node(thing[0]).layer is None)

    def packed(self, thing: Thing, low: int, high: int) -> Iterator[tuple[Thing, int, int]]:
        """(plane, its bytes) of all timesteps of the rows that these bytes of a packed input are of."""
        layer = self.layer(thing[1])
        source = self.node(layer.product).sources[0]
        node = self.node(source.node)
        begin, behind, size = self._window(thing)
        first, end = (0, node.rows) if source.whole else (low // size, -(-high // size))
        for timestep in range(begin, behind):
            yield self.plane(node, int(str(thing[2])), timestep), first * node.row_bytes, end * node.row_bytes

    def windows(self, node: Node, source: Source) -> tuple[Ints, Ints]:
        """[rows] of a node: the first row of a source that each needs, and the end."""
        key = node.name, source
        if key not in self._windows:
            rows = self.node(source.node).rows
            top = np.arange(node.rows) * source.stride - source.padding
            first, end = np.clip(top, 0, rows), np.clip(top + source.kernel, 0, rows)
            if source.whole:
                first, end = np.zeros_like(top), np.full_like(top, rows)
            self._windows[key] = first, np.maximum(first, end)
        return self._windows[key]

    def needed(self, source: Source, low: int, high: int) -> list[tuple[int, int]]:
        """The rows of a source that rows low..high-1 need: first and end of each run of them."""
        rows = self.node(source.node).rows
        if source.whole:
            return [(0, rows)]
        windows = [source.stride * row - source.padding for row in range(low, high)]
        if source.stride <= source.kernel:
            windows, tall = windows[:1], (high - low - 1) * source.stride + source.kernel
        else:
            tall = source.kernel
        found = [(min(max(top, 0), rows), min(max(top + tall, 0), rows)) for top in windows]
        return [(begin, end) for begin, end in found if begin < end]


@dataclass(frozen=True)
class Load:
    """Bytes low..high-1 of a thing come from DRAM."""

    place: str
    thing: Thing
    low: int
    high: int


@dataclass(frozen=True)
class Put:
    """Bytes begin to lie in a place: rows of a node that the array has just put out, what lies in another place, or a
    state at rest."""

    place: str
    thing: Thing
    low: int
    high: int


@dataclass(frozen=True)
class Store:
    """Bytes go to DRAM, where they overwrite what lay there; of what the array has put out those that are new."""

    place: str
    thing: Thing
    low: int
    high: int


@dataclass(frozen=True)
class Drop:
    """Bytes are forgotten, all of them without a thing."""

    place: str
    thing: Thing | None = None
    low: int = 0
    high: int = 1 << 60


@dataclass(frozen=True)
class Compute:
    """Pixels x filters (in the order in which they are taken) of a layer's product, of one image and timestep. parts:
    those of its sums that are added now; sums: where those wait that are not complete before or behind it. waits: of
    complete ones that wait for the statistics of a batch norm, the lot, the first bit there, and bits of each; again:
    whether they are computed a second time, for the statistics are known."""

    layer: str
    image: int
    timestep: int
    pixels: tuple[int, int]
    filters: tuple[int, int]
    parts: tuple[int, int] = (0, 1)
    sums: Thing | None = None
    waits: tuple[Thing, int, int] | None = None
    again: bool = False


@dataclass(frozen=True)
class Take:
    """Sums that waited for the statistics of their batch norm, of so many bits each, pass it."""

    layer: str
    image: int
    timestep: int
    pixels: tuple[int, int]
    filters: tuple[int, int]
    bits: int


@dataclass(frozen=True)
class Fire:
    """Channel group `call` of a layer's LIF updates bytes of its state, at a timestep. of: image, pixels and filters of
    the product whose sums it takes from the array itself, where the plan says them."""

    layer: str
    timestep: int
    call: int
    thing: Thing
    low: int
    high: int
    place: str = "membrane"
    of: tuple[int, tuple[int, int], tuple[int, int]] | None = None


@dataclass(frozen=True)
class Finish:
    """The rows of a layer's product have passed its LIF: what follows from them is put out."""

    layer: str
    image: int
    timestep: int
    rows: tuple[int, int]


Event = Load | Put | Store | Drop | Compute | Take | Fire | Finish
