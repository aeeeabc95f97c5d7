"""Does no layer stand above its roofs?"""

from __future__ import annotations

import math

import pytest

import lifsim
from lifsim.report.figures import roofline


@pytest.mark.parametrize("model", ["ideal", "bandwidth"])
def test_no_layer_achieves_more_than_array_and_memory_allow(model: str) -> None:
    slow = ["dram.bandwidth_bytes_per_s=500MB"] if model == "bandwidth" else []
    overrides = [f"dram.model={model}", *slow]
    result = lifsim.run(workload="mobilenet_cifar10", overrides=overrides)
    frame = roofline.table(result)
    assert (frame["macs_per_s"][:-1] <= frame["peak_macs_per_s"][:-1]).all()
    whole = frame.iloc[-1]
    assert whole["macs_per_s"] <= whole["attainable_macs_per_s"]
    assert whole["macs"] == result.totals.ops.macs_dense
    assert math.isinf(whole["bandwidth_bytes_per_s"]) == (model == "ideal")
