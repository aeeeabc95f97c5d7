"""Time: the steps of a run against its memory, every waiting cycle with its one cause; of these, which are waits for
the ports through which DRAM fills and drains the buffers, and not for DRAM itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field, replace
from fractions import Fraction
from functools import partial

import numpy as np

from lifsim.accounting.books import Cycles
from lifsim.accounting.counts import LayerCounts
from lifsim.accounting.machine import Machine
from lifsim.hardware.memory import MEMORIES
from lifsim.hardware.pipeline.kinds import STORES, Kind
from lifsim.hardware.pipeline.program import Program
from lifsim.hardware.pipeline.timing import Timing
from lifsim.hardware.sram_ports import PortStalls
from lifsim.hardware.stores import Store, Stores
from lifsim.lazy_dataclass import dataclass
from lifsim.memo import Memo
from lifsim.model.dram_part import Dram
from lifsim.play.dram import dram_extents, with_dram_work
from lifsim.play.steps import BUFFER_OF, RunSteps, run_steps
from lifsim.schedule.moves import Visit
from lifsim.schedule.rows import Ints
from lifsim.watch import Watch, unwatched

STALLS = {
    Kind.WEIGHTS: "stall_weights",
    Kind.SPIKES_IN: "stall_spikes",
    Kind.MEMBRANE_READ: "stall_membrane",
    Kind.RESIDUAL: "stall_spikes",
    Kind.PSUM_READ: "stall_writeback",
    Kind.PSUM_WRITE: "stall_writeback",
    Kind.SPIKES_OUT: "stall_writeback",
    Kind.MEMBRANE_WRITE: "stall_writeback",
}

PORT_STALLS = {
    "weight": "stall_weights",
    "spike_in": "stall_spikes",
    "membrane": "stall_membrane",
    "psum": "stall_writeback",
    "spike_out": "stall_writeback",
}
"""Of waits for the ports of each buffer what they are in the books."""


@dataclass(frozen=True)
class Timeline:
    """A run as it was played: its steps, and when each step and request began and ended. names, lif_cycles,
    port_stalls (waits for SRAM ports): of what the steps belong to, layers, in training their stages."""

    steps: RunSteps
    timing: Timing
    names: tuple[str, ...]
    lif_cycles: tuple[int, ...]
    port_stalls: tuple[PortStalls, ...]

    @property
    def port_cycles(self) -> tuple[int, ...]:
        """Waits for the ports of all buffers."""
        return tuple(stalls.total for stalls in self.port_stalls)

    @classmethod
    def of(cls, steps: RunSteps, timing: Timing, counts: Sequence[LayerCounts]) -> Timeline:
        """Of steps that `counts` were dealt to."""
        return cls(
            steps,
            timing,
            names=tuple(counted.name for counted in counts),
            lif_cycles=tuple(counted.cycles.lif for counted in counts),
            port_stalls=tuple(counted.port_stalls for counted in counts),
        )


def timed(
    machine: Machine, visits: Sequence[Visit], counts: Sequence[LayerCounts], runs: Memo, watch: Watch = unwatched
) -> tuple[list[LayerCounts], Timeline]:
    """`counts`, which wait for SRAM ports at most, with the cycles in which the array waits for the DRAM of `machine`.

    The `layer` of a visit is the place of its counts: a layer's, in training those of one of its stages. `runs` keeps
    what was played: the same steps with the same requests take the same time, whatever else sets two runs apart.
    """
    steps = run_steps(machine.stores, visits, counts)
    timing = runs.of(_played, _Score(machine.dram, machine.clock_hz, steps.digest, steps, watch))
    stalled = _stalled(machine, counts, steps, timing)
    if timing.dram is not None:
        stalled = with_dram_work(stalled, steps, timing.dram)
    return stalled, Timeline.of(steps, timing, counts)


@dataclass(frozen=True)
class _Score:
    """What a memory plays. digest: of all that the time of `steps` follows from."""

    dram: Dram
    clock_hz: int
    digest: bytes
    steps: RunSteps = field(compare=False)
    watch: Watch = field(compare=False)


def _played(score: _Score) -> Timing:
    memory, steps = MEMORIES[score.dram.model], score.steps
    return memory.play(score.dram, steps.program, score.clock_hz, partial(dram_extents, steps), score.watch)


def _stalled(machine: Machine, counts: Sequence[LayerCounts], steps: RunSteps, timing: Timing) -> list[LayerCounts]:
    waited = _waited(steps, timing, len(counts))
    filled = fill_stalls(machine.stores, machine.dram_bytes_per_cycle, steps, timing, len(counts))
    return [
        replace(counted, cycles=_with_stalls(counted.cycles, stalls), fill_stalls=for_ports)
        for counted, stalls, for_ports in zip(counts, waited, filled, strict=True)
    ]


def _waited(steps: RunSteps, timing: Timing, layers: int) -> Ints:
    """[layers, kinds] cycles in which the array waits. What is still to be stored when the last step has ended is the
    last layer's."""
    waited = np.zeros((layers, len(Kind)), np.int64)
    np.add.at(waited, steps.layer, timing.waited)
    waited[steps.layer[-1], Kind.SPIKES_OUT] += timing.total - timing.end[-1]
    return waited


