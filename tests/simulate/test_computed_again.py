"""Is a first layer that is computed again at every timestep counted as often as it is computed?"""

from __future__ import annotations

import pytest

import lifsim
from lifsim.report.explain.layer import explain
from lifsim.simulate.result import Result


def run(psum: str, sparsity: str = "gate") -> Result:
    overrides = ("dram.model=ideal", f"buffers.psum.size_bytes={psum}", f"array.sparsity={sparsity}")
    return lifsim.run(workload="lenet5_mnist", schedule="timestep", overrides=overrides)


@pytest.mark.parametrize("sparsity", ["gate", "skip"])
def test_work_and_accesses_of_every_timestep_count(sparsity: str) -> None:
    """The same machine but for the room for currents."""
    replayed, again = (run(psum, sparsity) for psum in ("1MiB", "64"))
    once, often = (result.records[0].counts for result in (replayed, again))
    steps = again.network.timesteps
    assert once.tiling.endswith("computed once and replayed")
    assert often.tiling.endswith("computed again at every timestep")
    assert often.ops.macs_dense == steps * once.ops.macs_dense
    assert often.ops.macs_effective == steps * once.ops.macs_effective
    assert (often.cycles.array, often.cycles.fill_drain) == (
        steps * once.cycles.array,
        steps * once.cycles.fill_drain,
    )
    assert often.sram_accesses.weight.reads == steps * once.sram_accesses.weight.reads
    assert often.dram_bytes.spikes_in == steps * once.dram_bytes.spikes_in
    assert (often.dram_bytes.psum, often.sram_accesses.psum.reads) == (0, 0)
    assert once.sram_accesses.psum.reads > 0
    assert len(often.timesteps) == steps


def test_what_is_explained_is_what_is_counted() -> None:
    result = run("64")
    told = explain(result, result.network.layers[0].name)
    assert f"{result.network.timesteps} rounds of {result.network.timesteps} timesteps" in told.head[1]
    assert "computed again at every timestep" in told.head[2]
