"""What runs when: visits of the array to layers, and all their steps as one program, with their DRAM requests."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING, Protocol

import numpy as np

from lifsim.accounting.counts import LayerCounts
from lifsim.hardware.pipeline.kinds import STREAMS, Kind
from lifsim.hardware.pipeline.program import Halves, Program, program
from lifsim.hardware.stores import Store, Stores
from lifsim.lazy_dataclass import dataclass
from lifsim.memo import Memo, bytes_of_arrays
from lifsim.play.dealing import Dealer, StepWork, WorkSums
from lifsim.play.stretches import FEW_STEPS, Placed, Stretch, stretch_of
from lifsim.room import require_memory
from lifsim.schedule.facts import NetworkFacts
from lifsim.schedule.plan import GroupPlan, Plan
from lifsim.schedule.tensors.cutting import cut
from lifsim.schedule.tensors.moves import Moves, Visit
from lifsim.schedule.tensors.rows import Ints
from lifsim.schedule.tick.steps import tick_parts, tick_visit
from lifsim.schedule.tick.tiles import steps_of
from lifsim.schedule.tick.window_steps import window_visits
from lifsim.schedule.timestep.steps import group_visits, most_group_steps, passing_visits
from lifsim.units import counted

if TYPE_CHECKING:
    from lifsim.schedule.waves.steps import WaveParts

STEP_BYTES = 1500
"""Bytes of this machine's memory per step: with its requests, and while they are sorted."""


def visits(plan: Plan, batch: int, memo: Memo, *, keeps_spikes: bool = False) -> list[Visit]:
    """A tick-batched layer has one visit, with all its tiles; a layer in windows one per chunk and window; a
    timestep-major group one per chunk, timestep, strip and layer. keeps_spikes: all spikes go to DRAM, for a backward
    pass. Raises InputError if the tiles need more memory than this machine has."""
    _require_room(plan.facts, batch, plan.groups)
    found: list[Visit] = []
    for group in plan.groups:
        if group.tick_batched:
            layer = plan.facts.layers[group.first].layer
            found.append(memo.of(tick_visit, layer, plan.facts.reals, plan.chip.tiles, batch, group.layers[0]))
        else:
            found += _of_group(plan, batch, group, memo, keeps_spikes=keeps_spikes)
    return found


def _of_group(plan: Plan, batch: int, group: GroupPlan, memo: Memo, *, keeps_spikes: bool) -> list[Visit]:
    """The visits of a group that is not tick-batched."""
    facts = plan.facts
    if group.waves is not None:
        from lifsim.schedule.waves.steps import wave_visits

        return wave_visits(facts, plan.chip, batch, group)
    if group.tiled:
        return list(window_visits(facts, plan.chip, batch, group))
    return group_visits(facts, batch, group, memo, keeps_spikes=keeps_spikes)


AT_ONCE_STEPS = 1 << 15
"""A run of at most so many steps, some 50 MB, is built and played at once, and its visits are kept for other runs; a
longer one is played section by section."""


class Visits(Protocol):
    """The visits of a run, which can be iterated repeatedly; if they are many, in parts of a few steps."""

    def __iter__(self) -> Iterator[Visit]: ...

    @property
    def every(self) -> Sequence[Visit]:
        """All visits, uncut. Raises InputError if they need more memory than this machine has."""
        ...

    def most_steps(self, stores: Stores) -> int:
        """How many steps they are cut into by these buffers, at the most."""
        ...


def most_steps_of(visits: Iterable[Visit], stores: Stores) -> int:
    """How many steps `visits` are cut into by these buffers, at the most."""
    moved, steps = np.zeros(len(Kind), np.int64), 0
    for visit in visits:
        moved += visit.moved
        steps += visit.steps
    return steps + _most_parts(moved, stores)


PASSING_BYTES, VISIT_BYTES = 1 << 23, 1 << 12
"""Bytes of recently passed visits that are kept, since loads are looked up ahead and the same visits come up again; and
bytes that each takes besides its columns."""


