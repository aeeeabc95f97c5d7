"""The steps of a timestep-major group: for each chunk and timestep, for each layer (in strips: for each strip), its
filter tiles; with the bytes that the plan counts for the layer.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import groupby
from typing import Literal

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
from lifsim.schedule.timestep.unrolled import LayerStep, unroll, unroll_ends
from lifsim.schedule.traffic import Tiling


@dataclass(frozen=True)
class _PlannedGroup:
    """What the visits of a group depend on, apart from the bytes that they move.

    images: of the `batch` that run together as a chunk. order: the visits of a timestep, each (layer index, number of
    its strip, first output rows of all strips of that layer). tilings: by layer of the group.
    """

    facts: NetworkFacts
    batch: int
    images: int
    order: tuple[tuple[int, int, tuple[int, ...]], ...]
    tilings: tuple[Tiling, ...]

    def __hash__(self) -> int:
        """A cheap hash of the few fields in which groups usually differ."""
        return hash((self.facts, self.images, self.order))

    @classmethod
    def of(cls, facts: NetworkFacts, batch: int, group: GroupPlan) -> _PlannedGroup:
        """From the plan of a group."""
        tilings = tuple(traffic.tiling for traffic in group.layers)
        return cls(facts, batch, group.images, group.walked.turns, tilings)

    @property
    def layers(self) -> dict[int, PlannedLayer]:
        """The layers of the group, by their index in the network."""
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
    """All visits of the layers of `group`, in order of execution; the bytes of a layer's visits add up to its plan's.

    memo: caches them for other runs, whose plans often have groups in common. keeps_spikes: whether spikes that the
    group hands over on chip are written to DRAM, too, because a backward pass will read them.
    """
    written: Written = "all" if keeps_spikes else "planned"
    return list(memo.of(_walked, _PlannedGroup.of(facts, batch, group), group.walked, group.exits, written, memo))


Written = Literal["planned", "all"]
"""Which spikes go to DRAM: those of the plan, or, for a backward pass, also those that are handed over on chip."""


def _walked(group: _PlannedGroup, walk: Walk, exits: Exits | None, written: Written, memo: Memo) -> tuple[Visit, ...]:
    """The visits of a walk. Different walks that move the same bytes in every step share their visits."""
    steps = unroll(walk, exits)
    told = (_with_all_spikes(step, group.facts) for step in steps) if written == "all" else steps
    return memo.of(_visits, group, tuple(told), memo)


def passing_visits(
    facts: NetworkFacts, batch: int, group: GroupPlan, memo: Memo, *, keeps_spikes: bool = False
) -> Iterator[Visit]:
    """The same visits as an iterator, for runs of so many images that all visits together would fill the memory."""
    steps: Iterable[LayerStep] = unroll(group.walked, group.exits)
    if keeps_spikes:
        steps = (_with_all_spikes(step, facts) for step in steps)
    return _in_order(_PlannedGroup.of(facts, batch, group), steps, memo)


def group_ends(facts: NetworkFacts, batch: int, group: GroupPlan, memo: Memo) -> Iterator[Visit]:
    """Some of these visits, of images that do not exit, which touch every tensor as far as all do."""
    return _in_order(_PlannedGroup.of(facts, batch, group), unroll_ends(group.walked), memo)


def most_group_steps(facts: NetworkFacts, batch: int, group: GroupPlan) -> int:
    """An upper bound of the steps of all visits of `group`, as if every layer were computed at every timestep."""
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
    """Whether a layer has a visit in a timestep (from 0). A layer that is computed once is computed at the first one,
    and replayed to its LIFs at the others; one behind a mean over time is computed at the last one."""
    if layer.when == "every":
        return True
    return timestep == timesteps - 1 if layer.when == "last" else timestep == 0 or layer.layer.lif is not None
