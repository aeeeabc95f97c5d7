"""Does LIFSim agree with the reference figures, and is it told where it does not?"""

from __future__ import annotations

import math
import shutil
from pathlib import Path

import pytest

from lifsim.cli.main import main
from lifsim.report.validation.comparison import Comparison, Verdict
from lifsim.report.validation.document import SECTIONS, markdown, percent, section


@pytest.mark.parametrize("name", SECTIONS)
def test_every_figure_of_a_section_agrees(name: str, reference: Path) -> None:
    verdict = Verdict.of(section(name), reference)
    assert verdict.comparisons
    assert verdict.beyond == ()


def test_scale_sims_figures_are_all_compared_and_equal(reference: Path) -> None:
    verdict = Verdict.of(section("scalesim"), reference)
    assert (len(verdict.comparisons), verdict.equal) == (13 * 3 * 4, 13 * 3 * 4)


def test_the_membranes_of_published_networks_are_equal_and_the_abstracts_ratios_near(tmp_path: Path) -> None:
    *counts, forward, backward = Verdict.of(section("lif_memory"), tmp_path).comparisons
    assert len(counts) == 10
    assert {each.deviation for each in counts} == {0}
    assert abs(forward.deviation) < 0.02
    assert abs(backward.deviation) < 0.0005


def test_a_deviation_is_relative_to_the_reference() -> None:
    pairs = [(100, 101), (-100, -101), (0, 0), (0, -1), (1.0, 1.0 + 1e-15)]
    deviations = [Comparison("x", *pair).deviation for pair in pairs]
    assert deviations == [pytest.approx(0.01), pytest.approx(-0.01), 0, -math.inf, 0]
    assert [percent(x) for x in (0, 0.01234, -1e-5, math.inf)] == ["0 %", "+1.2 %", "-0.001 %", "infinite"]


def test_the_worst_figure_and_those_beyond_the_tolerance_are_named() -> None:
    rows = (Comparison("a", 100, 100), Comparison("b", 100, 99.95), Comparison("c", 100, 98), Comparison("d", 0, 1))
    verdict = Verdict("T", "I", 1e-3, rows)
    assert (verdict.equal, verdict.worst.item) == (1, "d")
    assert [each.item for each in verdict.beyond] == ["c", "d"]
    text = markdown([verdict])
    assert "4 figures, 1 equal, largest deviation infinite (d), must agree to 0.1 %: 2 do not." in text
    assert "| b | 100 | 99.95 |  | -0.05 % |" in text


@pytest.mark.slow
def test_the_command_writes_the_document(reference: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "validation.md"
    assert main(["validate", "--reference", str(reference), "--write", str(out)]) == 0
    printed = capsys.readouterr().out
    for name in SECTIONS:
        assert f"## {section(name).TITLE}" in out.read_text()
        assert section(name).TITLE in printed


def test_a_figure_that_deviates_is_shown_and_fails(
    reference: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = "scalesim_vgg16_16x8.csv"
    text = (reference / file).read_text()
    (tmp_path / file).write_text(text.replace(",25087,", ",25000,", 1))
    assert main(["validate", "--reference", str(tmp_path), "--section", "scalesim"]) == 1
    printed = capsys.readouterr().out
    assert "os Conv1 last cycle" in printed
    assert "1 do not" in printed


def test_missing_reference_figures_are_named(
    reference: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(reference / "satasim_bntt", tmp_path / "satasim_bntt")
    for name in ("cycle-stat.yaml", "memory-energy.yaml"):
        (tmp_path / "satasim_bntt" / name).unlink()
    assert main(["validate", "--reference", str(tmp_path), "--section", "satasim"]) == 2
    faults = capsys.readouterr().err.splitlines()
    assert [fault.rpartition("/")[2] for fault in faults] == [
        "cycle-stat.yaml: must be there",
        "memory-energy.yaml: must be there",
    ]
    assert main(["validate", "--reference", str(tmp_path / "none")]) == 2


@pytest.mark.parametrize("content", ["", "a,b\n1,2\n", "array_rows,array_cols,dataflow\nx,y,z\n"])
def test_a_reference_that_is_no_table_is_refused(
    content: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "scalesim_vgg16_16x8.csv").write_text(content)
    assert main(["validate", "--reference", str(tmp_path), "--section", "scalesim"]) == 2
    assert "Traceback" not in capsys.readouterr().err
