"""Do runs that share their parts give what each would give alone?"""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

import lifsim
from lifsim.accounting.prices import BUFFERS
from lifsim.config.resolve import shipped_names
from lifsim.hardware.array import sparsity_of
from lifsim.hardware.memory.cycle import CycleByCycle
from lifsim.hardware.pipeline.kinds import LOADS, STORES, STREAMS, Kind
from lifsim.hardware.pipeline.timing import Timing
from lifsim.hardware.stores import Store, Stores
from lifsim.memo import Memo, Shared, bytes_of_arrays
from lifsim.play.steps import BUFFER_OF, visits
from lifsim.schedule.tensors.cutting import cut
from lifsim.schedule.tensors.moves import IS_LOAD, IS_STORE, Visit, moves_of
from lifsim.simulate.inputs import load_inputs
from lifsim.simulate.pipeline import simulate
from lifsim.simulate.spikes import read_spikes


@pytest.mark.slow
def test_runs_that_share_parts_equal_runs_alone() -> None:
    changes = [
        ("array.rows=8", "array.rows=16"),
        ("array.dataflow=os", "array.dataflow=ws"),
        ("buffers.weight.size_bytes=2KiB", "buffers.weight.size_bytes=64KiB"),
        ("buffers.spike_in.size_bytes=64", "buffers.spike_in.size_bytes=8KiB"),
        ("buffers.psum.size_bytes=64", "buffers.psum.size_bytes=8KiB"),
        ("precision.weight_bits=4", "precision.weight_bits=8"),
        ("lif.overlapped=true", "lif.overlapped=false"),
        ("buffers.membrane.port_bits=32", "buffers.membrane.port_bits=64"),
        ("buffers.spike_in.banks=1", "buffers.spike_in.banks=2"),
        ("buffers.membrane.size_bytes=64", "buffers.membrane.size_bytes=8KiB"),
        ("buffers.membrane.double_buffered=true", "buffers.membrane.banks=4"),
        ("dram.model=ideal", "dram={model: bandwidth, bandwidth_bytes_per_s: 1GB, energy_pj_per_bit: 5, source: t}"),
    ]
    shared_parts, spikes = Shared(), None
    choices = list(itertools.product(*changes))[::293]
    for overrides, sharing, schedule in itertools.product(choices, ("none", "channel2"), ("tick", "timestep", "auto")):
        inputs = load_inputs("sata128", "lenet5_mnist", sharing, {"schedule": schedule}, overrides)
        spikes = spikes or read_spikes(inputs.network, inputs.sharing, inputs.options, sparsity_of(inputs.arch.array))
        shared = simulate(inputs.arch, inputs.network, inputs.sharing, inputs.options, spikes, shared_parts)
        alone = lifsim.run("sata128", "lenet5_mnist", sharing, schedule=schedule, overrides=overrides)
        assert shared.totals == alone.totals
        assert shared.layer_rows == alone.layer_rows


def test_of_the_parts_those_used_last_are_kept() -> None:
    made: list[str] = []

    def make(key: str) -> str:
        made.append(key)
        return key.upper()

    parts = Memo(limit=2)
    assert [parts.of(make, key) for key in "abacab"] == ["A", "B", "A", "C", "A", "B"]  # c takes the place of b
    assert made == ["a", "b", "c", "b"]
    assert [parts.of(make, key) for key in "ab"] == ["A", "B"]
    assert made == ["a", "b", "c", "b"]


def test_parts_of_different_functions_are_told_apart() -> None:
    parts = Memo()
    assert [parts.of(function, -3) for function in (abs, str, abs)] == [3, "-3", 3]


def test_a_result_that_its_caller_keeps_is_known_from_then_on() -> None:
    parts = Memo(limit=2)
    assert parts.place(abs, -3).known is None
    assert parts.place(abs, -3).keep(3) == parts.place(abs, -3).known == parts.of(abs, -3) == 3
    parts.of(abs, -4)
    assert parts.place(abs, -3).known == 3  # it was used, so that another goes
    parts.of(abs, -5)
    assert [parts.place(abs, number).known for number in (-3, -4, -5)] == [3, None, 5]


def test_of_results_that_weigh_something_as_many_are_kept_as_weigh_no_more() -> None:
    parts = Memo(limit=40, weight=bytes_of_arrays)
    for size in (1, 2, 3):
        parts.of(np.ones, size)
    assert [parts.place(np.ones, size).known is None for size in (1, 2, 3)] == [True, False, False]
    parts.of(np.ones, 100)  # heavier than all that may be kept: it is the last one
    assert [parts.place(np.ones, size).known is None for size in (2, 3, 100)] == [True, True, False]


def visit(size: int = 4, outputs: tuple[int, ...] = (1, 2), **said: object) -> Visit:
    rows = moves_of(Kind.SPIKES_IN, 0, np.array([0]), 0, np.array([size]))
    told = {"layer": 0, "round": None, "regions": ("tensor:x",), "timestep": None, "work": None} | said
    return Visit(outputs=np.array(outputs), moves=rows, **told)  # type: ignore[arg-type]


