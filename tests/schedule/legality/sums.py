"""Sums of a block of outputs as events: part by part, what waits between two parts in the psum buffer or in DRAM.

Parts between the first and the last one find and leave the same: they are told as one event, and counted one by one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import count
from typing import TYPE_CHECKING

from tests.oracles.legality import Walker
from tests.oracles.legality_events import Compute, Drop, Event, Load, Put, Store, Thing
from tests.schedule.legality.order import Range

if TYPE_CHECKING:
    from tests.schedule.legality.norm_sums import LotsOfSums


@dataclass(frozen=True)
class Block:
    """Pixels x filters of a layer's product, of one image, whose sums are added up together."""

    layer: str
    image: int
    pixels: Range
    filters: Range

    @property
    def outputs(self) -> int:
        return (self.pixels[1] - self.pixels[0]) * (self.filters[1] - self.filters[0])


class Sums:
    """Of a walker's layers, psum_bits each. spilled: by layer, bytes that went to DRAM, and came back. lots: of those
    that wait for a norm when they are complete; again: whether they are computed a second time."""

    def __init__(self, walker: Walker, psum_bits: int) -> None:
        self.walker, self.bits = walker, psum_bits
        self.spilled: dict[str, int] = {}
        self.lots: LotsOfSums | None = None
        self.again = False
        self._numbers = count()

    def events(self, block: Block, timesteps: Sequence[int]) -> Iterator[Event]:
        """All parts of a block, those timesteps together."""
        of = self.walker.net.layer(block.layer).parts
        if of == 1:
            for timestep in timesteps:
                yield from self._last(block, timestep, (0, 1), None)
            return
        things, room = self._things(block, timesteps), self.room
        for parts in [(0, 1), (1, of - 1), (of - 1, of)] if of > 2 else [(0, 1), (1, of)]:
            left = room
            for timestep, thing in zip(timesteps, things, strict=True):
                size = int(str(thing[3]))
                kept = min(size, left)
                left -= kept
                if parts[0]:
                    yield Load("passing", thing, kept, size)
                if parts[1] == of:
                    yield from self._last(block, timestep, parts, thing)
                else:
                    yield self._compute(block, timestep, parts, thing)
                    yield Put("psum", thing, 0, kept)
                    yield Store("sums", thing, kept, size)
                    times = parts[1] - parts[0]
                    spilled = 0 if self.again else times * (size - kept)
                    self.spilled[block.layer] = self.spilled.get(block.layer, 0) + spilled
        for thing in things:
            yield Drop("psum", thing)

    @property
    def room(self) -> int:
        """Bytes of the psum buffer in which nothing waits."""
        return self.walker.net.buffers["psum"] - self.walker.chip.used.get("psum", 0)

    def _compute(self, block: Block, timestep: int, parts: Range, thing: Thing | None) -> Compute:
        return Compute(block.layer, block.image, timestep, block.pixels, block.filters, parts, thing, again=self.again)

    def _last(self, block: Block, timestep: int, parts: Range, thing: Thing | None) -> Iterator[Event]:
        """The part that completes them."""
        whole = self._compute(block, timestep, parts, thing)
        if self.lots is None:
            yield whole
            return
        waits = self.lots.waits(block)
        yield replace(whole, waits=waits)
        yield from self.lots.computed(block, waits, again=self.again)

    def _things(self, block: Block, timesteps: Sequence[int]) -> list[Thing]:
        """One for each timestep: together as many whole bytes as they have."""
        ends = [-(-block.outputs * self.bits * number // 8) for number in range(len(timesteps) + 1)]
        return [("/sums", block.layer, next(self._numbers), ends[n + 1] - ends[n]) for n in range(len(timesteps))]


def cut(whole: Range, size: int | None) -> list[Range]:
    """Parts of so many, the last one what is left; None: all."""
    begin, end = whole
    step = max(size or end - begin, 1)
    return [(first, min(first + step, end)) for first in range(begin, end, step)]
