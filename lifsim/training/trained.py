"""What groups move in all stages of training, for the planning of schedules (`lifsim.schedule.trained`)."""

from __future__ import annotations

from dataclasses import field

import numpy as np

from lifsim.keeping import Keeping
from lifsim.lazy_dataclass import dataclass
from lifsim.schedule.chip import Chip
from lifsim.schedule.chunks import ChunkSizes
from lifsim.schedule.facts import NetworkFacts
from lifsim.schedule.plan import GroupPlan
from lifsim.schedule.tensors.rows import Ints
from lifsim.schedule.tick.judged import Judge
from lifsim.training.back_floors import BackFloors
from lifsim.training.normed_tilings import NormedTilings
from lifsim.training.sizes import TrainingSizes
from lifsim.training.traffic import group_training

SIDE_BY_SIDE = 512
"""How many sizes of chunks are evaluated together."""


@dataclass(frozen=True)
class TrainedWith:
    """How networks are trained. keeping: how the backward pass gets the membranes."""

    keeping: Keeping

    def __call__(self, facts: NetworkFacts, chip: Chip, batch: int) -> TrainedGroups:
        """What groups of one network on a chip move."""
        return TrainedGroups(TrainingSizes(facts, chip, batch, self.keeping))


@dataclass(frozen=True, eq=False)
class TrainedGroups:
    """Groups of one network on one chip."""

    sizes: TrainingSizes
    _floors: dict[tuple[int, ...], BackFloors] = field(default_factory=dict, init=False, repr=False)

    def moved(self, group: GroupPlan) -> int:
        """As in `Trained`."""
        return sum(layer.total for layer in group_training(self.sizes, group))

    def judge(self, index: int) -> Judge | None:
        """As `Trained` has it."""
        layer, norms = self.sizes.layers[index], self.sizes.facts.norms
        if index not in norms.layers or index in norms.handed_on or layer.operand is not None:
            return None
        return NormedTilings(self.sizes, layer)

    def back_floors(self, first: int, last: int, chunks: ChunkSizes) -> Ints:
        """As `Trained` has them."""
        return np.concatenate([self._floors_in(part).of(first, last) for part in chunks.some(SIDE_BY_SIDE)])

    def _floors_in(self, chunks: ChunkSizes) -> BackFloors:
        key = tuple(chunks.images.tolist())
        if key not in self._floors:
            self._floors[key] = BackFloors(self.sizes, chunks)
        return self._floors[key]
