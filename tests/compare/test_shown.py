"""Does a comparison show the figures of its runs, in every form the same, however wide the terminal and whatever the
names?"""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from lifsim.csv_text import csv_text
from lifsim.errors import InputError
from lifsim.report.compare.chosen import FIGURES, Chosen
from lifsim.report.compare.compared import Compared
from lifsim.report.compare.differences import differences, shown_and_counted
from lifsim.report.compare.runs import Failure, Run, read_stored
from lifsim.report.compare.table import BESIDE, print_comparison
from lifsim.report.quantities import quantities
from lifsim.units import change_text, key_words

HOSTILE = "[red]x[/red] \x1b[2J\x1b]0;title\x07 \u202egnp.exe\nforged"


def compared(entries: list[Run | Failure], *names: str, baseline: int | None = None) -> Compared:
    return Compared.of(entries, baseline, Chosen.of(names, [one for one in entries if isinstance(one, Run)]))


def printed(found: Compared, capsys: pytest.CaptureFixture[str]) -> str:
    capsys.readouterr()
    print_comparison(found)
    return capsys.readouterr().out


def test_every_group_of_a_table_can_be_chosen(runs: dict[str, Run]) -> None:
    """And has figures in files, all of which some run has."""
    groups = {one.group.lower().replace(" ", "_") for run in runs.values() for one in quantities(run)}
    assert groups == set(FIGURES)
    figures = [name for run in runs.values() for name in run.totals.figures]
    for parts in FIGURES.values():
        assert all(any(name == part or name.startswith(f"{part}.") for name in figures) for part in parts)


def test_all_rows_are_the_figures_of_the_runs(runs: dict[str, Run]) -> None:
    ours, theirs = runs["channel2"], runs["none"]
    found = compared([theirs, ours], "all")
    rows = {(row.group, row.name): row.cells for row in found.rows}
    told = {(one.group, one.name): one for one in quantities(ours)}
    before = {(one.group, one.name): one for one in quantities(theirs)}
    assert len(rows) > 25
    assert [cell.text for cell in rows.pop(("cycles", "bound by"))] == ["array work", "array work"]
    for place, (first, second) in rows.items():
        assert (first.text, second.text) == (before[place].text, told[place].text)
        want = told[place].value / before[place].value - 1 if before[place].value else None
        assert second.change == want
        assert second.change_text == change_text(want)
        assert first.change_text == "="
    left = {place for place in told if place not in rows}
    assert all(not told[place].value and not before[place].value for place in left)


def test_unasked_there_is_what_is_looked_at_first(runs: dict[str, Run]) -> None:
    found = compared([runs["none"], runs["channel2"]])
    rows = [(row.group, row.name) for row in found.rows]
    assert rows[0] == ("cycles", "total")
    assert {("DRAM", "total"), ("energy", "total"), ("energy", "total, idle"), ("LIF memory", "forward")} < set(rows)
    assert ("cycles", "bound by") in rows
    assert 10 < len(rows) < 30


def test_rows_of_training_stand_in_its_order_beside_inference(runs: dict[str, Run]) -> None:
    """Whichever comes first; what a run has none of is a dash, what the baseline has none of has no change."""
    for entries in (["none", "training"], ["training", "none"]):
        found = compared([runs[name] for name in entries], "dram", "lif_memory")
        rows = [(row.group, row.name) for row in found.rows]
        states = rows.index(("DRAM", "states write"))
        assert rows.index(("DRAM", "spikes out")) < states < rows.index(("DRAM", "total")) < len(rows) - 1
        cells = found.rows[states].cells
        assert [cell.text for cell in cells][entries.index("none")] == "-"
        assert {cell.change_text for cell in cells} <= {"", "="}


def test_membranes_kept_otherwise_stand_in_one_row(runs: dict[str, Run]) -> None:
    found = compared([runs["training"], runs["reversed"]], "lif_memory")
    row = next(row for row in found.rows if row.name.startswith("backward"))
    assert row.name == "backward"
    assert row.cells[1].value == runs["reversed"].totals.lif_memory_bytes.backward


