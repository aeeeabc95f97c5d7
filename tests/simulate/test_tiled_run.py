"""Does a run whose psums fit only tile by tile pay for its tiles, and is it said?"""

from __future__ import annotations

from pathlib import Path

import pytest

import lifsim
from lifsim.report.explain.layer import explain
from lifsim.schedule.occupancy import peak_bytes
from lifsim.simulate.result import Result

NETWORK = """
name: one
timesteps: 4
input: {{shape: [8, 8, 8], encoding: event}}
layers:
- {{name: c0, op: conv, out: {filters}, kernel: 3, padding: 1}}
- {{name: l0, op: lif}}
spikes: {{source: rates, measured: false, provenance: test, rates: {{c0: 0.3}}}}
"""


def run(folder: Path, dataflow: str, filters: int, psum: int, sharing: str = "none", *settings: str) -> Result:
    """On 4 x 8 PEs; K = 72 are 18 folds."""
    (folder / "net.yaml").write_text(NETWORK.format(filters=filters))
    array = ("array.rows=4", "array.cols=8", f"array.dataflow={dataflow}", "dram.model=ideal")
    buffers = (f"buffers.psum.size_bytes={psum}", *settings)
    return lifsim.run(workload=str(folder / "net.yaml"), sharing=sharing, overrides=(*array, *buffers))


@pytest.mark.parametrize(("psum", "cycles", "weights"), [(512, 6_624, 4_608), (4096, 4_860, 576)])
def test_ws_loads_weights_again_for_every_row_tile(tmp_path: Path, psum: int, cycles: int, weights: int) -> None:
    totals = run(tmp_path, "ws", 8, psum).totals
    assert totals.cycles.array + totals.cycles.fill_drain == cycles
    assert (totals.sram_accesses.weight.reads, totals.dram_bytes.psum) == (weights, 0)


@pytest.mark.parametrize(("psum", "cycles", "inputs"), [(128, 101_376, 147_456), (2048, 44_928, 18_432)])
def test_is_loads_inputs_again_for_every_filter_tile(tmp_path: Path, psum: int, cycles: int, inputs: int) -> None:
    totals = run(tmp_path, "is", 64, psum).totals
    assert totals.cycles.array + totals.cycles.fill_drain == cycles
    assert (totals.sram_accesses.spike_in.reads, totals.dram_bytes.psum) == (inputs, 0)


@pytest.mark.parametrize(("sharing", "chain"), [("none", 1), ("channel4", 4)])
def test_membranes_beside_the_registers_pass_their_buffer_once_a_timestep(
    tmp_path: Path, sharing: str, chain: int
) -> None:
    """Input-stationary: 8 pixels by 64 filters at a time are 512 membranes, 32 of them in registers, in 8 folds of
    pixels; under channel4 a quarter of both."""
    result = run(tmp_path, "is", 64, 2048, sharing)
    beside, all_states = 8 * (512 - 32) // chain, 8 * 512 // chain
    counts = result.records[0].counts
    membrane = counts.sram_accesses.membrane
    assert (membrane.reads, membrane.writes) == (3 * beside, 4 * beside)
    assert (counts.registers.reads, counts.registers.writes) == (3 * (all_states - beside), 4 * (all_states - beside))
    assert result.totals.dram_bytes.membrane_read == result.totals.dram_bytes.membrane_write == 0
    assert f"{480 // chain} membranes at a time in their buffer" in counts.tiling
    assert result.plan is not None
    assert peak_bytes(result.plan, 1).membrane == 480 // chain


def test_a_membrane_buffer_without_room_makes_tiles_of_fewer_filters(tmp_path: Path) -> None:
    """224 bytes take the membranes of 32 filters by 8 pixels but for 32."""
    small = run(tmp_path, "is", 64, 2048, "none", "buffers.membrane.size_bytes=224")
    assert "2 x 32 filters" in small.records[0].counts.tiling
    assert small.totals.sram_accesses.spike_in.reads == 2 * 18_432


def test_what_waits_for_the_ports_of_the_membrane_buffer_is_told(tmp_path: Path) -> None:
    """A pass of 4 x 8 outputs has 30 of 32 membranes in the buffer: 30 cycles through a port of 8 bits, of which the
    LIF units take one."""
    narrow = ("buffers.membrane.banks=1", "buffers.membrane.port_bits=8", "buffers.psum.port_bits=512")
    costs = ("read_pj=1", "write_pj=1", "leakage_mw=0", "area_mm2=0", "source=none")
    narrow += tuple(f"buffers.membrane.{cost}" for cost in costs)
    fast = ("dram.model=bandwidth", "dram.bandwidth_bytes_per_s=400TB")
    found = run(tmp_path, "is", 64, 2048, "none", *narrow, *fast)
    assert found.records[0].counts.port_stalls.membrane == 4 * (64 // 4) * (64 // 8) * (30 - 1)


def test_explain_adds_the_tiles_up(tmp_path: Path) -> None:
    """Three rows of a map of eight fit: two tiles of three, one of two."""
    lines = {line.quantity: line for line in explain(run(tmp_path, "ws", 8, 1536), "c0").lines}
    assert lines["folds"].expression == "2*ceil(72/4)*ceil(8/8) + ceil(72/4)*ceil(8/8)"
    assert lines["folds"].value == 3 * 18
    assert lines["fill_drain"].value == 3 * 18 * (2 * 4 + 8 - 2)
    assert "3 tiles" in lines["folds"].why
