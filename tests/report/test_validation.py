"""Does LIFSim agree with the reference figures, and is it told where it does not?"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
import yaml

from lifsim.cli.main import main
from lifsim.hardware.tables import rows
from lifsim.report.validation.comparison import Comparison, Verdict, csv_rows
from lifsim.report.validation.document import SECTIONS, markdown, percent, section
from lifsim.report.validation.references import References
from lifsim.report.validation.satasim import published_figures

SHIPPED = References()


@pytest.mark.parametrize("name", SECTIONS)
def test_every_figure_of_a_section_agrees(name: str) -> None:
    verdict = Verdict.of(section(name), SHIPPED)
    assert verdict.comparisons
    assert verdict.beyond == ()
    assert verdict.left_out == (section(name).LARGE)


def test_the_large_vectors_are_compared_where_they_are_there(reference: Path) -> None:
    verdict = Verdict.of(section("snn"), References(reference))
    assert (verdict.beyond, verdict.left_out) == ((), ())
    assert len(verdict.comparisons) > 2 * 90


FIGURES = ["scalesim_vgg16_16x8.csv", "dramsim3_reference.csv", "dramsim3_lpddr3_x32.csv", "dram_timings.csv"]


@pytest.mark.parametrize("name", FIGURES)
def test_the_shipped_figures_are_those_that_were_measured(figures: Path, reference: Path, name: str) -> None:
    assert list(csv_rows(figures / name)) == list(csv_rows(reference / name))


def test_the_shipped_tables_of_prices_are_those_that_were_measured(reference: Path) -> None:
    assert rows("sata_components.csv") == list(csv_rows(reference / "sata_components.csv"))
    measured = [row for name in ("sram_cacti7", "sram_cacti7_28nm") for row in csv_rows(reference / f"{name}.csv")]
    shipped = rows("cacti7_sram.csv")
    chosen = ([row[key] for key in shipped[0]] for row in measured)
    assert sorted(chosen) == sorted(list(row.values()) for row in shipped)


def test_the_shipped_figures_of_sata_sim_are_the_published_ones(figures: Path, reference: Path) -> None:
    published = published_figures(figures / "satasim_bntt.csv")
    folder = reference / "satasim_bntt"
    for name in ("cycle-stat", "memory-energy", "computation-energy", "comp-stat"):
        theirs = yaml.safe_load((folder / f"{name}.yaml").read_text())
        alone = {key: value for key, value in theirs.items() if not isinstance(value, dict)}
        tables = {key: _flat(value) for key, value in theirs.items() if isinstance(value, dict)}
        assert published[name] == tables | ({"": alone} if alone else {})
    memories = yaml.safe_load((folder / "mem-stat.yaml").read_text())
    assert published["mem-stat"] == {each.pop("name"): each for each in memories["SRAM"] + memories["DRAM"]}
    for name in ("workload.yaml", "arch.yaml", "LICENSE"):
        assert (figures / "satasim_bntt" / name).read_bytes() == (folder / name).read_bytes()


def _flat(tree: dict[str, Any]) -> dict[str, float]:
    parts = {key: value for key, value in tree.items() if isinstance(value, dict)}
    nested = {f"{key} {name}": value for key, part in parts.items() for name, value in part.items()}
    return {key: value for key, value in tree.items() if key not in parts} | nested


def test_scale_sims_figures_are_all_compared_and_equal() -> None:
    verdict = Verdict.of(section("scalesim"), SHIPPED)
    assert (len(verdict.comparisons), verdict.equal) == (13 * 3 * 4, 13 * 3 * 4)


def test_the_membranes_of_published_networks_are_equal_and_the_abstracts_ratios_near() -> None:
    *counts, forward, backward = Verdict.of(section("lif_memory"), SHIPPED).comparisons
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
    assert f"| [{verdict.title}](#{verdict.title.lower()}) | 4 | 1 | infinite | within 0.1 % | **2 are not** |" in text


def test_the_document_begins_with_a_row_a_section_that_leads_to_it() -> None:
    equal = Verdict("SCALE-Sim: cycles, and more", "I", 0.0, (Comparison("a", 1, 1), Comparison("b", 2000, 2000)))
    near = Verdict("DRAM", "I", 0.05, (Comparison("a", 100, 103),))
    before = markdown([equal, near]).partition("## ")[0]
    assert "| [SCALE-Sim: cycles, and more](#scale-sim-cycles-and-more) | 2 | 2 | 0 % | equal | they are |" in before
    assert "| [DRAM](#dram) | 1 | 0 | 3 % | within 5 % | they are |" in before


def test_a_document_that_is_written_anew_keeps_what_stands_around_its_figures() -> None:
    old = "# By hand\n\n" + markdown([]) + "\n## Also by hand\n"
    new = markdown([Verdict("T", "I", 0.0, (Comparison("a", 1, 1),))], old)
    assert new.startswith("# By hand\n\n<!-- begin")
    assert new.endswith("<!-- end: lifsim validate -->\n\n## Also by hand\n")
    assert "| a | 1 | 1 |  | 0 % |" in new
    assert markdown([], new) == old


@pytest.mark.slow
def test_the_command_writes_the_document_in_any_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("LIFSIM_REFERENCE", raising=False)
    assert main(["validate", "--write", "validation.md"]) == 0
    printed, document = capsys.readouterr().out, Path("validation.md").read_text()
    for name in SECTIONS:
        assert f"## {section(name).TITLE}" in document
        assert section(name).TITLE in printed
    for text in (printed, document):
        assert "Left out, since they do not come with LIFSim: snn_vectors/vectors_vgg16_noshare.npz, " in text


def test_a_figure_that_deviates_is_shown_and_fails(
    figures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = "scalesim_vgg16_16x8.csv"
    text = (figures / file).read_text()
    (tmp_path / file).write_text(text.replace(",25087,", ",25000,", 1))
    assert main(["validate", "--reference", str(tmp_path), "--section", "scalesim"]) == 1
    printed = capsys.readouterr().out
    assert "os Conv1 last cycle" in printed
    assert "1 do not" in printed


def test_a_folder_of_figures_that_is_none_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["validate", "--reference", str(tmp_path / "none")]) == 2
    assert capsys.readouterr().err == f"{tmp_path / 'none'}: must be a folder of reference figures\n"


@pytest.mark.parametrize("content", ["", "a,b\n1,2\n", "array_rows,array_cols,dataflow\nx,y,z\n"])
def test_a_reference_that_is_no_table_is_refused(
    content: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "scalesim_vgg16_16x8.csv").write_text(content)
    assert main(["validate", "--reference", str(tmp_path), "--section", "scalesim"]) == 2
    assert "Traceback" not in capsys.readouterr().err
