"""Are the visits of a group in waves the same, whether all its images are looked at together or one after the other?"""

from __future__ import annotations

from itertools import chain
from typing import Any

import pytest

import lifsim
from lifsim.schedule.waves.steps import WaveParts, wave_visits

WAYS = [
    ("vgg9_cifar10", {"schedule": "fused", "chunk": 1}, ["buffers.psum.size_bytes=64"]),
    ("vgg9_cifar10", {"schedule": "fused:2", "chunk": 2}, ["buffers.membrane.size_bytes=1KiB"]),
    ("vgg9_cifar10", {"schedule": "skewed:2", "sharing": "layer", "chunk": 2}, []),
    ("vgg16_cifar10", {"schedule": "skewed", "sharing": "layer", "chunk": 2}, ["buffers.weight.size_bytes=16KiB"]),
    ("resnet19_cifar10", {"schedule": "fused", "chunk": 1}, ["array.dataflow=ws"]),
]
"""Bands are among them, residuals, and weights of which some stay."""


@pytest.mark.parametrize(("workload", "options", "overrides"), WAYS)
def test_visits_are_the_same_in_any_parts(workload: str, options: dict[str, Any], overrides: list[str]) -> None:
    batch = 5
    plan = lifsim.run(workload=workload, batch=batch, overrides=overrides, **options).plan
    assert plan is not None
    groups = [group for group in plan.groups if group.waves is not None]
    assert groups
    for group in groups:
        asked = plan.facts, plan.chip, batch, group
        whole = [visit.digest for visit in wave_visits(*asked)]
        for chunks in (1, 2):
            parts = WaveParts.of_chunks(*asked, chunks)
            assert parts.count == -(-batch // group.images // chunks)
            found = [[visit.digest for visit in parts.part(number)] for number in range(parts.count)]
            assert [*chain(*found)] == whole
            assert [visit.digest for visit in parts.part(parts.count - 1)] == found[-1]
