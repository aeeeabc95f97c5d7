"""What a skewed run is compared with: none runs the same layers fused, for it has no state that lies skewed."""

from __future__ import annotations

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
@pytest.mark.parametrize("how", [{"schedule": "skewed"}, {"groups": ("conv1:fused", "conv3:skewed:2", "conv5:tick")}])
def test_a_skewed_run_stands_beside_fused_ones(how: dict[str, object]) -> None:
    """In both ways to ask for it."""
    run = lifsim.run(
        "sata128", "vgg16_efficientlif_shared_cifar10", sharing="layer", overrides=("dram.model=ideal",), **how
    )
    beside = lifsim.beside_none(run)
    assert beside is not None
