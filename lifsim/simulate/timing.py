"""Time: the steps of a run against its memory, every waiting cycle with its one cause."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from lifsim.config.arch import Arch, Dram
from lifsim.hardware.pipeline.kinds import Kind
from lifsim.hardware.pipeline.timing import Bandwidth, Timing, play_bandwidth, play_dram
from lifsim.schedule.moves import Visit
from lifsim.schedule.rows import Ints
from lifsim.simulate.books import Cycles
from lifsim.simulate.counts import LayerCounts
from lifsim.simulate.dram_work import with_dram_work
from lifsim.simulate.fill_waits import fill_stalls
from lifsim.simulate.layout import dram_runs
from lifsim.simulate.steps import RunSteps, run_steps
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
    arch: Arch, visits: Sequence[Visit], counts: Sequence[LayerCounts], watch: Watch = unwatched
) -> tuple[list[LayerCounts], Timeline]:
    """`counts`, which wait for SRAM ports at most, with the cycles in which the array waits for the DRAM of `arch`.

    The `layer` of a visit is the place of its counts: a layer's, in training those of one of its stages.
    """
    steps = run_steps(arch, visits, counts)
    if arch.dram.model == "bandwidth":
        timing = play_bandwidth(steps.program, arch.clock_hz, _bandwidth(arch.dram), watch)
        return _stalled(arch, counts, steps, timing), Timeline.of(steps, timing, counts)
    spec = arch.dram.simulated
    runs = dram_runs(steps, spec.organisation.capacity_bytes)
    timing = play_dram(steps.program, arch.clock_hz, spec, runs, watch)
    stalled, dram = _stalled(arch, counts, steps, timing), timing.dram
    return with_dram_work(stalled, steps, runs, dram) if dram else stalled, Timeline.of(steps, timing, counts)


def memory_bytes_per_cycle(arch: Arch) -> Fraction | None:
    """What the DRAM moves at most in one cycle of the array; None under an ideal memory."""
    return None if arch.dram.model == "ideal" else _peak_bytes_per_cycle(arch)


def _peak_bytes_per_cycle(arch: Arch) -> Fraction:
    if arch.dram.model == "bandwidth":
        return Fraction(_bandwidth(arch.dram).bytes_per_second, arch.clock_hz)
    spec = arch.dram.simulated
    seconds = Fraction(str(spec.timing.tCK_ns)) / 10**9
    return Fraction(spec.peak_bytes_per_cycle) / seconds / arch.clock_hz


def _bandwidth(dram: Dram) -> Bandwidth:
    if dram.bandwidth_bytes_per_s is None:
        raise ValueError("a memory of model bandwidth must have one")
    return Bandwidth(dram.bandwidth_bytes_per_s, dram.latency_ns)


def _stalled(arch: Arch, counts: Sequence[LayerCounts], steps: RunSteps, timing: Timing) -> list[LayerCounts]:
    waited = _waited(steps, timing, len(counts))
    filled = fill_stalls(arch.buffers, _peak_bytes_per_cycle(arch), steps, timing, len(counts))
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
