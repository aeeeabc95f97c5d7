"""Do figures of several formats live beside each other, with one table, and does none take the place of another?"""

from __future__ import annotations

from pathlib import Path

import pytest

from lifsim.cli.main import main
from lifsim.sweeps.outcome import Outcome
from lifsim.sweeps.store import Store

FIG1 = ["plot", "fig1", "--workload", "lenet5_mnist"]
OTHER = ["--batch", "2"]


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def _files(folder: str) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in Path(folder).iterdir()}


def test_formats_of_one_command_have_one_table(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*FIG1, "--out", "f/a", "--format", "png, pdf,svg"]) == 0
    assert capsys.readouterr().out.split() == ["f/a.png", "f/a.pdf", "f/a.svg", "f/a.csv"]
    assert sorted(_files("f")) == ["a.csv", "a.pdf", "a.png", "a.svg"]


def test_formats_of_two_commands_live_beside_each_other() -> None:
    assert main([*FIG1, "--out", "f/a.png"]) == 0
    before = _files("f")
    assert main([*FIG1, "--out", "f/a.pdf"]) == 0
    assert {**_files("f"), **before} == _files("f")
    assert sorted(_files("f")) == ["a.csv", "a.pdf", "a.png"]


def test_a_table_of_other_numbers_is_replaced_on_request_only(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*FIG1, "--out", "f/a.png"]) == 0
    before = _files("f")
    assert main([*FIG1, *OTHER, "--out", "f/a.pdf"]) == 2
    assert "f/a.csv has other numbers, those of f/a.png: choose another name, or --force" in capsys.readouterr().err
    assert _files("f") == before
    assert main([*FIG1, *OTHER, "--out", "f/a.pdf", "--force"]) == 0
    assert "f/a.png shows other numbers than f/a.csv has now" in capsys.readouterr().err
    assert _files("f")["a.png"] == before["a.png"]


def test_a_table_that_no_figure_stands_beside_is_not_taken_for_one(capsys: pytest.CaptureFixture[str]) -> None:
    Path("a.csv").write_text("mine")
    assert main([*FIG1, "--out", "a.png"]) == 2
    assert "a.csv exists and must not be overwritten" in capsys.readouterr().err
    assert Path("a.csv").read_text() == "mine"


def test_in_the_default_place_nothing_is_lost(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in ([], [], ["--format", "pdf"], OTHER, [*OTHER, "--style", "slides"], []):
        assert main([*FIG1, *arguments]) == 0
    found = capsys.readouterr()
    told = [line.partition("/")[2] for line in found.out.split()]
    assert found.err.splitlines() == ["note: reports/fig1.png holds something else, or its table does"] * 2
    one, two, three = (["fig1.png", "fig1.csv"], ["fig1-2.png", "fig1-2.csv"], ["fig1-3.png", "fig1-3.csv"])
    assert told == [*one, *one, "fig1.pdf", "fig1.csv", *two, *three, *one]
    assert sorted(_files("reports")) == sorted({*told})


def test_nonsense_is_refused_before_any_work(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments, told in (
        (["--format", "pgn"], "--format: 'pgn' must be one of png, svg, pdf; did you mean 'png'?"),
        (["--out", "a.svg", "--format", "png"], "out: a.svg must end in one of --format png, or in none"),
        (["--size", "3"], "size: '3' must be WIDTHxHEIGHT"),
    ):
        assert main([*FIG1, "--arch", "no_machine", *arguments]) == 2
        err = capsys.readouterr().err
        assert told in err
        assert "no_machine" in err
    assert list(Path().iterdir()) == []


def test_a_sweep_is_not_drawn_over_its_own_store(capsys: pytest.CaptureFixture[str]) -> None:
    with Store.create_or_open(Path("a.csv"), {}) as store:
        store.add(Outcome(0, "0" * 64, {"energy_pj.total": 1.0}), {"array.rows": 8})
    Path("a.png").write_text("a picture that stands beside it")
    assert main(["plot", "sweep", "a.csv", "--x", "array.rows", "--out", "a.pdf"]) == 2
    assert "a.csv must be another file than a.csv, which is read" in capsys.readouterr().err


@pytest.mark.parametrize("out", ["/proc/no/place.png", "taken/a.png", f"{'x' * 300}.png"])
@pytest.mark.parametrize(
    "command",
    [
        ["fig1", "--workload", "lenet5_mnist"],
        ["fig7", "--workload", "lenet5_mnist"],
        ["fig8", "--networks", "lenet5_mnist"],
        ["fig9", "--part", "bottom", "--networks", "lenet5_mnist"],
        ["fig9", "--part", "top", "--workload", "lenet5_mnist"],
        ["fig10", "--networks", "lenet5_mnist", "--sharing", "none"],
        ["roofline", "--workload", "lenet5_mnist"],
        ["schedule", "--workload", "lenet5_mnist"],
        ["fig6", "no_study"],
        ["sweep", "no_sweep", "--x", "array.rows"],
    ],
    ids=lambda command: "_".join(command[:3]),
)
def test_a_place_that_cannot_be_written_is_refused_before_any_work(
    command: list[str], out: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("taken").write_text("a file")
    for work in ("lifsim.simulate.pipeline.run", "lifsim.sweeps.beside.run_sharings",
                 "lifsim.report.plot.computation.run_sharings", "lifsim.report.plot.memory.memory_rows",
                 "lifsim.report.plot.pruning.memory_rows", "lifsim.report.dram_readings.readings",
                 "lifsim.report.schedule_kinds.kind_rows"):  # fmt: skip
        monkeypatch.setattr(work, _never)
    assert main(["plot", *command, "--out", out]) == 2
    err = capsys.readouterr().err
    assert "cannot be written" in err or "name too long" in err.lower()
    assert [path.name for path in Path().iterdir()] == ["taken"]


def _never(*_: object, **__: object) -> None:
    raise AssertionError("work before the place is known to be one")


def test_looking_at_a_place_leaves_nothing_there() -> None:
    assert main([*FIG1, "--arch", "no_machine", "--out", "new/folders/a.png"]) == 2
    assert list(Path().iterdir()) == []