def _with_stalls(cycles: Cycles, waited: Ints) -> Cycles:
    """`cycles` and the `waited` [kinds] cycles."""
    stalls = {name: getattr(cycles, name) for name in dict.fromkeys(STALLS.values())}
    for kind, name in STALLS.items():
        stalls[name] += int(waited[kind])
    return replace(cycles, total=cycles.total + int(waited.sum()), **stalls)


def fill_stalls(
    stores: Stores, dram_bytes_per_cycle: Fraction | None, steps: RunSteps, timing: Timing, layers: int
) -> list[PortStalls]:
    """[layers] of the cycles that the array waited for a transfer which its ports held up, once they had begun with it,
    what they take longer than a DRAM of `dram_bytes_per_cycle` of the array: the share 1 - ports / DRAM, where that is
    more than none."""
    program = steps.program
    held = np.append(timing.held, False)
    passing = np.where(held, np.append(timing.answered - timing.begun, 0), 0)
    by_step = np.minimum(timing.waited, passing[_awaited(program)])
    waited = np.zeros((layers, len(Kind)), np.int64)
    np.add.at(waited, steps.layer, by_step)
    stored = np.flatnonzero(np.isin(program.requests.kind, STORES) & (timing.answered == timing.total))
    if held[stored].any():
        waited[steps.layer[-1], Kind.SPIKES_OUT] += timing.total - timing.end[-1]
    slower = {name: _slower(getattr(stores, name), dram_bytes_per_cycle) for name in BUFFER_OF.values()}
    return [_by_buffer(of_layer, slower) for of_layer in waited]


def _slower(store: Store, dram_bytes_per_cycle: Fraction | None) -> Fraction:
    """By what share of their time its ports take longer than DRAM, which takes none if it has no peak."""
    if dram_bytes_per_cycle is None:
        return Fraction(1)
    return max(Fraction(0), 1 - Fraction(store.banks * store.port_bits, 8) / dram_bytes_per_cycle)


def _awaited(program: Program) -> Ints:
    """[steps, kinds] the last request that a step waits for: of loads and streams its own, of stores the one that must
    have left; -1 for none."""
    requests = program.requests
    last = np.full((program.step_cycles.size, len(Kind)), -1, np.int64)
    last[requests.step, requests.kind] = np.arange(requests.kind.size)
    last[:, STORES] = program.room
    return last


def _by_buffer(waited: Ints, slower: Mapping[str, Fraction]) -> PortStalls:
    found = PortStalls()
    for kind, buffer in BUFFER_OF.items():
        found += PortStalls(**{buffer: int(int(waited[kind]) * slower[buffer])})
    return found
