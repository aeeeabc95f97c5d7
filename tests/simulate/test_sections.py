"""Has a run that is put together and played section by section the figures of one that is played at once?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from weakref import ref

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import lifsim
from lifsim.hardware.array import sparsity_of
from lifsim.hardware.pipeline.sections import Player, Section
from lifsim.hardware.stores import Stores
from lifsim.memo import Memo, Shared
from lifsim.play import sections, steps, stretches, timing
from lifsim.schedule.tensors.cutting import cut
from lifsim.simulate.inputs import load_inputs
from lifsim.simulate.pipeline import simulate
from lifsim.simulate.result import Result
from lifsim.simulate.spikes import read_spikes
from tests.simulate.test_whole_run import BUFFERS, cases, simulated, spikes_of

DEVICES = ("lpddr3_1600_x32", "lpddr4_2400", "ddr3_1866", "ddr4_2400", "hbm2")
TWO_HALVES = [f"buffers.{name}.double_buffered=true" for name in BUFFERS]
BANDWIDTH = ("dram.model=bandwidth", "dram.bandwidth_bytes_per_s=1GB", "dram.latency_ns=70")
ALL = 1 << 62


def of_few(few: int, run: Callable[[], Result]) -> tuple[Result, int]:
    """`run` where no more steps than that are played at once, and how many sections it had."""
    played: list[Section] = []
    play = Player.play

    def noted(player: Player, section: Section) -> Any:
        played.append(section)
        return play(player, section)

    with pytest.MonkeyPatch.context() as patch:
        for module in (steps, sections, stretches):
            patch.setattr(module, "FEW_STEPS", few)
        for module in (steps, timing):
            patch.setattr(module, "AT_ONCE_STEPS", few)
        patch.setattr(Player, "play", noted)
        return run(), len(played)


def require_alike(few: int, run: Callable[[], Result]) -> int:
    """Every figure of every layer; how many sections there were."""
    (whole, none), (parted, number) = of_few(ALL, run), of_few(few, run)
    assert none == 0
    assert parted.records == whole.records
    assert parted.totals == whole.totals
    assert parted.layer_rows == whole.layer_rows
    assert parted.notes == whole.notes
    return number


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(cases(), st.integers(1, 12), st.lists(st.sampled_from(TWO_HALVES)), st.sampled_from([*DEVICES, "bandwidth"]))
def test_runs_in_sections_equal_whole_runs(case: dict[str, Any], few: int, halves: list[str], memory: str) -> None:
    spikes = spikes_of(case)
    settings = BANDWIDTH if memory == "bandwidth" else (f"dram.device={memory}", "dram.energy=borrowed_currents")
    require_alike(few, lambda: simulated(case, spikes, *halves, *settings, overlapped=case["overlapped"]))


@pytest.mark.parametrize(
    ("workload", "options", "overrides"),
    [
        ("lenet5_mnist", {}, ()),
        ("lenet5_mnist", {"sharing": "channel2"}, TWO_HALVES),
        ("lenet5_mnist", {"schedule": "timestep"}, TWO_HALVES),
        ("lenet5_mnist", {"schedule": "window:2", "chunk": 2}, TWO_HALVES[2:]),
        ("lenet5_mnist", {"schedule": "auto", "objective": "cycles", "sharing": "channel2"}, ()),
        ("lenet5_mnist", {"mode": "training"}, ()),
        ("digits_cnn", {"mode": "training", "bptt": "reversed", "schedule": "timestep", "rate": 0.2}, TWO_HALVES),
        ("vgg16_cifar10", {"schedule": "fused"}, ()),
        ("vgg16_cifar10", {"schedule": "skewed", "sharing": "layer"}, TWO_HALVES),
        ("vgg16_cifar10", {"schedule": "auto", "sharing": "layer"}, ()),
        ("mobilenet_cifar10", {}, (*TWO_HALVES, "buffers.spike_in.size_bytes=1KiB")),
        ("spikformer_block_cifar10", {}, ("buffers.psum.size_bytes=64", "buffers.weight.double_buffered=true")),
        ("resnet19_cifar10", {}, (*BANDWIDTH, "buffers.spike_out.size_bytes=256")),
    ],
)
def test_runs_in_sections_equal_whole_runs_under_any_schedule(
    workload: str, options: dict[str, Any], overrides: tuple[str, ...]
) -> None:
    batch, few = 3, 4 if workload in ("lenet5_mnist", "digits_cnn") else 60
    assert require_alike(few, lambda: lifsim.run(workload=workload, batch=batch, overrides=overrides, **options)) > 2


@pytest.mark.parametrize("device", DEVICES)
def test_runs_in_sections_equal_whole_runs_on_any_dram(device: str) -> None:
    overrides = [*TWO_HALVES[:2], "dram.energy=per_bit"]
    assert (
        require_alike(20, lambda: lifsim.run(workload="vgg16_cifar10", batch=2, dram=device, overrides=overrides)) > 7
    )


def test_its_timeline_is_made_when_it_is_asked_for() -> None:
    def run() -> Result:
        return lifsim.run(workload="lenet5_mnist", batch=3)

    (whole, _), (parted, _) = of_few(ALL, run), of_few(4, run)
    assert whole.timeline is not None
    assert parted.timeline is not None
    assert parted.timeline.dram == whole.timeline.dram
    for name in ("start", "end", "waited", "answered"):
        found, known = (getattr(one.timeline.timing, name) for one in (parted, whole))  # type: ignore[union-attr]
        assert np.array_equal(found, known)
    assert parted.timeline.timing is parted.timeline.timing


WAYS = [
    {},
    {"schedule": "timestep"},
    {"schedule": "timestep", "chunk": 1, "sharing": "layer"},
    {"schedule": "window:2", "chunk": 2},
    {"schedule": "fused"},
    {"schedule": "skewed:2", "sharing": "layer"},
]


@pytest.mark.parametrize("options", WAYS)
@pytest.mark.parametrize("room", [[], ["buffers.spike_in.size_bytes=1KiB", "buffers.spike_out.size_bytes=8KiB"]])
def test_visits_are_made_as_they_are_listed(options: dict[str, Any], room: list[str]) -> None:
    """And are not cut into more steps than is said before they are made."""
    result = lifsim.run(workload="vgg9_cifar10", batch=5, overrides=[*room, *TWO_HALVES], **options)
    assert result.plan is not None
    stores = Stores.of(result.arch.buffers)
    planned = steps.Planned(result.plan, 5, Memo())
    assert [one.digest for one in planned] == [one.digest for one in planned.every]
    assert list(planned) == list(planned)
    every = sum(cut(one, steps.whole_buffers(stores)).steps for one in planned)
    for most in (planned.most_steps(stores), steps.most_steps_of(planned.every, stores)):
        assert every <= most <= 3 * every + 100


@pytest.mark.parametrize("options", [{"schedule": "timestep", "chunk": 1}, {"schedule": "window:2", "chunk": 1}])
def test_visits_that_have_passed_are_not_kept(options: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    result = lifsim.run(workload="lenet5_mnist", batch=16, **options)
    assert result.plan is not None
    monkeypatch.setattr(steps, "PASSING_BYTES", 16 * steps.VISIT_BYTES)
    passed, alive = [], []
    for visit in steps.Planned(result.plan, 16, Memo()):
        passed.append(ref(visit))
        alive.append(sum(one() is not None for one in passed))
    assert len(passed) > 100
    assert max(alive) < 40


def test_nothing_that_is_done_is_kept_from_one_section_to_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    left: list[tuple[int, int]] = []
    play = Player.play

    def noted(player: Player, section: Section) -> Any:
        found = play(player, section)
        left.append((player._asked.size, player._owner.size))
        return found

    monkeypatch.setattr(Player, "play", noted)
    of_few(100, lambda: lifsim.run(workload="vgg16_cifar10", batch=16, overrides=TWO_HALVES))
    assert len(left) > 10
    assert max(requests for requests, _ in left) < 20
    assert max(extents for _, extents in left) < 200
    assert left[-1][1] == 0


def test_a_run_that_does_not_fit_into_its_dram_is_refused_before_it_is_played() -> None:
    def run() -> Result:
        return lifsim.run(workload="lenet5_mnist", batch=3, overrides=["dram.device.organisation.rows=1"])

    for few in (ALL, 4):
        with pytest.raises(lifsim.InputError, match=r"dram\.device: all that the run keeps there, .* must fit into"):
            of_few(few, run)


@pytest.mark.parametrize(
    ("setting", "again"),
    [
        ("lif.units=128", False),
        ("dram.device.controller.read_queue=4", True),
        ("clock_hz=1GHz", True),
        ("buffers.weight.port_bits=32", True),
        ("lif.latency_cycles=9", True),
        ("buffers.spike_in.size_bytes=4KiB", True),
    ],
)
def test_runs_beside_each_other_that_take_the_same_time_are_played_once(setting: str, *, again: bool) -> None:
    inputs = [load_inputs("sata128", "lenet5_mnist", "none", {"batch": 3}, one) for one in ([], [setting])]
    shared, found = Shared(), list[Result]()

    def run() -> Result:
        one = inputs[len(found)]
        spikes = read_spikes(one.network, one.sharing, one.options, sparsity_of(one.arch.array))
        found.append(simulate(one.arch, one.network, one.sharing, one.options, spikes, shared))
        return found[-1]

    sections = [of_few(2, run)[1] for _ in inputs]
    assert sections[0] > 3
    assert (sections[1] > 0) == again
    alone = of_few(2, lambda: lifsim.run(workload="lenet5_mnist", batch=3, overrides=[setting]))[0]
    assert found[1].totals == alone.totals


@pytest.mark.parametrize(("arch", "mode"), [("sata128", "inference"), ("sata_training", "training")])
def test_what_is_listed_before_it_is_played_is_told(arch: str, mode: Any) -> None:
    told = list[tuple[str, int, int]]()

    def run() -> Result:
        return lifsim.run(
            arch, "lenet5_mnist", batch=2, mode=mode, schedule="timestep", watch=lambda *each: told.append(each)
        )

    of_few(4, run)
    listed = [(done, total) for work, done, total in told if work == "KiB of DRAM traffic listed"]
    assert len(listed) > 10
    assert listed == sorted(listed)
    assert listed[-1][0] == listed[-1][1] > 0
