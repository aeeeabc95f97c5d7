"""Is a run that keeps more than its DRAM holds refused before its spikes are drawn, and no other?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

import lifsim
from lifsim.graph.states import states_of
from lifsim.memo import Memo, Shared
from lifsim.play.dram import PAGE_BYTES, layout_of, sizes_of
from lifsim.play.steps import visits
from lifsim.play.stretches import Stretch, stretches
from lifsim.schedule.chip import Chip
from lifsim.schedule.choices import choices_of
from lifsim.schedule.partition import allowed, plan_of
from lifsim.schedule.plan import ScheduleOptions
from lifsim.schedule.tensors.moves import Visit
from lifsim.simulate import dram_room, pipeline
from lifsim.simulate.dram_room import least_of, require_dram_room
from lifsim.simulate.inputs import load_inputs
from lifsim.simulate.options import Options
from lifsim.simulate.spikes import images_of
from lifsim.sweeps import beside
from lifsim.sweeps.beside import run_beside_baseline
from lifsim.trace.synthesise import synthesise
from lifsim.trace.writer import save


@pytest.fixture
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """No spikes may be drawn."""

    def drawn(*args: object) -> None:
        raise AssertionError("spikes are drawn")

    for module in (pipeline, beside):
        monkeypatch.setattr(module, "read_spikes", drawn)


@pytest.mark.usefixtures("undrawn")
@pytest.mark.parametrize("sharing", ["none", "layer"])
def test_a_run_beyond_its_dram_is_refused_at_once_with_place_and_way_out(sharing: str) -> None:
    rule = r"lpddr3_1600_x32\.yaml:1:1 dram\.device: all that the run keeps there, .* must fit into 512 MiB: fewer"
    with pytest.raises(lifsim.InputError, match=rule):
        lifsim.run(workload="resnet19_imagenet100", batch=16, sharing=sharing)
    with pytest.raises(lifsim.InputError, match=rule):
        run_beside_baseline(load_inputs("sata128", "resnet19_imagenet100", sharing, {"batch": 16}, []))


def test_sums_that_spill_are_named_with_the_buffer_that_would_take_them() -> None:
    rule = r"keeps there, 3\..* GiB, 3\..* GiB of it psums that spill, of each fold at places of their own, "
    with pytest.raises(lifsim.InputError, match=rf"{rule}must fit into 512 MiB: a larger psum buffer, fewer images"):
        lifsim.run("eyeriss_like", "vgg16_cifar10", batch=16, overrides=["buffers.psum.size_bytes=0"])


@pytest.mark.parametrize(
    ("batch", "settings"),
    [
        (16, ["buffers.psum.size_bytes=4KiB"]),
        (2, ["buffers.psum.size_bytes=0"]),
        (16, ["buffers.psum.size_bytes=0", "dram.device=ddr4_2400"]),
    ],
)
def test_each_way_out_makes_the_run_fit(batch: int, settings: list[str]) -> None:
    asked = load_inputs("eyeriss_like", "vgg16_cifar10", "none", {"batch": batch}, settings)
    require_dram_room(asked.arch, asked.network, asked.sharing, asked.options, Shared().parts)


@pytest.mark.parametrize(
    ("schedule", "sharing"),
    [
        ("tick", "none"),
        ("timestep", "none"),
        ("window:2", "none"),
        ("fused", "none"),
        ("tick", "layer"),
        ("auto", "layer"),
    ],
)
def test_a_run_is_refused_exactly_when_it_does_not_fit(schedule: str, sharing: str) -> None:
    """By the last page: of a DRAM as large as what the run keeps it is not refused, of one of half of it it is."""
    result = lifsim.run(workload="vgg16_cifar10", batch=4, schedule=schedule, sharing=sharing)
    assert result.timeline is not None
    kept = layout_of(stretches(result.timeline.steps.visits)).end
    row = result.arch.dram.simulated.organisation.capacity_bytes // result.arch.dram.simulated.organisation.rows

    def check(rows: int) -> None:
        asked = load_inputs(
            "sata128", "vgg16_cifar10", sharing, {"schedule": schedule, "batch": 4},
            [f"dram.device.organisation.rows={rows}"],
        )  # fmt: skip
        require_dram_room(asked.arch, asked.network, asked.sharing, asked.options, Shared().parts)

    check(1 << (-(-kept // row) - 1).bit_length())
    with pytest.raises(lifsim.InputError, match="must fit into"):
        check(1 << ((kept - PAGE_BYTES) // row).bit_length() - 1)


def test_what_every_plan_keeps_is_no_more_than_what_any_keeps() -> None:
    """Of layers that may run in several ways, which move as little."""
    asked, memo = load_inputs("sata128", "lenet5_mnist", "none", {"batch": 4}, []), Memo()
    states, chip = states_of(asked.network, asked.sharing), Chip.of(asked.arch)
    choices = choices_of(asked.network, states, chip, 4, None, memo, None)
    by_schedule = [allowed(choices, ScheduleOptions(each, 4)) for each in ("tick", "timestep", "window:2")]
    least = least_of(choices, [one for each in by_schedule for one in each], memo)
    kept = [sizes_of(stretches(visits(plan_of(choices, each), 4, memo))) for each in by_schedule]
    for name, size in least.items():
        assert size <= min(each.get(name, 0) for each in kept)
    assert least["tensor:input"] == min(each["tensor:input"] for each in kept)


@pytest.mark.parametrize(
    ("sharing", "schedule"), [("none", "tick"), ("none", "fused"), ("layer", "tick"), ("none", "window:2")]
)
def test_of_many_images_no_more_steps_are_looked_at_than_of_a_few(
    sharing: str, schedule: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Layers alone, fused, timestep by timestep and in windows."""
    looked = list[int]()

    def steps(batch: int) -> int:
        options = {"batch": batch, "schedule": schedule}
        asked = load_inputs("sata128", "resnet19_cifar10", sharing, options, [])
        looked.clear()
        with pytest.raises(lifsim.InputError, match=r"keeps there, .* [GT]iB, must fit into 512 MiB"):
            require_dram_room(asked.arch, asked.network, asked.sharing, asked.options, Shared().parts)
        return sum(looked)

    def walk(visits: Iterable[Visit]) -> Iterator[Stretch]:
        for stretch in stretches(visits):
            looked.append(stretch.steps)
            yield stretch

    monkeypatch.setattr(dram_room, "stretches", walk)
    assert 0 < steps(65_536) < 2 * steps(8192)


