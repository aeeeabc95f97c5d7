"""Does training wait for its memory where and as long as it must?"""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction
from functools import cache
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

import lifsim
from lifsim.hardware.pipeline.kinds import LOADS, STORES
from lifsim.interchange.dram_trace import read_dram_trace
from lifsim.play.dram import PASSING, layout_of
from lifsim.play.stretches import stretches
from lifsim.report.requests import write_requests
from lifsim.report.timeline import write_timeline
from lifsim.schedule.tensors.products import gemm_of
from lifsim.simulate.result import Result
from lifsim.training.products import transposed_gemm, weight_gradient_gemm

BUFFERS = ("weight", "spike_in", "spike_out", "membrane", "psum")
STALLS = ("stall_weights", "stall_spikes", "stall_membrane", "stall_writeback")
CASES = [
    {"workload": "lenet5_mnist", "batch": 2},
    {
        "workload": "vgg9_cifar10",
        "sharing": "layer",
        "bptt": "reversed",
        "schedule": "timestep",
        "batch": 3,
    },
    {"workload": "lenet5_mnist", "bptt": "reversed", "schedule": "timestep", "batch": 3, "chunk": 2},
    {"workload": "mobilenet_cifar10", "sharing": "channel2", "schedule": "auto"},
]
WIDE_STATES = ("precision.membrane_bits=64", "precision.gradient_bits=64")
SLOW = ("dram.model=bandwidth", "dram.bandwidth_bytes_per_s=2GB")


def train(*overrides: str, **options: object) -> Result:
    return trained(overrides, tuple(options.items()))


@cache
def trained(overrides: tuple[str, ...], options: tuple[tuple[str, object], ...]) -> Result:
    return lifsim.run(arch="sata_training", mode="training", overrides=overrides, **{"batch": 1, **dict(options)})


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("memory", [SLOW, ("dram.model=cycle", "dram.device=ddr4_2400")])
def test_waiting_is_all_that_is_added(case: dict[str, object], memory: tuple[str, ...]) -> None:
    ideal, timed = train("dram.model=ideal", **case), train(*memory, **case)
    assert timed.timeline is not None
    assert timed.timeline.timing.total == timed.totals.cycles.total
    assert int(timed.timeline.steps.moves.bytes.sum()) == timed.totals.dram_bytes.total
    assert list(timed.stages) == list(ideal.stages)
    for ours, theirs in zip(timed.records, ideal.records, strict=True):
        for name, stage in ours.stages.items():
            before = theirs.stages[name]
            assert (stage.ops, stage.dram_bytes, stage.sram_accesses) == (
                before.ops, before.dram_bytes, before.sram_accesses,
            )  # fmt: skip
            waited = sum(getattr(stage.cycles, stall) for stall in STALLS)
            assert stage.cycles.total == before.cycles.total + waited
            assert all(getattr(stage.cycles, part) == getattr(before.cycles, part) for part in ("array", "lif"))
    assert all(getattr(ideal.totals.cycles, stall) == 0 for stall in STALLS)


@pytest.mark.parametrize("case", CASES)
def test_a_slow_memory_takes_the_time_of_the_bytes_and_little_more(case: dict[str, object]) -> None:
    slow = train("dram.model=bandwidth", "dram.bandwidth_bytes_per_s=1MB", **case).totals
    seconds = Fraction(slow.dram_bytes.total, 10**6)
    worked = slow.cycles.array + slow.cycles.fill_drain + slow.cycles.lif
    assert seconds * 400_000_000 <= slow.cycles.total
    assert slow.cycles.total <= (seconds * 400_000_000 + worked) * Fraction(1001, 1000)


