"""Do `lifsim run --html` and `lifsim report` write where they say, whole or not at all, and over nothing unasked?"""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from lifsim.cli.main import main
from lifsim.report.html import write

RUN = ["run", "--workload", "lenet5_mnist", "--sharing", "channel2"]
REPORT = "<!DOCTYPE html>"


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def is_report(path: Path) -> bool:
    return path.read_text(encoding="utf-8").startswith(REPORT)


def said(capsys: pytest.CaptureFixture[str]) -> str:
    return " ".join("".join(capsys.readouterr()).split())


def test_a_report_goes_into_the_folder_of_its_run(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*RUN, "--html", "--out", "out"]) == 0
    names = {"summary.json", "config.resolved.yaml", "layers.csv", "timesteps.csv", "report.html"}
    assert {path.name for path in (here / "out").iterdir()} == names
    assert is_report(here / "out" / "report.html")
    assert said(capsys).endswith(f"written to out the report is {Path('out') / 'report.html'}")
    assert main([*RUN, "--html", "--out", "out"]) == 0
    assert "out holds this already" in said(capsys)


def test_a_folder_without_a_report_gets_one_and_keeps_what_it_has(here: Path) -> None:
    assert main([*RUN, "--timeline", "--out", "out"]) == 0
    assert main([*RUN, "--html", "--out", "out"]) == 0
    assert {"timeline.json", "report.html"} <= {path.name for path in (here / "out").iterdir()}


def test_an_older_report_of_the_same_run_is_no_other_result(here: Path) -> None:
    assert main([*RUN, "--html"]) == 0
    (folder,) = (here / "reports").iterdir()
    (folder / "report.html").write_text(f"{REPORT} of yesterday", encoding="utf-8")
    assert main([*RUN, "--html"]) == 0
    assert [path.name for path in (here / "reports").iterdir()] == [folder.name]
    assert "of yesterday" not in (folder / "report.html").read_text(encoding="utf-8")
    assert main(RUN) == 0
    assert is_report(folder / "report.html")


def test_a_report_goes_into_a_file_that_is_named(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*RUN, "--html", "told/run.html", "--out", "out", "--format", "json"]) == 0
    out, err = capsys.readouterr()
    assert json.loads(out)["format"] == "lifsim-summary"
    assert err.splitlines() == ["written to out", "written to told/run.html"]
    assert is_report(here / "told" / "run.html")
    assert not (here / "out" / "report.html").exists()


@pytest.mark.parametrize("form", ["csv", "json", "table"])
def test_what_is_printed_stays_what_it_is(form: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*RUN, "--format", form, "--out", "plain"]) == 0
    plain = capsys.readouterr().out
    assert main([*RUN, "--format", form, "--out", "told", "--html"]) == 0
    assert capsys.readouterr().out == plain


