"""Is everything that a command prints readable on a narrow terminal: whole figures, whole words, no line too long?"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from rich.table import Table

from lifsim.cli.main import main
from lifsim.report.narrow import parts_of
from lifsim.report.terminal import Terminal
from lifsim.report.width import terminal_columns, wrapped
from lifsim.units import counted

LENET = ["--workload", "lenet5_mnist"]
COMMANDS = {
    "run": ["run", *LENET, "--sharing", "channel2", "--out", "run"],
    "run full": ["run", *LENET, "--sharing", "layer", "--schedule", "auto", "--full", "--layers", "--out", "run"],
    "training": [
        "run",
        *LENET,
        "--mode",
        "training",
        "--batch",
        "1",
        "--sharing",
        "channel2",
        "--full",
        "--out",
        "run",
    ],
    "memory": ["memory", "--workload", "resnet19_imagenet100,lenet5_mnist", "--sharing", "none,layer+channel2"],
    "explain": ["explain", *LENET, "--sharing", "channel2", "--layer", "conv2"],
    "explain timestep": ["explain", *LENET, "--schedule", "timestep", "--layer", "conv2", "--batch", "2"],
    "workload": ["workload", "show", "vgg16_efficientlif_cifar10"],
    "list": ["list", "workloads"],
    "members": ["list", "dataflows"],
    "dram": ["dram-bench", "--dram", "lpddr3_1600_x32", "--pattern", "random", "--bytes", "64KiB"],
    "store": ["store", "show", "store"],
}


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def _sweep(capsys: pytest.CaptureFixture[str]) -> None:
    axes = ["--vary", "buffers.membrane.size_bytes=8KiB,16KiB", "--sharing", "none,channel2"]
    assert main(["sweep", *LENET, "--set", "dram.model=ideal", *axes, "--jobs", "1", "--out", "store"]) == 0
    capsys.readouterr()


def _printed(command: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    assert main([*command, "--force"] if "--out" in command else command) == 0
    return capsys.readouterr().out


def _words(text: str) -> set[str]:
    """Of all lines but that of the simulator's own speed, which no two runs share."""
    lines = [line for line in text.splitlines() if "simulated at" not in line]
    return set(re.sub("[^\\w.,:;()/%*+=~-]|(?<=[a-z])[.]", " ", " ".join(lines)).split())  # a dotted name may be parted


@pytest.mark.parametrize("name", COMMANDS)
def test_nothing_is_cut_and_no_line_is_longer_than_the_terminal(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """All that stands on a wide terminal stands on a narrow one; from 104 columns on there is a second baseline."""
    told = {}
    if name == "store":
        _sweep(capsys)
    for columns in (103, 80, 60):
        monkeypatch.setenv("COLUMNS", str(columns))
        monkeypatch.setattr("sys.stdout.isatty", lambda: name in ("list", "members"), raising=False)
        told[columns] = _printed(COMMANDS[name], capsys)
        too_long = [line for line in told[columns].splitlines() if len(line.rstrip()) > columns]
        assert all(len(line.split()) == 1 for line in too_long), too_long
        assert "…" not in told[columns]
    assert _words(told[103]) == _words(told[80]) == _words(told[60])


@pytest.mark.parametrize("sharing", ["channel2", "layer"])
def test_a_shared_run_shows_one_baseline_and_says_where_the_other_is(
    sharing: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    command = ["run", "--workload", "vgg9_cifar10", "--sharing", sharing, "--full", "--out", "vgg9"]
    first, _, _ = _printed(command, capsys).partition("DRAM LPDDR3")
    assert "which part is due to sharing?" in first
    assert "here from 104 columns on" in first


def test_a_table_is_parted_at_its_columns_and_every_part_has_its_key() -> None:
    table = Table(title="title", caption="caption")
    table.add_column("name of what it is")
    for index in range(6):
        table.add_column(f"figure number {index}", justify="right")
    table.add_row("first of all", *(f"{index}23,456,789" for index in range(6)))
    console = Terminal(width=40)
    parts = parts_of(table, console, 1)
    assert len(parts) > 1
    assert [column.header.replace("\n", " ") for part in parts for column in part.columns[1:]] == [
        f"figure number {index}" for index in range(6)
    ]
    assert {str(part.columns[0].header) for part in parts} == {"name of what it is"}
    assert [part.title for part in parts] == ["title", *[None] * (len(parts) - 1)]
    assert [part.caption for part in parts] == [*[None] * (len(parts) - 1), "caption"]
    assert parts_of(table, Terminal(width=400), 1) == [table]
    with console.capture() as captured:
        console.print_table(table)
    assert sorted(re.findall(r"\d23,456,789", captured.get())) == [f"{index}23,456,789" for index in range(6)]


def test_words_are_never_cut_and_lines_that_go_on_are_indented() -> None:
    text = "  weights = 16*150 = 2,400 bytes, an_endless_word_that_no_terminal_of_so_few_columns_holds, and more"
    lines = wrapped(text, 30)
    assert " ".join(line.strip() for line in lines) == text.strip()
    assert lines[0].startswith("  weights")
    assert all(line.startswith("    ") for line in lines[1:])
    assert [line for line in lines if len(line) > 30 and len(line.split()) > 1] == []
    assert wrapped(text, 1000) == [text]


@pytest.mark.parametrize(("given", "columns"), [("72", 72), ("", 123), ("0", 123), ("many", 123), ("-3", 123)])
def test_the_width_is_that_of_the_environment(given: str, columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", given)
    assert terminal_columns(123) == columns


@pytest.mark.parametrize(("count", "said"), [(0, "0 images"), (1, "1 image"), (2, "2 images"), (1024, "1,024 images")])
def test_one_is_no_plural(count: int, said: str) -> None:
    assert counted(count, "image") == said
