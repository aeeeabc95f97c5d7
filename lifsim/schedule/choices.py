"""The legal groups of a network on a chip, and the ways in which each may run; all are planned once.

Layers whose LIFs share a state must be in one group, which runs timestep-major. A layer alone may run in windows of
several timesteps, too, or tick-batched; several layers in waves (`lifsim.schedule.waves.waves`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from itertools import combinations, pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from lifsim.errors import Fault, InputError
from lifsim.graph.states import State, channels_by_layer
from lifsim.lazy_dataclass import dataclass
from lifsim.memo import Memo
from lifsim.model.network import Layer, Network
from lifsim.schedule.chip import Chip, TileRoom
from lifsim.schedule.chunks import ChunkSizes, first_of_fewest
from lifsim.schedule.facts import NetworkFacts
from lifsim.schedule.norms import Norms, chunk_of, timestep_major_faults
from lifsim.schedule.plan import GroupPlan, Residency, alone
from lifsim.schedule.sizing import facts_of
from lifsim.schedule.tensors.rows import Ints
from lifsim.schedule.tensors.storage import Reals
from lifsim.schedule.tick import plan as tick
from lifsim.schedule.tick.ways import Way
from lifsim.schedule.timestep.group import Chunks
from lifsim.schedule.timestep.plan import Width, plan_group
from lifsim.schedule.together import TimestepMajor, Together
from lifsim.schedule.traffic import LayerTraffic
from lifsim.schedule.window import TICK, TIMESTEP, StateRoom, Visits, Window, cut_into

if TYPE_CHECKING:
    from lifsim.schedule.trained import Trained, Trains
    from lifsim.schedule.waves.plan import WavesAsked


@dataclass(frozen=True, eq=False)
class Choice:
    """A group that runs in one of its ways. dram_bytes: the bytes that it moves, in training those of all stages."""

    group: GroupPlan
    dram_bytes: int

    @property
    def first(self) -> int:
        """The cut before it: its first layer."""
        return self.group.first

    @property
    def end(self) -> int:
        """The cut behind it."""
        return self.group.last + 1


class Images(NamedTuple):
    """The images of a run: the whole batch, and the chunk that a group works on at a time unless it is tick-batched;
    None: the best number."""

    batch: int
    chunk: int | None


class Choices:
    """The groups to choose from. channels: by layer, the number of channel groups that use its membranes in turn; memo:
    keeps plans of single layers and of groups that run timestep by timestep; training: what groups move in a training
    run; None in inference."""

    def __init__(
        self,
        facts: NetworkFacts,
        chip: Chip,
        images: Images,
        channels: Sequence[int],
        memo: Memo,
        training: Trained | None,
    ) -> None:
        self.facts, self.chip, self.batch, self.chunk, self.training = facts, chip, *images, training
        self.cuts = legal_cuts(facts)
        self._channels, self._memo = channels, memo
        room = replace(chip.tiles, pass_cycles=chip.pass_cycles(max(channels, default=1)))
        self._room = memo.of(_itself, room)
        self._planned: dict[tuple[int, int, Window], Choice] = {}
        self._faster: dict[int, list[Choice]] = {}

    @cached_property
    def together(self) -> tuple[Together, ...]:
        """The ways in which several layers may run as one group."""
        from lifsim.schedule.waves.together import InWaves

        waves = () if self.trains or self.facts.timesteps == 1 else (InWaves(self, "fused"), InWaves(self, "skewed"))
        return (*((TimestepMajor(self),) if self.mergeable else ()), *waves)

    @property
    def mergeable(self) -> bool:
        """Whether timestep-major groups are possible: there is a buffer for their membranes."""
        return self.chip.room.membrane > 0 or not self.facts.states

    @property
    def trains(self) -> bool:
        """Whether this is a training run, in which a window is one timestep or all."""
        return self.training is not None

    def planned(self, first: int, end: int, window: Window) -> Choice:
        """Layers first..end-1, planned for the fewest bytes. A layer that cannot run several timesteps back to back
        runs timestep-major, and its group says why. Raises InputError if that is impossible, too, or if layers cannot
        run in the waves asked for."""
        alone = end - first == 1
        window = window.of(self.facts.layers[first].layer) if alone else window.across(self.facts.timesteps)
        key = first, end, window
        if key not in self._planned:
            if window.waves:
                found = self.chosen(self._in_waves(first, end, window))
            elif window == TICK:
                judged = self._judged(first)  # both in a function would be a frame too many above a fold
                found = self._alone(first, judged or self._memo.of(tick.traffic, *self._tiled(first)))
            else:
                found = self._timestep(first, end) if window == TIMESTEP else self._in_windows(first, window)
            self._planned[key] = found
        return self._planned[key]

    def chosen(self, group: GroupPlan) -> Choice:
        """A group as it may be chosen."""
        return Choice(group, group.dram.total if self.training is None else self.training.moved(group))

    def faster(self, index: int) -> list[Choice]:
        """A single layer, tick-batched, in tilings that move more bytes but take fewer cycles of the array, or of
        waiting."""
        if index not in self._faster:
            others = self._memo.of(tick.others, *self._tiled(index))
            self._faster[index] = [self._alone(index, moved) for moved in (*others.faster, *others.narrower)]
        return self._faster[index]

    def first_weights(self, choice: Choice) -> int:
        """The least cycles in which the weights of a group's first tile are loaded, if those of later tiles are
        prefetched."""
        filters = choice.group.layers[0].tiling.filters * self.facts.layers[choice.first].filter_bytes
        return int(self.chip.overlap.first_weights(np.array(filters)))

    def between(self, first: int, end: int, *, waves: bool = True) -> list[Choice]:
        """All ways in which layers first..end-1 may run, several layers in waves if these are asked for; tick batching
        of a single layer comes first. Raises InputError if a single layer has none."""
        if end - first > 1:
            together = (way for way in self.together if waves or isinstance(way, TimestepMajor))
            return [choice for way in together for choice in way.of(first, end)]
        if not self.mergeable or self.forbidden(first, end):
            return [self.planned(first, end, TICK)]
        ways = (self.planned(first, end, window) for window in self._windows(first))
        return [choice for choice in ways if not choice.group.why]

    def _windows(self, index: int) -> list[Window]:
        """The windows in which a single layer may run, that of all timesteps first."""
        most = 1 if self.trains else cut_into(self.facts.layers[index].layer)
        return [TICK, *(Window(size) for size in range(most - 1, 1, -1)), TIMESTEP]

    def every(self, *, waves: bool = True) -> list[Choice]:
        """All legal groups in all their ways, or in all but waves."""
        spans = combinations(self.cuts, 2) if self.together else pairwise(self.cuts)
        legal = [(first, end) for first, end in spans if end - first == 1 or not self.forbidden(first, end)]
        return [choice for first, end in legal for choice in self.between(first, end, waves=waves)]

    def forbidden(self, first: int, end: int) -> list[Fault]:
        """The reasons why layers first..end-1 must not run timestep by timestep; empty if they may."""
        return list(timestep_major_faults(self.facts, first, end - 1, self.batch, self.chunk))

    def waves_asked(self, first: int, end: int) -> WavesAsked:
        """What is asked of layers first..end-1 in waves."""
        from lifsim.schedule.waves.plan import WavesAsked

        channels = tuple(self._channels)
        return WavesAsked(self.facts, self.chip, first, end - 1, self.batch, self.chunk, channels)

    def _in_waves(self, first: int, end: int, window: Window) -> GroupPlan:
        from lifsim.schedule.waves.plan import in_waves

        found = in_waves(self.waves_asked(first, end), window)
        if isinstance(found, Fault):
            raise InputError(found)
        return found

    def _judged(self, index: int) -> LayerTraffic | Fault | None:
        """What a layer moves tick-batched in training where the tiling follows from the count of all stages."""
        if self.training is None or (judge := self.training.judge(index)) is None:
            return None
        from lifsim.schedule.tick.judged import judged

        return judged(*self._tiled(index), judge)

    def _tiled(self, index: int) -> tuple[Layer, Reals, TileRoom, int, tuple[Way, ...], tuple[int, ...]]:
        layer = self.facts.layers[index].layer
        ways = self.chip.ways_of(layer, self._channels[index])
        return layer, self.facts.reals, self._room, self.batch, ways, self.facts.begun[index]

    def _alone(self, index: int, moved: LayerTraffic | Fault) -> Choice:
        """A single layer: tick-batched, with what it then moves; or timestep-major, with the reason why it cannot be
        tick-batched."""
        if not isinstance(moved, Fault):
            return self.chosen(self._memo.of(alone, index, self.batch, moved))
        if not self.mergeable:
            raise InputError(_without_membrane_buffer(moved) if moved.path == "schedule" else moved)
        if forbidden := self.forbidden(index, index + 1):
            raise InputError([moved, *forbidden])
        found = self._timestep(index, index + 1)
        return replace(found, group=replace(found.group, why=f"{moved.path} {moved.message}"))

    def _in_windows(self, index: int, window: Window) -> Choice:
        """A layer in windows of several timesteps, in the chunks that move the fewest bytes."""
        layer, reals, room, batch, ways, _ = self._tiled(index)
        begun, waits = self.facts.begun_in(index, window.timesteps), self._state_room(index)
        chunks = ChunkSizes.of(batch, self.chunk)

        def look(place: int, _: float) -> tuple[int, tuple[LayerTraffic | Fault, Visits, int]]:
            images = int(chunks.images[place])
            visits = Visits.of(layer, window, Chunks(batch, images).sizes, waits)
            found = self._memo.of(tick.traffic, layer, reals, room, batch, ways, begun, visits)
            return 0 if isinstance(found, Fault) else found.dram.total, (found, visits, images)

        def floors(sizes: ChunkSizes) -> Ints:
            from lifsim.schedule.tick.chunk_floors import InChunks

            return InChunks(layer, reals, room, ways, begun, window, waits).floors(sizes)

        moved, visits, images = first_of_fewest(chunks.floored(floors), look)
        if isinstance(moved, Fault):  # in chunks of whichever size
            return self._alone(index, moved)
        at_work = np.array([self.chip.held_bytes(layer, moved.tiling)])
        state = self.facts.state_of(index)
        residency = Residency(
            weight_region=self.chip.room.weight - moved.tiling.lasting_weight_bytes,
            transient=0,
            permanent={} if state is None else {state.name: int(visits.state.stays(images, at_work)[0])},
            reserved=int(visits.state.reserved(images, at_work)[0]),
        )
        return self.chosen(GroupPlan(index, index, images, (), residency, (moved,), window))

    def _state_room(self, index: int) -> StateRoom:
        return StateRoom.of(self.facts.state_of(index), self.chip.room.membrane)

    def _timestep(self, first: int, end: int) -> Choice:
        """Layers first..end-1, timestep by timestep. In training each size of chunks is planned by itself, since the
        one that moves the fewest bytes forward may move more in the backward pass."""
        training, chunk = self.training, chunk_of(self.facts, first, end - 1, self.batch, self.chunk)
        if training is None or chunk is not None:
            return self.chosen(self._in_chunks(first, end, chunk))
        chunks = ChunkSizes.of(self.batch, chunk)

        def floors(sizes: ChunkSizes) -> Ints:
            from lifsim.schedule.timestep.floors import chunk_floors

            forward = chunk_floors(self.facts, self.chip.room, first, end - 1, sizes, all_written=True)
            return forward + training.back_floors(first, end - 1, sizes)

        def look(place: int, _: float) -> tuple[int, Choice]:
            found = self.chosen(self._in_chunks(first, end, int(chunks.images[place])))
            return found.dram_bytes, found

        return first_of_fewest(chunks.floored(floors), look)

    def _in_chunks(self, first: int, end: int, chunk: int | None) -> GroupPlan:
        """Timestep by timestep in chunks of this many images; None: of as many as move the fewest bytes forward."""
        chip, span = self.chip, (first, end - 1)
        inputs = sum(self.facts.tensors[one.layer.input.name].bytes for one in self.facts.layers[first:end])
        room = chip.room.for_inputs(self.batch * inputs)
        width: Width = "narrowest" if chip.overlap.narrows else "widest"
        return self._memo.of(plan_group, self.facts, *span, room, self.batch, chunk, width)


def _itself(room: TileRoom) -> TileRoom:
    """The first one of equal objects, so that later comparisons are by identity, which is fast."""
    return room


def choices_of(
    network: Network,
    states: tuple[State, ...],
    chip: Chip,
    batch: int,
    chunk: int | None,
    memo: Memo,
    trains: Trains | None,
) -> Choices:
    """The choices of `network` with these `states` on `chip`. trains: computes what groups move in training; None in
    inference."""
    facts, training = memo.of(facts_of, network, states, chip.precision, chip.psums), None
    if trains is not None:
        facts = replace(facts, recomputes=False, writes_all=True, norms=Norms.of(network))
        training = trains(facts, chip, batch)
    return Choices(facts, chip, Images(batch, chunk), channels_by_layer(network, states), memo, training)


def _without_membrane_buffer(fault: Fault) -> Fault:
    """The fault of a layer that only a membrane buffer could help."""
    return Fault(f"0 must be > 0: {fault.message}", path="buffers.membrane.size_bytes")


def legal_cuts(facts: NetworkFacts) -> list[int]:
    """The layers at which a group may begin, and the end of the network: no state is used on both sides of such a
    cut."""
    inside = {cut for state in facts.states for cut in range(state.layers[0] + 1, state.layers[-1] + 1)}
    return [cut for cut in range(len(facts.layers) + 1) if cut not in inside]
