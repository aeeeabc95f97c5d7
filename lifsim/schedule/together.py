"""The ways in which several layers may run as one group, as the search for a partition asks them.

A way says of all spans at once what it cannot go below there, and plans one of them when asked. A new way brings both:
floors that are quick to know (sums of what the layers gather, `lifsim.schedule.timestep.floors`), never above what it
really moves, and as near to it as can be; for where a floor lies below the best that other groups of the same layers
do, the span is planned. `Choices.together` lists the ways.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Protocol

from lifsim.lazy_dataclass import dataclass
from lifsim.schedule.chunks import ChunkSizes
from lifsim.schedule.tensors.rows import Ints
from lifsim.schedule.window import TIMESTEP

if TYPE_CHECKING:
    from lifsim.schedule.choices import Choice, Choices

NEVER = 1 << 60
"""Bytes of what cannot be: more than any network moves, and few enough to be added up."""


class Together(Protocol):
    """A way in which several layers run."""

    @property
    def floors(self) -> Ints:
        """[layers, layers + 1] DRAM bytes that layers first..end-1 cannot go below so; NEVER where they cannot run so
        at all. Of spans of one layer, and of those that are none, whatever."""

    @property
    def wide_floors(self) -> Ints:
        """Others, perhaps lower: with these more groups are planned, among which another figure than bytes may find
        one that the fewest bytes do not ask for."""

    def of(self, first: int, end: int, most: int = NEVER) -> list[Choice]:
        """Layers first..end-1 as they may run so, each planned for the fewest bytes; none where they cannot. Nobody
        asks for what moves more bytes than the `most`: that may be left out."""


@dataclass(frozen=True)
class TimestepMajor:
    """Layer by layer, or strip by strip, in every timestep."""

    choices: Choices

    @cached_property
    def floors(self) -> Ints:
        """As `Together` has them."""
        from lifsim.schedule.timestep.floors import timestep_floors

        chunks = ChunkSizes.of(self.choices.batch, self.choices.chunk)
        return timestep_floors(self.choices.facts, self.choices.chip.room, chunks)

    @property
    def wide_floors(self) -> Ints:
        """The same."""
        return self.floors

    def of(self, first: int, end: int, most: int = NEVER) -> list[Choice]:  # noqa: ARG002 (it is not much quicker)
        """In the chunks and strips that move the fewest bytes."""
        return [self.choices.planned(first, end, TIMESTEP)]
