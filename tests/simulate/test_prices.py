"""Is every joule, element and square millimetre of a run a count times a price that one can look up?"""

from __future__ import annotations

import json
from math import lcm
from typing import Any

import pytest

from lifsim.config.arch import load_arch
from lifsim.config.document import parse_document
from lifsim.config.workload import network_of
from lifsim.hardware.tables import rows
from lifsim.model.arch import Arch
from lifsim.model.sharing import Sharing
from lifsim.schedule.plan import Plan
from lifsim.schedule.traffic import Tiling
from lifsim.simulate.options import Options
from lifsim.simulate.pipeline import run
from lifsim.simulate.result import Result

T, CLOCK_HZ, PES = 3, 250_000_000, 5 * 3
PRICES = {  # read_pj, write_pj, leakage_mw, area_mm2, port_bits
    "weight": (2.0, 3.0, 0.5, 0.01, 64),
    "spike_in": (5.0, 7.0, 0.25, 0.02, 100),
    "spike_out": (11.0, 13.0, 0.125, 0.04, 32),
    "membrane": (17.0, 19.0, 1.0, 0.08, 64),
    "psum": (23.0, 29.0, 2.0, 0.16, 128),
}
BITS = {  # c1 reads averages of 2 x 2 spikes, counts up to 4; fc puts out sums
    "c0": {"weight": 4, "spike_in": 8, "spike_out": 1, "membrane": 8, "psum": 16},
    "c1": {"weight": 4, "spike_in": 3, "spike_out": 1, "membrane": 8, "psum": 16},
    "fc": {"weight": 4, "spike_in": 1, "spike_out": 16, "membrane": 8, "psum": 16},
}
WORKLOAD = {
    "name": "prices",
    "timesteps": T,
    "input": {"shape": [3, 8, 8], "encoding": "direct", "bits": 8},
    "layers": [
        {"name": "c0", "op": "conv", "out": 8, "kernel": 3, "padding": 1},
        {"name": "l0", "op": "lif"},
        {"name": "pool", "op": "avg_pool", "kernel": 2},
        {"name": "c1", "op": "conv", "out": 16, "kernel": 3, "padding": 1},
        {"name": "l1", "op": "lif"},
        {"name": "fc", "op": "linear", "out": 10},
    ],
    "spikes": {"source": "rates", "provenance": "made up", "rates": {"c1": 0.3, "fc": 0.2}},
}


@pytest.fixture(scope="module", params=[("ws", "gate", 1), ("os", "none", 2), ("os", "skip", 4)])
def result(request: pytest.FixtureRequest) -> Result:
    dataflow, sparsity, groups = request.param
    prices = [
        f"buffers.{name}={{size_bytes: 64KiB, banks: 2, port_bits: {port}, read_pj: {read}, write_pj: {write}, "
        f"leakage_mw: {leakage}, area_mm2: {area}, source: test}}"
        for name, (read, write, leakage, area, port) in PRICES.items()
    ]
    machine = ["array.rows=5", "array.cols=3", f"array.dataflow={dataflow}", f"array.sparsity={sparsity}"]
    dram = ["dram.energy=per_bit", "dram.energy_pj_per_bit=3.5"]
    rest = [f"clock_hz={CLOCK_HZ}", *dram, "precision.weight_bits=4", "components.adder.count=3"]
    arch = load_arch("sata128", [*prices, *machine, *rest, "components.multiplier.count=2"])
    network = network_of(parse_document(json.dumps(WORKLOAD), "prices.yaml"))
    return run(arch, network, Sharing(channels=groups), Options(batch=2))


OPERATIONS = {
    "spike_mac": "ops.macs_executed",
    "spad": "ops.macs_executed",
    "lif": "ops.lif_updates",
    "membrane": "register_accesses.membrane.writes",
}


def component_table() -> dict[tuple[str, int], tuple[float, float, float]]:
    """(kernel, width) -> pJ a cycle at 400 MHz, mW of leakage, mm2."""
    return {
        (row["component"], int(row["width_bits"])): (
            float(row["dynamic_power_mw"]) * 2.5,  # mW in 2.5 ns is pJ
            float(row["leakage_uw"]) / 1000,
            float(row["area_um2"]) / 1e6,
        )
        for row in rows("sata_components.csv")
        if not row["depth"]
    }


def logic(arch: Arch, tag: str, row: dict[str, Any], pieces: float) -> tuple[float, float, float, float]:
    """Energy of operations, of what toggles in their cycles and in the others, leakage; component by component."""
    running = row["cycles.total"]  # the clock runs while the array waits
    operations = row[OPERATIONS[tag]]
    operation = toggling = idle = leakage = 0.0
    for part in arch.components:
        if part.tag == tag:
            pj, mw, _ = component_table()[part.kernel, part.width_bits]
            if part.idle == "clock_gated":
                operation += part.count * pj * (row["ops.macs_multibit"] if part.multibit_only else operations)
            else:
                toggling += part.count * pj * operations
                idle += part.count * pj * (pieces * running - operations)
            leakage += part.count * mw * pieces * running / CLOCK_HZ * 1e9
    return operation, toggling, idle, leakage


