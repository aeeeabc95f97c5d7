"""Time windows: a number of timesteps of a layer that run back to back, tile after tile, before the next window begins.

A network's timesteps are cut into windows, the last one perhaps shorter. One window of all timesteps is tick batching;
windows of one timestep are timestep-major. Within a window a layer is scheduled as in a network of that many timesteps;
between two windows its weights may leave the chip, and its membranes wait in their buffer or in DRAM.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from lifsim.lazy_dataclass import dataclass
from lifsim.model.network import Layer, Tensor
from lifsim.schedule.tensors.rows import Ints
from lifsim.units import counted

if TYPE_CHECKING:
    from lifsim.schedule.facts import StateFacts

InTurn = Literal["", "fused", "skewed"]
"""How several layers take turns (`lifsim.schedule.waves.waves`); "": one after the other."""


@dataclass(frozen=True)
class Window:
    """timesteps: how many of a layer run back to back; None: all. waves: how several layers take turns within the
    window."""

    timesteps: int | None = None
    waves: InTurn = ""

    def __str__(self) -> str:
        if self.waves:
            return (
                self.waves
                if self.timesteps is None
                else f"{self.waves} in windows of {counted(self.timesteps, 'timestep')}"
            )
        if self.timesteps is None:
            return "tick-batched"
        return "timestep-major" if self.timesteps == 1 else f"in windows of {counted(self.timesteps, 'timestep')}"

    @property
    def word(self) -> str:
        """As options spell it."""
        if self.waves:
            return self.waves if self.timesteps is None else f"{self.waves}:{self.timesteps}"
        if self.timesteps is None:
            return "tick"
        return "timestep" if self.timesteps == 1 else f"{PREFIX}{self.timesteps}"

    def of(self, layer: Layer) -> Window:
        """The window of a single layer, which waits for no other: if it covers all timesteps of the layer, tick
        batching; but timestep-major stays what it is."""
        most, alone = cut_into(layer), Window(self.timesteps)
        return TICK if alone != TIMESTEP and (self.timesteps or most) >= most else alone

    def across(self, timesteps: int) -> Window:
        """The window of several layers of a network of this many timesteps: waves of a single timestep are
        timestep-major; a window of all timesteps or more is one of all."""
        if not self.waves:
            return self
        size = min(self.timesteps or timesteps, timesteps)
        return TIMESTEP if size == 1 else Window(None if size == timesteps else size, self.waves)

    def spans(self, timesteps: int) -> list[tuple[int, int]]:
        """(first timestep, last + 1) of every window."""
        size = self.timesteps or timesteps
        return [(first, min(first + size, timesteps)) for first in range(0, timesteps, size)]


TICK = Window()
"""All timesteps of a tile back to back."""

TIMESTEP = Window(1)
"""Layer by layer in every timestep."""

PREFIX = "window:"

FUSED, SKEWED = Window(None, "fused"), Window(None, "skewed")
"""Several layers in fused, or in skewed waves, with windows of all timesteps."""

SIZED = (PREFIX.removesuffix(":"), "fused", "skewed")
"""The words that a number of timesteps may follow."""

MAX_DIGITS = 18
"""The most digits of that number, far beyond the timesteps of any network."""

NAMED: dict[str, Window] = {one.word: one for one in (TICK, TIMESTEP, FUSED, SKEWED)}
"""The windows that are named without a number."""


def window_named(word: str) -> Window | None:
    """The window named `tick`, `timestep`, `window:TW`, `fused`, `fused:TW`, `skewed` or `skewed:TW`; None for any
    other word."""
    if word in NAMED:
        return NAMED[word]
    number = word.rpartition(":")[2]
    if not (number.isascii() and number.isdecimal() and len(number) <= MAX_DIGITS and int(number) > 0):
        return None
    sizes = (Window(int(number)), Window(int(number), "fused"), Window(int(number), "skewed"))
    by_word = {f"{PREFIX}{number}": sizes[0], f"fused:{number}": sizes[1], f"skewed:{number}": sizes[2]}
    return by_word.get(word)


def misnumbered(word: str) -> bool:
    """Whether a name takes a number but has an invalid one: `window:0`, `fused:two`."""
    way, colon, _ = word.partition(":")
    return bool(colon) and way in SIZED and window_named(word) is None


def cut_into(layer: Layer) -> int:
    """The number of a layer's timesteps that can be cut into windows: 1 if it hands on a result that it computes
    once."""
    hands_on = layer.rounds == 1 and any(tensor.timesteps == 1 for tensor in layer.outputs)
    return 1 if hands_on else layer.timesteps


def layers_of(layer: Layer, window: Window) -> list[Layer]:
    """`layer` as it runs in each of its windows, as in a network of that many timesteps. A tensor that is put out once
    for all timesteps is put out in the last window."""
    spans = window.spans(layer.timesteps)
    if len(spans) == 1:
        return [layer]
    return [within(layer, end - first, last=end == layer.timesteps) for first, end in spans]


def kinds_of(layer: Layer, window: Window) -> list[tuple[Layer, int]]:
    """The distinct layers of its windows, and how often each occurs."""
    layers = layers_of(layer, window)
    return [(one, layers.count(one)) for number, one in enumerate(layers) if one not in layers[:number]]


def within(layer: Layer, timesteps: int, *, last: bool) -> Layer:
    """`layer` as in a network of this many timesteps. last: whether the window puts out tensors that are put out once
    for all timesteps."""

    def cut(tensors: Sequence[Tensor]) -> tuple[Tensor, ...]:
        return tuple(replace(one, timesteps=min(one.timesteps, timesteps)) for one in tensors)

    return replace(
        layer,
        input=cut([layer.input])[0],
        rounds=min(layer.rounds, timesteps),
        timesteps=timesteps,
        outputs=cut([one for one in layer.outputs if last or one.timesteps == layer.timesteps]),
        residuals=cut(layer.residuals),
        operand=None if layer.operand is None else cut([layer.operand])[0],
    )


def as_computed(layer: Layer, window: Window) -> Layer:
    """`layer` with the rounds in which it is computed: a layer that is computed once is computed again in every window,
    since currents are not kept between windows."""
    windows = len(window.spans(layer.timesteps))
    return layer if layer.rounds == layer.timesteps or windows == 1 else replace(layer, rounds=windows)


@dataclass(frozen=True)
class StateRoom:
    """The membranes of a layer between windows. bytes: of an image; granule: the least bytes at work while membranes
    stream; room: of their buffer."""

    bytes: int = 0
    granule: int = 0
    room: int = 0

    @classmethod
    def of(cls, state: StateFacts | None, room: int) -> StateRoom:
        """From the state of a layer, if it has any, and the bytes of the membrane buffer."""
        return cls() if state is None else cls(state.bytes, state.granule, room)

    def reserved(self, images: Ints | int, at_work: Ints) -> Ints:
        """[..., n] bytes kept free for the membranes `at_work` [n] of a chunk of `images` [..., 1] images; 0 if the
        whole chunk's membranes stay."""
        kept_free = np.minimum(self.room, np.maximum(self.granule, at_work))
        return np.where(images * self.bytes <= self.room, 0, kept_free)

    def stays(self, images: Ints | int, at_work: Ints) -> Ints:
        """[..., n] bytes of the chunk's membranes that stay in their buffer from window to window."""
        return np.minimum(images * self.bytes, self.room - self.reserved(images, at_work))


