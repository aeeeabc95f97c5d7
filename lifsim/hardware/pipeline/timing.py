"""When each step starts and ends: the pipeline's own clock work, behind one function a memory model."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from lifsim.config.dram import DramSpec
from lifsim.hardware.dram.requests import Requests
from lifsim.hardware.dram.result import DramResult
from lifsim.hardware.pipeline.clocks import Clocks
from lifsim.hardware.pipeline.kinds import WRITES, Kind
from lifsim.hardware.pipeline.program import Ints, Program

if TYPE_CHECKING:
    from lifsim.hardware.pipeline.kernel import Steps
    from lifsim.hardware.pipeline.memories import Queue, Times


@dataclass(frozen=True)
class Timing:
    """A program played, in cycles of the array.

    start, end: [steps]. waited: [steps, kinds] cycles that the array waited before the step started, and those that a
    stream held up its end; while several are missing, the first in the order of `Kind` is blamed. issued, answered:
    [requests] in the order of the queue. total: when the last store has left. dram: what a simulated DRAM did.
    """

    start: Ints
    end: Ints
    waited: Ints
    issued: Ints
    answered: Ints
    total: int
    dram: DramResult | None = None


@dataclass(frozen=True)
class Runs:
    """Where requests lie in DRAM. address, bytes: [runs] in the order of the queue; first: [requests + 1] where the
    runs of each begin."""

    address: Ints
    bytes: Ints
    first: Ints


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
    from lifsim.hardware.pipeline.kernel import play
    from lifsim.hardware.pipeline.memories import Bus

    clocks = Clocks.of(array_hz, Fraction(memory.bytes_per_second))
    latency = Fraction(str(memory.latency_ns)) * array_hz * clocks.array_units / 10**9
    bus = Bus(
        clocks.array_units, clocks.memory_units, -(-latency.numerator // latency.denominator), np.zeros(1, np.int64)
    )
    steps, queue, times = _columns(program)
    total = play(bus, steps, queue, times)
    return Timing(times.start, times.end, times.waited, times.issued, times.answered, int(total))


def play_dram(program: Program, array_hz: int, spec: DramSpec, runs: Runs) -> Timing:
    """Play `program` on a DRAM that is simulated burst by burst, its requests being `runs` of addresses.

    A request enters the controller in the first DRAM cycle that does not begin before it was asked for; the array sees
    its last burst in its own next cycle. Raises InputError for bytes that the DRAM does not have.
    """
    from lifsim.hardware.dram.stream import DramStream
    from lifsim.hardware.pipeline.kernel import play
    from lifsim.hardware.pipeline.memories import Banked

    clocks = Clocks.of(array_hz, 10**9 / Fraction(str(spec.timing.tCK_ns)))
    steps, queue, times = _columns(program)
    writes = np.repeat(queue.is_write.astype(np.bool_), np.diff(runs.first))
    stream = DramStream(spec)
    stream.submit(Requests(runs.address.astype(np.uint64), runs.bytes, writes, np.zeros_like(runs.bytes)))
    units = clocks.array_units, clocks.memory_units
    total = play(Banked(*units, *stream.records, runs.first, np.zeros(1, np.int64)), steps, queue, times)
    dram = stream.finish()
    return Timing(times.start, times.end, times.waited, times.issued, times.answered, int(total), dram)


def _columns(program: Program) -> tuple[Steps, Queue, Times]:
    from lifsim.hardware.pipeline.kernel import Steps
    from lifsim.hardware.pipeline.memories import Queue, Times

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
