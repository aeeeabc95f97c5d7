"""The step pipeline, compiled. Import it only to compile: it loads Numba."""

from __future__ import annotations

from typing import NamedTuple

from numba import carray  # type: ignore[attr-defined]

from lifsim.hardware.dram.jit import Bool, Int64, Pointer, Records, compiled
from lifsim.hardware.dram.state import FAR, PACE_BITS
from lifsim.hardware.dram.stream import RUN_DRAM
from lifsim.hardware.pipeline.kinds import LOADS, STORES, STREAMS
from lifsim.kernels.jit import symbol_of

_LAST_LOAD, _LAST_STREAM, _FIRST_STORE, _STORES = int(max(LOADS)), int(max(STREAMS)), int(min(STORES)), len(STORES)


_RUN_DRAM = symbol_of(RUN_DRAM)


class Run(NamedTuple):
    """All that is played: `records` of the pipeline, the requests that each step loads, and those of a DRAM."""

    memory: Records
    steps: Records
    requests: Records
    loads: Records
    machine: Records
    log: Records
    blocks: Records


@compiled
def _enter(run: Run, request: Int64, cycle: Int64) -> None:
    """`request` enters the memory's queue in `cycle`, in which the ports begin to give what is written."""
    memory, asked = run.memory[0], run.requests[request]
    asked.issued = cycle
    if asked.is_write:
        asked.begun = max(memory.port[asked.kind], cycle)
        memory.port[asked.kind] = asked.begun + asked.port_cycles
    if memory.is_dram:
        _arrive(run, request, cycle)
    else:
        _cross(run, request, cycle)


