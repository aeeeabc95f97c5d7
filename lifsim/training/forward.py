"""The visits of the forward pass in training: those of inference, plus the tensors that only the backward pass reads
(states, at their timesteps, and spikes that a pool hides), plus what norms move."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from typing import NamedTuple

import numpy as np

from lifsim.hardware.pipeline.kinds import Kind
from lifsim.lazy_dataclass import dataclass
from lifsim.model.network import Layer
from lifsim.schedule.plan import GroupPlan
from lifsim.schedule.tensors.moves import REPLAY, Moves, Visit, moves_of
from lifsim.schedule.work_order import worked_on
from lifsim.training.flows import kept_states
from lifsim.training.norm_sums import norm_sums
from lifsim.training.norm_visits import Parted
from lifsim.training.portions import Portions
from lifsim.training.sizes import TrainingSizes


class _Written(NamedTuple):
    """A tensor that visits write for the backward pass: `size` bytes from byte `start` on, in proportion to their
    outputs, `outputs` in all."""

    kind: Kind
    region: str
    size: int
    outputs: int
    start: int = 0

    def to(self, visit: Visit, portions: Portions) -> Visit:
        """`visit` with its portion."""
        more = moves_of(self.kind, len(visit.regions), np.arange(visit.steps), *portions.next(visit))
        return replace(visit, regions=(*visit.regions, self.region), moves=Moves.joined([visit.moves, more]))


@dataclass(frozen=True)
class GroupForward:
    """The visits of one group in order, generated anew for each iteration. inference: generates the visits of
    inference, which write all spikes.

    Under tick batching, the sums of all images are complete before the first neuron is called, however many parts the
    layer has.
    """

    sizes: TrainingSizes
    group: GroupPlan
    inference: Callable[[], Iterable[Visit]]

    def __iter__(self) -> Iterator[Visit]:
        norms = self._parted()
        if self.group.tick_batched and (norm := norms.get(self.group.first)) is not None:
            yield from map(norm.on_array, self._with_kept())
            yield from map(norm.behind, self._with_kept())
            return
        for visit in self._with_kept():
            if (norm := norms.get(visit.layer)) is None or visit.round == REPLAY:
                yield visit
            else:
                yield norm.on_array(visit)
                yield norm.behind(visit)

    @property
    def _layers(self) -> Sequence[Layer]:
        return self.sizes.layers[self.group.first : self.group.last + 1]

    def _parted(self) -> dict[int, Parted]:
        """By layer, its parted visits, for layers whose sums wait for their norm."""
        found = {}
        for layer in self._layers:
            norm = norm_sums(self.sizes, layer, self.group)
            if norm is not None and norm.way != "handed on":
                rounds = 1 if self.group.tick_batched else layer.rounds
                found[layer.index] = Parted(layer, norm, rounds * self._outputs(layer))
        return found

    def _with_kept(self) -> Iterator[Visit]:
        """The visits of inference, which also write what only the backward pass reads."""
        kept = {
            place: [(one, Portions(one.size, one.outputs, one.start)) for one in written]
            for place, written in self._kept.items()
        }
        for visit in self.inference():
            found = visit
            for place in ((visit.layer, visit.timestep), visit.layer):
                for one, portions in kept.get(place, ()):
                    found = one.to(found, portions)
            yield found

    def _outputs(self, layer: Layer) -> int:
        """The outputs of all visits of a layer at a timestep, or, under tick batching, of all its visits, as visits
        count them."""
        rows = layer.pixels if self.group.tick_batched else self.sizes.facts.layers[layer.index].rows.axis.rows_out
        return self.sizes.batch * rows * layer.filters

    @cached_property
    def _kept(self) -> dict[object, list[_Written]]:
        """What is kept: states by layer and timestep (None: all run together), and by layer the spikes that a pool
        hides."""
        found, facts = dict[object, list[_Written]](), self.sizes.facts
        for layer in self._layers:
            outputs, region, of = self._outputs(layer), kept_states(self.sizes, layer), facts.layers[layer.index]
            for timestep, start, end in self._states(layer):
                if end > start:
                    written = _Written(Kind.MEMBRANE_WRITE, region, end - start, outputs, start)
                    found[layer.index, timestep] = [written]
            if layer.lif and (size := self.sizes.hidden_spikes(layer)):
                visited = sum(worked_on(of, timestep, facts.timesteps) for timestep in range(facts.timesteps))
                every = outputs * (1 if self.group.tick_batched else visited)
                found[layer.index] = [_Written(Kind.SPIKES_OUT, f"tensor:{layer.lif.name}", size, every)]
        return found

    def _states(self, layer: Layer) -> Iterator[tuple[int | None, int, int]]:
        """(timestep, first byte, end) of the states that a layer keeps."""
        kept = self.sizes.kept(layer, self.group)
        if kept is None:
            return
        if self.group.tick_batched:
            start, end = kept.written.of_images(0, self.sizes.batch)
            yield None, int(start), int(end)
            return
        for timestep in range(layer.timesteps):
            start, end = kept.written.of(np.asarray(timestep), 0, self.sizes.batch)
            yield timestep, int(start), int(end)
