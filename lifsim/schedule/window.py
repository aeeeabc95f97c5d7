"""Time windows: so many timesteps of a layer run back to back, tile after tile, before any of the next ones do.

A network's timesteps are cut into windows, the last one perhaps shorter. One of all timesteps is tick batching, ones of
a single timestep are timestep-major. In a window a layer is what it is in a network of so many timesteps; between two
windows its weights may leave the chip, and its membranes wait in their buffer or in DRAM.
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
"""How several layers take turns (`lifsim.schedule.waves.waves`); none: one after the other."""


@dataclass(frozen=True)
class Window:
    """timesteps: so many of a layer run back to back; None: all that there are. waves: how several layers take turns in
    it."""

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
        """For a layer alone, which waits for no other: one of all its timesteps is tick batching. One of a single
        timestep is as it is asked for."""
        most, alone = cut_into(layer), Window(self.timesteps)
        return TICK if alone != TIMESTEP and (self.timesteps or most) >= most else alone

    def across(self, timesteps: int) -> Window:
        """For several layers of a network of so many timesteps: waves of a single timestep are timestep-major; of all
        of them those of all."""
        if not self.waves:
            return self
        size = min(self.timesteps or timesteps, timesteps)
        return TIMESTEP if size == 1 else Window(None if size == timesteps else size, self.waves)

    def spans(self, timesteps: int) -> list[tuple[int, int]]:
        """(first timestep, the one behind the last) of every window."""
        size = self.timesteps or timesteps
        return [(first, min(first + size, timesteps)) for first in range(0, timesteps, size)]


TICK = Window()
"""All timesteps of a tile back to back."""

TIMESTEP = Window(1)
"""Layer by layer in every timestep."""

PREFIX = "window:"

FUSED, SKEWED = Window(None, "fused"), Window(None, "skewed")
"""Several layers in turn, all timesteps."""

SIZED = (PREFIX.removesuffix(":"), "fused", "skewed")
"""The words behind which a number of timesteps may stand."""

MAX_DIGITS = 18
"""Of that number, far beyond the timesteps of any network."""

NAMED: dict[str, Window] = {one.word: one for one in (TICK, TIMESTEP, FUSED, SKEWED)}
"""By the words that need no number."""


def window_named(word: str) -> Window | None:
    """Of `tick`, `timestep`, `window:TW`, `fused`, `fused:TW`, `skewed` or `skewed:TW`; None of anything else."""
    if word in NAMED:
        return NAMED[word]
    number = word.rpartition(":")[2]
    if not (number.isascii() and number.isdecimal() and len(number) <= MAX_DIGITS and int(number) > 0):
        return None
    sizes = (Window(int(number)), Window(int(number), "fused"), Window(int(number), "skewed"))
    by_word = {f"{PREFIX}{number}": sizes[0], f"fused:{number}": sizes[1], f"skewed:{number}": sizes[2]}
    return by_word.get(word)


def misnumbered(word: str) -> bool:
    """Whether it is one of those that take a number, with what is none behind it: `window:0`, `fused:two`."""
    way, colon, _ = word.partition(":")
    return bool(colon) and way in SIZED and window_named(word) is None


def cut_into(layer: Layer) -> int:
    """Timesteps of a layer that windows may part: one of a layer that hands on what it computes once."""
    hands_on = layer.rounds == 1 and any(tensor.timesteps == 1 for tensor in layer.outputs)
    return 1 if hands_on else layer.timesteps


def layers_of(layer: Layer, window: Window) -> list[Layer]:
    """`layer` as it runs in each of its windows: as in a network of so many timesteps. What it puts out once for all
    timesteps it puts out in the last one."""
    spans = window.spans(layer.timesteps)
    if len(spans) == 1:
        return [layer]
    return [within(layer, end - first, last=end == layer.timesteps) for first, end in spans]


def kinds_of(layer: Layer, window: Window) -> list[tuple[Layer, int]]:
    """The layers of its windows that differ, and how many are alike."""
    layers = layers_of(layer, window)
    return [(one, layers.count(one)) for number, one in enumerate(layers) if one not in layers[:number]]


def within(layer: Layer, timesteps: int, *, last: bool) -> Layer:
    """`layer` as in a network of so many timesteps. last: whether it puts out what it does once for all of them."""

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
    """`layer` with the rounds that it is computed in: what the array computes once it computes again in every window,
    for no currents are kept from one to the next."""
    windows = len(window.spans(layer.timesteps))
    return layer if layer.rounds == layer.timesteps or windows == 1 else replace(layer, rounds=windows)


@dataclass(frozen=True)
class StateRoom:
    """Membranes between windows: `bytes` of an image; granule: what is at work at least while they stream; room: of
    their buffer."""

    bytes: int = 0
    granule: int = 0
    room: int = 0

    @classmethod
    def of(cls, state: StateFacts | None, room: int) -> StateRoom:
        """For those of a layer, if it has any, in a buffer of so many bytes."""
        return cls() if state is None else cls(state.bytes, state.granule, room)

    def reserved(self, images: Ints | int, at_work: Ints) -> Ints:
        """[..., n] bytes kept free for what is `at_work` [n] of a chunk of so many images [..., 1]; 0 where all of it
        stays."""
        kept_free = np.minimum(self.room, np.maximum(self.granule, at_work))
        return np.where(images * self.bytes <= self.room, 0, kept_free)

    def stays(self, images: Ints | int, at_work: Ints) -> Ints:
        """[..., n] bytes of such a chunk that stay in their buffer from window to window."""
        return np.minimum(images * self.bytes, self.room - self.reserved(images, at_work))


@dataclass(frozen=True)
class Part:
    """Visits that are alike: `times` a `layer`, as it is in its window, works on so many images."""

    layer: Layer
    images: int
    times: int


@dataclass(frozen=True)
class Visits:
    """All visits of a layer, those of the most images and timesteps first. windows: of a chunk; state: its membranes
    between them."""

    parts: tuple[Part, ...]
    windows: int = 1
    state: StateRoom = StateRoom()

    @classmethod
    def of(cls, layer: Layer, window: Window, chunks: Sequence[tuple[int, int]], state: StateRoom) -> Visits:
        """Of chunks of (images, how many), one after the other, each in all windows."""
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
        """(images, how many chunks have so many)."""
        for images in dict.fromkeys(part.images for part in self.parts):
            yield images, sum(part.times for part in self.parts if part.images == images) // self.windows

    def moved(self, at_work: Ints) -> Ints:
        """[n] bytes of membranes that are read, and written, all chunks: what does not stay, between two windows; the
        zero state is never read, the last one never written."""
        moved = np.zeros_like(at_work)
        for images, count in self.chunks:
            moved += count * (self.windows - 1) * (images * self.state.bytes - self.state.stays(images, at_work))
        return moved
