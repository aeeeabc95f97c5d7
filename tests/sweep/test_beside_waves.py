"""What a skewed run is compared with: none runs the same layers fused, for it has no state that lies skewed."""

from __future__ import annotations

from typing import Any

import pytest

import lifsim
from lifsim.schedule.begins import unshared_groups


def test_what_lies_skewed_lies_fused_where_nothing_is_shared() -> None:
    """Or timestep by timestep, in the words of options."""
    words = ("conv1:fused", "conv3:skewed:2", "conv5:skewed", "fc1:tick", "fc2")
    assert unshared_groups(words) == (
        ("conv1:fused", "conv3:fused:2", "conv5:fused", "fc1:tick", "fc2"),
        ("conv1:fused", "conv3:timestep", "conv5:timestep", "fc1:tick", "fc2"),
    )
    assert unshared_groups(("conv1", "conv2:fused")) == (("conv1", "conv2:fused"),)


@pytest.mark.slow
@pytest.mark.parametrize("how", [{"schedule": "skewed"}, {"groups": ("conv1:fused", "conv3:skewed:2", "conv5")}])
def test_a_skewed_run_stands_beside_fused_ones(how: dict[str, Any]) -> None:
    """In both ways to ask for it."""
    settings = ("dram.model=ideal", "buffers.membrane.size_bytes=256KiB")
    run = lifsim.run("sata128", "vgg16_efficientlif_shared_cifar10", sharing="layer", overrides=settings, **how)
    beside = lifsim.beside_none(run)
    assert beside is not None
    assert run.plan is not None
    assert beside.alike.result.plan is not None
    skewed = [group.first for group in run.plan.groups if group.waves is not None and group.waves.skewed]
    assert skewed
    assert all(beside.alike.result.plan.group_of(first).fused for first in skewed)
