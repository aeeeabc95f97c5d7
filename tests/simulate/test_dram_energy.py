"""Does a simulated DRAM cost what it did, and every layer its share?"""

from __future__ import annotations

from dataclasses import astuple, fields
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

import lifsim
from lifsim.accounting.records import added
from lifsim.cli.main import main
from lifsim.config.arch import parse_arch
from lifsim.config.document import parse_document
from lifsim.config.dram import load_dram
from lifsim.config.resolve import find
from lifsim.errors import InputError
from lifsim.hardware.dram.counts import SLEEP_CYCLES, DramWork
from lifsim.hardware.dram.energy import energy_pj
from lifsim.hardware.dram.requests import sequential
from lifsim.hardware.dram.result import DramResult
from lifsim.hardware.dram.simulate import simulate
from lifsim.hardware.dram.streamed import streamed_work
from lifsim.hardware.pipeline.kinds import WRITES
from lifsim.model.dram import DramSpec
from lifsim.play.dram import dram_extents
from lifsim.report.dram_line import dram_line
from lifsim.report.summary import summary
from lifsim.simulate.result import Result

CYCLE = ("dram.model=cycle", "dram.device=ddr4_2400")
COMMANDS = ("activates", "reads", "writes", "row_hits", "refreshes")
CAUSES = ("activate", "read", "write", "transfer", "refresh", "background")


def run(*overrides: str, **options: Any) -> Result:
    return lifsim.run(**{"workload": "vgg9_cifar10", **options}, overrides=(*CYCLE, *overrides))


def simulated(result: Result) -> DramResult:
    assert result.timeline is not None
    assert result.timeline.timing.dram is not None
    return result.timeline.timing.dram


@pytest.mark.parametrize("device", ["ddr4_2400", "hbm2"])
@pytest.mark.parametrize("schedule", ["tick", "timestep"])
def test_a_run_costs_what_its_dram_did(device: str, schedule: str) -> None:
    result = run(f"dram.device={device}", schedule=schedule, sharing="layer")
    dram, energy, did = simulated(result), result.totals.energy_pj.dram, result.totals.dram
    for cause in CAUSES:
        assert getattr(energy, cause) == pytest.approx(getattr(dram.energy, cause), rel=1e-12)
    assert energy.total == pytest.approx(dram.energy.total, rel=1e-12)
    assert energy.standing == pytest.approx(dram.energy.refresh + dram.energy.background, rel=1e-12)
    assert did is not None
    assert (did.precharges, did.row_hits, did.cycles) == (dram.counts.pres, dram.counts.row_hits, dram.cycles)
    assert did.work == dram.work
    assert did.bandwidth_utilisation == pytest.approx(did.moved_bytes / did.cycles / dram.spec.peak_bytes_per_cycle)


def test_layers_add_up_to_the_run_in_whole_commands() -> None:
    result = run(batch=2)
    did = result.totals.dram
    assert did is not None
    rows = result.layer_rows
    for name in (*COMMANDS, "active_rank_cycles", "idle_rank_cycles"):
        assert sum(row[f"dram.{name}"] for row in rows) == getattr(did, name)
        assert all(isinstance(row[f"dram.{name}"], int) for row in rows)
    for name in ("dram", "dram.work", "dram.idle", "dram.standing", *(f"dram.{cause}" for cause in CAUSES)):
        of_tree = result.totals.tree()["energy_pj"]["dram"][name.partition(".")[2] or "total"]
        assert sum(row[f"energy_pj.{name}"] for row in rows) == pytest.approx(of_tree)


