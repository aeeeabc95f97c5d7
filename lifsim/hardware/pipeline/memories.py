# ruff: noqa: ARG001  (Numba wants one signature for what stands for one function)
"""The memories that the step pipeline's kernel can play on. Import it only to simulate: it loads Numba."""

from __future__ import annotations

from typing import Any, NamedTuple

from numba.extending import overload

from lifsim.hardware.dram.kernel import advance
from lifsim.hardware.dram.state import FAR, Array
from lifsim.hardware.pipeline.program import Ints


class Queue(NamedTuple):
    """The columns of `Requests`."""

    step: Ints
    kind: Ints
    bytes: Ints
    port_cycles: Ints
    gate: Ints
    is_write: Ints


class Times(NamedTuple):
    """Cycles. start, end: [steps]. waited: [steps, kinds] what the array waited for. issued, answered: [requests] when
    each entered the queue, and when it was through, ports included; served: without the ports.
    port: [kinds] the cycle from which on the ports of each kind's buffer are free."""

    start: Ints
    end: Ints
    waited: Ints
    issued: Ints
    answered: Ints
    served: Ints
    port: Ints


class Bus(NamedTuple):
    """A memory that moves `bytes` one after the other, in units of time; reads take `latency` more. free: [1] the time
    from which on it has nothing to do. Writes are posted: they are answered when their last byte is taken."""

    array_units: int
    byte_units: int
    latency_units: int
    free: Ints


class Banked(NamedTuple):
    """A DRAM, burst by burst. blocks: the runs of addresses of all requests, in the order of the queue; first_block:
    [requests + 1] where those of each begin; known: [1] how many of them have entered the queue."""

    array_units: int
    memory_units: int
    machine: Array
    log: Array
    blocks: Array
    first_block: Ints
    known: Ints


Memory = Any
"""A `Bus` or a `Banked`; Numba compiles the kernel once for each."""


def _enter_bus(memory: Memory, queue: Queue, times: Times, request: int, cycle: int) -> None:
    begin = max(cycle * memory.array_units, memory.free[0])
    memory.free[0] = begin + queue.bytes[request] * memory.byte_units
    latency = 0 if queue.is_write[request] else memory.latency_units
    times.issued[request] = cycle
    times.served[request] = -(-(memory.free[0] + latency) // memory.array_units)


def _enter_banked(memory: Memory, queue: Queue, times: Times, request: int, cycle: int) -> None:
    arrival = -(-cycle * memory.array_units // memory.memory_units)
    for block in range(memory.first_block[request], memory.first_block[request + 1]):
        memory.blocks[block].arrival = arrival
    memory.known[0] = memory.first_block[request + 1]
    times.issued[request] = cycle


def _finish_bus(memory: Memory, times: Times, request: int) -> None:
    """Answered as it entered."""


def _finish_banked(memory: Memory, times: Times, request: int) -> None:
    blocks, last = memory.blocks[: memory.known[0]], 0
    for block in range(memory.first_block[request], memory.first_block[request + 1]):
        advance(memory.machine, memory.log, blocks, block, FAR, False)
        last = max(last, blocks[block].completion)
    times.served[request] = -(-last * memory.memory_units // memory.array_units)


def enter(memory: Memory, queue: Queue, times: Times, request: int, cycle: int) -> None:
    """`request` enters the memory's queue in `cycle`. Compiled code only."""
    raise NotImplementedError


def finish(memory: Memory, times: Times, request: int) -> None:
    """Go on until `request` is answered, and note when. Compiled code only."""
    raise NotImplementedError


@overload(enter)
def _typed_enter(memory: Memory, queue: Queue, times: Times, request: int, cycle: int) -> Any:
    return _enter_banked if memory.instance_class is Banked else _enter_bus


@overload(finish)
def _typed_finish(memory: Memory, times: Times, request: int) -> Any:
    return _finish_banked if memory.instance_class is Banked else _finish_bus
