"""Do runs that share their parts give what each would give alone?"""

from __future__ import annotations

import itertools

import pytest

import lifsim
from lifsim.hardware.array import sparsity_of
from lifsim.memo import Memo, Shared
from lifsim.simulate.inputs import load_inputs
from lifsim.simulate.pipeline import simulate
from lifsim.simulate.spikes import read_spikes


@pytest.mark.slow
def test_runs_that_share_parts_equal_runs_alone() -> None:
    changes = [
        ("array.rows=8", "array.rows=16"),
        ("array.dataflow=os", "array.dataflow=ws"),
        ("buffers.weight.size_bytes=2KiB", "buffers.weight.size_bytes=64KiB"),
        ("buffers.spike_in.size_bytes=64", "buffers.spike_in.size_bytes=8KiB"),
        ("buffers.psum.size_bytes=64", "buffers.psum.size_bytes=8KiB"),
        ("precision.weight_bits=4", "precision.weight_bits=8"),
        ("lif.overlapped=true", "lif.overlapped=false"),
        ("buffers.membrane.port_bits=32", "buffers.membrane.port_bits=64"),
        ("buffers.spike_in.banks=1", "buffers.spike_in.banks=2"),
        ("buffers.membrane.size_bytes=64", "buffers.membrane.size_bytes=8KiB"),
        ("buffers.membrane.double_buffered=true", "buffers.membrane.banks=4"),
        ("dram.model=ideal", "dram={model: bandwidth, bandwidth_bytes_per_s: 1GB, energy_pj_per_bit: 5, source: t}"),
    ]
    shared_parts, spikes = Shared(), None
    choices = list(itertools.product(*changes))[::293]
    for overrides, sharing, schedule in itertools.product(choices, ("none", "channel2"), ("tick", "timestep", "auto")):
        inputs = load_inputs("sata128", "lenet5_mnist", sharing, {"schedule": schedule}, overrides)
        spikes = spikes or read_spikes(inputs.network, inputs.sharing, inputs.options, sparsity_of(inputs.arch.array))
        shared = simulate(inputs.arch, inputs.network, inputs.sharing, inputs.options, spikes, shared_parts)
        alone = lifsim.run("sata128", "lenet5_mnist", sharing, schedule=schedule, overrides=overrides)
        assert shared.totals == alone.totals
        assert shared.layer_rows == alone.layer_rows


def test_of_the_parts_those_used_last_are_kept() -> None:
    made: list[str] = []

    def make(key: str) -> str:
        made.append(key)
        return key.upper()

    parts = Memo(limit=2)
    assert [parts.of(make, key) for key in "abacab"] == ["A", "B", "A", "C", "A", "B"]  # c takes the place of b
    assert made == ["a", "b", "c", "b"]
    assert [parts.of(make, key) for key in "ab"] == ["A", "B"]
    assert made == ["a", "b", "c", "b"]


def test_parts_of_different_functions_are_told_apart() -> None:
    parts = Memo()
    assert [parts.of(function, -3) for function in (abs, str, abs)] == [3, "-3", 3]
