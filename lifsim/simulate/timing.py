"""Time: the steps of a run against its memory, every waiting cycle with its one cause; of these, which are waits for
the ports through which DRAM fills and drains the buffers, and not for DRAM itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from lifsim.accounting.books import Cycles
from lifsim.accounting.counts import LayerCounts
from lifsim.accounting.machine import Machine
from lifsim.config.dram_part import Dram
from lifsim.hardware.pipeline.kinds import STORES, Kind
from lifsim.hardware.pipeline.program import Program
from lifsim.hardware.pipeline.timing import Bandwidth, Timing, play_bandwidth, play_dram
from lifsim.hardware.sram_ports import PortStalls
from lifsim.hardware.stores import Store, Stores
from lifsim.schedule.moves import Visit
from lifsim.schedule.rows import Ints
from lifsim.simulate.dram import dram_runs, with_dram_work
from lifsim.simulate.steps import BUFFER_OF, RunSteps, run_steps
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


@dataclass(frozen=True)
class Timeline:
    """A run as it was played: its steps, and when each step and request began and ended. names, lif_cycles,
    port_cycles (waits for SRAM ports): of what the steps belong to, layers, in training their stages."""

    steps: RunSteps
    timing: Timing
    names: tuple[str, ...]
    lif_cycles: tuple[int, ...]
    port_cycles: tuple[int, ...]

    @classmethod
    def of(cls, steps: RunSteps, timing: Timing, counts: Sequence[LayerCounts]) -> Timeline:
        """Of steps that `counts` were dealt to."""
        return cls(
            steps,
            timing,
            names=tuple(counted.name for counted in counts),
            lif_cycles=tuple(counted.cycles.lif for counted in counts),
            port_cycles=tuple(counted.port_stalls.total for counted in counts),
        )


def timed(
    machine: Machine, visits: Sequence[Visit], counts: Sequence[LayerCounts], watch: Watch = unwatched
) -> tuple[list[LayerCounts], Timeline]:
    """`counts`, which wait for SRAM ports at most, with the cycles in which the array waits for the DRAM of `machine`.

    The `layer` of a visit is the place of its counts: a layer's, in training those of one of its stages.
    """
    steps = run_steps(machine.stores, visits, counts)
    if machine.dram.model == "bandwidth":
        timing = play_bandwidth(steps.program, machine.clock_hz, _bandwidth(machine.dram), watch)
        return _stalled(machine, counts, steps, timing), Timeline.of(steps, timing, counts)
    spec = machine.dram.simulated
    runs = dram_runs(steps, spec.organisation.capacity_bytes)
    timing = play_dram(steps.program, machine.clock_hz, spec, runs, watch)
    stalled, dram = _stalled(machine, counts, steps, timing), timing.dram
    return with_dram_work(stalled, steps, runs, dram) if dram else stalled, Timeline.of(steps, timing, counts)


def memory_bytes_per_cycle(dram: Dram, clock_hz: int) -> Fraction | None:
    """What `dram` moves at most in one cycle of the array; None under an ideal memory."""
    return None if dram.model == "ideal" else _peak_bytes_per_cycle(dram, clock_hz)


def _peak_bytes_per_cycle(dram: Dram, clock_hz: int) -> Fraction:
    if dram.model == "bandwidth":
        return Fraction(_bandwidth(dram).bytes_per_second, clock_hz)
    spec = dram.simulated
    seconds = Fraction(str(spec.timing.tCK_ns)) / 10**9
    return Fraction(spec.peak_bytes_per_cycle) / seconds / clock_hz


def _bandwidth(dram: Dram) -> Bandwidth:
    if dram.bandwidth_bytes_per_s is None:
        raise ValueError("a memory of model bandwidth must have one")
    return Bandwidth(dram.bandwidth_bytes_per_s, dram.latency_ns)


def _stalled(machine: Machine, counts: Sequence[LayerCounts], steps: RunSteps, timing: Timing) -> list[LayerCounts]:
    waited = _waited(steps, timing, len(counts))
    peak = _peak_bytes_per_cycle(machine.dram, machine.clock_hz)
    filled = fill_stalls(machine.stores, peak, steps, timing, len(counts))
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
    stores: Stores, dram_bytes_per_cycle: Fraction, steps: RunSteps, timing: Timing, layers: int
) -> list[PortStalls]:
    """[layers] of the cycles that the array waited for a transfer which its ports held up, what they take longer than a
    DRAM of `dram_bytes_per_cycle` of the array: the share 1 - ports / DRAM, where that is more than none."""
    program = steps.program
    held = np.append(_held_by_ports(program, timing), False)
    by_step = np.where(held[_awaited(program)], timing.waited, 0)
    waited = np.zeros((layers, len(Kind)), np.int64)
    np.add.at(waited, steps.layer, by_step)
    stored = np.flatnonzero(np.isin(program.requests.kind, STORES) & (timing.answered == timing.total))
    if held[stored].any():
        waited[steps.layer[-1], Kind.SPIKES_OUT] += timing.total - timing.end[-1]
    slower = {name: _slower(getattr(stores, name), dram_bytes_per_cycle) for name in BUFFER_OF.values()}
    return [_by_buffer(of_layer, slower) for of_layer in waited]


def _slower(store: Store, dram_bytes_per_cycle: Fraction) -> Fraction:
    """By what share of their time its ports take longer than DRAM."""
    return max(Fraction(0), 1 - Fraction(store.banks * store.port_bits, 8) / dram_bytes_per_cycle)


def _held_by_ports(program: Program, timing: Timing) -> NDArray[np.bool_]:
    """[requests] whether one was through its ports as soon as they, free since the one before, could pass its bytes:
    DRAM had answered by then."""
    requests = program.requests
    held = np.zeros(requests.kind.size, np.bool_)
    for kind in BUFFER_OF:
        mine = np.flatnonzero(requests.kind == kind)
        free = np.concatenate([[0], timing.answered[mine][:-1]])
        begin = np.maximum(timing.issued[mine], free)
        held[mine] = timing.answered[mine] == begin + requests.port_cycles[mine]
    return held


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
