"""Which of a run's waits are for the ports through which DRAM fills and drains the buffers, and not for DRAM itself."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from lifsim.hardware.pipeline.kinds import STORES, Kind
from lifsim.hardware.pipeline.program import Program
from lifsim.hardware.pipeline.timing import Timing
from lifsim.hardware.sram_ports import PortStalls
from lifsim.hardware.stores import Store, Stores
from lifsim.schedule.rows import Ints
from lifsim.simulate.steps import BUFFER_OF, RunSteps


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
