"""When each step starts and ends: the pipeline's own clock work, behind one function a memory model."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from lifsim.hardware.pipeline.clocks import Clocks
from lifsim.hardware.pipeline.kinds import WRITES, Kind
from lifsim.hardware.pipeline.program import Ints, Program

if TYPE_CHECKING:
    from lifsim.hardware.pipeline.kernel import Queue, Steps, Times


@dataclass(frozen=True)
class Timing:
    """A program played, in cycles of the array.

    start, end: [steps]. waited: [steps, kinds] cycles that the array waited before the step started, and those that a
    stream held up its end; while several are missing, the first in the order of `Kind` is blamed. issued, answered:
    [requests] in the order of the queue. total: when the last store has left.
    """

    start: Ints
    end: Ints
    waited: Ints
    issued: Ints
    answered: Ints
    total: int


@dataclass(frozen=True)
class Bandwidth:
    """A memory that moves bytes one after the other; a read is answered `latency_ns` later."""

    bytes_per_second: int
    latency_ns: float


def play_bandwidth(program: Program, array_hz: int, memory: Bandwidth) -> Timing:
    """Play `program` on a memory of plain bandwidth.

    A request of n bytes takes n / bytes_per_second; the memory takes them one after the other. Times are exact in the
    unit that divides a cycle and a byte (`Clocks`); the array sees an answer in its next cycle.
    """
    from lifsim.hardware.pipeline.kernel import Bus, play

    clocks = Clocks.of(array_hz, Fraction(memory.bytes_per_second))
    latency = Fraction(str(memory.latency_ns)) * array_hz * clocks.array_units / 10**9
    bus = Bus(
        clocks.array_units, clocks.memory_units, -(-latency.numerator // latency.denominator), np.zeros(1, np.int64)
    )
    steps, queue, times = _columns(program)
    total = play(steps, queue, bus, times)
    return Timing(times.start, times.end, times.waited, times.issued, times.answered, int(total))


def _columns(program: Program) -> tuple[Steps, Queue, Times]:
    from lifsim.hardware.pipeline.kernel import Queue, Steps, Times

    requests, count = program.requests, program.step_cycles.size
    steps = Steps(program.step_cycles, program.first_load, program.loads, program.room)
    is_write = np.isin(requests.kind, WRITES).astype(np.int64)
    queue = Queue(requests.step, requests.kind, requests.bytes, requests.port_cycles, requests.gate, is_write)
    times = Times(
        start=np.zeros(count, np.int64),
        end=np.zeros(count, np.int64),
        waited=np.zeros((count, len(Kind)), np.int64),
        issued=np.zeros(requests.step.size, np.int64),
        answered=np.zeros(requests.step.size, np.int64),
        served=np.zeros(requests.step.size, np.int64),
        port=np.zeros(len(Kind), np.int64),
    )
    return steps, queue, times
