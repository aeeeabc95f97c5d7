"""Are groups told in words that an architect can read, and misspelt ones with what they must be?"""

from __future__ import annotations

import pytest

import lifsim
from lifsim.errors import InputError
from lifsim.schedule.begins import MOST_SPANS, begins_of, groups_in_words
from lifsim.simulate.result import Result

IDEAL = ["dram.model=ideal"]
LENET = lifsim.load_workload("lenet5_mnist")


def _planned(groups: list[str] | None = None, workload: str = "lenet5_mnist", **options: object) -> Result:
    return lifsim.run(workload=workload, groups=groups, overrides=IDEAL, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("groups", "said"),
    [
        (["conv1:tick", "conv2:tick", "fc1:tick", "fc2:tick", "fc3:tick"], "every layer tick-batched"),
        (["conv1"], "conv1 to fc3 timestep by timestep"),
        (["conv1", "fc1:tick", "fc2:timestep", "fc3:tick"],
         "conv1 to conv2, fc2 timestep by timestep, the rest tick-batched"),
    ],
)  # fmt: skip
def test_groups_are_named_by_their_first_and_last_layer(groups: list[str], said: str) -> None:
    result = _planned(groups)
    assert result.plan is not None
    assert groups_in_words(result.network, result.plan) == said


def test_many_groups_are_counted() -> None:
    network = lifsim.load_workload("vgg16_cifar10")
    result = _planned([f"{layer.name}:timestep" for layer in network.layers], "vgg16_cifar10")
    assert result.plan is not None
    said = groups_in_words(network, result.plan)
    assert f"conv{MOST_SPANS} and {len(network.layers) - MOST_SPANS} more groups timestep by timestep" in said


def test_a_search_says_what_it_has_found() -> None:
    (note,) = [note for note in _planned(schedule="auto").notes if note.startswith("groups of --schedule auto: ")]
    assert "timestep by timestep" in note or "tick-batched" in note
    (note,) = [note for note in _planned(schedule="auto", objective="cycles").notes if note.startswith("--objective")]
    assert note.endswith("tick-batched") or note.endswith("timestep by timestep")
    assert not [note for note in _planned().notes if note.startswith("groups of")]


@pytest.mark.parametrize(
    ("word", "told"),
    [
        (
            "conv1:tock",
            "'conv1:tock' must be conv1, or one of conv1:tick, conv1:timestep, conv1:window:TW, conv1:fused, "
            "conv1:fused:TW, conv1:skewed, conv1:skewed:TW; did you mean 'conv1:tick'?",
        ),
        ("conv1:timesteps", "did you mean 'conv1:timestep'?"),
        ("conv1:", "'conv1:' must be conv1, or one of conv1:tick, conv1:timestep, conv1:window:TW"),
        ("conv1:window:0", "conv1:window:TW, TW timesteps, a whole number from 1 to 32"),
        (
            "conv1:fused:0",
            "'conv1:fused:0' must be conv1:fused:TW, TW timesteps, a whole number from 1 to 32",
        ),
        ("conv1:skewed:-1", "'conv1:skewed:-1' must be conv1:skewed:TW, TW timesteps"),
        ("conv1:fused:", "'conv1:fused:' must be conv1:fused:TW, TW timesteps"),
        ("conv1:window:two:2", "'conv1:window:two:2' must be layers of lenet5_mnist"),
        ("conv9:tick", "'conv9' must be layers of lenet5_mnist (lifsim workload show); did you mean"),
    ],
)
def test_words_that_name_no_beginning_of_a_group_are_refused(word: str, told: str) -> None:
    with pytest.raises(InputError) as error:
        begins_of(LENET, [word])
    assert told in str(error.value)