@pytest.mark.parametrize("case", CASES[:2])
def test_on_endless_memory_and_ports_each_step_waits_a_few_cycles(case: dict[str, object]) -> None:
    """An answer is seen in the cycle behind it, and a transfer takes its buffer's ports for one."""
    free = "read_pj: 1.0, write_pj: 1.0, leakage_mw: 1.0, area_mm2: 1.0, source: test"
    wide = [f"buffers.{name}={{size_bytes: 4MiB, banks: 64, port_bits: 65536, {free}}}" for name in BUFFERS]
    fast = train(*wide, "dram.model=bandwidth", "dram.bandwidth_bytes_per_s=400TB", **case)
    ideal = train(*wide, "dram.model=ideal", **case)
    assert fast.timeline is not None
    assert ideal.totals.cycles.total <= fast.totals.cycles.total
    moves = fast.timeline.steps.moves
    through_ports = int((-(-moves.bytes // (64 * 65536 // 8))).sum())
    assert fast.totals.cycles.total - ideal.totals.cycles.total <= moves.step.size + 2 * through_ports


@pytest.mark.slow
def test_more_bandwidth_is_never_slower() -> None:
    totals = [
        train("dram.model=bandwidth", f"dram.bandwidth_bytes_per_s={gigabytes}GB", **CASES[1]).totals.cycles.total
        for gigabytes in (1, 4, 16)
    ]
    assert totals == sorted(totals, reverse=True)


@pytest.mark.parametrize("case", CASES)
def test_nothing_is_read_before_the_visit_that_wrote_it_has_ended(case: dict[str, object]) -> None:
    """But for a visit's own overflow."""
    timed = train(*SLOW, **case)
    assert timed.timeline is not None
    steps, timing = timed.timeline.steps, timed.timeline.timing
    issued = np.empty_like(timing.issued)
    issued[steps.program.requests.origin] = timing.issued
    done: dict[str, int] = {}
    first, end, waited = 0, 0, 0
    for visit in steps.visits:
        moves, end = visit.moves, end + visit.steps
        asked = issued[first : first + moves.step.size]
        names = np.array(visit.regions)[moves.region]
        for load in np.flatnonzero(np.isin(moves.kind, LOADS)):
            assert asked[load] >= done.get(names[load], 0)
            waited += names[load] in done
        for name in set(names[np.isin(moves.kind, STORES)]):
            done[name] = int(timing.end[end - 1])
        first += moves.step.size
    assert waited > 0


@pytest.mark.parametrize("case", CASES)
def test_tensors_that_are_used_at_a_time_have_places_of_their_own(case: dict[str, object]) -> None:
    timed = train(*SLOW, **case)
    assert timed.timeline is not None
    visits = timed.timeline.steps.visits
    layout = layout_of(stretches(visits))
    used = {name: [i for i, visit in enumerate(visits) if name in visit.regions] for name in layout.names}
    places = list(zip(layout.names, layout.base.tolist(), (layout.base + layout.size).tolist(), strict=True))
    for (name, begin, end), (other, low, high) in combinations(places, 2):
        passing = {name.partition(":")[0], other.partition(":")[0]} <= set(PASSING)
        apart = used[name][-1] < used[other][0] or used[other][-1] < used[name][0]
        assert end <= low or high <= begin or (passing and apart)
    assert layout.end == max(end for _, _, end in places)
    assert {"weights", "tensor", "states", "gradient"} <= {name.partition(":")[0] for name in layout.names}


def test_gradients_take_the_places_of_others() -> None:
    timed = train(*SLOW, workload="vgg9_cifar10", batch=2)
    assert timed.timeline is not None
    layout = layout_of(stretches(timed.timeline.steps.visits))
    sizes = {name: int(size) for name, size in zip(layout.names, layout.size, strict=True)}
    passing = {name: size for name, size in sizes.items() if name.partition(":")[0] in PASSING}
    start = min(int(base) for name, base in zip(layout.names, layout.base, strict=True) if name in passing)
    used = {name: [i for i, v in enumerate(timed.timeline.steps.visits) if name in v.regions] for name in passing}
    alive = [sum(passing[name] for name in passing if min(used[name]) <= i <= max(used[name])) for i in range(100)]
    assert max(alive) <= layout.end - start < 0.6 * sum(passing.values())
    last = timed.network.layers[-1].outputs[0]
    assert sizes[f"gradient:{last.name}"] == 2 * last.timesteps * last.elements * 2


def test_timeline_and_requests_tell_the_stages(tmp_path: Path) -> None:
    timed = train("dram.model=cycle", "dram.device=ddr4_2400", **CASES[0])
    write_timeline(timed, tmp_path / "timeline.json")
    bars = [
        event for event in json.loads((tmp_path / "timeline.json").read_text())["traceEvents"] if event["ph"] == "X"
    ]
    array = [bar for bar in bars if (bar["pid"], bar["tid"]) == (1, 1)]
    assert timed.timeline is not None
    tail = timed.totals.cycles.total - int(timed.timeline.timing.end[-1])
    for stage, record in timed.stages.items():
        mine = [bar["args"] for bar in array if bar["name"].endswith(stage)]
        assert sum(args["lif_cycles"] for args in mine) == record.cycles.lif
        assert sum(args["array_cycles"] for args in mine) == record.cycles.array + record.cycles.fill_drain
        assert all(args["array_cycles"] >= 0 for args in mine)
        waited = sum(args.get(stall, 0) for args in mine for stall in (*STALLS, "port_stall_cycles"))
        waited += tail if stage == "weight_update" else 0
        assert waited == sum(getattr(record.cycles, stall) for stall in STALLS)
    order = [bar["name"] for bar in sorted(array, key=lambda bar: bar["ts"])]
    assert order[0] == f"{timed.network.layers[0].name} forward"
    assert order[-1] == f"{timed.network.layers[0].name} weight_update"
    count = write_requests(timed, tmp_path / "dram.trace", "dramsim3")
    read = read_dram_trace(tmp_path / "dram.trace")
    assert len(read.addresses) == count
    assert count * 64 >= timed.totals.dram_bytes.total
    assert (np.diff(read.cycles) >= 0).all()


def test_narrow_ports_hold_every_stage_up() -> None:
    """os: K cycles a fold, in which gradients and membrane gradients of 16 bits pass 16 and 8 PEs wide; in the update's
    K are the pixels of all timesteps."""
    narrow = ("array.dataflow=os", "buffers.weight.banks=1", "buffers.weight.port_bits=32", *SLOW)
    timed = train(*narrow, workload="lenet5_mnist")
    for layer, record in zip(timed.network.layers, timed.records, strict=True):
        together = replace(weight_gradient_gemm(layer), reduction=layer.rounds * layer.pixels)
        products = {"forward": (gemm_of(layer), layer.rounds), "weight_update": (together, 1)}
        products |= {"backward": (transposed_gemm(layer), layer.rounds)} if layer.index else {}
        waits = {}
        for stage, (gemm, rounds) in products.items():
            rows = -(-gemm.pixels // 16)
            late = [-(-gemm.reduction * min(8, gemm.filters - w) * 16 // 32) for w in range(0, gemm.filters, 8)]
            waits[stage] = rounds * rows * sum(max(0, cycles - gemm.reduction) for cycles in late) * gemm.groups
        assert record.counts.port_stalls.weight == sum(waits.values()) > 0
        for stage, cycles in waits.items():
            assert record.stages[stage].cycles.stall_weights >= cycles


@pytest.mark.parametrize(("bptt", "schedule", "membranes"), [
    ("stored", "tick", 1), ("stored", "timestep", 2), ("reversed", "timestep", 2), ("reversed", "tick", 0),
])  # fmt: skip
def test_gradient_units_wait_for_the_membranes_that_they_read(bptt: str, schedule: str, membranes: int) -> None:
    """One PE: a pass serves one output in a cycle, its membranes of 64 bits take two cycles each."""
    one = ("array.rows=1", "array.cols=1", "buffers.membrane.banks=1", "buffers.membrane.port_bits=32", *SLOW)
    timed = train(*one, *WIDE_STATES, workload="lenet5_mnist", bptt=bptt, schedule=schedule)
    for layer, record in zip(timed.network.layers, timed.records, strict=True):
        late = layer.lif_elements * layer.timesteps * max(0, 2 * membranes - 1)
        forward = layer.lif_elements * layer.timesteps if schedule == "timestep" else 0
        assert record.counts.port_stalls.membrane == late + forward


def test_channels_that_share_a_state_read_it_once_on_the_way_back() -> None:
    """Two PEs, whose outputs share: a pass of two cycles, in which the gradient and the recomputed membrane, of 64 bits
    each, come through 32 bits in four."""
    two = ("array.rows=1", "array.cols=2", "buffers.membrane.banks=1", "buffers.membrane.port_bits=32", *SLOW)
    options = {"sharing": "channel2", "bptt": "reversed", "schedule": "timestep"}
    timed = train(*two, *WIDE_STATES, workload="lenet5_mnist", **options)
    for layer, record in zip(timed.network.layers, timed.records, strict=True):
        late = layer.lif_elements // 2 * layer.timesteps * (4 - 2)
        assert record.counts.port_stalls.membrane == late  # forward they come in two


def test_no_note_says_that_waits_are_left_out() -> None:
    assert not any("wait" in note for note in train(*SLOW, **CASES[0]).notes)