def bursts_of(result: Result) -> list[dict[str, int]]:
    """Bursts that each layer's requests touch, byte by byte."""
    assert result.timeline is not None
    steps, spec = result.timeline.steps, simulated(result).spec
    extents, requests = dram_extents(steps, spec.organisation.capacity_bytes), steps.program.requests
    touched = [{"reads": 0, "writes": 0} for _ in result.records]
    for request, (step, kind) in enumerate(zip(requests.step, requests.kind, strict=True)):
        for extent in range(extents.first[request], extents.first[request + 1]):
            first, size = int(extents.address[extent]), int(extents.bytes[extent])
            count = len({byte // spec.organisation.burst_bytes for byte in range(first, first + size)})
            touched[steps.layer[step]]["writes" if kind in WRITES else "reads"] += count
    return touched


@pytest.mark.parametrize("schedule", ["tick", "timestep"])
def test_a_layer_is_charged_for_the_bursts_of_its_own_requests(schedule: str) -> None:
    """But for those that meet in the controller's queues."""
    result = run("buffers.membrane.size_bytes=1KiB", workload="lenet5_mnist", schedule=schedule)
    touched = bursts_of(result)
    for name in ("reads", "writes"):
        met = sum(layer[name] for layer in touched) - getattr(result.totals.dram, name)
        assert met >= 0
        for record, layer in zip(result.records, touched, strict=True):
            assert abs(getattr(record.counts.dram, name) - layer[name]) <= met


def test_standby_is_shared_by_time() -> None:
    result = run()
    total = result.totals.cycles.total
    for record in result.records:
        share = record.counts.cycles.total / total
        assert record.energy_pj.dram.background == pytest.approx(
            result.totals.energy_pj.dram.background * share, rel=1e-3
        )


def test_one_layer_is_charged_for_everything(tmp_path: Path) -> None:
    alone = tmp_path / "alone.yaml"
    document = {
        "name": "alone",
        "timesteps": 2,
        "input": {"shape": [3, 8, 8], "encoding": "direct", "bits": 8},
        "layers": [{"name": "conv", "op": "conv", "out": 8, "kernel": 3}, {"name": "lif", "op": "lif"}],
        "spikes": {"source": "rates", "provenance": "made up", "rates": {}},
    }
    alone.write_text(yaml.safe_dump(document))
    result = run(workload=str(alone))
    (record,) = result.records
    assert record.counts.dram == simulated(result).work


def test_a_price_a_bit_charges_the_bytes_and_changes_nothing_else() -> None:
    device, per_bit = run(), run("dram.energy=per_bit", "dram.energy_pj_per_bit=3.5")
    energy = per_bit.totals.energy_pj.dram
    assert energy.total == energy.transfer == pytest.approx(per_bit.totals.dram_bytes.total * 8 * 3.5)
    assert energy.standing == 0
    assert per_bit.totals.dram == device.totals.dram
    assert per_bit.totals.cycles == device.totals.cycles
    assert per_bit.totals.energy_pj.sram == device.totals.energy_pj.sram


def device_file(folder: Path, spec: DramSpec, energy: dict[str, Any]) -> str:
    file = folder / "device.yaml"
    file.write_text(yaml.safe_dump({**spec.model_dump(mode="json", exclude_none=True), "energy": energy}))
    return str(file)


def expected_pj(spec: DramSpec, work: DramWork) -> dict[str, float]:
    """A rank's devices, V x mA x ns, command by command: a row that is open for tRAS and closing for the rest of tRC
    would have stood by at IDD3N, then at IDD2N, which is taken off IDD0; bursts' and refreshes' excess over IDD3N."""
    price, timing, organisation = asdict_of(spec), spec.timing, spec.organisation
    pj = price["VDD"] * timing.tCK_ns * (organisation.bus_bits // organisation.device_bits)
    open_mas = price["IDD3N"] * timing.tRAS
    closing_mas = price["IDD2N"] * (timing.tRC - timing.tRAS)
    burst_cycles = organisation.burst_length // 2
    return {
        "activate": work.activates * pj * (price["IDD0"] * timing.tRC - (open_mas + closing_mas)),
        "read": work.reads * pj * (price["IDD4R"] - price["IDD3N"]) * burst_cycles,
        "write": work.writes * pj * (price["IDD4W"] - price["IDD3N"]) * burst_cycles,
        "refresh": work.refreshes * pj * (price["IDD5AB"] - price["IDD3N"]) * timing.tRFC,
        "background": pj * (work.active_rank_cycles * price["IDD3N"] + work.idle_rank_cycles * price["IDD2N"]),
        "transfer": 0.0,
    }


@pytest.mark.parametrize("device", ["ddr3_1866", "ddr4_2400"])
def test_every_cause_is_currents_times_cycles_with_the_standby_that_it_replaces_taken_off(device: str) -> None:
    result = run(f"dram.device={device}", schedule="timestep", batch=2)
    did, energy = result.totals.dram, result.totals.energy_pj.dram
    assert did is not None
    assert min(astuple(did.work)[:7]) > 0
    expected = expected_pj(load_dram(device), did.work)
    assert {cause: getattr(energy, cause) for cause in CAUSES} == pytest.approx(expected, rel=1e-9)


def test_an_activate_by_hand() -> None:
    """DDR4-2400: 4 devices x 1.2 V x 0.83 ns x (80 mA x 56 - 47 mA x 39 - 34 mA x 17 cycles) = 8242.90 pJ."""
    found = energy_pj(load_dram("ddr4_2400"), DramWork(10, 0, 0, 0, 0, 0, 0))
    assert found.total == found.activate == pytest.approx(10 * 4 * 1.2 * 0.83 * (4480 - 1833 - 578))
    assert found.activate / 10 == pytest.approx(8242.896)


def test_other_prices_need_no_other_simulation(tmp_path: Path) -> None:
    spec = load_dram("ddr4_2400")
    currents = {**asdict_of(spec), "VDD": 1.1, "IDD4R": 300.0, "IDD5AB": 200.0, "IDD0": 100.0}
    before, after = run(), run(f"dram.device={device_file(tmp_path, spec, currents)}")
    assert after.totals.dram == before.totals.dram
    repriced = energy_pj(simulated(after).spec, simulated(before).work)
    assert after.totals.energy_pj.dram.total == pytest.approx(repriced.total)
    assert after.totals.energy_pj.dram.total != pytest.approx(before.totals.energy_pj.dram.total)


def asdict_of(spec: DramSpec) -> dict[str, Any]:
    return spec.energy.model_dump(mode="json")


def test_a_result_knows_its_device_by_content(tmp_path: Path) -> None:
    spec = load_dram("ddr4_2400")
    device = device_file(tmp_path, spec, {**asdict_of(spec), "IDD0": 90.0})
    inputs = summary(run(f"dram.device={device}", workload="lenet5_mnist"))["inputs"]
    assert inputs["dram_device"]["energy"]["IDD0"] == 90.0
    assert inputs["dram_device"]["timing"]["tRCD"] == spec.timing.tRCD
    assert inputs["dram_device"] == inputs["arch"]["dram"]["device"]
    ideal = lifsim.run(workload="lenet5_mnist", overrides=["dram.model=ideal"])
    assert "dram_device" not in summary(ideal)["inputs"]


def test_a_device_priced_by_the_bit_charges_its_bursts(tmp_path: Path) -> None:
    energy = {"model": "per_bit", "pj_per_bit": 4.0}
    result = run(f"dram.device={device_file(tmp_path, load_dram('ddr4_2400'), energy)}")
    did = result.totals.dram
    assert did is not None
    assert result.totals.energy_pj.dram.transfer == pytest.approx(did.moved_bytes * 8 * 4.0)
    assert result.totals.energy_pj.dram.standing == 0


def test_a_sweep_has_all_of_it_as_columns() -> None:
    result = run(workload="lenet5_mnist")
    figures, tree = result.totals.figures, result.totals.tree()
    assert figures["dram.row_hit_rate"] == tree["dram"]["row_hit_rate"] > 0
    assert figures["energy_pj.dram"] == tree["energy_pj"]["dram"]["total"]
    assert figures["energy_pj.dram.background"] == tree["energy_pj"]["dram"]["background"] > 0


def test_the_console_says_what_the_dram_did_in_a_line() -> None:
    totals = run(workload="lenet5_mnist").totals
    assert totals.dram is not None
    line = dram_line("ddr4_2400", totals.dram, totals.energy_pj.dram)
    assert line.startswith(f"DRAM ddr4_2400: {totals.dram.row_hit_rate:.1%} row hits, ")
    assert all(f"{cause} " in line for cause in ("activate", "read", "write", "refresh", "background"))
    assert "transfer" not in line


def test_nothing_is_simulated_and_said_where_memory_is_not() -> None:
    result = lifsim.run(workload="lenet5_mnist", overrides=["dram.model=ideal"])
    assert result.totals.dram is None
    assert "dram" not in result.totals.tree()
    assert not any(name.startswith("dram.") for name in result.layer_rows[0])
    assert result.totals.energy_pj.dram.total == pytest.approx(result.totals.dram_bytes.total * 8 * 5.066)


def arch_with(dram: dict[str, Any]) -> str:
    document = yaml.safe_load(find("arch", "sata128").read_text())
    return yaml.safe_dump({**document, "dram": dram})


@pytest.mark.parametrize(
    ("dram", "message"),
    [
        (
            {"energy": "device", "energy_pj_per_bit": 1.0, "source": "t"},
            "energy: 'device' must go with model cycle, not",
        ),
        ({"model": "ideal"}, "energy_pj_per_bit: must be given"),
        ({"model": "cycle", "device": "ddr4_2400", "energy": "per_bit"}, "energy_pj_per_bit: must be given"),
        ({"energy_pj_per_bit": 1.0}, "source: must be given with energy_pj_per_bit"),
        (
            {"model": "cycle", "device": "ddr4_2400", "energy": "idd"},
            "'idd' must be one of device, borrowed_currents, per_bit",
        ),
    ],
)
def test_energy_without_a_price_is_refused_where_it_stands(dram: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message) as refused:
        parse_arch(parse_document(arch_with(dram), "a.yaml"))
    (fault,) = refused.value.faults
    assert fault.line is not None
    assert fault.path.startswith("dram.")


def test_a_device_that_cannot_be_is_refused_where_it_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    own = tmp_path / "own.yaml"
    own.write_text(arch_with({"model": "cycle", "device": "ddr9"}))
    assert main(["check", str(own)]) == 2
    line = 1 + next(n for n, text in enumerate(own.read_text().splitlines()) if "ddr9" in text)
    assert f"{own}:{line}:3 dram.device: 'ddr9' must be a file or a shipped DRAM" in capsys.readouterr().err
    currents = {**asdict_of(load_dram("ddr4_2400")), "IDD0": -1.0}
    device = device_file(tmp_path, load_dram("ddr4_2400"), currents)
    own.write_text(arch_with({"model": "cycle", "device": Path(device).name}))
    monkeypatch.chdir(tmp_path)  # where a device that an architecture names is looked for
    assert main(["check", str(own)]) == 2
    assert capsys.readouterr().err.startswith(f"{Path(device).name}:")


def test_a_simulated_device_needs_no_other_price(tmp_path: Path) -> None:
    own = tmp_path / "own.yaml"
    own.write_text(arch_with({"model": "cycle", "device": "ddr4_2400"}))
    assert lifsim.run(arch=str(own), workload="lenet5_mnist").totals.energy_pj.dram.background > 0
    chosen = lifsim.run(arch=str(own), workload="vgg9_cifar10", sharing="layer", schedule="auto", objective="energy")
    assert chosen.totals.energy_pj.dram.background > 0


@pytest.mark.parametrize("schedule", ["tick", "timestep"])
def test_stages_of_training_add_up_to_what_the_dram_did(schedule: str) -> None:
    result = run(arch="sata_training", workload="lenet5_mnist", mode="training", batch=1, schedule=schedule)
    dram, did = simulated(result), result.totals.dram
    assert did is not None
    assert did.work == dram.work
    for cause in CAUSES:
        of_stages = sum(getattr(stage.energy_pj.dram, cause) for stage in result.stages.values())
        assert of_stages == pytest.approx(getattr(dram.energy, cause), rel=1e-12)
        assert getattr(result.totals.energy_pj.dram, cause) == pytest.approx(of_stages)


AT_BEST = ["ddr4_2400", "hbm2", "lpddr4_2400", "lpddr3_1600_x32"]


@given(size=st.integers(1, 1 << 20), device=st.sampled_from(AT_BEST))
@settings(max_examples=20, deadline=None)
def test_what_a_dram_does_at_best_is_no_more_than_what_it_does(size: int, device: str) -> None:
    spec = load_dram(device)
    result = simulate(spec, sequential(size))
    best, did = streamed_work(spec, size, 0, 0), result.work
    assert (best.reads, best.writes) == (did.reads, did.writes)
    assert best.activates <= did.activates
    assert best.refreshes <= did.refreshes
    assert energy_pj(spec, best).total <= result.energy.total


def test_work_adds_up_and_is_never_negative() -> None:
    work = DramWork(1, 2, 3, 4, 5, 100, 100, 8, 9, 10, 11, 12, 13)
    assert astuple(added([work] * 2)) == (2, 4, 6, 8, 10, 200, 200, 16, 18, 20, 22, 24, 26)
    nothing = dict.fromkeys((field.name for field in fields(DramWork)), 0)
    slept = ({name: 1} for name in SLEEP_CYCLES)
    for wrong in (*({name: -1} for name in nothing), {"row_hits": 1}, *slept):
        with pytest.raises(ValueError, match="does not balance"):
            DramWork(**{**nothing, **wrong})
