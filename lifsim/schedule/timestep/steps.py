"""The steps of a timestep-major group: for each chunk and timestep, for each layer (in strips: for each strip), its
filter tiles; with the bytes that the plan counts for the layer.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import groupby

from lifsim.hardware.gemm import ceil_div
from lifsim.lazy_dataclass import dataclass
from lifsim.memo import Memo
from lifsim.schedule.exits import Exits
from lifsim.schedule.facts import LayerFacts, NetworkFacts
from lifsim.schedule.plan import GroupPlan
from lifsim.schedule.tensors.moves import Visit
from lifsim.schedule.timestep.group import Walk
from lifsim.schedule.timestep.layer import PlannedLayer, Turn, visit_tiles
from lifsim.schedule.timestep.spike_store import Timestep
from lifsim.schedule.timestep.unrolled import LayerStep, unroll
from lifsim.schedule.traffic import Tiling


@dataclass(frozen=True)
class _PlannedGroup:
    """What a group does that works on so many `images` of the `batch` at a time, whatever in the buffers made it so.
    order: of the visits of a timestep, (layer, which of its strips, the first output rows of all of them); tilings: of
    its layers."""

    facts: NetworkFacts
    batch: int
    images: int
    order: tuple[tuple[int, int, tuple[int, ...]], ...]
    tilings: tuple[Tiling, ...]

    def __hash__(self) -> int:
        """Cheap: what groups do that are looked at beside each other differs, where these do not, in what they move."""
        return hash((self.facts, self.images, self.order))

    @classmethod
    def of(cls, facts: NetworkFacts, batch: int, group: GroupPlan) -> _PlannedGroup:
        """That of a plan."""
        tilings = tuple(traffic.tiling for traffic in group.layers)
        return cls(facts, batch, group.images, group.walked.turns, tilings)

    @property
    def layers(self) -> dict[int, PlannedLayer]:
        """By index."""
        facts, (batch, images) = self.facts, (self.batch, self.images)
        return {
            index: PlannedLayer(
                facts.layers[index], facts.state_of(index), facts.timesteps, facts.reals, batch, images, tiling
            )
            for index, tiling in enumerate(self.tilings, min(layer for layer, _, _ in self.order))
        }


def group_visits(
    facts: NetworkFacts, batch: int, group: GroupPlan, memo: Memo, *, keeps_spikes: bool = False
) -> list[Visit]:
    """Every visit of the layers of `group`, in order; the bytes of a layer's visits add up to those of its plan.

    memo: keeps them for runs beside this one, whose plans are alike but here and there. keeps_spikes: for a backward
    pass; the spikes that the group hands over on chip are written, too.
    """
    return list(memo.of(_walked, _PlannedGroup.of(facts, batch, group), group.walked, group.exits, keeps_spikes, memo))


def _walked(group: _PlannedGroup, walk: Walk, exits: Exits | None, keeps_spikes: bool, memo: Memo) -> tuple[Visit, ...]:
    """The same of other walks that move the same."""
    steps = unroll(walk, exits)
    told = (_with_all_spikes(step, group.facts) for step in steps) if keeps_spikes else steps
    return memo.of(_visits, group, tuple(told), memo)


def passing_visits(
    facts: NetworkFacts, batch: int, group: GroupPlan, memo: Memo, *, keeps_spikes: bool = False
) -> Iterator[Visit]:
    """`group_visits` one by one, none of which is kept but by `memo`: as many as the images of a long run have."""
    steps: Iterable[LayerStep] = unroll(group.walked, group.exits)
    if keeps_spikes:
        steps = (_with_all_spikes(step, facts) for step in steps)
    return _in_order(_PlannedGroup.of(facts, batch, group), steps, memo)


def most_group_steps(facts: NetworkFacts, batch: int, group: GroupPlan) -> int:
    """Of all visits of `group`, as many as there are at the most: where all is computed at every timestep."""
    every = zip(group.indices, group.layers, strict=True)
    tiles = {index: visit_tiles(facts.layers[index].layer, traffic.tiling) for index, traffic in every}
    return ceil_div(batch, group.images) * facts.timesteps * sum(tiles[layer] for layer, _, _ in group.walked.turns)


def _visits(group: _PlannedGroup, steps: tuple[LayerStep, ...], memo: Memo) -> tuple[Visit, ...]:
    return tuple(_in_order(group, steps, memo))


def _in_order(group: _PlannedGroup, steps: Iterable[LayerStep], memo: Memo) -> Iterator[Visit]:
    facts, planned = group.facts, group.layers
    for (chunk, timestep), together in groupby(steps, lambda step: (step.chunk, step.timestep)):
        moved = {step.layer: step for step in together}
        visits = dict[int, list[Visit]]()
        for layer, strip, starts in group.order:
            if _is_visited(facts.layers[layer], timestep, facts.timesteps):
                if layer not in visits:
                    turn = Turn(chunk, moved[layer].images, timestep, starts, facts.layers[layer].rows.axis.rows_out)
                    visits[layer] = memo.of(PlannedLayer.visits, planned[layer], turn, moved[layer])
                yield visits[layer][strip]


def _with_all_spikes(step: LayerStep, facts: NetworkFacts) -> LayerStep:
    now = Timestep(first=step.timestep == 0, last=step.timestep == facts.timesteps - 1)
    outputs = [facts.tensors[tensor.name] for tensor in facts.layers[step.layer].layer.outputs]
    written = step.images * sum(made.bytes for made in outputs if now.has(made.when))
    return replace(step, dram=replace(step.dram, spikes_out=written))


def _is_visited(layer: LayerFacts, timestep: int, timesteps: int) -> bool:
    """What is computed once is computed at the first timestep, and replayed to its LIFs at the others; what is behind
    a mean over time, at the last."""
    if layer.when == "every":
        return True
    return timestep == timesteps - 1 if layer.when == "last" else timestep == 0 or layer.layer.lif is not None