def test_single_figures_are_rows_in_the_words_of_tables_where_these_have_them(runs: dict[str, Run]) -> None:
    found = compared([runs["none"], runs["channel2"]], "cycles.total", "energy_pj.lif_if", "bound", "lif_units")
    rows = {(row.group, row.name): [cell.text for cell in row.cells] for row in found.rows}
    assert rows["cycles", "total"] == [f"{runs[name].totals.cycles.total:,}" for name in ("none", "channel2")]
    assert rows["cycles", "bound by"] == ["array work", "array work"]
    assert rows["figures", "lif_units"] == ["128", "64"]
    assert rows["figures", "energy_pj.lif_if.toggles.work"][0].endswith("J")
    assert len(rows) == len(found.rows)
    assert [row.group for row in found.rows][:3] == ["cycles", "cycles", "figures"]
    only = compared([runs["none"]], "energy_pj.dram", "area", "energy_pj.total")
    assert [(row.group, row.name) for row in only.rows if row.group == "energy"] == [
        ("energy", "DRAM"),
        ("energy", "total"),
    ]
    assert {name for name in only.flat[0] if name.startswith("energy_pj")} == {"energy_pj.dram", "energy_pj.total"}


def test_unknown_rows_are_all_told_with_the_nearest(runs: dict[str, Run]) -> None:
    with pytest.raises(InputError) as raised:
        Chosen.of(["enrgy", "cycles.totl", "", "LIF update", "dram_bytes.states_write"], [runs["none"]])
    faults = [str(fault) for fault in raised.value.faults]
    assert len(faults) == 3
    assert "did you mean 'energy'?" in faults[0]
    assert "did you mean 'cycles.total'?" in faults[1]
    assert all(
        "cycles, time, operations, dram, accesses, energy, lif_update, area, lif_memory" in one for one in faults
    )


def test_changes_are_against_the_baseline(runs: dict[str, Run]) -> None:
    entries: list[Run | Failure] = [runs["none"], runs["channel2"], runs["two_images"]]
    found = compared(entries, "cycles", baseline=2)
    cycles = [one.totals.cycles.total for one in found.runs]
    assert [cell.change for cell in found.rows[0].cells] == [value / cycles[2] - 1 for value in cycles]
    assert [row["change.cycles.total"] for row in found.flat] == [value / cycles[2] - 1 for value in cycles]
    assert found.tree()["baseline"] == "two_images"


def test_only_keys_that_differ_are_told_as_set_takes_them_with_their_units(runs: dict[str, Run]) -> None:
    assert differences([runs["none"], runs["again"]]) == ()
    found = {one.key: one.words for one in differences([runs["none"], runs["other_node"]])}
    assert found == {"technology_nm": ("technology_nm", ("28 nm", "65 nm"))}
    found = {one.key: one.words for one in differences([runs["channel2"], runs["auto"], runs["none"]])}
    assert found["sharing"] == ("sharing", ("channel2", "channel2", "none"))
    assert found["schedule"] == ("schedule", ("tick", "auto", "tick"))
    assert set(found) == {"sharing", "schedule"}


def test_machines_of_other_names_are_told_apart_once(runs: dict[str, Run]) -> None:
    found = differences([runs["none"], runs["training"], runs["two_images"]])
    by_key = {one.key: one for one in found}
    assert by_key["buffers.membrane.size_bytes"].of_machine
    assert by_key["buffers.membrane.size_bytes"].words[1] == ("32 KiB", "256 KiB", "32 KiB")
    assert not by_key["batch"].of_machine
    assert not by_key["arch"].of_machine
    changed = {**runs["again"].inputs["arch"], "clock_hz": 1}
    varied = replace(runs["again"], inputs={**runs["again"].inputs, "arch": changed})
    assert not {one.key: one for one in differences([runs["none"], varied])}["clock_hz"].of_machine


def test_small_parts_of_machines_are_counted(runs: dict[str, Run]) -> None:
    shown, further = shown_and_counted(differences([runs["none"], runs["training"]]))
    assert further["components"] > 5
    assert not any(one.key.startswith("components.") for one in shown)


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("size_bytes", 32768, ("size", "32 KiB")),
        ("clock_hz", 4e8, ("clock", "400 MHz")),
        ("read_pj", 1.5, ("read", "1.5 pJ")),
        ("weight_bits", 1, ("weight", "1 bit")),
        ("tCK_ns", 1.25, ("tCK", "1.25 ns")),
        ("latency_cycles", 3, ("latency", "3 cycles")),
        ("rows", 1024, ("rows", "1,024")),
        ("overlapped", True, ("overlapped", "true")),
        ("dataflow", "os", ("dataflow", "os")),
        ("size_bytes", None, ("size_bytes", "-")),
        ("name", "it's", ("name", "it's")),
        ("rate", ["0.2", "conv3=0.1"], ("rate", "0.2, conv3=0.1")),
    ],
)
def test_keys_and_values_in_words(key: str, value: object, words: tuple[str, str]) -> None:
    assert key_words(key, value) == words


