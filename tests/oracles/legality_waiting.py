"""Where the sums of a layer lie that wait for the statistics of its batch norm while the legality oracle walks a plan.

A sum that is complete is in the PEs, and gone when the array goes on, unless it is put into the psum buffer or stored.
Lots of sums that wait together are things, bytes from 0 on in the order in which they are computed.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tests.oracles.legality_chip import Bools, Bytes, require
from tests.oracles.legality_events import Compute, Finish, Layer, Net, Take, Thing

Ints = NDArray[np.int64]


class Waiting:
    """lots: in order. place: by layer, image and timestep, [2, filters, pixels] the lot of each sum and its first bit
    there; taken: [filters, pixels] which have passed their norm."""

    def __init__(self, net: Net, chip: Bytes) -> None:
        self.net, self.chip = net, chip
        self.lots: list[Thing] = []
        self.place: dict[Thing, Ints] = {}
        self.taken: dict[Thing, Bools] = {}

    def waits(self, layer: Layer) -> bool:
        """Whether its sums do: not those that it hands on, nor currents, which are replayed from where they wait."""
        return layer.norm is not None and not layer.hands_on and not layer.current_bytes

    def computed(self, event: Compute) -> None:
        """Sums are complete, in the PEs."""
        if event.waits is None:
            return
        thing, first, bits = event.waits
        if thing not in self.lots:
            self.lots.append(thing)
        part = slice(*event.filters), slice(*event.pixels)
        place = self._place(event.layer, event.image, event.timestep)
        place[0][part] = self.lots.index(thing)
        count = place[0][part].size
        place[1][part] = (first + bits * np.arange(count)).reshape(place[0][part].shape)
        self.chip.held("sums", thing)[first // 8 : -(-(first + bits * count) // 8)] = True

    def bytes_of(self, event: Take, bits: int) -> list[tuple[Thing, Ints, Ints]]:
        """(lot, [sums] first byte and the one behind the last) of the sums of an event."""
        lot, first = (one[slice(*event.filters), slice(*event.pixels)].ravel()
                      for one in self._place(event.layer, event.image, event.timestep))  # fmt: skip
        require(bool((lot >= 0).all()), event, "not all of its sums are complete")
        found = []
        for number in np.unique(lot):
            mine = first[lot == number]
            found.append((self.lots[int(number)], mine // 8, -(-(mine + bits) // 8)))
        return found

    def take(self, event: Take) -> None:
        """Sums pass their norm. All of them must be on chip."""
        for thing, low, high in self.bytes_of(event, event.bits):
            parts = [things[thing] for things in self.chip.here.values() if thing in things]
            here = np.logical_or.reduce(parts) if parts else np.zeros(self.chip.size(thing), np.bool_)
            lacking = np.concatenate([[0], np.cumsum(~here)])
            require(bool((lacking[high] == lacking[low]).all()), event, "sums that wait for their norm lie nowhere")
        self._taken(event.layer, event.image, event.timestep)[slice(*event.filters), slice(*event.pixels)] = True

    def require_taken(self, event: Finish) -> None:
        """Raise unless all sums of the rows have passed their norm."""
        layer = self.net.layer(event.layer)
        if self.waits(layer):
            pixels = slice(*(row * layer.row_pixels for row in event.rows))
            taken = self._taken(event.layer, event.image, event.timestep)[:, pixels]
            require(bool(taken.all()), event, "its sums have not passed their norm")

    def _place(self, layer: str, image: int, timestep: int) -> Ints:
        key = self._key(layer, image, timestep)
        if key not in self.place:
            self.place[key] = np.full((2, *self._shape(layer)), -1)
        return self.place[key]

    def _taken(self, layer: str, image: int, timestep: int) -> Bools:
        return self.taken.setdefault(self._key(layer, image, timestep), np.zeros(self._shape(layer), np.bool_))

    def _key(self, layer: str, image: int, timestep: int) -> Thing:
        every = self.net.node(self.net.layer(layer).product).steps == "every"
        return layer, image, timestep if every else 0

    def _shape(self, name: str) -> tuple[int, int]:
        layer = self.net.layer(name)
        return layer.filters, self.net.node(layer.product).rows * layer.row_pixels
