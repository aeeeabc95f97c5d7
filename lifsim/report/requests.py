"""The DRAM requests of a run as a trace for other simulators."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np

from lifsim.errors import Fault, InputError
from lifsim.interchange.dram_trace_out import TraceFormat, write_dram_trace
from lifsim.play.dram import dram_extents
from lifsim.simulate.result import Result

PLAIN_BURST_BYTES = 64
"""Burst bytes of a memory of plain bandwidth."""


def write_requests(result: Result, path: Path, form: TraceFormat) -> int:
    """Write every burst that `result` requested, in the cycle in which its extent began to arrive at a simulated DRAM;
    return how many there are.

    Cycles are those of the DRAM; under plain bandwidth those of the array, and bursts are 64 bytes. Raises InputError
    under an ideal memory, which gets no requests.
    """
    if result.timeline is None:
        raise InputError(Fault("must be bandwidth or cycle to write a trace of requests", path="dram.model"))
    steps, timing = result.timeline.steps, result.timeline.timing
    dram = result.arch.dram
    burst_bytes, cycles, capacity = PLAIN_BURST_BYTES, timing.issued, 1 << 62
    if dram.device is not None:
        spec = dram.device
        burst_bytes, capacity = spec.organisation.burst_bytes, spec.organisation.capacity_bytes
        period = Fraction(str(spec.timing.tCK_ns)) * result.arch.clock_hz / 10**9
        cycles = -(-timing.issued * period.denominator // period.numerator)
    extents = dram_extents(steps, capacity)
    request = np.repeat(np.arange(extents.first.size - 1), np.diff(extents.first))
    writes = steps.program.requests.is_write[request]
    arrival = cycles[request] if timing.dram is None else np.maximum.accumulate(timing.dram.arrival_cycles)
    return write_dram_trace(path, form, extents.address, extents.bytes, writes, arrival, burst_bytes)