@pytest.mark.parametrize("columns", [60, 80, 100, 200])
def test_at_every_width_every_figure_is_there_and_no_line_too_long(
    columns: int, runs: dict[str, Run], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    found = compared([runs[name] for name in ("none", "channel2", "auto", "two_images", "training", "reversed")])
    text = printed(found, capsys)
    assert "…" not in text
    assert max(map(len, text.splitlines())) <= columns
    for run in found.runs:
        assert f"{run.totals.cycles.total:,}" in text
        assert run.label in re.sub(r"\s+", " ", text)
    if columns == 200:
        assert len(re.findall(r"^cycles", text, re.MULTILINE)) == 1


@pytest.mark.parametrize("columns", [1, 12, 20, 25, 28, 30, 36, 44])
@pytest.mark.parametrize("count", [3, BESIDE + 2])
def test_however_narrow_no_figure_no_change_and_no_name_is_cut(
    count: int, columns: int, runs: dict[str, Run], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where a figure and its change do not fit beside the names, the change has a line of its own; where not even the
    figure does, the terminal parts the line."""
    monkeypatch.setenv("COLUMNS", str(columns))
    names = [("none", "training", "channel2")[index % 3] for index in range(count)]
    entries = [replace(runs[name], label=f"{name}{index}") for index, name in enumerate(names)]
    found = compared(entries, "cycles.total", "energy_pj.total", "area")
    text = printed(found, capsys)
    table = text[text.index("\n\n") : text.index("\nnote:")]
    assert "\u2026" not in table
    for cell in (cell for row in found.rows for cell in row.cells[1:]):
        assert cell.text in table
        assert cell.change_text in table
    figures = [part for line in table.splitlines() for part in re.findall(r"\S+(?: [munp]J| mm2| %)", line)]
    assert {*figures} >= {cell.text for row in found.rows[1:] for cell in row.cells}
    if columns >= 30:
        assert max(map(len, table.splitlines())) <= columns


def test_names_of_figures_keep_their_lines_where_they_take_a_third(
    runs: dict[str, Run], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    names = ("none", "training", "channel2", "two_images", "satasim")
    text = printed(compared([runs[name] for name in names], "all"), capsys)
    assert len(re.findall(r" PE utilisation, overall ", text)) == len(re.findall("^cycles", text, re.MULTILINE)) > 1


@pytest.mark.parametrize("columns", ["", "40", "80"])
def test_no_line_has_spaces_at_its_end(
    columns: str, runs: dict[str, Run], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    for count in (2, BESIDE + 1):
        entries = [replace(runs[("none", "auto")[index % 2]], label=f"run {index}") for index in range(count)]
        text = printed(compared(entries), capsys)
        assert [line for line in text.split("\n") if line != line.rstrip()] == []


def test_piped_a_figure_is_a_line_whatever_the_width(
    runs: dict[str, Run], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    names = ("none", "channel2", "auto", "two_images", "other_seed", "training", "reversed", "satasim")
    found = compared([runs[name] for name in names], "all")
    assert len(found.runs) == BESIDE
    lines = printed(found, capsys).splitlines()
    energy = [line for line in lines if line.lstrip().startswith("total, standing")]
    assert len(energy) == 1
    assert len(re.findall(r"\d J|[munp]J", energy[0])) == BESIDE


def test_more_runs_stand_below_each_other(
    runs: dict[str, Run], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    many = [replace(runs["channel2" if index % 2 else "none"], label=f"a run of number {index}") for index in range(50)]
    found = compared(many)
    text = printed(found, capsys)
    assert max(map(len, text.splitlines())) <= 80
    for index in range(50):
        assert len(re.findall(rf"^ *{index + 1}  a run of number {index}\b.*{many[index].totals.cycles.total:,}",
                              text, re.MULTILINE)) == 1  # fmt: skip
    assert text.count("cycles total") == 1
    chosen = printed(compared(many, "area"), capsys)
    assert "cycles" not in chosen
    assert "area total" in chosen


def test_a_run_that_cannot_be_made_is_told_with_its_reason(
    runs: dict[str, Run], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    failed = [Failure(f"channel4 on {name}", ("sharing: channel4 must divide",)) for name in ("a", "b")]
    found = compared([failed[0], runs["none"], failed[1], runs["channel2"]])
    assert found.baseline is runs["none"]
    text = printed(found, capsys)
    assert "not run: channel4 on a, channel4 on b: sharing: channel4 must divide\n" in text
    rows = list(csv.DictReader(io.StringIO(found.csv)))
    assert [row["error"] for row in rows] == ["sharing: channel4 must divide", "", "sharing: channel4 must divide", ""]
    assert [row["cycles.total"] for row in rows] == [
        "",
        *(str(runs["none"].totals.cycles.total), ""),
        rows[3]["cycles.total"],
    ]
    tree = found.tree()["runs"]
    assert [sorted(one)[:2] for one in tree[:2]] == [["error", "run"], ["change", "figures"]]


def test_without_any_run_the_reasons_are_the_fault(runs: dict[str, Run]) -> None:
    with pytest.raises(InputError, match=r"a: must divide\nb: must fit"):
        Compared.of([Failure("a", ("must divide",)), Failure("b", ("must fit",))], None, Chosen())
    with pytest.raises(InputError, match="baseline a: must divide"):
        Compared.of([Failure("a", ("must divide",)), runs["none"]], 0, Chosen())


def test_hostile_names_are_text(
    runs: dict[str, Run], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    workload = {**runs["none"].inputs["workload"], "name": f"w{HOSTILE}"}
    inputs = {**runs["none"].inputs, "workload": workload, "workload_sha256": "0" * 64}
    hostile = replace(runs["none"], label=f"=cmd {HOSTILE}", inputs=inputs, groups=(HOSTILE,))
    failed = Failure(HOSTILE, (f"must not be {HOSTILE}",))
    for width, count in ((60, 2), (200, 2), (100, 12)):
        monkeypatch.setenv("COLUMNS", str(width))
        entries = [replace(hostile, label=f"{hostile.label}{index}") for index in range(count - 1)]
        text = printed(compared([runs["none"], *entries, failed]), capsys)
        assert not any(sign in text for sign in ("\x1b", "\x07", "\u202e", "\r"))
        assert not any(line.strip().startswith("forged") for line in text.splitlines())
        assert "[red]x[/red]" in re.sub(r"\s", "", text)
    found = compared([runs["none"], hostile, failed])
    rows = list(csv.reader(io.StringIO(found.csv)))
    assert rows[2][0].startswith("'=cmd")
    assert not any("\x1b" in cell or "\n" in cell for row in rows for cell in row)
    assert json.loads(json.dumps(found.tree()))["runs"][1]["run"] == hostile.label


def test_csv_json_and_frame_say_the_same(runs: dict[str, Run]) -> None:
    found = compared([runs["none"], runs["channel2"]], "energy", "cycles.total")
    frame, tree = found.frame, found.tree()
    assert list(frame.index) == ["none", "channel2"]
    assert found.csv == csv_text(list(found.flat[0]), found.flat)
    for row, one in zip(tree["runs"], ("none", "channel2"), strict=True):
        for name, value in row["figures"].items():
            assert frame.loc[one, name] == value
        for name, value in row["change"].items():
            assert frame.loc[one, f"change.{name}"] == value or value is None
        assert set(row["figures"]) == {n for n in frame.columns if n.startswith(("energy_pj", "cycles.total"))}
    assert frame.loc["channel2", "sharing"] == "channel2"
    assert tree["differences"] == {"sharing": {"none": "none", "channel2": "channel2"}}
    assert frame.attrs == {"baseline": "none", "unlike": list(found.unlike)}


def test_stored_runs_are_called_by_the_ends_of_their_paths(stored: Path, tmp_path: Path) -> None:
    for place in ("a/x", "b/x", "b/y"):
        (tmp_path / place).mkdir(parents=True)
        (tmp_path / place / "summary.json").write_bytes((stored / "none" / "summary.json").read_bytes())
    places = [tmp_path / "a" / "x", tmp_path / "b" / "x" / "summary.json", tmp_path / "b" / "y"]
    assert [run.label for run in read_stored(places)] == ["a/x", "b/x", "y"]
    assert [run.label for run in read_stored([places[0], places[0]])] == ["x", "x"]
