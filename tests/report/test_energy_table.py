"""Does the console tell what energy is spent on, component by component?"""

from __future__ import annotations

from pathlib import Path

import pytest
from rich.console import Console

import lifsim
from lifsim.cli.main import main
from lifsim.report.energy_table import energy_table
from lifsim.units import format_si


def joule(pj: float) -> str:
    return format_si(pj * 1e-12, "J")


def test_each_component_has_its_work_idling_and_standing() -> None:
    energy = lifsim.run(workload="lenet5_mnist").totals.energy_pj
    console = Console(width=200, record=True, file=None, quiet=False)
    with console.capture() as captured:
        console.print(energy_table(energy))
    cells = [[cell.strip() for cell in line.split("│")[1:-1]] for line in captured.get().splitlines() if "│" in line]
    rows = {cell[0]: cell[1:] for cell in cells}
    for name, spent in (("spike MAC", energy.compute.spike_mac), ("total", energy.total)):
        assert rows[name][:4] == [joule(spent.work), joule(spent.idle), joule(spent.standing), joule(spent.total)]
    assert rows["weight buffer"][:2] == [joule(energy.buffers.weight.work), "-"]
    assert rows["DRAM"][4] == f"{energy.dram.total / energy.total.total:.1%}"


def test_the_console_and_the_brief_part_the_total(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["run", "--workload", "lenet5_mnist", "--full", "--out", "a"]) == 0
    printed = capsys.readouterr().out
    total = lifsim.run(workload="lenet5_mnist").totals.energy_pj.total
    for kind in ("work", "idle", "standing"):
        assert f"total, {kind}" in printed
        assert f"{joule(getattr(total, kind))} {kind}" in lifsim.run(workload="lenet5_mnist").brief.figures["energy"]