@dataclass(frozen=True)
class Part:
    """Equal visits: `times` times, `layer`, as it is within its window, works on `images` images."""

    layer: Layer
    images: int
    times: int


@dataclass(frozen=True)
class Visits:
    """All visits of a layer, those of the most images and timesteps first. windows: per chunk; state: the layer's
    membranes between them."""

    parts: tuple[Part, ...]
    windows: int = 1
    state: StateRoom = StateRoom()

    @classmethod
    def of(cls, layer: Layer, window: Window, chunks: Sequence[tuple[int, int]], state: StateRoom) -> Visits:
        """The visits of chunks, given as (images, number of such chunks), each in all windows."""
        kinds = kinds_of(layer, window)
        parts = [Part(one, images, often * count) for images, count in chunks for one, often in kinds]
        parts.sort(key=lambda part: (part.images, part.layer.timesteps), reverse=True)
        return cls(tuple(parts), sum(often for _, often in kinds), state)

    @property
    def count(self) -> int:
        """How many there are."""
        return sum(part.times for part in self.parts)

    @property
    def chunks(self) -> Iterator[tuple[int, int]]:
        """(images of a chunk, number of such chunks)."""
        for images in dict.fromkeys(part.images for part in self.parts):
            yield images, sum(part.times for part in self.parts if part.images == images) // self.windows

    def moved(self, at_work: Ints) -> Ints:
        """[n] bytes of membranes that are written, and as many that are read, over all chunks: what does not stay, once
        between two windows. The zero state is never read, the last state never written."""
        moved = np.zeros_like(at_work)
        for images, count in self.chunks:
            moved += count * (self.windows - 1) * (images * self.state.bytes - self.state.stays(images, at_work))
        return moved
