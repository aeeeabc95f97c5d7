"""Waves as ways in which several layers may run together, for the search of a partition."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field
from functools import cached_property
from math import inf
from typing import TYPE_CHECKING, Literal

import numpy as np

from lifsim.errors import Fault
from lifsim.lazy_dataclass import dataclass
from lifsim.schedule.tensors.rows import Ints
from lifsim.schedule.together import NEVER, TimestepMajor
from lifsim.schedule.waves.floors import FusedFloors
from lifsim.schedule.waves.plan import in_waves, why_never
from lifsim.schedule.window import Window

if TYPE_CHECKING:
    from lifsim.schedule.choices import Choice, Choices


@dataclass(frozen=True)
class InWaves:
    """Fused, or skewed, in windows of whichever size, or of one alone."""

    choices: Choices
    kind: Literal["fused", "skewed"]
    only: Window | None = None
    _found: dict[tuple[int, int], list[Choice]] = field(default_factory=dict, init=False, repr=False, compare=False)

    @property
    def windows(self) -> list[Window]:
        """All timesteps first; of one at a time there are no waves."""
        timesteps = self.choices.facts.timesteps
        if self.only is not None:
            return [self.only.across(timesteps)]
        least = 1 if self.choices.mergeable else timesteps - 1  # between windows membranes wait in their buffer
        return [Window(size, self.kind).across(timesteps) for size in range(timesteps, least, -1)]

    @cached_property
    def floors(self) -> Ints:
        """As `Together` has them."""
        if self.kind == "fused":
            return self._least([floors.nearer() for floors in self._fused])
        facts = self.choices.facts
        found = np.full((len(facts.layers), len(facts.layers) + 1), NEVER)
        for state in facts.states:
            if len(state.layers) > 1:
                found[state.layers[0], state.layers[-1] + 1] = 0  # no cut parts them: they are planned anyhow
        return found

    @cached_property
    def wide_floors(self) -> Ints:
        """Those that are known without a look at what passes by."""
        return self._least([floors.of_spans for floors in self._fused]) if self.kind == "fused" else self.floors

    @staticmethod
    def _least(by_window: Sequence[Ints]) -> Ints:
        floors: Ints = np.min(by_window, axis=0)
        return floors

    @cached_property
    def _fused(self) -> list[FusedFloors]:
        """Floors of fused groups in windows of each size."""
        return [self._fused_floors(window) for window in self.windows]

    def _fused_floors(self, window: Window) -> FusedFloors:
        choices, alone = self.choices, range(len(self.choices.facts.layers))
        never = {one for one in alone if why_never(choices.waves_asked(one, one + 1), window)}
        return FusedFloors(choices.facts, choices.chip.room, choices.batch, window, frozenset(never))

    def of(self, first: int, end: int, most: int = NEVER) -> list[Choice]:
        """In the windows, chunks and waves that move the fewest bytes, if there are any."""
        if (first, end) not in self._found:
            found = self._planned(first, end, most)
            if not found and most < NEVER:
                return []
            self._found[first, end] = found
        return [choice for choice in self._found[first, end] if choice.dram_bytes <= most]

    def _planned(self, first: int, end: int, most: int) -> list[Choice]:
        limit, best, rival = most + 1, None, self._timestep_major(first, end) if self.kind == "skewed" else inf
        for window in self.windows:
            found = in_waves(self.choices.waves_asked(first, end), window, limit, rival)
            if not isinstance(found, Fault):
                limit, best = found.dram.total, found
        return [] if best is None else [self.choices.chosen(best)]

    def _timestep_major(self, first: int, end: int) -> float:
        """Bytes of the same layers, if they may run so."""
        ways = (way for way in self.choices.together if isinstance(way, TimestepMajor))
        return min((choice.dram_bytes for way in ways for choice in way.of(first, end)), default=inf)
