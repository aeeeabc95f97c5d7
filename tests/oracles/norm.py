"""A batch norm in training, walked value by value: product, statistics, neurons, and the two passes of the way back.

Nothing here is fast or closed. Sums are (channel, image, timestep, pixel), in bytes; a buffer is a set of bytes; what
is not in it must be in DRAM when it is needed. No neuron is called before its channel's statistics are known, of all
images and pixels of its timestep (or of all timesteps).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import product

from lifsim.model.arch import Arch
from lifsim.model.network import Layer
from tests.oracles.loop_nest import Turns, _Walk, cut

Sum = tuple[int, int, int, int]


@dataclass
class Moved:
    """Bytes that were written and read."""

    written: int = 0
    read: int = 0


@dataclass
class Place:
    """A buffer of `room` bytes with DRAM behind it."""

    room: int
    here: set[tuple[object, int]] = field(default_factory=set)
    dram: set[tuple[object, int]] = field(default_factory=set)
    moved: Moved = field(default_factory=Moved)

    def put(self, value: object, size: int, *, kept: bool = False) -> None:
        """kept: DRAM gets it in any case."""
        for byte in range(size):
            fits = len(self.here) < self.room
            if fits:
                self.here.add((value, byte))
            if kept or not fits:
                self.dram.add((value, byte))
                self.moved.written += 1

    def take(self, value: object, size: int) -> None:
        """Its bytes are needed."""
        for byte in range(size):
            if (value, byte) not in self.here:
                assert (value, byte) in self.dram, f"{value} is nowhere"
                self.moved.read += 1


def tick_order(layer: Layer, order: str, filters: int, batch: int) -> Iterator[list[Sum]]:
    """The sums of a tick-batched layer, as the array makes them before it may go on to other channels."""
    size = layer.group_filters
    for group in range(layer.groups):
        tiles = cut(size, filters) if order == "weights_outer" else [range(size)]
        for tile in tiles:
            channels = [group * size + number for number in tile]
            yield [
                (channel, image, timestep, pixel)
                for image, pixel, channel, timestep in product(
                    range(batch), range(layer.pixels), channels, range(layer.rounds)
                )
            ]


def timestep_order(layer: Layer, filters: int, batch: int) -> Iterator[list[Sum]]:
    """Those of a timestep-major layer."""
    for timestep in range(layer.rounds):
        for sums in tick_order(layer, "weights_outer", filters, batch):
            yield [one for one in sums if one[2] == timestep]


def round_trip(lots: Iterable[Sequence[Sum]], layer: Layer, room: int, size: int, batch: int, *, kept: bool) -> Moved:
    """Sums of `size` bytes wait lot by lot in `room` bytes of the psum buffer. kept: all are written, for the way
    back."""
    total = Moved()
    for lot in lots:
        place = Place(room)
        for one in lot:
            place.put(one, size, kept=kept)
        require_statistics(lot, layer, batch)
        for one in lot:  # the neurons' calls
            place.take(one, size)
        total.written += place.moved.written
        total.read += place.moved.read
    return total


def require_statistics(lot: Sequence[Sum], layer: Layer, batch: int) -> None:
    """Of every channel and timestep of a lot all sums of the batch are there."""
    of_channel: dict[tuple[int, int], set[tuple[int, int]]] = {}
    for channel, image, timestep, pixel in lot:
        of_channel.setdefault((channel, timestep), set()).add((image, pixel))
    for place, found in of_channel.items():
        assert found == set(product(range(batch), range(layer.pixels))), f"statistics of {place} are not complete"


def two_passes(lots: Iterable[Sequence[Sum]], size: int, spike_out: int, psum: int) -> tuple[Moved, Moved]:
    """(dy, sums): the way back. Both are there one after the other in the first pass, the sums from DRAM; the second
    one needs both again."""
    gradients, sums = Moved(), Moved()
    for lot in lots:
        dy, x = Place(spike_out), Place(psum)
        for one in lot:
            dy.put(one, size)
            for byte in range(size):
                x.dram.add((one, byte))
            x.take(one, size)
            for byte in range(size):
                if len(x.here) < psum:
                    x.here.add((one, byte))
        for one in lot:
            dy.take(one, size)
            x.take(one, size)
        for total, moved in ((gradients, dy.moved), (sums, x.moved)):
            total.written += moved.written
            total.read += moved.read
    return gradients, sums


@dataclass(frozen=True)
class Twice:
    """A tick-batched product that runs twice, channel by channel where weights are outermost, else as a whole."""

    layer: Layer
    arch: Arch
    batch: int
    order: str
    rows: int
    filters: int
    bits: int

    def again(self) -> tuple[int, int]:
        """Bytes of weights and spikes of the second run: what two move beside one."""
        once = self._walk().moved()
        twice = self._walk(runs=2).moved()
        if self.order == "inputs_outer" and self.batch > 1:  # the pinned rows of an image have made room for another's
            twice = self._walk(batch=2 * self.batch).moved()
        return tuple(self.layer.groups * (two - one) for one, two in zip(once, twice, strict=True))  # type: ignore[return-value]

    def _walk(self, runs: int = 1, batch: int | None = None) -> _Runs:
        turns = Turns(1, self.arch.array.cols, False)
        where = self.order, self.rows, self.filters, self.bits, turns
        return _Runs(self.layer, self.arch, batch or self.batch, *where, runs)


@dataclass(frozen=True)
class _Runs(_Walk):
    """So many runs of a nest."""

    runs: int

    def visits(self) -> Iterator[tuple[int, range, range]]:
        every = list(super().visits())
        tiles = list(dict.fromkeys(tile for _, _, tile in every)) if self.order == "weights_outer" else [None]
        for tile in tiles:
            for _ in range(self.runs):
                yield from (visit for visit in every if tile is None or visit[2] == tile)