@compiled
def _cross(run: Run, request: Int64, cycle: Int64) -> None:
    """`request` crosses a bus, behind those before it. Writes are posted: one has left when its last byte, which its
    ports must have given by then, is taken."""
    memory, asked = run.memory[0], run.requests[request]
    begin = max(cycle * memory.array_units, memory.free)
    memory.free = begin + asked.bytes * memory.memory_units
    if asked.is_write:
        last = (asked.begun + asked.port_cycles) * memory.array_units + memory.memory_units
        asked.held = last > memory.free
        memory.free = max(memory.free, last)
        asked.served = -(-memory.free // memory.array_units)
    else:
        first = begin + memory.memory_units
        asked.begun = -(-(first + memory.latency_units) // memory.array_units)
        asked.served = -(-(memory.free + memory.latency_units) // memory.array_units)


@compiled
def _arrive(run: Run, request: Int64, cycle: Int64) -> None:
    """The extents of `request` arrive at a DRAM: reads at once, a write burst by burst as its ports give it."""
    memory, asked = run.memory[0], run.requests[request]
    memory.known = asked.end_block
    bursts, given, pace = 0, 0, 0
    for block in range(asked.first_block, asked.end_block):
        bursts += run.blocks[block].bursts
    if asked.is_write:
        whole, rest = asked.port_cycles // bursts, asked.port_cycles % bursts
        rest_units = -(-(rest << PACE_BITS) * memory.array_units // bursts)
        pace = -(-((whole << PACE_BITS) * memory.array_units + rest_units) // memory.memory_units)
    for block in range(asked.first_block, asked.end_block):
        its = run.blocks[block]
        there = cycle
        if asked.is_write:
            there = asked.begun + -(-asked.port_cycles * (given + 1) // bursts)
        its.arrival, its.pace = _memory_cycle(memory, there), pace
        given += its.bursts


@compiled
def _memory_cycle(memory: Records, cycle: Int64) -> Int64:
    """The first cycle of the memory that does not begin before `cycle` of the array."""
    return -(-cycle * memory.array_units // memory.memory_units)


@compiled
def _wait(run: Run, request: Int64) -> None:
    """Go on until the memory is through with `request`. A bus knew it from the start."""
    memory, asked = run.memory[0], run.requests[request]
    if memory.is_dram:
        first, last = FAR, 0
        for block in range(asked.first_block, asked.end_block):
            _advance(run, memory.known, block, False)
            first = min(first, run.blocks[block].first_completion)
            last = max(last, run.blocks[block].completion)
        asked.served = -(-last * memory.memory_units // memory.array_units)
        if asked.is_write:
            asked.held = last <= _memory_cycle(memory, asked.begun + asked.port_cycles) + 1
        else:
            asked.begun = -(-first * memory.memory_units // memory.array_units)


@compiled
def _advance(run: Run, known: Int64, block: Int64, closing: Bool) -> None:
    """Let the DRAM, of whose blocks so many are `known`, run until `block` is answered, or (-1) nothing is left."""
    machine, log, blocks = run.machine, run.log, run.blocks
    _RUN_DRAM(
        machine.ctypes.data, machine.size, log.ctypes.data, log.size, blocks.ctypes.data, known, block, FAR, closing
    )


@compiled
def _ask(run: Run, head: Int64, gate: Int64, streams: Bool, cycle: Int64) -> Int64:
    """Put what is due after step `gate` into the queue, up to its successor's streams or these; the next in line."""
    while head < run.requests.size and run.requests[head].gate <= gate:
        is_stream = _LAST_LOAD < run.requests[head].kind <= _LAST_STREAM
        if is_stream and not streams:
            break
        _enter(run, head, cycle)
        head += 1
    return head


@compiled
def _through(run: Run, request: Int64) -> Int64:
    """The cycle in which `request` has passed memory and its buffer's ports, which begin to take what is read with its
    first byte. Asked in the order of the queue, of each once."""
    _wait(run, request)
    memory, asked = run.memory[0], run.requests[request]
    asked.answered = asked.served
    if asked.is_write:
        memory.left = max(memory.left, asked.answered)
    else:
        through = max(memory.port[asked.kind], asked.begun) + asked.port_cycles
        asked.held = through > asked.served
        asked.answered = memory.port[asked.kind] = max(asked.served, through)
    return asked.answered


@compiled
def _start(run: Run, step: Int64, cycle: Int64) -> Int64:
    """The cycle in which `step` starts; what it waits for is blamed in the order of `Kind`."""
    start, its = cycle, run.steps[step]
    for place in range(its.first_load, its.first_load + its.loads):
        request = run.loads[place]
        there = _through(run, request)
        if there > start:
            its.waited[run.requests[request].kind] += there - start
            start = there
    for store in range(_STORES):
        if its.room[store] >= 0:
            free = _left(run, its.room[store])
            if free > start:
                its.waited[_FIRST_STORE + store] += free - start
                start = free
    return start


@compiled
def _left(run: Run, last: Int64) -> Int64:
    """The cycle in which the store `last` has left the chip, and all stores before it are seen to."""
    memory = run.memory[0]
    while memory.stored <= last:
        if run.requests[memory.stored].kind > _LAST_STREAM:
            _through(run, memory.stored)
        memory.stored += 1
    return run.requests[last].answered


@compiled
def _play(run: Run, until: Int64) -> Int64:
    """Play the steps before `until`, from where the last call ended; the cycle that is reached. That of all steps is
    the one in which the last store has left."""
    memory = run.memory[0]
    head, cycle = memory.head, memory.cycle
    until = min(until, run.steps.size)
    for step in range(memory.step, until):
        its = run.steps[step]
        head = _ask(run, head, step - 1, False, cycle)
        its.start = _start(run, step, cycle)
        first_stream = head
        head = _ask(run, head, step - 1, True, its.start)
        cycle = its.start + its.cycles
        for request in range(first_stream, head):
            through = _through(run, request)
            if through > cycle:
                its.waited[run.requests[request].kind] += through - cycle
                cycle = through
        its.end = cycle
    memory.step, memory.head, memory.cycle = until, head, cycle
    return cycle if until < run.steps.size else _end(run)


@compiled
def _end(run: Run) -> Int64:
    """Behind the last step: the cycle in which the last store has left."""
    memory = run.memory[0]
    cycle = memory.cycle
    head = _ask(run, memory.head, run.steps.size - 1, False, cycle)
    if head > 0:
        _left(run, head - 1)
    cycle = max(cycle, memory.left)
    if memory.is_dram:
        _advance(run, run.blocks.size, -1, True)  # what its write queues still hold
    return cycle


def play_steps(
    memory: Pointer, memories: Int64, steps: Pointer, step_count: Int64, requests: Pointer, request_count: Int64,
    loads: Pointer, load_count: Int64, machine: Pointer, machines: Int64, log: Pointer, logged: Int64,
    blocks: Pointer, block_count: Int64, until: Int64,
) -> Int64:  # fmt: skip
    """`_play`, as machine code calls it. Past the last step it must be called once."""
    return _play(
        Run(
            carray(memory, memories),
            carray(steps, step_count),
            carray(requests, request_count),
            carray(loads, load_count),
            carray(machine, machines),
            carray(log, logged),
            carray(blocks, block_count),
        ),
        until,
    )
