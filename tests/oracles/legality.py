"""The legality oracle: it walks a plan that is given as an ordered list of plain events, whoever made it.

What it knows: which rows of which node a row needs (kernels, strides, pools, adds, second operands), that a LIF call
u(t, l, g) continues u(t, l, g - 1), for g = 0 the state that its set was left in, that a batch norm in training knows
its statistics when all rows of all images are summed up, that bytes are where they were put, and how large the buffers
are. Events that cannot be obeyed raise `IllegalPlanError` with a sentence.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from tests.oracles.legality_events import (
    Compute,
    Drop,
    Event,
    Finish,
    Fire,
    Layer,
    Load,
    Net,
    Node,
    Put,
    Source,
    Store,
    Thing,
)

Bools = NDArray[np.bool_]


class IllegalPlanError(Exception):
    """A plan that no machine can follow."""


def walk(net: Net, states: dict[Thing, tuple[str, int]], events: Iterable[Event]) -> None:
    """Obey all events. states: by thing, whose state and how many bytes. Raises IllegalPlanError with the first that
    cannot be, or with what has not been computed or stored at the end."""
    walker = Walker(net)
    for thing, (state, size) in states.items():
        walker.add_state(thing, state, size)
    for event in events:
        walker.obey(event)
    walker.end()


@dataclass
class Walker:
    """Where everything is. states: by thing, whose state and how many bytes; versions: [bytes] how many calls each has
    seen; kept: the same of the copy in DRAM. here: by place and thing, [bytes] what lies there; dram: what is stored of
    other things."""

    net: Net
    states: dict[Thing, tuple[str, int]] = field(default_factory=dict)
    versions: dict[Thing, NDArray[np.int64]] = field(default_factory=dict)
    kept: dict[Thing, NDArray[np.int64]] = field(default_factory=dict)
    here: dict[str, dict[Thing, Bools]] = field(default_factory=dict)
    dram: dict[Thing, Bools] = field(default_factory=dict)
    used: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        net = self.net
        self.nodes = {node.name: node for node in net.nodes}
        self.layers = {layer.name: layer for layer in net.layers}
        self.behind = {name: [n for n in net.nodes if n.layer == name] for name in self.layers}
        self.read_elsewhere = {
            source.node for node in net.nodes for source in node.sources
            if self.nodes[source.node].layer != node.layer
        }  # fmt: skip
        self.made: dict[Thing, Bools] = {}
        self.products: dict[Thing, Bools] = {}
        self.fresh: dict[Thing, Bools] = {}

    def add_state(self, thing: Thing, state: str, size: int) -> None:
        """A thing that is `size` bytes of a state, at rest."""
        self.states[thing] = state, size
        self.versions[thing], self.kept[thing] = np.zeros((2, size), np.int64)

    def users(self, state: str) -> list[Layer]:
        """Layers that call a state, in order."""
        return [layer for layer in self.net.layers if layer.state == state]

    # What there is

    def plane(self, node: str, image: int, timestep: int) -> Thing:
        """The plane of a node that is read at a timestep."""
        return (node, image, timestep if self.nodes[node].steps == "every" else 0)

    def size(self, thing: Thing) -> int:
        if thing in self.states:
            return self.states[thing][1]
        if thing[0] == "/weights":
            layer = self.layers[str(thing[1])]
            return layer.filters * layer.filter_bytes
        if thing[0] == "/packed":
            layer = self.layers[str(thing[1])]
            return layer.packed_rows * layer.packed_row_bytes
        node = self.nodes[str(thing[0])]
        return node.rows * node.row_bytes

    def held(self, place: str, thing: Thing) -> Bools:
        things = self.here.setdefault(place, {})
        if thing not in things:
            things[thing] = np.zeros(self.size(thing), np.bool_)
        return things[thing]

    def stored(self, thing: Thing) -> Bools:
        if thing not in self.dram:
            there = thing[0] == "/weights" or (thing not in self.states and self.nodes[str(thing[0])].layer is None)
            self.dram[thing] = np.full(self.size(thing), there)
        return self.dram[thing]

    def rows_made(self, thing: Thing) -> Bools:
        node = self.nodes[str(thing[0])]
        return self.made.setdefault(thing, np.full(node.rows, node.layer is None))

    # Events

    def obey(self, event: Event) -> None:
        match event:
            case Load():
                self.load(event)
            case Put():
                self.put(event)
            case Store():
                self.store(event)
            case Drop():
                self.drop(event)
            case Compute():
                self.compute(event)
            case Fire():
                self.fire(event)
            case Finish():
                self.finish(event)

    def load(self, event: Load) -> None:
        part = slice(event.low, event.high)
        if event.thing in self.states:
            require((self.kept[event.thing][part] == self.versions[event.thing][part]).all(),
                    f"{event}: DRAM does not hold the last state of these membranes")  # fmt: skip
        elif event.thing[0] == "/packed":
            self.require_packed(event)
        else:
            require(bool(self.stored(event.thing)[part].all()), f"{event}: DRAM does not hold these bytes yet")
        self.occupy(event)

    def require_packed(self, event: Load) -> None:
        """Of the rows that these bytes are of, all timesteps are stored."""
        layer = self.layers[str(event.thing[1])]
        source = self.nodes[layer.product].sources[0]
        node = self.nodes[source.node]
        rows = slice(event.low // layer.packed_row_bytes, -(-event.high // layer.packed_row_bytes))
        part = slice(None) if source.whole else slice(rows.start * node.row_bytes, rows.stop * node.row_bytes)
        for timestep in range(self.net.timesteps):
            self.require_handed_on(node, timestep, str(event))
            plane = self.plane(node.name, int(str(event.thing[2])), timestep)
            require(bool(self.stored(plane)[part].all()), f"{event}: DRAM does not hold {plane} yet")

    def put(self, event: Put) -> None:
        part = slice(event.low, event.high)
        if event.thing in self.states:
            require(not self.versions[event.thing][part].any(), f"{event}: these membranes are at rest no more")
        else:
            self.require_here(event.thing, event.low, event.high, str(event))
        self.occupy(event)

    def occupy(self, event: Load | Put) -> None:
        bits = self.held(event.place, event.thing)[event.low : event.high]
        require(bits.size == event.high - event.low, f"{event}: there are only {self.size(event.thing)} bytes")
        self.used[event.place] = self.used.get(event.place, 0) + int(np.count_nonzero(~bits))
        bits[:] = True
        if event.place in self.net.buffers:
            require(self.used[event.place] <= self.net.buffers[event.place],
                    f"{event}: {self.used[event.place]} bytes do not fit into {event.place},"
                    f" {self.net.buffers[event.place]} bytes")  # fmt: skip

    def store(self, event: Store) -> None:
        part = slice(event.low, event.high)
        if event.place == "array":
            if event.thing in self.fresh:
                self.stored(event.thing)[part] |= self.fresh[event.thing][part]
            return
        require(bool(self.held(event.place, event.thing)[part].all()), f"{event}: not all of it is on chip")
        if event.thing in self.states:
            self.kept[event.thing][part] = self.versions[event.thing][part]
        else:
            self.stored(event.thing)[part] = True

    def drop(self, event: Drop) -> None:
        things = self.here.get(event.place, {})
        if event.place == "array":
            self.fresh.clear()
        elif event.thing is None:
            things.clear()
            self.used[event.place] = 0
        elif event.thing in things:
            bits = things[event.thing][event.low : event.high]
            self.used[event.place] -= int(np.count_nonzero(bits))
            bits[:] = False

    def compute(self, event: Compute) -> None:
        layer = self.layers[event.layer]
        if layer.filter_bytes:
            low, high = (layer.filter_bytes * filters for filters in event.filters)
            self.require_here(("/weights", layer.name), low, high, f"{event}: weights")
        node = self.nodes[layer.product]
        for position, source in enumerate(node.sources):
            if position or not self.packed_input(event, layer, source):
                self.require_rows(event, node, source)
        done = self.products.setdefault(
            (layer.name, event.image, self.key(node, event.timestep)), np.zeros((layer.filters, node.rows), np.bool_)
        )
        done[slice(*event.filters), slice(*event.rows)] = True

    def packed_input(self, event: Compute, layer: Layer, source: Source) -> bool:
        """Whether the rows of the first operand are on chip, all timesteps side by side."""
        part = event.filters[0] * layer.groups // layer.filters
        windows = [(0, layer.packed_rows)] if source.whole else self.net.needed(source, *event.rows)
        thing, size = ("/packed", layer.name, event.image, part), layer.packed_row_bytes
        there = [things[thing] for things in self.here.values() if thing in things]
        return bool(there) and all(
            bool(np.any([bits[low * size : high * size] for bits in there], axis=0).all()) for low, high in windows
        )

    def require_rows(self, event: Compute | Finish, node: Node, source: Source) -> None:
        """Of a source that other layers make: made, and on chip."""
        size = self.nodes[source.node].row_bytes
        for timestep in range(self.net.timesteps) if node.mean else [event.timestep]:
            self.require_handed_on(self.nodes[source.node], timestep, str(event))
            plane = self.plane(source.node, event.image, timestep)
            for low, high in self.net.needed(source, *event.rows):
                require(bool(self.rows_made(plane)[low:high].all()),
                        f"{event}: rows {low} to {high - 1} of {source.node} are not all computed yet")  # fmt: skip
                self.require_here(plane, low * size, high * size, f"{event}: {source.node}")

    def require_here(self, thing: Thing, low: int, high: int, what: str) -> None:
        there = np.zeros(max(high - low, 0), np.bool_)
        for things in (self.fresh, *self.here.values()):
            if thing in things:
                there |= things[thing][low:high]
        require(bool(there.all()), f"{what}: bytes {low} to {high - 1} are not all on chip")

    def require_handed_on(self, node: Node, timestep: int, what: str) -> None:
        """Who reads sums of a layer that leaves their norm to him must know their statistics."""
        if node.layer is not None and self.layers[node.layer].hands_on:
            self.require_statistics(self.layers[node.layer], timestep, what)

    def require_statistics(self, layer: Layer, timestep: int, what: str) -> None:
        """Of a batch norm: all sums of all images are there."""
        if layer.norm is None:
            return
        node = self.nodes[layer.product]
        timesteps = range(self.net.timesteps) if layer.norm == "all_timesteps" else [timestep]
        for image in range(self.net.images):
            for key in {self.key(node, one) for one in timesteps}:
                done = self.products.get((layer.name, image, key))
                require(
                    done is not None and bool(done.all()),
                    f"{what}: the batch norm of {layer.name} lacks sums of image {image}, timestep {key}",
                )

    def key(self, node: Node, timestep: int) -> int:
        return timestep if node.steps == "every" else 0

    def fire(self, event: Fire) -> None:
        layer = self.layers[event.layer]
        state, size = self.states[event.thing]
        require(state == layer.state, f"{event}: {event.layer} has its membranes elsewhere")
        self.require_statistics(layer, event.timestep, str(event))
        part = slice(event.low, event.high)
        users = self.users(state)
        position = (event.timestep * len(users) + users.index(layer)) * layer.calls + event.call
        require(bool((self.versions[event.thing][part] == position).all()),
                f"{event}: the call before this one has not been, or one behind it has")  # fmt: skip
        require(bool(self.held(event.place, event.thing)[part].all()), f"{event}: these membranes are not on chip")
        require(event.high <= size, f"{event}: there are only {size} bytes")
        self.versions[event.thing][part] = position + 1

    def finish(self, event: Finish) -> None:
        layer = self.layers[event.layer]
        node = self.nodes[layer.product]
        done = self.products.get((layer.name, event.image, self.key(node, event.timestep)))
        require(done is not None and bool(done[:, slice(*event.rows)].all()), f"{event}: its sums are not complete")
        if not layer.hands_on:
            self.require_statistics(layer, event.timestep, str(event))
        product = self.plane(node.name, event.image, event.timestep)
        self.rows_made(product)[slice(*event.rows)] = True
        for behind in self.behind[event.layer]:
            if behind.name != node.name and self.happens(behind, event.timestep):
                self.follow(event, behind)

    def happens(self, node: Node, timestep: int) -> bool:
        at = {"first": 0, "last": self.net.timesteps - 1}
        return node.steps == "every" or timestep == at[node.steps]

    def follow(self, event: Finish, node: Node) -> None:
        """All rows of a node that can be made now are; those that have to wait for others may not need what is gone."""
        plane = self.plane(node.name, event.image, event.timestep)
        made = self.rows_made(plane)
        for row in range(node.rows):
            if not made[row] and all(self.is_made(event, node, source, row) for source in node.sources):
                for source in node.sources:
                    if self.nodes[source.node].layer != node.layer:
                        self.require_rows(
                            Finish(event.layer, event.image, event.timestep, (row, row + 1)), node, source
                        )
                made[row] = True
                fresh = self.fresh.setdefault(plane, np.zeros(self.size(plane), np.bool_))
                fresh[row * node.row_bytes : (row + 1) * node.row_bytes] = True

    def is_made(self, event: Finish, node: Node, source: Source, row: int) -> bool:
        timesteps = range(self.net.timesteps) if node.mean else [event.timestep]
        planes = [self.rows_made(self.plane(source.node, event.image, timestep)) for timestep in timesteps]
        return all(bool(made[slice(*rows)].all()) for rows in self.net.needed(source, row, row + 1) for made in planes)

    # The end

    def end(self) -> None:
        for thing, (state, _) in self.states.items():
            users = self.users(state)
            calls = self.net.timesteps * len(users) * users[0].calls
            require(bool((self.versions[thing] == calls).all()), f"not every call on {state} has been: {thing}")
        for plane in self.planes():
            require(bool(self.rows_made(plane).all()), f"not all of {plane} has been computed")
            if plane[0] not in self.read_elsewhere and not any(
                source.node == plane[0] for node in self.net.nodes for source in node.sources
            ):
                require(bool(self.stored(plane).all()), f"not all of {plane}, a result, has been stored")

    def planes(self) -> Iterator[Thing]:
        for node in self.net.nodes:
            for image in range(self.net.images):
                for timestep in range(self.net.timesteps if node.steps == "every" else 1):
                    yield node.name, image, timestep


def require(holds: bool, sentence: str) -> None:
    """Raise the sentence unless it holds."""
    if not holds:
        raise IllegalPlanError(sentence)