@dataclass(frozen=True)
class Planned:
    """The visits under `plan`, whose layers are numbered from `first` on. Tick-batched layers, whose tiles cover all
    images, are made in parts as they are iterated; chunks of images follow one another. keeps_spikes: as for
    `visits`."""

    plan: Plan
    batch: int
    memo: Memo
    first: int = 0
    keeps_spikes: bool = False

    def __iter__(self) -> Iterator[Visit]:
        return map(self._counted, chain.from_iterable(map(self.of_group, self.plan.groups)))

    def _counted(self, visit: Visit) -> Visit:
        return replace(visit, layer=visit.layer - self.first) if self.first else visit

    def of_group(self, group: GroupPlan) -> Iterator[Visit]:
        """The visits of one group, with its layers numbered as in the plan."""
        facts, chip = self.plan.facts, self.plan.chip
        if group.tick_batched:
            layer = facts.layers[group.first].layer
            yield from tick_parts(layer, facts.reals, chip.tiles, self.batch, group.layers[0], FEW_STEPS)
        elif group.waves is not None:
            parts = self._in_waves[group.first]
            for number in range(parts.count):
                yield from self._passing.of(parts.part, number)
        elif group.tiled:
            yield from window_visits(facts, chip, self.batch, group)
        else:
            yield from passing_visits(facts, self.batch, group, self._passing, keeps_spikes=self.keeps_spikes)

    def whole_group(self, group: GroupPlan) -> list[Visit]:
        """The same, uncut."""
        return visits(replace(self.plan, groups=(group,)), self.batch, self.memo, keeps_spikes=self.keeps_spikes)

    @property
    def every(self) -> Sequence[Visit]:
        """All visits, uncut."""
        return list(map(self._counted, visits(self.plan, self.batch, self.memo, keeps_spikes=self.keeps_spikes)))

    def most_steps(self, stores: Stores) -> int:
        """An upper bound: all tiles, and for groups of layers as if all were computed at every timestep."""
        moved, steps = np.zeros(len(Kind), np.int64), 0
        for group in self.plan.groups:
            steps += _most_tiles(self.plan.facts, self.batch, group)
            for kind, name in MOVED_AS.items():
                moved[kind] += getattr(group.dram, name)
        return steps + _most_parts(moved, stores)

    @cached_property
    def _passing(self) -> Memo:
        return Memo(PASSING_BYTES, _passing_bytes)

    @cached_property
    def _in_waves(self) -> dict[int, WaveParts]:
        """The groups in waves, by their first layers."""
        from lifsim.schedule.waves.steps import WaveParts

        facts, chip = self.plan.facts, self.plan.chip
        groups = [group for group in self.plan.groups if group.waves is not None]
        for group in groups:
            _require_room(facts, min(self.batch, group.images), [group])
        return {group.first: WaveParts.of_few(facts, chip, self.batch, group, FEW_STEPS) for group in groups}


def _passing_bytes(visits: object) -> int:
    """Bytes of one or several visits."""
    return VISIT_BYTES * (len(visits) if isinstance(visits, list) else 1) + bytes_of_arrays(visits)


MOVED_AS = {
    Kind.WEIGHTS: "filters",
    Kind.SPIKES_IN: "first_operand",
    Kind.MEMBRANE_READ: "membrane_read",
    Kind.SPIKES_OUT: "spikes_out",
    Kind.MEMBRANE_WRITE: "membrane_write",
}
"""Tensors that a buffer holds as a whole, as plans name them."""


