"""What groups move in a training run, as planning asks for it: the stages themselves know groups, which do not know
them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from lifsim.schedule.chip import Chip
from lifsim.schedule.chunks import ChunkSizes
from lifsim.schedule.facts import NetworkFacts
from lifsim.schedule.plan import GroupPlan
from lifsim.schedule.tensors.rows import Ints

if TYPE_CHECKING:
    from lifsim.schedule.tick.judged import Judge


class Trained(Protocol):
    """A network that is trained on a chip, in batches of one size."""

    def moved(self, group: GroupPlan) -> int:
        """DRAM bytes of a group in all stages, forward and back."""
        ...

    def judge(self, index: int) -> Judge | None:
        """Of the tilings of a tick-batched layer; None: the one with the fewest bytes forward has the fewest in all."""
        ...

    def back_floors(self, first: int, last: int, chunks: ChunkSizes) -> Ints:
        """[n] bytes that layers first..last, timestep-major, cannot go below in each of these `chunks`, beside what
        they read and write forward when they write all their spikes."""
        ...


Trains = Callable[[NetworkFacts, Chip, int], Trained]
"""Of a network on a chip, for so many images."""
