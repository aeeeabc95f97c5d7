"""Do runs say whether their DRAM slept, and charge it; is a device whose currents are another's refused?"""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import lifsim
from lifsim.accounting.books import BooksError
from lifsim.cli.main import main
from lifsim.config.arch import load_arch
from lifsim.config.dram import load_dram
from lifsim.errors import InputError
from lifsim.hardware.dram.counts import SLEEP_CYCLES, SLEEPS
from lifsim.report.dram_line import sleep_line
from lifsim.report.stored import read_summaries
from lifsim.report.summary import summary
from lifsim.simulate.result import Result

STATES = ("active_standby", "precharge_standby", "active_power_down", "precharge_power_down", "self_refresh")
LPDDR3 = ("dram.device=lpddr3_1600_x32",)


def run(*settings: str, **options: Any) -> Result:
    return lifsim.run("sata128", options.pop("workload", "lenet5_mnist"), overrides=settings, **options)


def test_layers_and_states_add_up_to_the_run() -> None:
    result = run(*LPDDR3, "dram.self_refresh_after_cycles=3000", workload="vgg9_cifar10")
    did = result.totals.dram
    assert did is not None
    for name in (*SLEEPS, *SLEEP_CYCLES):
        assert sum(row[f"dram.{name}"] for row in result.layer_rows) == getattr(did, name)
    assert min(did.work.active_power_downs, did.work.precharge_power_downs, did.work.self_refreshes) > 0
    spent = sum(getattr(did, f"{state}_pj") for state in STATES)
    assert spent == pytest.approx(result.totals.energy_pj.dram.background)
    by_layer = sum(record.energy_pj.dram.background for record in result.records)
    assert by_layer == pytest.approx(spent)


def test_a_dram_that_sleeps_costs_less_and_takes_a_little_longer() -> None:
    awake = run(*LPDDR3, "dram.power_down_after_cycles=off", "dram.self_refresh_after_cycles=off")
    down = run(*LPDDR3, "dram.power_down_after_cycles=64", "dram.self_refresh_after_cycles=off")
    both = run(*LPDDR3)
    background = [one.totals.energy_pj.dram.background for one in (awake, down, both)]
    assert background[0] > 2 * background[1]
    assert background[1] > background[2]
    cycles = [one.totals.cycles.total for one in (awake, down, both)]
    assert cycles[0] < cycles[1] <= cycles[2] < 1.02 * cycles[0]
    refreshes = [one.totals.dram.refreshes for one in (awake, down, both) if one.totals.dram]
    assert refreshes[0] == pytest.approx(refreshes[1], rel=0.02)
    assert refreshes[2] < refreshes[1]


def test_nothing_is_said_of_sleep_where_there_is_none() -> None:
    awake = run("dram.device=ddr4_2400")
    tree = summary(awake)
    assert not [key for key in tree["dram"] if "power_down" in key or "self_refresh" in key or key.endswith("_pj")]
    assert not [key for key in awake.layer_rows[0] if "power_down" in key or "self_refresh" in key]


def test_the_architecture_is_stronger_than_the_device() -> None:
    arch = load_arch("sata128", [*LPDDR3, "dram.power_down_after_cycles=9"])
    controller = arch.dram.simulated.controller
    assert (controller.power_down_after_cycles, controller.self_refresh_after_cycles) == (9, 12480)
    assert load_arch("sata128", LPDDR3).dram.simulated == load_dram("lpddr3_1600_x32")
    off = load_arch("sata128", [*LPDDR3, "dram.power_down_after_cycles=off", "dram.self_refresh_after_cycles=off"])
    assert not off.dram.simulated.controller.sleeps


