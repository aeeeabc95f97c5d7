"""Time: the steps of a run played against its memory, at once or, if they are many, section by section."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import field
from fractions import Fraction
from functools import cached_property, partial
from typing import NamedTuple

import numpy as np

from lifsim.accounting.counts import LayerCounts
from lifsim.accounting.machine import Machine
from lifsim.hardware.dram.result import DramResult
from lifsim.hardware.memory import MEMORIES
from lifsim.hardware.pipeline.kinds import STORES, Kind
from lifsim.hardware.pipeline.program import Program
from lifsim.hardware.pipeline.timing import Timing
from lifsim.hardware.sram_ports import PortStalls
from lifsim.hardware.stores import Stores
from lifsim.lazy_dataclass import dataclass
from lifsim.memo import Many, Memo
from lifsim.model.dram_part import Dram
from lifsim.play.dram import dram_extents, owners, with_dram_work
from lifsim.play.sections import RunSections
from lifsim.play.steps import AT_ONCE_STEPS, BUFFER_OF, RunSteps, Visits, halves_of, run_steps
from lifsim.play.waited import PORT_STALLS, Waited
from lifsim.schedule.tensors.moves import Visit
from lifsim.schedule.tensors.rows import Ints
from lifsim.watch import Watch, unwatched


class Whole(NamedTuple):
    """All steps of a run, with the begin and end of each step and request."""

    steps: RunSteps
    timing: Timing


@dataclass(frozen=True)
class _AtHand:
    """The timeline of a run whose steps are kept."""

    whole: Whole

    def __call__(self) -> Whole:
        return self.whole


@dataclass(frozen=True)
class Timeline:
    """A run as it was played. names, lif_cycles, port_stalls (waits for SRAM ports): per layer, in training per stage
    of a layer. dram: what a simulated DRAM did. played: all its steps; those of a long run are built and played once
    more when they are asked for."""

    names: tuple[str, ...]
    lif_cycles: tuple[int, ...]
    port_stalls: tuple[PortStalls, ...]
    dram: DramResult | None
    played: Callable[[], Whole] = field(compare=False, repr=False)

    @cached_property
    def _whole(self) -> Whole:
        return self.played()

    @property
    def steps(self) -> RunSteps:
        """The steps. Raises InputError if they need more memory than this machine has."""
        return self._whole.steps

    @property
    def timing(self) -> Timing:
        """Begin and end of each step and request."""
        return self._whole.timing

    @property
    def port_cycles(self) -> tuple[int, ...]:
        """Waits for the ports of all buffers."""
        return tuple(stalls.total for stalls in self.port_stalls)

    @classmethod
    def of(cls, counts: Sequence[LayerCounts], dram: DramResult | None, played: Callable[[], Whole]) -> Timeline:
        """The timeline of steps to which the cycles of `counts` were distributed."""
        return cls(
            names=tuple(counted.name for counted in counts),
            lif_cycles=tuple(counted.cycles.lif for counted in counts),
            port_stalls=tuple(counted.port_stalls for counted in counts),
            dram=dram,
            played=played,
        )


def timed(
    machine: Machine, visits: Visits, counts: Sequence[LayerCounts], runs: Memo, watch: Watch = unwatched
) -> tuple[list[LayerCounts], Timeline]:
    """`counts`, with waits for SRAM ports at most, completed by the cycles in which the array waits for the DRAM of
    `machine`.

    The `layer` of a visit is the index of its counts: of a layer, in training of one of its stages. `runs` keeps what
    was played: equal steps with equal requests take equal time, however else two runs differ.
    """
    if goes_at_once(machine, visits):
        return timed_at_once(machine, visits.every, counts, runs, watch)
    return timed_in_sections(machine, visits, counts, runs, watch)


def goes_at_once(machine: Machine, visits: Visits) -> bool:
    """Whether all steps are built and played at once: they are few, or the memory cannot play sections."""
    return not MEMORIES[machine.dram.model].in_sections or visits.most_steps(machine.stores) <= AT_ONCE_STEPS


def timed_at_once(
    machine: Machine, visits: Sequence[Visit], counts: Sequence[LayerCounts], runs: Memo, watch: Watch
) -> tuple[list[LayerCounts], Timeline]:
    """`timed` for visits that are played at once."""
    every = Many(visits)
    largest = runs.of(_largest_steps, every)
    stores = Stores(**{name: getattr(machine.stores, name).no_larger(size) for name, size in largest.items()})
    ours = _Ours(
        stores, machine.dram, machine.clock_hz, machine.dram_bytes_per_cycle, every, tuple(counts), runs, watch
    )
    stalled, timeline = runs.of(_stalled, ours)
    return list(stalled), timeline


def _largest_steps(visits: Sequence[Visit]) -> dict[str, int]:
    """By buffer, the most bytes of a step that pass it in one direction."""
    most = [*map(max, zip(*(visit.largest for visit in visits), strict=True))]
    return {name: max(most[kind] for kind in BUFFER_OF if BUFFER_OF[kind] == name) for name in PORT_STALLS}


@dataclass(frozen=True)
class _Ours:
    """Everything on which the time of `visits` depends; `counts` do not include waits for the DRAM. stores: buffers, no
    larger than affects the time."""

    stores: Stores
    dram: Dram
    clock_hz: int
    dram_bytes_per_cycle: Fraction | None
    visits: Many[Visit]
    counts: tuple[LayerCounts, ...]
    runs: Memo = field(compare=False)
    watch: Watch = field(compare=False)


def _stalled(ours: _Ours) -> tuple[tuple[LayerCounts, ...], Timeline]:
    steps = run_steps(ours.stores, ours.visits, ours.counts)
    timing = ours.runs.of(_played, _Score(ours.dram, ours.clock_hz, steps, ours.watch))
    waited = Waited(len(ours.counts))
    waited.add(steps.layer, timing.waited, _held(steps.program, timing))
    stored = np.isin(steps.program.requests.kind, STORES) & (timing.answered == timing.total)
    waited.add_end(int(steps.layer[-1]), timing.total - int(timing.end[-1]), held=bool(timing.held[stored].any()))
    stalled = waited.with_stalls(ours.counts, ours.stores, ours.dram_bytes_per_cycle)
    if timing.dram is not None:
        stalled = with_dram_work(stalled, timing.dram, owners(steps))
    return tuple(stalled), Timeline.of(ours.counts, timing.dram, _AtHand(Whole(steps, timing)))


def timed_in_sections(
    machine: Machine, visits: Visits, counts: Sequence[LayerCounts], runs: Memo, watch: Watch
) -> tuple[list[LayerCounts], Timeline]:
    """`timed`, with the same figures, but with only one section of steps in memory at a time."""
    sections = RunSections(machine.stores, visits, counts, watch)
    if MEMORIES[machine.dram.model].has_device:
        sections.layout.require_fit(machine.dram.simulated.organisation.capacity_bytes)
    layers = len(counts)
    score = _LongScore(machine.dram, machine.clock_hz, machine.stores, layers, sections.digest, sections, watch)
    waited, dram = runs.of(_played_in_sections, score)
    stalled = waited.with_stalls(counts, machine.stores, machine.dram_bytes_per_cycle)
    if dram is not None:
        stalled = with_dram_work(stalled, dram, np.arange(2 * layers))
    return stalled, Timeline.of(counts, dram, partial(_whole, machine, visits, counts, watch))


@dataclass(frozen=True)
class _LongScore:
    """What a memory plays section by section. digest: of everything on which the time of `sections` depends."""

    dram: Dram
    clock_hz: int
    stores: Stores
    layers: int
    digest: bytes
    sections: RunSections = field(compare=False)
    watch: Watch = field(compare=False)


def _played_in_sections(score: _LongScore) -> tuple[Waited, DramResult | None]:
    memory, halves = MEMORIES[score.dram.model], halves_of(score.stores)
    player, waited = memory.player(score.dram, score.clock_hz, halves, 2 * score.layers), Waited(score.layers)
    player.load(score.watch)
    last, end = 0, 0
    for each in score.sections:
        played = player.play(each.section)
        waited.add(each.layer, played.waited, played.held)
        last, end = int(each.layer[-1]), int(played.end[-1])
        score.watch("KiB of DRAM traffic", each.moved_bytes >> 10, score.sections.moved_bytes >> 10)
    waited.add_end(last, player.total - end, held=player.last_held)
    return waited, player.dram


@dataclass(frozen=True)
class _Score:
    """What a memory plays at once."""

    dram: Dram
    clock_hz: int
    steps: RunSteps
    watch: Watch = field(compare=False)


def _whole(machine: Machine, visits: Visits, counts: Sequence[LayerCounts], watch: Watch) -> Whole:
    """All steps of `visits`, built and played at once."""
    steps = run_steps(machine.stores, visits.every, counts)
    return Whole(steps, _played(_Score(machine.dram, machine.clock_hz, steps, watch)))


def _played(score: _Score) -> Timing:
    memory, steps = MEMORIES[score.dram.model], score.steps
    return memory.play(score.dram, steps.program, score.clock_hz, partial(dram_extents, steps), score.watch)


def _held(program: Program, timing: Timing) -> Ints:
    """[steps, kinds] cycles that the last request which each step waited for took, from its first byte on, to pass its
    ports; 0 if the ports did not hold it up. For loads and streams this is the step's own request, for stores the one
    that must have left."""
    requests = program.requests
    last = np.full((program.step_cycles.size, len(Kind)), -1, np.int64)
    last[requests.step, requests.kind] = np.arange(requests.kind.size)
    last[:, STORES] = program.room
    held: Ints = np.append(np.where(timing.held, timing.answered - timing.begun, 0), 0)[last]
    return held
