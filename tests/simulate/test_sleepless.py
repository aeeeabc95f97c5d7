"""Does a run whose DRAM is awake all the time say what stands there, and what sleep would save?"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import lifsim
from lifsim.simulate.result import Result

NAMES = re.compile(r"--set (\S+)")


def run(*settings: str) -> Result:
    return lifsim.run("sata128", "lenet5_mnist", overrides=settings)


def note(result: Result) -> str:
    return next((one for one in result.notes if one.startswith("the DRAM is awake")), "")


@pytest.mark.parametrize("device", ["ddr3_1866", "ddr4_2400", "hbm2"])
def test_what_stands_in_an_awake_dram_is_told_with_what_sleep_saves(device: str) -> None:
    """The settings that are named save most of what they save at most, and no more."""
    awake = run(f"dram.device={device}")
    energy, text = awake.totals.energy_pj, note(awake)
    assert f"{energy.dram.standing / energy.total.total:.1%} of the energy; " in text
    asleep = run(f"dram.device={device}", *NAMES.findall(text))
    saved = 1 - asleep.totals.energy_pj.total.total / energy.total.total
    most = float(re.findall(r"at most ([0-9.]+)%", text)[0]) / 100
    assert 0.8 * most < saved <= most
    stands = f"{energy.dram.standing / energy.total.total:.1%} stands there"
    told = f"let the DRAM sleep: up to {most:.1%} of the energy, {stands}"
    assert awake.brief.figures["would save"] == told
    assert len(f"would save  {told}") < 80
    assert note(asleep) == ""
    assert "DRAM" not in asleep.brief.figures["would save"]


@pytest.mark.parametrize("settings", [("dram.model=ideal",), ("dram.device=ddr4_2400", "dram.energy=per_bit")])
def test_nothing_stands_where_nothing_is_charged_for_time(settings: tuple[str, ...]) -> None:
    result = run(*settings)
    assert note(result) == ""
    assert "DRAM" not in result.brief.figures["would save"]


def test_a_device_without_currents_of_sleep_is_told_as_one(tmp_path: Path) -> None:
    """Power-down alone is named where self-refresh is not known, and nothing where neither is."""
    source = Path("arch_configs/dram/ddr4_2400.yaml").read_text(encoding="utf-8")
    for known, kept in (("IDD6", "IDD2P"), ("IDD2P", None)):
        source = re.sub(rf"  {known}: .*\n", "", source)
        file = tmp_path / f"{known}.yaml"
        file.write_text(source, encoding="utf-8")
        result = run(f"dram.device={file}")
        text = note(result)
        assert NAMES.findall(text) == (["dram.power_down_after_cycles=64"] if kept else [])
        if kept is None:
            share = result.totals.energy_pj.dram.standing / result.totals.energy_pj.total.total
            assert text.endswith("of the energy; its file does not say what it draws asleep (IDD2P and IDD3P, or IDD6)")
            told = f"a DRAM that can sleep: {share:.1%} of the energy stands in this one"
            assert result.brief.figures["would save"] == told


def test_what_saves_nothing_is_not_proposed(tmp_path: Path) -> None:
    """A device that draws asleep what it draws awake."""
    source = Path("arch_configs/dram/ddr4_2400.yaml").read_text(encoding="utf-8")
    for key, awake in (("IDD2P", 34), ("IDD3P", 47), ("IDD6", 400)):
        source = re.sub(rf"  {key}: .*\n", f"  {key}: {awake}\n", source)
    source = re.sub("  IDD3N: .*\n", "  IDD3N: 34\n", source).replace("IDD3P: 47", "IDD3P: 34")
    file = tmp_path / "same.yaml"
    file.write_text(source, encoding="utf-8")
    assert note(run(f"dram.device={file}")) == ""
