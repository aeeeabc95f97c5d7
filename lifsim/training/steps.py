"""The steps of a training run: the forward pass with what it keeps, then layers and timesteps backwards.

A group of layers is walked back as it was walked forward: tick-batched image by image, timestep-major chunk by chunk
and timestep by timestep, the last one first; in each of them from the last layer to the first, and of a layer
recomputation, backward stage and, where weights are updated in turn, their update; the other updates come afterwards.
docs/model.md, "Training on the accelerator", says what a visit moves.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from lifsim.hardware.pipeline.kinds import Kind
from lifsim.model.network import Layer
from lifsim.schedule.group_steps import MAX_TILES
from lifsim.schedule.moves import Moves, Visit, moves_of, shares
from lifsim.schedule.plan import GroupPlan, Plan
from lifsim.training.flows import Flow, LayerFlows, Turns, kept_states
from lifsim.training.gradient_states import StateMoves, gradient_state_moves
from lifsim.training.group_orders import orders_of
from lifsim.training.orders import LayerOrders
from lifsim.training.sizes import TrainingSizes
from lifsim.training.stages import Stage

StageVisit = tuple[Stage, Visit]
"""A visit, and the stage that it belongs to."""


def training_visits(sizes: TrainingSizes, plan: Plan, inference: Sequence[Visit]) -> list[StageVisit]:
    """All visits of a training run in order. inference: those of the forward pass, which write all spikes."""
    found: list[StageVisit] = [(Stage.FORWARD, visit) for visit in _with_kept(sizes, inference)]
    for group in reversed(plan.groups):
        found += _GroupBackwards(sizes, group).visits()
    return found


def _with_kept(sizes: TrainingSizes, visits: Sequence[Visit]) -> list[Visit]:
    """`visits` with what only the backward pass reads: states, and spikes that a pool hides. Last states leave at the
    last timestep."""
    found = list(visits)
    for layer in sizes.layers:
        mine = [index for index, visit in enumerate(visits) if visit.layer == layer.index]
        last = max((visits[index].timestep or 0 for index in mine), default=0)
        ending = [index for index in mine if (visits[index].timestep or 0) == last]
        keep_states = ending if sizes.reverse else mine
        _keep(found, keep_states, Kind.MEMBRANE_WRITE, kept_states(sizes, layer), sizes.states(layer))
        if layer.lif:
            _keep(found, mine, Kind.SPIKES_OUT, f"tensor:{layer.lif.name}", sizes.hidden_spikes(layer))
    return found


def _keep(visits: list[Visit], chosen: Sequence[int], kind: Kind, region: str, size: int) -> None:
    """Have the chosen visits write `size` bytes more, dealt to their steps by their outputs."""
    if not size:
        return
    parts = shares(size, np.concatenate([visits[index].outputs for index in chosen]))
    offsets = np.cumsum(parts) - parts
    first = np.cumsum([0, *(visits[index].steps for index in chosen)])
    for index, begin, end in zip(chosen, first, first[1:], strict=False):
        visit = visits[index]
        step, place = np.arange(visit.steps), slice(begin, end)
        more = moves_of(kind, len(visit.regions), step, offsets[place], parts[place])
        visits[index] = replace(visit, regions=(*visit.regions, region), moves=Moves.joined([visit.moves, more]))


@dataclass(frozen=True)
class _GroupBackwards:
    """One group, on the way back."""

    sizes: TrainingSizes
    group: GroupPlan

    def visits(self) -> list[StageVisit]:
        """All of them in order."""
        sizes, group = self.sizes, self.group
        carried = gradient_state_moves(sizes.facts, sizes.chip, group, sizes.batch, reverse=sizes.reverse)
        orders = orders_of(sizes, group)
        found: list[tuple[tuple[int, int, int], StageVisit]] = []
        for layer in sizes.layers[group.first : group.last + 1]:
            stages = self._stages(layer, carried, orders[layer.index])
            for order, (stage, (turns, flows)) in enumerate(stages.items()):
                for number, visit in zip(turns.number, _visits(layer, flows, turns, self._steps(layer)), strict=True):
                    found.append(((int(number), -layer.index, order), (stage, visit)))
        return [visit for _, visit in sorted(found, key=lambda pair: pair[0])]

    def _stages(self, layer: Layer, carried: StateMoves, orders: LayerOrders) -> dict[Stage, tuple[Turns, list[Flow]]]:
        """Stages in the order in which a turn goes through them: the layer's turns in each, and what they move."""
        flows = LayerFlows(self.sizes, layer, self.group, orders)
        again = self._turns(layer, layer.rounds, first=True)
        fires = self._turns(layer, self.sizes.facts.timesteps if layer.lif else layer.rounds)
        works = self._turns(layer, layer.rounds) if orders.when == "in turn" else self._afterwards()
        recomputes = self.sizes.reverse and layer.lif
        return ({Stage.RECOMPUTE: (again, list(flows.recompute(again)))} if recomputes else {}) | {
            Stage.BACKWARD: (fires, list(flows.backward(fires, carried))),
            Stage.WEIGHT_UPDATE: (works, list(flows.weight_update(works))),
        }

    def _afterwards(self) -> Turns:
        """An image each, all rounds, behind all other turns of the group."""
        batch, last = self.sizes.batch, self.sizes.batch * self.sizes.facts.timesteps
        images = np.arange(batch)
        return Turns(last + images, images, np.ones_like(images), np.zeros_like(images), batch, 1)

    def _turns(self, layer: Layer, times: int, *, first: bool = False) -> Turns:
        """The turns of a layer that takes `times` of every chunk, all or one. What is computed once is recomputed at
        the `first` turn of the way back, and has its gradient when the timesteps' are summed up."""
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
    """One a turn, in equal steps."""
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
