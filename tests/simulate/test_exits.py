"""Is an image that exits early worked on until then, and no further; and does the run say what it did?"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import lifsim
from lifsim.config.arch import load_arch
from lifsim.errors import InputError
from lifsim.hardware.array import sparsity_of
from lifsim.model.sharing import Sharing
from lifsim.simulate.options import Options
from lifsim.simulate.result import Result
from lifsim.simulate.spikes import read_spikes
from tests.schedule.test_group_steps import COUNTED
from tests.simulate.answering import T, assert_same_work, written

SLOW = ("dram.model=bandwidth", "dram.bandwidth_bytes_per_s=1GB", "dram.energy=per_bit")
SMALL = ("buffers.membrane.size_bytes=200", "buffers.weight.size_bytes=300", "buffers.spike_out.size_bytes=100")
EVERY = "buffers.{}.size_bytes=1MiB"
ENDLESS = [EVERY.format(name) for name in ("weight", "spike_in", "spike_out", "membrane", "psum")]


@pytest.fixture
def workload(tmp_path: Path) -> Path:
    return written(tmp_path)


def run(workload: Path, *overrides: str, **options: Any) -> Result:
    return lifsim.run(
        workload=workload, overrides=[*SLOW, *overrides], **{"schedule": "timestep", "batch": 5, **options}
    )


@pytest.mark.parametrize("sharing", ["none", "layer", "channel2"])
@pytest.mark.parametrize("sparsity", ["gate", "skip", "ptb"])
def test_images_that_all_run_to_the_end_change_nothing(workload: Path, sharing: str, sparsity: str) -> None:
    settings = (*SMALL, f"array.sparsity={sparsity}", "array.dataflow=os")
    early = run(workload, *settings, sharing=sharing, exit_steps={T: 1})
    every = run(workload, *settings, sharing=sharing)
    assert early.records == every.records
    assert early.totals == every.totals
    assert early.timeline is not None
    assert every.timeline is not None
    assert early.timeline.steps == every.timeline.steps


@pytest.mark.parametrize("chunk", [1, 2, 5])
@pytest.mark.parametrize("steps", [1, 2])
def test_images_that_all_exit_together_are_those_of_a_shorter_network(workload: Path, steps: int, chunk: int) -> None:
    """Where every plan keeps everything on chip, they move its bytes, too."""
    early = run(workload, *ENDLESS, chunk=chunk, exit_steps={steps: 1})
    shorter = run(workload, *ENDLESS, f"timesteps={steps}", "spikes.rates.conv1=[0.2]", chunk=chunk)
    assert_same_work(early, shorter, steps)


@pytest.mark.parametrize("sharing", ["none", "layer", "channel2"])
@pytest.mark.parametrize("sparsity", ["gate", "skip", "ptb"])
@pytest.mark.parametrize("chunk", [2, 5])
def test_work_is_that_of_the_images_that_still_run(workload: Path, sharing: str, sparsity: str, chunk: int) -> None:
    settings = (*SMALL, f"array.sparsity={sparsity}", "array.dataflow=os")
    options: dict[str, Any] = {"exit_steps": "1:0.4,2:0.4,3:0.2", "seed": 3, "sharing": sharing, "chunk": chunk}
    result = run(workload, *settings, **options)
    assert result.exits is not None
    stops = result.exits.exits.steps
    assert Counter(stops) == {1: 2, 2: 2, 3: 1}
    made = Options(batch=5, seed=3)
    spikes = read_spikes(
        result.network, Sharing.parse(sharing), made, sparsity_of(load_arch("sata128", settings).array)
    )
    for layer, kept, record in zip(result.network.layers, spikes.kept, result.records, strict=True):
        ops = record.counts.ops
        runs = [(image, step) for image, stop in enumerate(stops) for step in range(stop)]
        assert ops.macs_effective == sum(int(kept.ones[run].sum()) for run in runs) * layer.group_filters
        assert ops.macs_dense == layer.macs_per_round * len(runs)
        assert ops.lif_updates == layer.lif_elements * len(runs)
        for step, counted in enumerate(record.counts.timesteps):
            still = [image for image, stop in enumerate(stops) if stop > step]
            ones = sum(int(kept.ones[image, step].sum()) for image in still)
            assert (counted.timestep, counted.macs_effective) == (step, ones * layer.group_filters)
        assert sum(step.array_cycles for step in record.counts.timesteps) == record.counts.cycles.array


@pytest.mark.parametrize("sharing", ["none", "layer", "channel2"])
def test_what_is_played_is_what_the_plan_moves(workload: Path, sharing: str) -> None:
    result = run(workload, *SMALL, sharing=sharing, exit_steps={1: 0.4, 3: 0.6}, chunk=3)
    timeline = result.timeline
    assert timeline is not None
    for index, record in enumerate(result.records):
        mine = [visit for visit in timeline.steps.visits if visit.layer == index]
        moved = {name: sum(visit.moves.total(kind) for visit in mine) for kind, name in COUNTED.items()}
        assert moved | {"operand": 0} == vars(record.counts.dram_bytes)


def test_which_image_exits_when_is_drawn_with_the_seed(workload: Path) -> None:
    ours, again, other = (run(workload, exit_steps={1: 0.4, 2: 0.4, 3: 0.2}, seed=seed).exits for seed in (1, 1, 2))
    assert ours is not None
    assert other is not None
    assert ours == again
    assert ours.exits.steps != other.exits.steps
    assert Counter(ours.exits.steps) == Counter(other.exits.steps)
    assert f"image by image {', '.join(map(str, ours.exits.steps))}" in ours.words


@pytest.mark.parametrize(("chunk", "visits"), [(5, T), (1, 4 * 1 + T)])
def test_a_chunk_fetches_weights_until_its_last_image_exits(workload: Path, chunk: int, visits: int) -> None:
    """In every timestep of each chunk, however few images are left of it, those that do not stay."""
    result = run(workload, "buffers.weight.size_bytes=144", exit_steps={1: 0.8, 3: 0.2}, chunk=chunk)
    assert result.plan is not None
    for layer, traffic in zip(result.network.layers, result.plan.layers, strict=True):
        stays = traffic.tiling.resident_weight_bytes
        assert traffic.dram.weights == stays + (layer.weights - stays) * visits


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"schedule": "tick"}, "each of 3 groups runs all timesteps before the next one begins"),
        ({"schedule": "window:2"}, "each of 3 groups runs all timesteps before the next one begins"),
        ({"groups": ["conv1", "fc"]}, "each of 2 groups runs all timesteps before the next one begins"),
        ({"schedule": "tick", "sharing": "layer"}, "each of 2 groups runs all timesteps before the next one begins"),
        ({"schedule": "tick", "workload": "one"},
         "all timesteps run together, and the first answer is there with the last"),
    ],
)  # fmt: skip
def test_a_schedule_that_lets_nobody_go_pays_all_timesteps_and_says_so(
    workload: Path, options: dict[str, Any], why: str
) -> None:
    if options.pop("workload", "") == "one":  # layer
        head, _, spikes = workload.read_text().partition("  - {name: conv2")
        workload.write_text(head + spikes[spikes.index("spikes:") :].replace(", conv2: 0.3, fc: 0.2", ""))
    early, every = run(workload, exit_steps={1: 0.8, 3: 0.2}, **options), run(workload, **options)
    assert (early.records, early.totals) == (every.records, every.totals)
    (note,) = (note for note in early.notes if "exits early" in note)
    assert note.startswith(f"no image exits early: {why}; all {T} timesteps of every image are run (")
    assert "--schedule timestep lets images go" in note
    assert "early exit" not in early.brief.figures
    assert replace(early, exits=None, options=every.options, notes=every.notes) == every


def test_groups_of_one_let_images_go_whatever_the_schedule_is_called(workload: Path) -> None:
    named, given = (run(workload, exit_steps={1: 0.8, 3: 0.2}, **how) for how in ({}, {"groups": ["conv1"]}))
    assert named.records == given.records
    assert named.brief.figures["early exit"].startswith("53.3% of the timesteps are not run: 4, 1 of 5 images")


def test_spikes_of_a_trace_may_have_their_exits_drawn(workload: Path, tmp_path: Path) -> None:
    from lifsim.cli.main import main

    made = ["trace", "make", "--workload", str(workload), "--batch", "5", "--out", str(tmp_path / "t.npz")]
    assert main(made) == 0
    traced = run(workload, trace=tmp_path / "t.npz", seed=1, exit_steps={1: 0.4, 3: 0.6})
    drawn = run(workload, exit_steps={1: 0.4, 3: 0.6}, seed=1)
    assert traced.exits == drawn.exits
    with pytest.raises(InputError, match="seed: 1 must be 0"):
        run(workload, trace=tmp_path / "t.npz", seed=1)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"exit_steps": "1:0.5,2:0.6"}, ["exit_steps: shares must sum to 1, and come to 1.1"]),
        ({"exit_steps": "1:nan,2:-1,x,0:0.5,2:0.2"},
         ["'1:nan': a share must be a number from 0.0001 to 1", "'2:-1': a share must", "'x' must be TIMESTEPS:SHARE",
          "'0:0.5': 0 must be >= 1", "'2:0.2': each number of timesteps must be given once"]),
        ({"exit_steps": "4:0.5,9:0.5"}, ["4 must be at most 3: small has 3 timesteps", "9 must be at most 3"]),
        ({"exit_steps": "9:0.5,1:inf", "batch": 0},
         ["9 must be at most 3", "'1:inf': a share must be", "batch: 0 must be >= 1"]),
        ({"exit_steps": f"{'9' * 5000}:1"}, ["must be TIMESTEPS:SHARE"]),
        ({"exit_steps": {1: 0.5, 3: 0.5}, "batch": 1},
         ["batch: 1 must have an image for every share of exit_steps (--batch 2 has, and with --chunk 1"]),
        ({"exit_steps": {1: 1}, "schedule": "auto"}, ["exit_steps: must go with schedule timestep"]),
        ({"exit_steps": {1: 1}, "schedule": "tick", "mode": "training", "arch": "sata_training"},
         ["exit_steps: must go with mode inference, not training"]),
        ({"exit_confidence": 0.5}, ["exit_confidence: must go with spikes engine"]),
        ({"exit_confidence": 1.5, "spikes": "engine"}, ["exit_confidence: 1.5 must be <= 1"]),
        ({"exit_confidence": 0.5, "exit_steps": {1: 1}, "spikes": "engine"}, ["must not go with exit_steps"]),
        ({"exit_steps": {1: 1}, "arch": "sata128_satasim", "schedule": "tick", "batch": 1},
         ["exit_steps: must go without accounting satasim"]),
    ],
    ids=str,
)  # fmt: skip
def test_what_cannot_be_is_refused_all_at_once(workload: Path, options: dict[str, Any], told: list[str]) -> None:
    settings = [] if "arch" in options else SLOW
    with pytest.raises(InputError) as error:
        lifsim.run(workload=workload, overrides=settings, **{"schedule": "timestep", "batch": 5, **options})
    assert [words for words in told if not any(words in str(fault) for fault in error.value.faults)] == []
    assert len(error.value.faults) == len(told)


def test_a_network_that_answers_once_has_no_early_exit() -> None:
    with pytest.raises(InputError, match="fc3 of lenet5_mnist is behind a mean over time, and computed once"):
        lifsim.run(workload="lenet5_mnist", schedule="timestep", exit_steps={1: 1})