def test_a_run_is_run_again_with_its_sleep(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given = ["--workload", "lenet5_mnist", "--dram", "lpddr3_1600_x32", "--set", "dram.self_refresh_after_cycles=off"]
    assert main(["run", *given, "--full", "--out", str(tmp_path / "a")]) == 0
    assert "self-refresh off" in capsys.readouterr().out
    again = ["run", "--config", str(tmp_path / "a" / "config.resolved.yaml"), "--out", str(tmp_path / "b")]
    assert main(again) == 0
    one, other = read_summaries([tmp_path / "a", tmp_path / "b"])
    assert one["dram"] == other["dram"]
    assert one["dram"]["precharge_power_down_pj"] > 0
    with (tmp_path / "a" / "layers.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    slept = sum(int(row["dram.precharge_power_down_rank_cycles"]) for row in rows)
    assert slept == one["dram"]["precharge_power_down_rank_cycles"]


def test_a_result_whose_states_do_not_pay_for_its_background_is_none() -> None:
    result = run(*LPDDR3)
    assert result.totals.dram is not None
    wrong = replace(result.totals.dram, self_refresh_pj=1.0)
    with pytest.raises(BooksError, match="not that of its states"):
        replace(result, totals=replace(result.totals, dram=wrong))


def test_a_price_a_bit_knows_no_states() -> None:
    totals = run(*LPDDR3, "dram.energy=per_bit").totals
    assert totals.dram is not None
    assert totals.dram.self_refresh_pj is None
    assert totals.energy_pj.dram.background == 0
    assert totals.dram.self_refreshes


def test_the_console_says_when_ranks_sleep() -> None:
    totals = run(*LPDDR3).totals
    assert totals.dram is not None
    line = sleep_line(load_dram("lpddr3_1600_x32"), totals.dram)
    assert line.startswith("DRAM power-down after 64 idle cycles: with a row open ")
    assert "self-refresh after 12,480 idle cycles: " in line
    assert f"{totals.dram.self_refreshes:,} times" in line
    awake = run().totals.dram
    assert awake is not None
    assert (
        sleep_line(load_dram("ddr4_2400"), awake) == "DRAM power-down and self-refresh off: its ranks are always awake"
    )


@pytest.mark.parametrize("command", ["run", "explain", "sweep"])
def test_a_device_is_chosen_by_its_name(command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given = ["--workload", "lenet5_mnist", "--dram", "lpddr3_1600_x32_8gb", "--set", "dram.device.timing.tRCD=16"]
    own = {"explain": ["--layer", "conv2"], "run": ["--format", "json"], "sweep": ["--jobs", "1"]}[command]
    out = [] if command == "explain" else ["--out", str(tmp_path / "out")]
    assert main([command, *given, *own, *out]) == 0
    if command == "run":
        device = json.loads(capsys.readouterr().out)["inputs"]["dram_device"]
        assert (device["name"], device["timing"]["tRCD"]) == ("LPDDR3-1600, one 8 Gb x32 device", 16)


def test_choosing_a_device_overrides_the_memory_model() -> None:
    from lifsim.config.device import choosing

    settings = ["dram.model=ideal", *choosing("hbm2")]
    assert load_arch("sata128", settings).dram.simulated.name.startswith("HBM2")


def test_several_devices_are_an_axis_of_a_sweep(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given = ["sweep", "--workload", "lenet5_mnist", "--jobs", "1", "--dram", "ddr4_2400,lpddr3_1600_x32"]
    assert main([*given, "--out", str(tmp_path / "a")]) == 0
    capsys.readouterr()
    assert main(["store", "show", str(tmp_path / "a"), "--columns", "dram.device,energy_pj.dram"]) == 0
    shown = capsys.readouterr().out
    assert all(device in shown for device in ("ddr4_2400", "lpddr3_1600_x32"))
    assert main([*given, "--vary", "dram.device=hbm2,ddr3_1866", "--out", str(tmp_path / "b")]) == 2
    assert "--dram: must stand without --vary dram.device" in capsys.readouterr().err


REFUSAL = (
    "dram.energy: 'device' must be borrowed_currents or per_bit: the currents of LPDDR4-2400, 8 Gb x16, two ranks are "
    "those of DDR4-2400, not its own (--set dram.energy=borrowed_currents takes them all the same)"
)


def test_currents_of_another_device_are_refused_with_the_way_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = ["run", "--workload", "lenet5_mnist", "--out", str(tmp_path / "out"), "--dram", "lpddr4_2400"]
    assert main(given) == 2
    assert REFUSAL in capsys.readouterr().err
    assert main([*given, "--set", "dram.energy=borrowed_currents"]) == 0
    assert "is charged with the currents of DDR4-2400" in " ".join(capsys.readouterr().out.split())
    priced = run("dram.device=lpddr4_2400", "dram.energy=per_bit")
    assert priced.totals.energy_pj.dram.background == 0


def test_borrowed_currents_charge_what_they_would() -> None:
    """Its currents are DDR4-2400's to the last."""
    lent, lender = load_dram("lpddr4_2400").energy, load_dram("ddr4_2400").energy
    assert lent.model_dump(exclude={"borrowed_from"}) == lender.model_dump(exclude={"borrowed_from"})
    energy = run("dram.device=lpddr4_2400", "dram.energy=borrowed_currents").totals.energy_pj.dram
    assert energy.total > energy.background > 0
    own = run("dram.energy=borrowed_currents").totals.energy_pj.dram
    assert own == run().totals.energy_pj.dram


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        (["dram.power_down_after_cycles=-3"], "dram.power_down_after_cycles: -3 must be a whole number of cycles"),
        (
            ["dram.device=lpddr3_1600_x32_8gb", "dram.self_refresh_after_cycles=9"],
            "dram.self_refresh_after_cycles: 9 must be off: LPDDR3-1600, one 8 Gb x32 device has no energy.IDD6",
        ),
        (
            ["dram.model=ideal", "dram.energy=borrowed_currents"],
            "'borrowed_currents' must go with model cycle, not ideal",
        ),
    ],
)
def test_what_a_memory_cannot_do_is_refused(settings: list[str], reason: str) -> None:
    with pytest.raises(InputError) as caught:
        load_arch("sata128", settings)
    assert reason in str(caught.value)
