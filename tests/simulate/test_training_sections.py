"""Are the visits of a long training run those of a short one, in parts and packed as they are?"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pytest

import lifsim
from lifsim.keeping import KEEPINGS
from lifsim.memo import Memo
from lifsim.play import packed, steps
from lifsim.play.packed import PackedVisits
from lifsim.play.stretches import Stretch
from lifsim.schedule.tensors.moves import Moves
from lifsim.training.forward import GroupForward
from lifsim.training.sizes import TrainingSizes

BATCH = 5
CASES: list[tuple[str, dict[str, Any], str]] = [
    ("lenet5_mnist", {"schedule": "timestep"}, "stored"),
    ("digits_cnn", {"schedule": "timestep", "rate": 0.2}, "reversed"),
    ("vgg9_cifar10", {}, "recomputed"),
    ("vgg9_cifar10", {"overrides": ["buffers.psum.size_bytes=256", "buffers.spike_out.size_bytes=256"]}, "stored"),
    ("lenet5_mnist", {"sharing": "channel2", "schedule": "auto"}, "reversed"),
]


def forwards(workload: str, options: dict[str, Any], keeping: str) -> list[tuple[GroupForward, GroupForward]]:
    """Group by group, of whole layers, and in parts."""
    result = lifsim.run(
        "sata_training", workload, mode="training", batch=BATCH, **{"overrides": (), **options, "bptt": keeping}
    )
    plan = result.plan
    assert plan is not None
    sizes = TrainingSizes(plan.facts, plan.chip, BATCH, KEEPINGS[keeping])
    planned = steps.Planned(plan, BATCH, Memo(), keeps_spikes=True)
    return [
        (
            GroupForward(sizes, group, partial(planned.whole_group, group)),
            GroupForward(sizes, group, partial(planned.of_group, group)),
        )
        for group in plan.groups
    ]


@pytest.mark.parametrize(("workload", "options", "keeping"), CASES)
def test_parts_of_the_forward_pass_are_those_of_whole_layers(
    monkeypatch: pytest.MonkeyPatch, workload: str, options: dict[str, Any], keeping: str
) -> None:
    """Step by step and move by move."""
    monkeypatch.setattr(steps, "FEW_STEPS", 7)
    parted = 0
    for whole, parts in forwards(workload, options, keeping):
        expected, found = (Stretch.of(list(every)) for every in (whole, parts))
        assert found.regions == expected.regions
        for name in ("layer", "rounds", "outputs", "array_shares"):
            assert np.array_equal(getattr(found, name), getattr(expected, name)), name
        for name in Moves.__dataclass_fields__:
            assert np.array_equal(getattr(found.moves, name), getattr(expected.moves, name)), name
        assert [one.digest for one in parts] == [one.digest for one in parts]
        parted += found.ends.size > expected.ends.size
    assert bool(parted) is ("schedule" not in options)


@pytest.mark.parametrize("together", [1, 3, 1 << 10])
def test_packed_visits_are_what_they_were(monkeypatch: pytest.MonkeyPatch, together: int) -> None:
    """Of numbers of every width, with and without work, of no steps, and again and again."""
    monkeypatch.setattr(packed, "TOGETHER", together)
    visits = [visit for whole, _ in forwards(*CASES[2]) for visit in whole]
    visits += [visit for whole, _ in forwards(*CASES[0]) for visit in whole]
    far = [-(1 << 31) - 1, -129, -1, 127, 128, 40_000, (1 << 31) - 1, 1 << 31, 1 << 40]
    visits += [
        replace(visits[0], moves=replace(visits[0].moves, offset=np.full_like(visits[0].moves.offset, offset)))
        for offset in far
    ]
    kept = PackedVisits(iter(visits))
    for _ in range(2):
        assert [one.digest for one in kept] == [one.digest for one in visits]
        assert [one.regions for one in kept] == [one.regions for one in visits]
