"""Does a run pay for what its components and buffers do while they have no work?"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import lifsim
from lifsim.accounting.prices import costs_of
from lifsim.cli.main import main
from lifsim.simulate.result import Result, Totals

LIF = ("comp_lif", "sub_lif", "leak_lif", "adder_lif")


def run(*settings: str, sharing: str = "none", **options: object) -> Result:
    return lifsim.run(workload="lenet5_mnist", sharing=sharing, overrides=settings, **options)


def lif_idle(idle: str) -> list[str]:
    return [f"components.{name}.idle={idle}" for name in LIF]


def test_a_clock_runs_while_the_array_waits_for_lif_units() -> None:
    """One unit instead of 128: waiting costs what toggles meanwhile."""
    many, few = run("dram.model=ideal").totals, run("dram.model=ideal", "lif.units=1").totals
    waited = few.cycles.total - many.cycles.total
    assert waited == few.cycles.lif - many.cycles.lif > 0
    for name in ("spike_mac", "spad"):
        bill = getattr(costs_of(lifsim.load_arch("sata128")), name)
        ours, theirs = getattr(few.energy_pj.compute, name), getattr(many.energy_pj.compute, name)
        assert ours.work == theirs.work
        assert ours.idle - theirs.idle == pytest.approx(128 * waited * bill.toggling_pj)
        assert ours.standing - theirs.standing == pytest.approx(128 * waited * bill.leakage_mw / 400e6 * 1e9)


def test_a_clock_runs_while_the_array_waits_for_memory() -> None:
    slow = ("dram.model=bandwidth", "dram.bandwidth_bytes_per_s=10MB")
    ideal, waiting = run("dram.model=ideal").totals, run(*slow).totals
    longer = waiting.cycles.total / ideal.cycles.total
    assert longer > 2
    for name, ours in vars(waiting.energy_pj.compute).items():
        theirs = getattr(ideal.energy_pj.compute, name)
        assert ours.work == theirs.work
        assert ours.ungated == pytest.approx(longer * theirs.ungated)
        assert ours.standing == pytest.approx(longer * theirs.standing)


def test_the_other_assumption_stands_beside_that_of_the_architecture() -> None:
    toggling, gated = run().totals, run(*lif_idle("clock_gated")).totals
    whole = run(*lif_idle("toggles")).totals
    for totals, as_toggling in ((toggling, toggling), (whole, whole), (gated, whole)):
        assert totals.energy_pj.lif_if.toggles.total == pytest.approx(as_toggling.energy_pj.compute.lif.total)
        assert totals.energy_pj.lif_if.clock_gated.total == pytest.approx(gated.energy_pj.compute.lif.total)
    assert whole.energy_pj.compute.lif.idle > toggling.energy_pj.compute.lif.idle
    ours, theirs = toggling.energy_pj.compute.lif, gated.energy_pj.compute.lif
    assert ours.total > 20 * theirs.total
    assert (ours.work, ours.standing) == (pytest.approx(theirs.work), theirs.standing)
    assert theirs.idle == 0


def test_power_gated_units_leak_while_they_work() -> None:
    gated, off = run(*lif_idle("clock_gated")).totals, run(*lif_idle("power_gated")).totals
    ours, theirs = off.energy_pj.compute.lif, gated.energy_pj.compute.lif
    assert (ours.work, ours.idle) == (theirs.work, 0)
    bill = costs_of(lifsim.load_arch("sata128", lif_idle("power_gated"))).lif.calls
    seconds = gated.cycles.total / 400e6
    leaked = 128 * bill.leakage_mw * seconds + bill.working_leakage_mw * gated.ops.lif_updates / 400e6
    assert ours.standing == pytest.approx(leaked * 1e9)
    assert bill.working_leakage_mw > 0
    assert bill.leakage_mw > 0  # the threshold register keeps its power


def updates_of(totals: Totals) -> dict[str, float]:
    energy = totals.energy_pj
    parts = {
        "work": energy.compute.lif.work + energy.compute.membrane_registers.work,
        "all_in": energy.compute.lif.total + energy.compute.membrane_registers.total,
        "toggling": energy.lif_if.toggles.total + energy.compute.membrane_registers.total,
        "clock_gated": energy.lif_if.clock_gated.total + energy.compute.membrane_registers.total,
    }
    return {name: pj / totals.ops.lif_updates for name, pj in parts.items()}


def test_an_update_costs_what_its_units_and_registers_do(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    totals = run().totals
    update = vars(totals.lif_update_pj)
    assert update == pytest.approx(updates_of(totals))
    out = tmp_path / "out"
    assert main(["run", "--workload", "lenet5_mnist", "--full", "--out", str(out)]) == 0
    printed = capsys.readouterr().out
    for name in ("work", "toggling", "clock_gated"):
        assert f"{update[name]:.4g} pJ" in printed
    assert json.loads((out / "summary.json").read_text())["lif_update_pj"] == update
    assert totals.figures["lif_update_pj.work"] == update["work"]


def test_a_buffer_that_holds_nothing_is_named_with_what_gating_it_saves() -> None:
    powered = run()
    gate = ("buffers.membrane.idle=gated", "buffers.psum.idle=gated", "buffers.weight.idle=gated")
    gated = run(*gate)
    saved = powered.totals.energy_pj.total.total - gated.totals.energy_pj.total.total
    buffers = powered.totals.energy_pj.buffers
    assert saved == pytest.approx(buffers.membrane.standing + buffers.psum.standing)
    assert buffers.membrane.standing > 0
    assert gated.totals.energy_pj.buffers.weight == buffers.weight  # in use
    said = [note for note in powered.notes if "holds nothing all run" in note]
    assert [note.split()[1] for note in said] == ["membrane", "psum"]
    assert f"leaks {buffers.psum.standing * 1e-6:.4g} uJ: --set buffers.psum.idle=gated saves that" in said[1]
    said = [note for note in gated.notes if "holds nothing all run" in note]
    assert all("and is switched off" in note for note in said)
    assert len(said) == 2


def test_a_buffer_in_use_stays_on() -> None:
    """Timestep by timestep membranes are in their buffer, also while layers run that do not touch it."""
    powered, gated = (
        run(*settings, schedule="timestep") for settings in ((), ("buffers.membrane.idle=gated",))
    )  # fmt: skip
    assert gated.totals.energy_pj == powered.totals.energy_pj
    assert not any("membrane buffer holds nothing" in note for note in powered.notes)
    assert not any("membrane buffer is in use" in note for note in powered.notes)
    assert "the membrane buffer is in use: it stays powered, whatever buffers.membrane.idle says" in gated.notes


def test_a_buffer_of_a_training_run_that_holds_nothing_in_any_stage_is_named() -> None:
    how = {"arch": "sata_training", "mode": "training", "workload": "lenet5_mnist", "batch": 1}
    result = lifsim.run(**how, overrides=["buffers.psum.idle=gated"])
    accesses = result.totals.sram_accesses.psum
    assert accesses.reads + accesses.writes > 0  # weight gradients collect there
    assert not any("psum buffer holds nothing" in note for note in result.notes)
    assert result.totals.energy_pj.buffers.psum.standing > 0
