"""Do names and texts from files reach terminal, spreadsheet and figure as plain text?"""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pandas as pd
import pytest
from rich.progress import TextColumn
from rich.table import Table

from lifsim.cli.main import main
from lifsim.cli.say import say
from lifsim.csv_text import csv_text, safe_cell
from lifsim.report.figures.files import Place, save_figure
from lifsim.report.figures.style import canvas, house_style
from lifsim.report.sweep_progress import Progress
from lifsim.report.terminal import Terminal

HOSTILE = "[red]x[/red] [link=http://evil]y[/link] :smile: \x1b[2J\x1b]0;title\x07 \u202egnp.exe \x9b31m"
HARMFUL = ("\x1b", "\x07", "\u202e", "\x9b", "\r", "\x00")


def _is_plain(text: str) -> bool:
    return not any(sign in text for sign in HARMFUL)


def test_a_table_shows_markup_and_control_characters_as_they_are() -> None:
    out = io.StringIO()
    terminal = Terminal(file=out, force_terminal=True, color_system=None, width=400)
    table = Table(HOSTILE, title=HOSTILE)
    table.add_row(HOSTILE)
    terminal.print(table)
    terminal.print(HOSTILE)
    shown = out.getvalue()
    assert _is_plain(shown.replace("\x1b[1m", "").replace("\x1b[3m", "").replace("\x1b[0m", ""))
    assert shown.count("[red]x[/red] [link=http://evil]y[/link] :smile: \\x1b[2J") == 4


def test_what_commands_say_has_a_line_for_each_line(capsys: pytest.CaptureFixture[str]) -> None:
    say(f"a{HOSTILE}\nforged: ok", "b")
    shown = capsys.readouterr().out
    assert _is_plain(shown)
    assert shown.count("\n") == 2


def test_progress_takes_no_markup() -> None:
    columns = [column for column in Progress(3, 0)._bar.columns if isinstance(column, TextColumn)]
    assert columns
    assert not any(column.markup for column in columns)


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        ("=cmd|' /C calc'!A0", "'=cmd|' /C calc'!A0"),
        ("@SUM(1)", "'@SUM(1)"),
        ("+1+1", "'+1+1"),
        ("-2+3", "'-2+3"),
        ("  =1", "'  =1"),
        ("\t=1", "\\t=1"),
        ("\r=1", "\\r=1"),
        ("-3.5", "-3.5"),
        ("+1e9", "+1e9"),
        (-3, -3),
        (None, None),
        ("layer+channel2", "layer+channel2"),
        ("a\x1b[2J", "a\\x1b[2J"),
    ],
)
def test_a_cell_is_no_formula(value: object, cell: object) -> None:
    assert safe_cell(value) == cell


def test_columns_are_cells_too() -> None:
    rows = list(csv.reader(csv_text(["=a", "b"], [{"=a": -1, "b": "=1"}, {"=a": 2}]).splitlines()))
    assert rows == [["'=a", "b"], ["-1", "'=1"], ["2", ""]]


@pytest.mark.parametrize("name", ["$", "a $\\frac{$ b", "$x^2$", "100 $ and 200 $", HOSTILE])
def test_a_figure_shows_a_name_and_no_formula(name: str, tmp_path: Path) -> None:
    with house_style():
        figure, (axes,) = canvas()
        axes.loglog([1, 1000], [1, 1000], label=name)
        axes.set_title(name)
        axes.set_xlabel(name)
        axes.legend(title=name)
        figure.suptitle(name)
        picture, numbers = tmp_path / "f.svg", tmp_path / "f.csv"
        save_figure(figure, pd.DataFrame({"layer": [f"={name}"], "x": [-1.5]}), Place((picture,)))
    assert picture.stat().st_size > 0
    layer, x = list(csv.reader(numbers.read_text(encoding="utf-8").splitlines()))[1]
    assert layer.startswith("'=")
    assert _is_plain(layer)
    assert x == "-1.5"


def test_categories_are_names_and_powers_stay_formulas(tmp_path: Path) -> None:
    with house_style():
        figure, (axes,) = canvas()
        axes.set_yscale("log")
        axes.bar(range(2), [1, 100000])
        axes.set_xticks(range(2), ["$bad_{", "$y$"])
        save_figure(figure, pd.DataFrame({"x": [1]}), Place((tmp_path / "f.png",)))
        assert not any(label.get_parse_math() for label in axes.get_xticklabels())
        assert all(label.get_parse_math() for label in axes.get_yticklabels())


@pytest.mark.parametrize("key", ["name", "components.0.name"])
def test_a_name_that_is_no_line_of_text_is_refused(key: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "--set", f'{key}="a\\u001b[2Jb"']) == 2
    shown = capsys.readouterr().err
    assert "must be one line of printable text" in shown
    assert _is_plain(shown)


def test_a_file_name_is_shown_plain(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "a\x1b[2J\nforged.yaml: ok.yaml"
    source = Path(__file__).parents[2] / "workloads" / "lenet5_mnist.yaml"
    file.write_text(source.read_text(encoding="utf-8"), encoding="utf-8")
    assert main(["check", str(file)]) == 0
    assert main(["check", str(file), "--nosuch\x1b[2J"]) == 2
    shown = "".join(capsys.readouterr())
    assert _is_plain(shown)
    assert "\nforged" not in shown
