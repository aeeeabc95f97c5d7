"""The ways in which several layers may run as one group, behind one interface for the search for a partition.

A way gives a lower bound (floor) of its bytes for all spans of layers at once, and plans a single span when asked.
Floors must be quick to compute (sums over the layers, `lifsim.schedule.timestep.floors`), must never exceed what the
way moves, and should be close to it, since a span is planned wherever its floor lies below the best of other groups of
the same layers. `Choices.together` lists the ways.
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
"""Bytes of an impossible span: more than any network moves, but small enough to be added up."""


class Together(Protocol):
    """A way in which several layers run."""

    @property
    def floors(self) -> Ints:
        """[layers, layers + 1] lower bounds of the DRAM bytes of layers first..end-1 in this way; NEVER if they cannot
        run in it. Entries of fewer than two layers may be anything."""

    @property
    def wide_floors(self) -> Ints:
        """Perhaps lower floors, under which more groups are planned: for objectives other than bytes, whose best group
        need not move the fewest."""

    def of(self, first: int, end: int, most: int = NEVER) -> list[Choice]:
        """The groups of layers first..end-1 in this way, each planned for the fewest bytes; empty if they cannot run in
        it. Groups that move more than `most` bytes may be left out."""


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
