"""Does every step start and end in the cycle in which an event-by-event simulation has it?"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings, target
from hypothesis import strategies as st

from lifsim.config.dram import load_dram
from lifsim.hardware.dram.requests import Requests
from lifsim.hardware.dram.stream import DramStream
from lifsim.hardware.pipeline.kinds import LOADS, STORES, STREAMS, WRITES, Kind
from lifsim.hardware.pipeline.program import Halves, Program, program
from lifsim.hardware.pipeline.timing import Bandwidth, Extents, Timing, play_bandwidth, play_dram
from tests.oracles.pipeline import Machine, Request


@dataclass(frozen=True)
class Case:
    cycles: tuple[int, ...]
    requests: tuple[tuple[int, Kind, int, int], ...]  # step, kind, bytes, after
    double: tuple[bool, ...]
    port_bits: tuple[int, ...]
    array_hz: int
    bytes_per_second: int
    latency_ns: float

    def program(self) -> Program:
        columns = np.array(self.requests, np.int64).reshape(-1, 4).T
        return program(np.array(self.cycles), *columns, Halves(self.double, self.port_bits))

    def play(self) -> tuple[Timing, np.ndarray]:
        played = self.program()
        return play_bandwidth(
            played, self.array_hz, Bandwidth(self.bytes_per_second, self.latency_ns)
        ), played.requests.origin

    def walk(self) -> tuple[Machine, int]:
        machine = Machine(
            list(self.cycles),
            [Request(*request) for request in self.requests],
            dict(zip(Kind, self.double, strict=True)),
            dict(zip(Kind, self.port_bits, strict=True)),
            Fraction(self.array_hz, self.bytes_per_second),
            Fraction(str(self.latency_ns)) * self.array_hz / 10**9,
        )
        return machine, machine.run()


@st.composite
def cases(draw: st.DrawFn) -> Case:
    steps = draw(st.integers(1, 9))
    requests = []
    for step in range(steps):
        behind = draw(st.integers(-1, step - 1))
        for kind in Kind:
            for _ in range(draw(st.sampled_from([0, 0, 1, 1, 2]))):
                after = behind if kind in LOADS else -1
                requests.append((step, kind, draw(st.integers(1, 400)), after))
    flags = st.tuples(*[st.booleans()] * 5)
    weight, spike_in, membrane, psum, spike_out = draw(flags)
    return Case(
        cycles=tuple(draw(st.lists(st.integers(1, 120), min_size=steps, max_size=steps))),
        requests=tuple(draw(st.permutations(requests))) if draw(st.booleans()) else tuple(requests),
        double=(weight, spike_in, membrane, False, psum, psum, spike_out, membrane),
        port_bits=tuple(draw(st.lists(st.sampled_from([8, 64, 1024, 100]), min_size=8, max_size=8))),
        array_hz=draw(st.sampled_from([400_000_000, 1_000_000_000, 333_000_000])),
        bytes_per_second=draw(st.sampled_from([10**9, 19_200_000_000, 12_345_678, 10**11])),
        latency_ns=draw(st.sampled_from([0.0, 0.7, 50.0])),
    )


@pytest.mark.slow
@settings(max_examples=80, deadline=None)
@given(cases())
def test_every_step_and_request_has_the_cycle_of_the_event_simulation(case: Case) -> None:
    played, origin = case.play()
    machine, total = case.walk()
    assert played.start.tolist() == machine.starts
    assert played.end.tolist() == machine.ends
    issued = np.empty(len(origin), np.int64)
    answered = np.empty(len(origin), np.int64)
    issued[origin], answered[origin] = played.issued, played.answered
    assert issued.tolist() == [r.issued for r in machine.requests]
    assert answered.tolist() == [r.answered for r in machine.requests]
    assert played.total == total
    assert played.waited.tolist() == [blamed(machine, step) for step in range(len(case.cycles))]


def blamed(machine: Machine, step: int) -> list[int]:
    """Cycle by cycle: the first kind in order of which something is still missing."""
    counts = [0] * len(Kind)
    before = machine.ends[step - 1] if step else 0
    waits = [r for r in machine.requests if r.step == step and r.kind in LOADS] + machine.stores_in_the_way(step)
    tail = [r for r in machine.requests if r.step == step and r.kind in STREAMS]
    worked = machine.starts[step] + machine.step_cycles[step]
    for cycles, missing in ((range(before, machine.starts[step]), waits), (range(worked, machine.ends[step]), tail)):
        for cycle in cycles:
            counts[min(r.kind for r in missing if (r.answered or 0) > cycle)] += 1
    return counts


@settings(max_examples=60, deadline=None)
@given(cases(), st.sampled_from(["bandwidth", "latency", "ports"]))
def test_a_better_memory_is_never_slower(case: Case, what: str) -> None:
    better = {
        "bandwidth": replace(case, bytes_per_second=case.bytes_per_second * 3 // 2),
        "latency": replace(case, latency_ns=case.latency_ns / 3),
        "ports": replace(case, port_bits=tuple(2 * bits for bits in case.port_bits)),
    }[what]
    assert better.play()[0].total <= case.play()[0].total


def overtaking_cycles(single: Case, double: Case) -> int:
    """What the loads take that stand in the queue of `double` before something that they stood behind: the bound of
    what the second halves can cost. Without these loads the queues are the same, and it is asked for sooner; each
    takes the memory its own time once, however it goes on."""
    before, after = (np.argsort(case.program().requests.origin) for case in (single, double))
    loads = [number for number, request in enumerate(single.requests) if request[1] in LOADS]
    overtaking = [one for one in loads if ((before < before[one]) & (after > after[one])).any()]
    return sum(
        math.ceil(Fraction(single.requests[one][2] * single.array_hz, single.bytes_per_second)) for one in overtaking
    )


@settings(max_examples=150, deadline=None)
@given(cases(), st.tuples(*[st.booleans()] * 4))
def test_second_halves_cost_at_most_the_transfers_of_the_loads_that_overtake(
    case: Case, chosen: tuple[bool, ...]
) -> None:
    """Hypothesis looks for the run that is slowed most."""
    weight, spike_in, membrane, spike_out = chosen
    halves = (weight, spike_in, membrane, False, False, False, spike_out, membrane)
    double = replace(case, double=tuple(map(any, zip(case.double, halves, strict=True))))
    slower = double.play()[0].total - case.play()[0].total
    target(slower)
    assert slower <= overtaking_cycles(case, double)


def test_a_second_half_of_the_membrane_buffer_can_cost_a_cycle() -> None:
    """Of two halves the membranes of step 2 overtake the spikes of step 3, whose port, which takes longest, then
    begins a cycle later."""
    requests = (
        (1, Kind.MEMBRANE_READ, 1, 0), (1, Kind.PSUM_WRITE, 3, -1),
        (2, Kind.MEMBRANE_READ, 3, 0), (3, Kind.SPIKES_IN, 10, 0),
    )  # fmt: skip
    single = Case(
        (1, 2, 1, 1, 1, 2), requests, tuple(kind == Kind.SPIKES_IN for kind in Kind), (8,) * 8, 400_000_000, 10**9, 0.0
    )
    double = replace(single, double=(True,) * 8)
    assert (single.play()[0].total, double.play()[0].total) == (16, 17) == (single.walk()[1], double.walk()[1])
    assert overtaking_cycles(single, double) == 2


@settings(max_examples=40, deadline=None)
@given(cases(), st.sampled_from(["ddr4_2400", "hbm2"]), st.integers(0, 1 << 30))
def test_a_simulated_dram_is_asked_step_by_step(case: Case, device: str, seed: int) -> None:
    """Equal to the same steps in plain Python, which asks a DRAM stream for one answer after the other."""
    spec = load_dram(device)
    played = case.program()
    count = played.requests.step.size
    addresses = np.random.default_rng(seed).integers(0, 1 << 20, count)
    extents = Extents(addresses, played.requests.bytes, np.arange(count + 1))
    timing = play_dram(played, case.array_hz, spec, extents)
    starts, ends = walk_dram(played, case, DramStream(spec), addresses)
    assert timing.start.tolist() == starts
    assert timing.end.tolist() == ends
    assert timing.dram is not None


def by_hand(*requests: tuple[int, Kind, int, int], bytes_per_second: int) -> Timing:
    """One step of ten cycles at 400 MHz behind ports of 8 bits for spikes, of 256 bits for the rest."""
    narrow = tuple(8 if kind in (Kind.SPIKES_IN, Kind.SPIKES_OUT) else 256 for kind in Kind)
    return Case((10, 10), requests, (False,) * 8, narrow, 400_000_000, bytes_per_second, 0.0).play()[0]


def test_ports_begin_to_take_a_load_with_its_first_byte() -> None:
    """Ten bytes a cycle: DRAM begins with the spikes in cycle 3,686.4, of which the ports take one a cycle."""
    timing = by_hand((0, Kind.WEIGHTS, 36_864, -1), (0, Kind.SPIKES_IN, 4_096, -1), bytes_per_second=4 * 10**9)
    assert timing.begun.tolist() == [1, 3_687]
    assert timing.answered.tolist() == [3_687, 3_687 + 4_096]
    assert timing.held.tolist() == [False, True]


def test_a_store_leaves_no_sooner_than_its_ports_give_it_and_the_queue_waits_behind_it() -> None:
    """Spikes of 100 bytes leave at one a cycle from cycle 10 on, where DRAM could take ten; the last one takes DRAM a
    tenth of a cycle, and the weights behind it, which need 4 cycles, come 0.1 + 4 later."""
    spikes, weights = (0, Kind.SPIKES_OUT, 100, -1), (1, Kind.WEIGHTS, 40, 0)
    timing = by_hand(spikes, weights, bytes_per_second=4 * 10**9)
    assert timing.answered.tolist() == [111, 115]
    assert timing.held.tolist() == [True, False]
    slow = by_hand(spikes, weights, bytes_per_second=2 * 10**8)
    assert slow.answered.tolist() == [210, 290]
    assert not slow.held.any()


def test_a_simulated_dram_takes_a_store_when_its_ports_have_given_it() -> None:
    """64 bursts of 64 bytes at one byte a cycle of 2.5 ns from cycle 10 on; a DRAM cycle is 0.83 ns."""
    case = Case((10,), ((0, Kind.SPIKES_OUT, 4096, -1),), (False,) * 8, (8,) * 8, 400_000_000, 1, 0.0)
    played = case.program()
    extents = Extents(np.array([0]), np.array([4096]), np.array([0, 1]))
    timing = play_dram(played, case.array_hz, load_dram("ddr4_2400"), extents)
    assert timing.dram is not None
    first = math.ceil((10 + 64) * 2.5 / 0.83)
    last = first + math.floor(63 * 64 * 2.5 / 0.83)
    assert timing.dram.arrival_cycles.tolist() == [first]
    assert timing.answered.tolist() == [math.ceil((last + 1) * 0.83 / 2.5)]
    assert timing.held.all()


def test_what_is_stored_last_reaches_the_dram() -> None:
    """Five bursts of 64 bytes, fewer than the controller writes back while more may come."""
    outputs = ((0, Kind.SPIKES_OUT, 5 * 64, -1),)
    case = Case((10,), outputs, (False,) * 8, (64,) * 8, 400_000_000, 1, 0.0)
    played = case.program()
    timing = play_dram(
        played, case.array_hz, load_dram("ddr4_2400"), Extents(np.array([0]), np.array([320]), np.array([0, 1]))
    )
    assert timing.dram is not None
    assert timing.dram.counts.writes == 5


def walk_dram(played: Program, case: Case, stream: DramStream, addresses: np.ndarray) -> tuple[list[int], list[int]]:
    """A read is asked for burst by burst, so that each has its answer; a write comes when its ports have given it."""
    period = Fraction(str(stream.spec.timing.tCK_ns)) * case.array_hz / 10**9
    burst = stream.spec.organisation.burst_bytes
    requests, ports = played.requests, dict.fromkeys(Kind, 0)
    issued: list[range] = []
    answered: dict[int, int] = {}

    def bursts_of(one: int) -> range:
        first = int(addresses[one]) // burst * burst
        return range(first, int(addresses[one] + requests.bytes[one]), burst)

    def arrivals(one: int, cycle: int) -> list[int]:
        if requests.kind[one] not in WRITES:
            return [math.ceil(cycle / period)] * len(bursts_of(one))
        begin = max(ports[requests.kind[one]], cycle)
        passing, bursts = int(requests.port_cycles[one]), len(bursts_of(one))
        ports[requests.kind[one]] = begin + passing
        first = math.ceil((begin + math.ceil(Fraction(passing, bursts))) / period)
        pace = Fraction(math.ceil(Fraction(passing, bursts) / period * 65536), 65536)
        return [first + math.floor(number * pace) for number in range(bursts)]

    def ask(gate: int, cycle: int, kinds: set[Kind]) -> None:
        while len(issued) < requests.step.size and requests.gate[len(issued)] <= gate:
            one = len(issued)
            if requests.kind[one] in kinds:
                return
            parts = np.array(bursts_of(one), np.uint64)
            ones = np.ones(parts.size, np.int64)
            columns = ones * burst, ones * (requests.kind[one] in WRITES) > 0, np.array(arrivals(one, cycle))
            issued.append(stream.submit(Requests(parts, *columns)))

    def there(one: int) -> int:
        if one not in answered:
            kind = Kind(requests.kind[one])
            bursts = [math.ceil(stream.run_until_answered(number) * period) for number in issued[one]]
            answered[one] = max(bursts)
            if kind not in WRITES:
                begin = max(ports[kind], min(bursts))
                answered[one] = ports[kind] = max(max(bursts), begin + int(requests.port_cycles[one]))
        return answered[one]

    def of(step: int, kinds: Iterable[Kind]) -> list[int]:
        return [i for i in range(requests.step.size) if requests.step[i] == step and requests.kind[i] in kinds]

    starts, ends, cycle = [], [], 0
    for step, work in enumerate(case.cycles):
        ask(step - 1, cycle, set(STREAMS))
        loads = [there(one) for one in sorted(of(step, LOADS), key=lambda i: requests.kind[i])]
        for store, last in enumerate(played.room[step]):
            if last >= 0:
                kind = min(STORES) + store
                loads += [there(one) for one in range(last + 1) if requests.kind[one] == kind]
        starts.append(max([cycle, *loads]))
        ask(step - 1, starts[-1], set())
        cycle = max([starts[-1] + work, *(there(one) for one in of(step, STREAMS))])
        ends.append(cycle)
    return starts, ends


@settings(max_examples=40, deadline=None)
@given(cases())
def test_no_run_is_faster_than_its_array_or_its_memory(case: Case) -> None:
    total = case.play()[0].total
    moved = sum(size for _, _, size, _ in case.requests)
    assert total >= sum(case.cycles)
    assert total >= moved * case.array_hz / case.bytes_per_second * (1 - 1e-6)
