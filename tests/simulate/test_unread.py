"""Is an option that changes nothing of a run refused, or told, instead of being ignored in silence?"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import lifsim
from lifsim.cli.main import main
from lifsim.errors import InputError

NETWORK = "lenet5_mnist"
TICKS = "must go with schedule timestep or auto, with groups, or with a sharing under which layers take turns"

REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"objective": "cycles"}, "objective: 'cycles' must go with schedule auto, not tick"),
    ({"objective": "energy", "schedule": "timestep"}, "objective: 'energy' must go with schedule auto, not timestep"),
    ({"chunk": 2, "batch": 4}, f"chunk: 2 {TICKS}"),
    ({"chunk": 1, "mode": "training"}, f"chunk: 1 {TICKS}"),
    ({"weights": "calibrated"}, "weights: 'calibrated' must go with spikes engine"),
    ({"images": "digits"}, "images: 'digits' must go with spikes engine"),
    ({"bptt": "reversed"}, "bptt: 'reversed' must go with mode training, not inference"),
    ({"optimizer": "adam"}, "--set optimizer.name: must go with mode training, not inference"),
]


@pytest.mark.parametrize(("options", "message"), REFUSED)
def test_what_nothing_reads_is_refused(
    options: dict[str, Any], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(InputError) as error:
        lifsim.run(None, NETWORK, **options)
    assert message in str(error.value)
    given = [part for name, value in options.items() for part in (f"--{name}", str(value))]
    assert main(["run", "--workload", NETWORK, *given]) == 2
    assert message in capsys.readouterr().err


def test_all_that_nothing_reads_is_told_at_once() -> None:
    with pytest.raises(InputError) as error:
        lifsim.run(None, NETWORK, images="digits", chunk=2, batch=2)
    assert [fault.path for fault in error.value.faults] == ["images", "chunk"]


def test_a_seed_beside_a_trace_is_refused(tmp_path: Path) -> None:
    trace = tmp_path / "spikes.npz"
    assert main(["trace", "make", "--workload", NETWORK, "--out", str(trace)]) == 0
    with pytest.raises(InputError, match="seed: 7 must be 0 where spikes are those of a trace"):
        lifsim.run(None, NETWORK, trace=trace, seed=7)
    ideal = ["dram.model=ideal"]
    with pytest.raises(InputError, match="seed: 7 must be 0 where spikes are those of a trace"):
        lifsim.sweep(workload=NETWORK, trace=trace, seed=7, jobs=1, overrides=ideal)
    swept = lifsim.sweep(workload=NETWORK, trace=trace, seed=7, sample=1, jobs=1, overrides=ideal)
    assert [row["error"] for row in swept.rows] == [None]  # it chooses the points


def test_settings_of_what_trains_must_go_with_training() -> None:
    for setting in ("optimizer.name=adam", "optimizer={name: sgd}", "optimizer.lanes=4"):
        with pytest.raises(InputError, match="must go with mode training"):
            lifsim.run(None, NETWORK, overrides=[setting])


@pytest.mark.parametrize(
    "options",
    [
        {"schedule": "auto", "objective": "cycles"},
        {"schedule": "timestep", "chunk": 1, "batch": 2},
        {"groups": ["conv1:timestep", "conv2", "fc1", "fc2"], "chunk": 1, "batch": 2},
        {"spikes": "engine", "weights": "calibrated", "images": "random"},
        {"objective": "dram"},
    ],
)
def test_options_that_are_read_are_accepted(options: dict[str, Any]) -> None:
    overrides = ["dram.model=ideal"]
    assert not [note for note in lifsim.run(None, NETWORK, overrides=overrides, **options).notes if "chunk" in note]


def test_a_chunk_that_no_group_has_is_told() -> None:
    """Chains might have had to run timestep by timestep; these do not."""
    ran = lifsim.run("sata128", NETWORK, "channel2", batch=2, chunk=1, overrides=["dram.model=ideal"])
    assert "chunk 1 changes nothing of this schedule: every layer is tick-batched, image by image" in ran.notes


def test_an_accounting_without_schedules_takes_no_chunk() -> None:
    with pytest.raises(InputError, match="chunk: 2 must be auto: accounting satasim counts one image"):
        lifsim.run("sata128_satasim", NETWORK, "channel2", chunk=2)