def test_loads_are_waited_for_before_a_step_and_stores_write_their_regions() -> None:
    kinds = np.array([*Kind])
    every = moves_of(kinds, kinds, np.zeros(len(Kind), np.int64), 0, np.ones(len(Kind), np.int64))
    one = Visit(0, None, np.array([1]), every, tuple(f"tensor:{kind}" for kind in Kind))
    assert [Kind(kind) for kind in np.flatnonzero(IS_LOAD[one.moves.kind])] == list(LOADS)
    assert one.moves.region[IS_STORE[one.moves.kind]].tolist() == list(STORES)


def test_visits_are_equal_when_all_that_they_say_is() -> None:
    assert visit() == visit()
    steps = np.array([3, 4])
    others = [
        visit(5), visit(outputs=(2, 1)), visit(layer=1), visit(round=0), visit(regions=("tensor:y",)),
        visit(timestep=0), visit(round=steps), visit(timestep=steps), visit(work=steps),
    ]  # fmt: skip
    assert len({visit(), *others}) == 1 + len(others)


@pytest.mark.parametrize("device", ["ddr4_2400", "hbm2"])
def test_points_that_buffers_make_alike_are_played_once_and_equal_points_alone(
    device: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Buffers that are double-buffered and not, too small for a tile and too large for anything."""
    played = list[object]()
    play = CycleByCycle.play

    def told(self: CycleByCycle, *asked: Any) -> Timing:
        played.append(asked)
        return play(self, *asked)

    monkeypatch.setattr(CycleByCycle, "play", told)
    parts, spikes, count = Shared(), None, 0
    memory = ("dram.model=cycle", f"dram.device={device}")
    ports = ("512KiB", 64), ("1MiB", 64), ("1MiB", 32)
    sizes = itertools.product(("1KiB", "64KiB"), ("256", "128KiB"), ports, ("true", "false"))
    for weight, spike_in, (membrane, port), double in sizes:
        overrides = (
            *memory, f"buffers.weight.size_bytes={weight}", f"buffers.spike_in.size_bytes={spike_in}",
            f"buffers.membrane.size_bytes={membrane}", f"buffers.weight.double_buffered={double}",
            f"buffers.membrane.port_bits={port}",
        )  # fmt: skip
        inputs = load_inputs("sata128", "lenet5_mnist", "layer", {"schedule": "timestep"}, overrides)
        spikes = spikes or read_spikes(inputs.network, inputs.sharing, inputs.options, sparsity_of(inputs.arch.array))
        before = len(played)
        shared = simulate(inputs.arch, inputs.network, inputs.sharing, inputs.options, spikes, parts)
        count += len(played) - before
        alone = simulate(inputs.arch, inputs.network, inputs.sharing, inputs.options, spikes)
        assert shared.totals == alone.totals
        assert shared.layer_rows == alone.layer_rows
        assert shared.notes == alone.notes
        assert shared.timeline is not None
        assert alone.timeline is not None
        whole = {kind: getattr(Stores.of(inputs.arch.buffers), name) for kind, name in BUFFER_OF.items()}
        loads = {kind: store for kind, store in whole.items() if kind not in STREAMS}
        assert alone.plan is not None
        uncut = [cut(one, loads).outputs for one in visits(alone.plan, 1, Memo())]
        assert [one.outputs.tolist() for one in shared.timeline.steps.visits] == [each.tolist() for each in uncut]
        assert (shared.timeline.timing.end == alone.timeline.timing.end).all()
        assert (shared.timeline.timing.waited == alone.timeline.timing.waited).all()
    assert count <= 16  # of 24: no membrane leaves, however large their buffer


@pytest.mark.parametrize("device", shipped_names("dram"))
def test_under_every_dram_points_that_share_equal_points_alone(device: str) -> None:
    """All buffers double-buffered and not, under sharings and schedules that a sweep has beside each other."""
    parts, spikes = Shared(), None
    memory = ("dram.model=cycle", f"dram.device={device}", "dram.energy=borrowed_currents")
    runs = itertools.product(("none", "layer"), ("tick", "timestep"), (True, False), ("1KiB", "64KiB", "128KiB"))
    for sharing, schedule, double, size in runs:
        halves = [f"buffers.{name}.double_buffered={str(double).lower()}" for name in BUFFERS]
        overrides = (*memory, *halves, f"buffers.weight.size_bytes={size}", f"buffers.spike_in.size_bytes={size}")
        inputs = load_inputs("sata128", "lenet5_mnist", sharing, {"schedule": schedule}, overrides)
        spikes = spikes or read_spikes(inputs.network, inputs.sharing, inputs.options, sparsity_of(inputs.arch.array))
        found = [
            simulate(inputs.arch, inputs.network, inputs.sharing, inputs.options, spikes, shared)
            for shared in (parts, Shared())
        ]
        assert found[0].totals == found[1].totals
        assert found[0].layer_rows == found[1].layer_rows
        assert found[0].buffers == found[1].buffers


@pytest.mark.parametrize("double", [True, False])
def test_a_store_is_no_larger_than_what_it_is_filled_with(double: bool) -> None:
    for size, largest in itertools.product(range(9), range(6)):
        store = Store(size, 1, 64, double_buffered=double)
        assert store.no_larger(largest).usable_bytes == min(store.usable_bytes, largest)
    stores = Stores(*(Store(size, 2, 32, double_buffered=double) for size in (0, 1, 2, 7, 0)))
    assert [getattr(stores.of_any_size, name).size_bytes for name in BUFFERS] == [0, 1, 1, 1, 0]
