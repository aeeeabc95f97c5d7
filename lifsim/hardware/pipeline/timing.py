"""When each step starts and ends: the timing of the pipeline, with one function per memory model."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from lifsim.hardware.dram.requests import Requests
from lifsim.hardware.dram.result import DramResult
from lifsim.hardware.dram.state import BLOCK, LOG, MACHINE, Array
from lifsim.hardware.dram.stream import RUN_DRAM, DramStream
from lifsim.hardware.pipeline.clocks import Clocks
from lifsim.hardware.pipeline.program import Ints, Program
from lifsim.hardware.pipeline.records import MEMORY, REQUEST, STEP
from lifsim.kernels.kernel import Kernel
from lifsim.lazy_dataclass import dataclass
from lifsim.model.dram import DramSpec
from lifsim.watch import Watch, stretches, unwatched

PLAY_STEPS = Kernel(
    title="the step pipeline",
    module="lifsim.hardware.pipeline.kernel",
    function="play_steps",
    parameters=(MEMORY, STEP, REQUEST, np.dtype(np.int64), MACHINE, LOG, BLOCK, None),
    sources=("hardware/dram/*.py", "hardware/pipeline/*.py"),
    calls=(RUN_DRAM,),
)


FIRST_STEPS = 1024
"""Played before the first look at how far it is."""


@dataclass(frozen=True)
class Timing:
    """A program played, in cycles of the array.

    start, end: [steps]. waited: [steps, kinds] cycles that the array waited before the step started, and those that a
    stream held up its end; while several are missing, the first in the order of `Kind` is blamed. issued, begun,
    answered, held: [requests] in the order of the queue: when each entered it; when the first byte of a read was there,
    or the ports began to give a write; when it was through; whether the ports held it up. total: when the last store
    has left. dram: what a simulated DRAM did.
    """

    start: Ints
    end: Ints
    waited: Ints
    issued: Ints
    begun: Ints
    answered: Ints
    held: NDArray[np.bool_]
    total: int
    dram: DramResult | None = None


@dataclass(frozen=True)
class Extents:
    """Where requests lie in DRAM. address, bytes: [extents] in the order of the queue; first: [requests + 1] where the
    extents of each begin."""

    address: Ints
    bytes: Ints
    first: Ints


@dataclass(frozen=True)
class Bandwidth:
    """A memory that moves bytes one after the other; a read is answered `latency_ns` later."""

    bytes_per_second: int
    latency_ns: float


def play_bandwidth(program: Program, array_hz: int, memory: Bandwidth, watch: Watch = unwatched) -> Timing:
    """Play `program` on a memory of plain bandwidth.

    A request of n bytes takes n / bytes_per_second; the memory takes them one after the other. Times are exact in the
    unit that divides a cycle and a byte (`Clocks`); the array sees an answer in its next cycle.
    """
    nothing = np.zeros(0, MACHINE), np.zeros(0, LOG), np.zeros(0, BLOCK)
    return _play(bus_of(array_hz, memory), _steps(program), _requests(program), program.loads, nothing, watch)


def play_dram(program: Program, array_hz: int, spec: DramSpec, extents: Extents, watch: Watch = unwatched) -> Timing:
    """Play `program` on a DRAM that is simulated burst by burst, its requests being `extents`.

    A read enters the controller in the first DRAM cycle that does not begin before it was asked for, a write as its
    ports give it; the array sees the last burst in its own next cycle. Raises InputError for bytes that the DRAM does
    not have.
    """
    requests = _requests(program)
    requests["first_block"], requests["end_block"] = extents.first[:-1], extents.first[1:]
    writes = np.repeat(requests["is_write"] > 0, np.diff(extents.first))
    stream = DramStream(spec)
    stream.submit(Requests(extents.address.astype(np.uint64), extents.bytes, writes, np.zeros_like(extents.bytes)))
    timing = _play(controller_of(array_hz, spec), _steps(program), requests, program.loads, stream.records, watch)
    return replace(timing, dram=stream.result)


def _play(
    memory: Array, steps: Array, requests: Array, loads: Ints, dram: tuple[Array, Array, Array], watch: Watch
) -> Timing:
    """Stretch by stretch, so that it can be watched, and stopped."""
    PLAY_STEPS.load(watch)
    asked = np.cumsum(requests["bytes"]) >> 10
    whole, until = int(asked[-1]) if asked.size else 0, 0
    for stretch in stretches(FIRST_STEPS):
        until += stretch
        total = PLAY_STEPS(memory, steps, requests, loads, *dram, until)
        if until >= steps.size:
            break
        watch("KiB of DRAM traffic", int(asked[memory[0]["head"] - 1]) if memory[0]["head"] else 0, whole)
    return Timing(
        start=steps["start"],
        end=steps["end"],
        waited=steps["waited"],
        issued=requests["issued"],
        begun=requests["begun"],
        answered=requests["answered"],
        held=requests["held"] > 0,
        total=total,
    )


def bus_of(array_hz: int, memory: Bandwidth) -> Array:
    """MEMORY [1] of plain bandwidth, of which nothing was asked yet."""
    clocks = Clocks.of(array_hz, Fraction(memory.bytes_per_second))
    latency = Fraction(str(memory.latency_ns)) * array_hz * clocks.array_units / 10**9
    bus = _memory(clocks)
    bus["latency_units"] = -(-latency.numerator // latency.denominator)
    return bus


def controller_of(array_hz: int, spec: DramSpec) -> Array:
    """MEMORY [1] of a DRAM, of which nothing was asked yet."""
    memory = _memory(Clocks.of(array_hz, 10**9 / Fraction(str(spec.timing.tCK_ns))))
    memory["is_dram"] = True
    return memory


def _memory(clocks: Clocks) -> Array:
    memory = np.zeros(1, MEMORY)
    memory["array_units"], memory["memory_units"] = clocks.array_units, clocks.memory_units
    return memory


def _steps(program: Program) -> Array:
    steps = np.zeros(program.step_cycles.size, STEP)
    steps["cycles"], steps["room"] = program.step_cycles, program.room
    steps["first_load"], steps["loads"] = program.first_load[:-1], np.diff(program.first_load)
    return steps


def _requests(program: Program) -> Array:
    requests = np.zeros(program.requests.step.size, REQUEST)
    for name in ("kind", "bytes", "port_cycles", "gate"):
        requests[name] = getattr(program.requests, name)
    requests["is_write"] = program.requests.is_write
    return requests
