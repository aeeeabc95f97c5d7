"""The backward pass of a training run (the forward pass: `lifsim.training.forward`), layers and timesteps in reverse
order.

A group of layers runs back as it ran forward: tick-batched, image by image; timestep-major, chunk by chunk and in each
timestep by timestep, the last one first. Each such turn runs from the last layer to the first: for a layer,
recomputation, the backward stage and, if weights are updated in turn, their update. The other updates come after all
turns. If u runs forward again, all recomputation of a turn comes first, from the first layer to the last.
docs/model.md, "Training on the accelerator", says what a visit moves.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from heapq import merge
from operator import itemgetter
from typing import NamedTuple

import numpy as np

from lifsim.lazy_dataclass import dataclass
from lifsim.model.network import Layer
from lifsim.schedule.plan import GroupPlan, Plan
from lifsim.schedule.tensors.moves import Moves, Visit, moves_of
from lifsim.schedule.timestep.layer import MAX_TILES
from lifsim.training.flows import Flow, LayerFlows, Turns
from lifsim.training.forward_again import ForwardAgain
from lifsim.training.gradient_states import StateMoves, gradient_state_moves
from lifsim.training.group_orders import orders_of
from lifsim.training.norm_flows import NormFlows
from lifsim.training.norm_sums import norm_sums
from lifsim.training.orders import LayerOrders
from lifsim.training.sizes import TrainingSizes
from lifsim.training.stages import Stage

StageVisit = tuple[Stage, Visit]
"""A visit, and the stage that it belongs to."""


class StageTurns(NamedTuple):
    """A stage of a layer in the backward pass: its turns, and what they move. ahead: whether it runs before everything
    that is undone in a turn, from the first layer to the last."""

    stage: Stage
    turns: Turns
    flows: list[Flow]
    ahead: bool = False


def backward_visits(sizes: TrainingSizes, plan: Plan) -> Iterator[StageVisit]:
    """The visits of the backward pass, one by one: as many of each layer as the batch has images."""
    for group in reversed(plan.groups):
        yield from _GroupBackwards(sizes, group).visits()


@dataclass(frozen=True)
class _GroupBackwards:
    """One group, in the backward pass."""

    sizes: TrainingSizes
    group: GroupPlan

    def visits(self) -> Iterator[StageVisit]:
        """All visits in order: for each turn, the visits of every layer and stage."""
        sizes, group = self.sizes, self.group
        carried = gradient_state_moves(sizes.facts, sizes.chip, group, sizes.batch, sizes.keeping)
        orders = orders_of(sizes, group)
        found = [
            self._of_stage(layer, order, stage)
            for layer in sizes.layers[group.first : group.last + 1]
            for order, stage in enumerate(self._stages(layer, carried, orders[layer.index]))
        ]
        return (visit for _, visit in merge(*found, key=itemgetter(0)))

    def _of_stage(self, layer: Layer, order: int, of: StageTurns) -> Iterator[tuple[tuple[int, ...], StageVisit]]:
        """((number of the turn, place within it), visit) for the stage `of`, the `order`-th stage of the layer."""
        place = (0, layer.index, order) if of.ahead else (1, -layer.index, order)
        visits = _visits(layer, of.flows, of.turns, self._steps(layer))
        for number, visit in zip(of.turns.number.tolist(), visits, strict=True):
            yield (number, *place), (of.stage, visit)

    def _stages(self, layer: Layer, carried: StateMoves, orders: LayerOrders) -> Iterator[StageTurns]:
        """Stages in the order in which a turn goes through them: the layer's turns in each, and what they move."""
        flows = LayerFlows(self.sizes, layer, self.group, orders)
        fires = self._turns(layer, self.sizes.facts.timesteps if layer.lif else layer.rounds)
        works, norm = self._turns(layer, layer.rounds), norm_sums(self.sizes, layer, self.group)
        if norm is not None:
            # Tick-batched, all images go through the first pass before one goes through the second.
            works = replace(works, number=works.number + (self.sizes.batch if self.group.tick_batched else 0))
        updates = works if orders.when == "in turn" else self._afterwards()
        if norm is None:
            yield from self._again(flows, orders.again, fires, carried)
            yield StageTurns(Stage.BACKWARD, fires, list(flows.backward(fires, carried)))
        else:
            yield from self._normed(NormFlows(flows, norm), fires, works, carried)
        yield StageTurns(Stage.WEIGHT_UPDATE, updates, list(flows.weight_update(updates)))

    def _normed(self, flows: NormFlows, fires: Turns, works: Turns, carried: StateMoves) -> Iterator[StageTurns]:
        """The stages of a layer with a batch norm, whose gradient units run at the turns `fires` and whose backward
        product at `works`."""
        yield from self._again(flows, flows.flows.orders.again, fires, carried)
        yield StageTurns(Stage.GRADIENT_SUMS, fires, list(flows.first_pass(fires, carried)))
        if flows.norm.recomputed_twice:
            yield StageTurns(Stage.RECOMPUTE, works, list(flows.recompute_again(works)))
        yield StageTurns(Stage.BACKWARD, works, list(flows.second_pass(works)))

    def _again(
        self, flows: LayerFlows | NormFlows, moved: ForwardAgain | None, fires: Turns, carried: StateMoves
    ) -> Iterator[StageTurns]:
        """What runs forward a second time, if anything: the product; and, if u' of the calls is held until they are
        undone, the calls, at the turns of the gradient units. moved: by the product."""
        layer, keeping = flows.layer, self.sizes.keeping
        if moved is None:
            return
        again = self._turns(layer, layer.rounds, first=True)
        product = list(flows.recompute(again, moved))
        if not keeping.holds_calls:
            yield StageTurns(Stage.RECOMPUTE, again, product)
            return
        calls = list(flows.forward_again(fires, carried))
        if np.array_equal(again.number, fires.number):
            yield StageTurns(Stage.RECOMPUTE, fires, [*product, *calls], ahead=True)
        else:  # the product once, the calls at every timestep
            yield StageTurns(Stage.RECOMPUTE, again, product, ahead=True)
            yield StageTurns(Stage.RECOMPUTE, fires, calls, ahead=True)

    def _afterwards(self) -> Turns:
        """Turns of one image each, all its rounds, after all other turns of the group."""
        batch, last = self.sizes.batch, 2 * self.sizes.batch * self.sizes.facts.timesteps
        images = np.arange(batch)
        return Turns(last + images, images, np.ones_like(images), np.zeros_like(images), batch, 1)

    def _turns(self, layer: Layer, times: int, *, first: bool = False) -> Turns:
        """The turns of a layer, `times` for every chunk: one per timestep, or one. A layer that is computed once is
        recomputed at the `first` turn of the backward pass, and has its gradient when those of all timesteps are summed
        up."""
        batch, timesteps = self.sizes.batch, self.sizes.facts.timesteps
        if self.group.tick_batched:
            images = np.arange(batch)
            return Turns(images, images, np.ones_like(images), np.zeros_like(images), batch, 1)
        starts = np.arange(0, batch, self.group.images)
        images = np.minimum(self.group.images, batch - starts)
        if times == timesteps:
            backwards = np.tile(np.arange(timesteps)[::-1], starts.size)
            starts, images = np.repeat(starts, timesteps), np.repeat(images, timesteps)
            return Turns(np.arange(backwards.size), starts, images, backwards, batch, timesteps)
        at_once = first or self.sizes.facts.layers[layer.index].when == "last"
        number = np.arange(starts.size) * timesteps + (0 if at_once else timesteps - 1)
        return Turns(number, starts, images, np.zeros_like(starts), batch, 1)

    def _steps(self, layer: Layer) -> int:
        """Tiles of a visit: as many as the forward pass has."""
        tiling = self.group.layers[layer.index - self.group.first].tiling
        filter_tiles = layer.groups * tiling.filter_tiles
        return filter_tiles * tiling.row_tiles if self.group.tick_batched else min(filter_tiles, MAX_TILES)


def _visits(layer: Layer, flows: Sequence[Flow], turns: Turns, steps: int) -> Iterator[Visit]:
    """One visit per turn, in equal steps."""
    regions = tuple(dict.fromkeys(flow.region for flow in flows))
    kind = np.array([[flow.kind] for flow in flows])
    region = np.array([[regions.index(flow.region)] for flow in flows])
    size = np.stack([flow.bytes for flow in flows])
    offset = np.stack([np.broadcast_to(flow.offset, turns.count) for flow in flows])
    times = np.stack([np.broadcast_to(flow.times, turns.count) for flow in flows])
    step, edges = np.arange(steps), np.arange(steps + 1)
    for turn in range(turns.count):
        edge = size[:, turn, None] * edges // steps
        start = offset[:, turn, None] + edge[:, :-1]
        moves = moves_of(kind, region, step, start, np.diff(edge), times[:, turn, None])
        outputs = np.full(steps, turns.images[turn])
        yield Visit(layer.index, None, outputs, Moves.joined([moves]), regions)