@pytest.mark.parametrize(
    ("file", "words"),
    [
        ("lenet5", "lenet5 must end in .html"),
        ("taken.html", "must not be overwritten"),
        ("folder.html", "must be a file"),
    ],
)
def test_a_place_that_will_not_do_is_refused_before_the_run(
    here: Path, file: str, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (here / "taken.html").write_text("mine")
    (here / "folder.html").mkdir()
    assert main([*RUN, "--html", file, "--out", "out"]) == 2
    assert words in said(capsys)
    assert not (here / "out").exists()
    assert (here / "taken.html").read_text() == "mine"


def test_force_replaces_the_file_and_says_so(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "taken.html").write_text("mine")
    assert main([*RUN, "--html", "taken.html", "--out", "out", "--force"]) == 0
    assert "taken.html, in the place of what was there" in said(capsys)
    assert is_report(here / "taken.html")


def test_several_sharings_have_one_report(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    several = ["run", "--workload", "lenet5_mnist", "--sharing", "none,channel2"]
    assert main([*several, "--html"]) == 0
    assert "written to reports/comparison.html" in said(capsys)
    text = (here / "reports" / "comparison.html").read_text(encoding="utf-8")
    assert re.findall(r"<summary><h2>(.*?)</h2></summary>", text) == ["none", "channel2"]
    assert main([*several, "--html", "two.html", "--out", "plain"]) == 0
    assert is_report(here / "two.html")
    assert main([*several, "--html", "--out", "out"]) == 0
    assert said(capsys).endswith(f"written to out the report is {Path('out') / 'report.html'}")
    assert {path.name for path in (here / "out").iterdir()} == {
        "comparison.json", "comparison.csv", "report.html", "none", "channel2"
    }  # fmt: skip
    assert main([*several, "--html", "--out", "out"]) == 0
    assert said(capsys).endswith(f"out holds this already the report is {Path('out') / 'report.html'}")


def parts(path: Path) -> list[str]:
    return re.findall(r"<summary><h2>(.*?)</h2></summary>", path.read_text(encoding="utf-8"))


def test_a_comparison_has_a_report_of_runs_made_and_stored(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*RUN, "--out", "stored"]) == 0
    compare = ["compare", "--workload", "lenet5_mnist", "--sharing", "none,layer"]
    assert main([*compare, "stored", "--html", "all.html", "--baseline", "none"]) == 0
    assert "written to all.html" in said(capsys)
    assert parts(here / "all.html") == ["stored", "none", "layer"]
    text = (here / "all.html").read_text(encoding="utf-8")
    assert "Changes are against none" in text
    assert all(f'data-chart="run{number}-schedule"' in text for number in (1, 2, 3))
    assert main([*compare, "--out", "kept", "--html"]) == 0
    assert said(capsys).endswith(f"written to kept the report is {Path('kept') / 'report.html'}")
    assert parts(here / "kept" / "report.html") == ["none", "layer"]
    assert main(["report", "kept", "--out", "again.html"]) == 0
    assert parts(here / "again.html") == ["none", "layer"]
    assert main(["compare", "stored", "--html"]) == 0
    assert parts(here / "reports" / "comparison.html") == ["stored"]


def test_what_a_comparison_cannot_tell_is_refused_at_once(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "mine").mkdir()
    (here / "mine" / "text").touch()
    asked = ["compare", "--sharing", "none,nobody", "--html", "report.txt", "--out", "mine", "--jobs", "2"]
    assert main(asked) == 2
    told = said(capsys)
    assert "html: report.txt must end in .html" in told
    assert "--jobs: must be 1 with --html" in told
    assert "mine must hold nothing but an earlier comparison" in told
    assert "nobody" in told


def test_stored_runs_are_told_alone_and_beside_each_other(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", "--workload", "lenet5_mnist", "--sharing", "none,channel2", "--out", "two"]) == 0
    assert main(["report", "two/channel2"]) == 0
    assert is_report(here / "two" / "channel2" / "report.html")
    assert "written to two/channel2/report.html" in said(capsys)
    assert main(["report", "two", "--baseline", "channel2"]) == 0
    text = (here / "reports" / "comparison.html").read_text(encoding="utf-8")
    assert "Changes are against channel2" in text
    assert "Not alike" in text
    assert main(["report", "two", "--out", "named.html"]) == 0
    assert main(["report", "two", "--out", "named.html"]) == 2
    assert main(["report", "two", "--out", "named.html", "--force"]) == 0
    assert main(["compare", "two"]) == 0  # a report is nothing that a comparison stumbles over


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nowhere"], "nowhere: must be the folder of a run"),
        (["run", "--baseline", "run"], "must come with several runs"),
        (["run", "--out", "x.pdf"], "x.pdf must end in .html"),
        ([], "Missing argument"),
    ],
)
def test_what_cannot_be_told_is_refused(
    here: Path, arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*RUN, "--out", "run"]) == 0
    assert main(["report", *arguments]) == 2
    assert words in said(capsys)
    assert [path.name for path in here.iterdir()] == ["run"]


def test_a_run_has_its_folder_whole_or_not_at_all(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> bytes:
        raise OSError(28, "No space left on device", str(here / "out" / "report.html"))

    monkeypatch.setattr(write, "report_of", fails)
    assert main([*RUN, "--html", "--out", "out"]) == 2
    assert list(here.iterdir()) == []