def _most_parts(moved: Ints, stores: Stores) -> int:
    """By how many steps, at most, steps that move [kinds] bytes grow in number when they are cut."""
    return sum(int(moved[kind]) // max(buffer.usable_bytes, 1) for kind, buffer in whole_buffers(stores).items())


def _require_room(facts: NetworkFacts, batch: int, groups: Sequence[GroupPlan]) -> None:
    in_tiles = (group for group in groups if group.waves is not None or group.tiled)
    tiles = sum(_most_tiles(facts, batch, group) for group in in_tiles)
    require_memory(tiles * STEP_BYTES, f"{counted(tiles, 'tile')} of {counted(batch, 'image')}", "batch")


def _most_tiles(facts: NetworkFacts, batch: int, group: GroupPlan) -> int:
    if group.waves is not None:
        from lifsim.schedule.waves.steps import most_steps

        return most_steps(facts, batch, group)
    if not group.tiled:
        return most_group_steps(facts, batch, group)
    layer = facts.layers[group.first].layer
    return len(group.window.spans(layer.timesteps)) * steps_of(layer, batch, group.layers[0].tiling)


DIRECT_PORT_BITS = 1 << 40
"""Port width of residual operands, which pass no buffer: no port holds them up."""


BUFFER_OF = {
    Kind.WEIGHTS: "weight",
    Kind.SPIKES_IN: "spike_in",
    Kind.MEMBRANE_READ: "membrane",
    Kind.PSUM_READ: "psum",
    Kind.PSUM_WRITE: "psum",
    Kind.SPIKES_OUT: "spike_out",
    Kind.MEMBRANE_WRITE: "membrane",
}
"""The buffer that each kind passes, of those that pass one."""


@dataclass(frozen=True, eq=False)
class RunSteps:
    """whole: the visits in order; stretch: all of them, in steps that fit into `buffers`. program: what the pipeline
    plays; its requests are `moves` in another order. Two are equal if a memory plays the same for both, at the same
    places: they take the same time."""

    whole: tuple[Visit, ...]
    buffers: Mapping[Kind, Store]
    stretch: Stretch
    program: Program

    @cached_property
    def visits(self) -> tuple[Visit, ...]:
        """Each visit by itself, in the steps of the stretch."""
        return tuple(cut(visit, self.buffers) for visit in self.whole)

    @property
    def array_bytes(self) -> int:
        """Bytes of all arrays, except those of the visits."""
        return bytes_of_arrays((self.stretch, self.program))

    @property
    def layer(self) -> Ints:
        """[steps] index of each step's layer."""
        return self.stretch.layer

    @property
    def moves(self) -> Moves:
        """The moves of all steps."""
        return self.stretch.moves

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, RunSteps):
            return NotImplemented
        alike = self.stretch.regions == other.stretch.regions
        return alike and all(map(np.array_equal, self._played, other._played))

    def __hash__(self) -> int:
        """Cheap: few move as many bytes in as many cycles, and differ."""
        cycles, moves = self.program.step_cycles, self.moves
        return hash((cycles.size, int(cycles.sum()), moves.step.size, int(moves.bytes.sum()), int(moves.offset.sum())))

    @property
    def _played(self) -> Iterator[Ints]:
        """All that the time of the steps follows from, beside the names of what is moved."""
        program = self.program
        yield from (program.step_cycles, program.first_load, program.loads, program.room)
        yield from vars(program.requests).values()
        yield from vars(self.moves).values()


def run_steps(stores: Stores, visits: Sequence[Visit], counts: Sequence[LayerCounts]) -> RunSteps:
    """The program of `visits`. The cycles of every layer, without waits for DRAM, are dealt to its steps by their tiles
    and outputs."""
    buffers = whole_buffers(stores)
    stretch, sums = stretch_of(visits, buffers), WorkSums()
    work, moves = StepWork.of(stretch), stretch.moves
    sums.add(work)
    cycles, after = Dealer(counts, sums).of(work), Placed().after(stretch)
    played = program(cycles, moves.step, moves.kind, moves.bytes, after, halves_of(stores))
    return RunSteps(tuple(visits), buffers, stretch, played)


def whole_buffers(stores: Stores) -> dict[Kind, Store]:
    """Buffers that hold everything that a step moves of a kind at once."""
    return {kind: getattr(stores, name) for kind, name in BUFFER_OF.items() if kind not in STREAMS}


def halves_of(stores: Stores) -> Halves:
    """The buffers as the pipeline sees them."""
    buffers: dict[Kind, Store] = {kind: getattr(stores, name) for kind, name in BUFFER_OF.items()}
    return Halves(
        double=tuple(kind in buffers and buffers[kind].double_buffered for kind in Kind),
        port_bits=tuple(
            buffers[kind].banks * buffers[kind].port_bits if kind in buffers else DIRECT_PORT_BITS for kind in Kind
        ),
    )