def lif_units(result: Result) -> int:
    return -(-PES // result.sharing.channels)


def membrane_registers(result: Result) -> int:
    """An Nth of the outputs that the array holds: ws finishes one a column. Where the folds of a chain take turns, one
    for each chain of theirs: of os those of 5 pixels, and of as many folds of 3 filters as have chains in common."""
    held, n = 3 if result.arch.array.dataflow == "ws" else PES, result.sharing.channels
    assert result.plan is not None
    cuts = [(layer, tiling.cut) for layer, tiling in zip(result.network.layers, tilings(result.plan), strict=True)]
    alternating = [(layer, cut.filters) for layer, cut in cuts if cut.chains and cut.chains.alternating]
    assert not alternating or result.arch.array.dataflow == "os"
    chains = [min(5, layer.pixels) * min(lcm(3, n), filters) // n for layer, filters in alternating]
    return max([-(-held // n), *chains])


def tilings(plan: Plan) -> list[Tiling]:
    return [traffic.tiling for traffic in plan.layers]


def test_logic_pays_component_by_component(result: Result) -> None:
    for row in result.layer_rows:
        for tag, name in (("spike_mac",) * 2, ("lif",) * 2, ("membrane", "membrane_registers"), ("spad",) * 2):
            pieces = {"lif": lif_units(result), "membrane": membrane_registers(result)}.get(tag, PES)
            found = [row[f"energy_pj.compute.{name}.{part}"] for part in ("operation", "toggling", "idle", "standing")]
            assert found == pytest.approx(logic(result.arch, tag, row, pieces), rel=1e-12)


def test_multiplications_are_those_on_inputs_of_several_bits(result: Result) -> None:
    first, second, last = (row["ops.macs_multibit"] for row in result.layer_rows)
    assert [first, second] == [row["ops.macs_executed"] for row in result.layer_rows[:2]]
    assert min(first, second) > 0
    assert last == 0


def test_buffers_pay_per_access_of_their_port_and_leak_all_the_time(result: Result) -> None:
    """Packed accesses, but for what the array reads of spike_in by address (tests/simulate/test_input_words.py)."""
    for row, record in zip(result.layer_rows, result.records, strict=True):
        for name, (read_pj, write_pj, leakage_mw, _, port_bits) in PRICES.items():
            reads, writes = (row[f"sram_accesses.{name}.{way}"] for way in ("reads", "writes"))
            bits = BITS[row["layer"]][name]
            accesses = [-(-elements * bits // port_bits) for elements in (reads, writes)]
            if name == "spike_in":
                accesses[0] = record.counts.input_words
            paid = accesses[0] * read_pj + accesses[1] * write_pj
            assert row[f"energy_pj.buffers.{name}.work"] == pytest.approx(paid, rel=1e-12)
            leaked = leakage_mw * row["time_s"] * 1e9
            assert row[f"energy_pj.buffers.{name}.standing"] == pytest.approx(leaked, rel=1e-12)
        assert row["time_s"] == pytest.approx(row["cycles.total"] / CLOCK_HZ)


def test_what_dram_fills_and_drains_passes_the_buffers(result: Result) -> None:
    for row in result.layer_rows:
        bits = BITS[row["layer"]]
        for tensor, access in (("weights", "weight.writes"), ("spikes_in", "spike_in.writes")):
            elements = row[f"dram_bytes.{tensor}"] * 8 // bits[access.split(".")[0]]
            assert row[f"sram_accesses.{access}"] == elements > 0
        assert row["sram_accesses.spike_out.reads"] == row["dram_bytes.spikes_out"] * 8 // bits["spike_out"] > 0


def test_dram_pays_per_bit_and_the_machine_is_its_parts(result: Result) -> None:
    totals = result.totals
    assert totals.energy_pj.dram.total == totals.dram_bytes.total * 8 * 3.5
    parts = [*vars(totals.energy_pj.compute).values(), *vars(totals.energy_pj.buffers).values(), totals.energy_pj.dram]
    assert totals.energy_pj.total.total == pytest.approx(sum(part.total for part in parts))
    area = sum(price[3] for price in PRICES.values())
    for part in result.arch.components:
        pieces = {"lif": lif_units(result), "membrane": membrane_registers(result)}.get(part.tag, PES)
        area += pieces * part.count * component_table()[part.kernel, part.width_bits][2]
    assert totals.area_mm2 == pytest.approx(area)
    assert totals.lif_units == lif_units(result)


def test_utilisation_is_the_share_of_pe_cycles_that_hold_a_product(result: Result) -> None:
    for row in result.layer_rows:
        products = row["ops.macs_effective" if result.arch.array.sparsity == "skip" else "ops.macs_dense"]
        cycles = row["cycles.array"] + row["cycles.fill_drain"]
        assert row["pe_utilisation"] == pytest.approx(products / (PES * cycles))


def test_cacti_charges_both_leakages_of_every_bank() -> None:
    totals_of = run(load_arch("sata128"), network_of(parse_document(json.dumps(WORKLOAD), "w")), Sharing(), Options())
    key = {"tech_nm": "28", "size_bytes": "32768", "block_bytes": "8", "banks": "2"}
    (row,) = (row for row in rows("cacti7_sram.csv") if key.items() <= row.items())
    milliwatts = 2 * (float(row["leakage_mw_per_bank"]) + float(row["gate_leakage_mw_per_bank"]))
    leaked = totals_of.totals.energy_pj.buffers.membrane.standing
    assert leaked == pytest.approx(milliwatts * totals_of.totals.time_s * 1e9, rel=1e-6)