def test_images_of_a_trace_are_counted(tmp_path: Path) -> None:
    network = lifsim.load_workload("lenet5_mnist")
    save(synthesise(network, 3, 0), tmp_path / "three.npz")
    assert images_of(network, Options(trace=tmp_path / "three.npz")) == 3
    assert images_of(network, Options(trace=tmp_path / "three.npz", batch=2)) == 2
    assert images_of(network, Options(batch=5)) == 5


@pytest.mark.parametrize(
    ("workload", "sharing", "schedule", "bptt"),
    [
        ("lenet5_mnist", "none", "tick", "stored"),
        ("lenet5_mnist", "none", "auto", "recomputed"),
        ("lenet5_mnist", "channel2", "timestep", "reversed"),
        ("lenet5_mnist", "none", "timestep", "stored"),
    ],
)
def test_what_every_training_keeps_is_no_more_than_what_one_keeps(
    workload: str, sharing: str, schedule: str, bptt: str
) -> None:
    settings = {"schedule": schedule, "bptt": bptt, "batch": 3, "mode": "training", "dram": "lpddr3_1600_x32"}
    result = lifsim.run("sata_training", workload, sharing, **settings)
    assert result.timeline is not None
    laid = layout_of(stretches(result.timeline.steps.visits))
    sizes = dict(zip(laid.names, laid.size.tolist(), strict=True))
    kept = dram_room._kept_by_training(result.arch, result.network, result.sharing, result.options, Memo())
    assert {name: size for name, size in kept.items() if size > sizes.get(name, 0)} == {}
    assert 2 * sum(kept.values()) > sizes.get("tensor:input", 0)


def test_training_beyond_the_dram_is_refused_before_spikes_are_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lifsim.simulate.pipeline.read_spikes", pytest.fail)
    rule = "at least 591.1 MiB, must fit into 512 MiB: fewer images"
    with pytest.raises(lifsim.InputError, match=rule):
        lifsim.run("sata_training", "vgg16_cifar10", mode="training", batch=256, dram="lpddr3_1600_x32")
