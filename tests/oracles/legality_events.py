"""A network and a plan for it as the legality oracle is told them: plain nodes, and plain events in order.

Places: "weight", "spike_in", "spike_out" and "membrane" are the buffers; "registers" are in the array; "passing" is
what streams to the array from DRAM while it works, "array" what it has just put out. Things lie in bytes from 0 on:
("/weights", layer), planes (node, image, timestep), row behind row, the packed input of a layer alone
("/packed", layer, image, group), all timesteps of a row side by side, and what states are cut into.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

Thing = tuple[object, ...]


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
    """product: its node; filters of filter_bytes each (0: they are the rows of a tensor), in `groups` parts, each of
    channels of its own; packed_rows, packed_row_bytes: of its input, all timesteps of a row side by side, one part;
    state: of its LIF; calls: the channel groups that call it in turn. norm: of what its batch norm takes statistics,
    all images of a "timestep" or of "all_timesteps", None where it takes none; hands_on: whether the norm is left to
    those who read its sums."""

    name: str
    product: str
    filters: int
    filter_bytes: int
    groups: int
    packed_rows: int
    packed_row_bytes: int
    state: str | None = None
    calls: int = 1
    norm: str | None = None
    hands_on: bool = False


@dataclass(frozen=True)
class Net:
    """nodes: each behind what it reads. layers: in execution order. buffers: bytes by name."""

    timesteps: int
    images: int
    nodes: tuple[Node, ...]
    layers: tuple[Layer, ...]
    buffers: dict[str, int]

    @cached_property
    def _rows(self) -> dict[str, int]:
        return {node.name: node.rows for node in self.nodes}

    def needed(self, source: Source, low: int, high: int) -> list[tuple[int, int]]:
        """The rows of a source that rows low..high-1 need: first and end of each run of them."""
        rows = self._rows[source.node]
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
    """Rows x filters (in the order in which they are taken) of a layer's product, of one image and timestep."""

    layer: str
    image: int
    timestep: int
    rows: tuple[int, int]
    filters: tuple[int, int]


@dataclass(frozen=True)
class Fire:
    """Channel group `call` of a layer's LIF updates bytes of its state, at a timestep."""

    layer: str
    timestep: int
    call: int
    thing: Thing
    low: int
    high: int
    place: str = "membrane"


@dataclass(frozen=True)
class Finish:
    """The rows of a layer's product have passed its LIF: what follows from them is put out."""

    layer: str
    image: int
    timestep: int
    rows: tuple[int, int]


Event = Load | Put | Store | Drop | Compute | Fire | Finish
