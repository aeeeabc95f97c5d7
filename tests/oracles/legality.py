"""The legality oracle: it walks a plan that is given as an ordered list of plain events, whoever made it.

What it knows: which rows of which node a row needs (kernels, strides, pools, adds, second operands), that a sum is
added up part by part, that a LIF call u(t, l, g) continues u(t, l, g - 1), for g = 0 the state that its set was left
in, that a batch norm in training knows its statistics when all rows of all images are summed up, that bytes are where
they were put, and how large the buffers are. Events that cannot be obeyed raise `IllegalPlanError` with a sentence.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from tests.oracles.legality_chip import Bytes, IllegalPlanError, require
from tests.oracles.legality_events import (
    Compute,
    Drop,
    Event,
    Finish,
    Fire,
    Layer,
    Load,
    Net,
    Put,
    Source,
    Store,
    Take,
    Thing,
)
from tests.oracles.legality_norms import Norms
from tests.oracles.legality_rows import Rows
from tests.oracles.legality_waiting import Waiting

__all__ = ["IllegalPlanError", "Walker", "walk"]


def walk(net: Net, states: dict[Thing, tuple[str, int]], events: Iterable[Event]) -> None:
    """Obey all events. states: by thing, whose state and how many bytes. Raises IllegalPlanError with the first that
    cannot be, or with what has not been computed or stored at the end."""
    walker = Walker(net)
    for thing, (state, size) in states.items():
        walker.chip.add_state(thing, state, size)
    for event in events:
        walker.obey(event)
    walker.end()


class Walker:
    """chip: where everything is; summed: by layer, image and timestep, [filters, pixels] parts of its sums that have
    been added, again: a second time; norms: whose statistics are known by them, waiting: where they lie till then;
    rows: which there are; in_pes: the outputs that the array computed last; now: by layer and image, [filters, pixels]
    what it has computed since these rows were put out."""

    def __init__(self, net: Net) -> None:
        self.net, self.chip = net, Bytes(net)
        self.summed: dict[Thing, NDArray[np.int32]] = {}
        self.again: dict[Thing, NDArray[np.int32]] = {}
        self.norms = Norms(net, self.summed)
        self.waiting = Waiting(net, self.chip)
        self.rows = Rows(net, self.chip, self.norms)
        self.in_pes: Compute | None = None
        self.now: dict[Thing, NDArray[np.bool_]] = {}
        self._read_elsewhere = {
            source.node for node in net.nodes for source in node.sources if net.node(source.node).layer != node.layer
        }

    def users(self, state: str) -> list[Layer]:
        """Layers that call a state, in order."""
        return [layer for layer in self.net.layers if layer.state == state]

    def obey(self, event: Event) -> None:
        """One event. Raises IllegalPlanError."""
        match event:
            case Load():
                self.norms.require_packed(event)
                self.chip.load(event)
            case Put():
                require(event.thing[0] != "/begun" or self.rows.have_begun(event), event, "they have not begun")
                self.chip.put(event)
            case Store():
                self.chip.store(event)
            case Drop():
                if event.place == "array":
                    self.rows.end_of_visit()
                self.chip.drop(event)
            case Compute():
                self.compute(event)
            case Take():
                self.norms.require_applied(self.net.layer(event.layer), event.timestep, event, event.filters)
                self.waiting.take(event)
            case Fire():
                self.fire(event)
            case Finish():
                self.finish(event)

    # The product

    def compute(self, event: Compute) -> None:
        """Parts of sums are added."""
        layer = self.net.layer(event.layer)
        node = self.net.node(layer.product)
        if layer.filter_bytes:
            low, high = (layer.filter_bytes * filters for filters in event.filters)
            self.chip.require_on_chip(("/weights", layer.name), low, high, event, "weights")
        rows = event.pixels[0] // layer.row_pixels, -(-event.pixels[1] // layer.row_pixels)
        for position, source in enumerate(node.sources):
            if position or not self._packed_input(event, layer, source, rows):
                self._require_rows(event, source, rows)
        self._add(event, layer)

    def _add(self, event: Compute, layer: Layer) -> None:
        every = self._sums(layer, event.image, event.timestep, self.again if event.again else self.summed)
        done = every[slice(*event.filters), slice(*event.pixels)]
        first, end = event.parts
        if event.again and not first:
            done[:] = 0
        require(not first or bool((done == first).all()), event, "the part before it has not been added")
        if first:
            require(event.sums is not None, event, "its partial sums lie nowhere")
            size = self.chip.size(event.sums or ())
            self.chip.require_on_chip(event.sums or (), 0, size, event, "partial sums")
        done[:] = end
        self.in_pes = event
        self.chip.here.pop("sums", None)
        if event.sums is not None:
            self.chip.renew(event.sums)
            if end < layer.parts:
                self.chip.held("sums", event.sums)[:] = True
        if end == layer.parts:
            self.waiting.computed(event)
            self.now.setdefault((layer.name, event.image), np.zeros_like(every, np.bool_))[
                slice(*event.filters), slice(*event.pixels)
            ] = True

    def _sums(
        self, layer: Layer, image: int, timestep: int, summed: dict[Thing, NDArray[np.int32]] | None = None
    ) -> NDArray[np.int32]:
        summed = self.summed if summed is None else summed
        node = self.net.node(layer.product)
        key = (layer.name, image, timestep if node.steps == "every" else 0)
        if key not in summed:
            summed[key] = np.zeros((layer.filters, node.rows * layer.row_pixels), np.int32)
        return summed[key]

    def _packed_input(self, event: Compute, layer: Layer, source: Source, rows: tuple[int, int]) -> bool:
        """Whether the rows of the first operand are on chip, all timesteps side by side, or those of a window."""
        whole = "/packed", layer.name, event.image, event.filters[0] * layer.groups // layer.filters
        once = self.net.node(layer.product).steps != "every"
        things = [(whole, layer.packed_row_bytes)] + [
            ((*whole, number), size)
            for number, (first, end, size) in enumerate(layer.windows)
            if once or first <= event.timestep < end
        ]
        windows = [(0, layer.packed_rows)] if source.whole else self.net.needed(source, *rows)
        return any(
            all(self.chip.on_chip(thing, low * size, high * size) for low, high in windows)
            for thing, size in things
            if any(thing in here for here in self.chip.here.values())
        )

    def _require_rows(self, event: Compute, source: Source, rows: tuple[int, int]) -> None:
        """Of a source that other layers make: made, and on chip."""
        node = self.net.node(source.node)
        plane = self.net.plane(node, event.image, event.timestep)
        self.norms.require_read(source.node, event.timestep, event)
        for low, high in self.net.needed(source, *rows):
            require(bool(self.rows.made(plane)[low:high].all()),
                    event, f"rows {low} to {high - 1} of {source.node} are not all computed yet")  # fmt: skip
            self.chip.require_on_chip(plane, low * node.row_bytes, high * node.row_bytes, event, source.node)

    # The LIFs

    def fire(self, event: Fire) -> None:
        """One call, on some bytes."""
        layer = self.net.layer(event.layer)
        state, size = self.chip.states[event.thing]
        require(state == layer.state, event, f"{event.layer} has its membranes elsewhere")
        require(event.high <= size, event, f"there are only {size} bytes")
        self.norms.require_applied(layer, event.timestep, event, event.of[2] if event.of else None)
        part = slice(event.low, event.high)
        users = self.users(state)
        position = (event.timestep * len(users) + users.index(layer)) * layer.calls + event.call
        versions = self.chip.versions[event.thing][part]
        require(bool((versions == position).all()),
                event, "the call before this one has not been, or one behind it has")  # fmt: skip
        require(bool(self.chip.held(event.place, event.thing)[part].all()), event, "these membranes are not on chip")
        if event.of is not None and layer.norm is None:
            self._require_sums(event, layer, *event.of)
        versions[:] = position + 1

    def _require_sums(
        self, event: Fire, layer: Layer, image: int, pixels: tuple[int, int], filters: tuple[int, int]
    ) -> None:
        """Complete, and, where they were computed before, still in the PEs."""
        done = self._sums(layer, image, event.timestep)[slice(*filters), slice(*pixels)]
        require(bool((done == layer.parts).all()), event, "its sums are not complete")
        if self.net.node(layer.product).steps == "first" and event.timestep:
            last = self.in_pes
            there = last is not None and (last.layer, last.image) == (event.layer, image)
            require(there and last is not None and _within(pixels, last.pixels) and _within(filters, last.filters),
                    event, "its currents are in the PEs no more")  # fmt: skip

    # Rows

    def finish(self, event: Finish) -> None:
        """Rows are put out."""
        layer = self.net.layer(event.layer)
        low, high = (row * layer.row_pixels for row in event.rows)
        done = self._sums(layer, event.image, event.timestep)[:, low:high]
        require(bool((done == layer.parts).all()), event, "its sums are not complete")
        self.norms.require_applied(layer, event.timestep, event)
        self.waiting.require_taken(event)
        if layer.current_bytes:
            self._currents(event, layer)
        self.rows.finish(event)

    def _currents(self, event: Finish, layer: Layer) -> None:
        """Just computed, they are there now, and must be on chip whenever they are fired again."""
        thing = ("/currents", layer.name, event.image, layer.current_bytes)
        rows = self.net.node(layer.product).rows
        low, high = (layer.current_bytes * row // rows for row in event.rows)
        now = self.now.get((layer.name, event.image), np.zeros((1, rows * layer.row_pixels), np.bool_))
        now = now[:, slice(*(layer.row_pixels * row for row in event.rows))]
        if now.all():
            self.chip.fresh.setdefault(thing, np.zeros(layer.current_bytes, np.bool_))[low:high] = True
            now[:] = False
        else:
            self.chip.require_on_chip(thing, low, high, event, "currents that were computed before")

    def end(self) -> None:
        """Raises IllegalPlanError with what is lacking."""
        for thing, (state, _) in self.chip.states.items():
            users = self.users(state)
            calls = self.net.timesteps * len(users) * users[0].calls
            require(
                bool((self.chip.versions[thing] == calls).all()),
                "the end",
                f"not every call on {state} has been: {thing}",
            )
        read = {source.node for node in self.net.nodes for source in node.sources}
        for plane in self._planes():
            require(bool(self.rows.made(plane).all()), "the end", f"not all of {plane} has been computed")
            if plane[0] not in self._read_elsewhere and plane[0] not in read:
                require(
                    bool(self.chip.stored(plane).all()), "the end", f"not all of {plane}, a result, has been stored"
                )

    def _planes(self) -> Iterator[Thing]:
        for node in self.net.nodes:
            for image in range(self.net.images):
                for timestep in range(self.net.timesteps if node.steps == "every" else 1):
                    yield node.name, image, timestep


def _within(part: tuple[int, int], whole: tuple[int, int]) -> bool:
    return whole[0] <= part[0] and part[1] <= whole[1]
