"""Is the report of `lifsim.write_report` that of the command line, and is every fault told before any run is made?"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import lifsim
from lifsim.cli.main import main


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("rate", [None, 0.15])
def test_one_result_has_the_report_of_the_command_line(here: Path, rate: float | None) -> None:
    """With what is sharing's own, and at other rates where these are assumed."""
    said = [] if rate is None else ["--rate", str(rate)]
    told = ["--out", "stored", "--html", "told.html"]
    assert main(["run", "--workload", "lenet5_mnist", "--sharing", "channel2", *said, *told]) == 0
    result = lifsim.run(None, "lenet5_mnist", "channel2", rate=rate)
    assert lifsim.write_report(result, out="mine.html") == Path("mine.html")
    assert (here / "mine.html").read_bytes() == (here / "told.html").read_bytes()
    text = (here / "mine.html").read_text(encoding="utf-8")
    assert ("spike rates are assumed: at half" in text) == (rate is not None)
    lifsim.write_report("stored", out=here / "again.html")
    assert (here / "again.html").read_bytes() == (here / "told.html").read_bytes()
    lifsim.write_report(result, out="alone.html", again=False)
    text = (here / "alone.html").read_text(encoding="utf-8")
    assert "none, alike" not in text
    assert 'data-chart="run1-schedule"' in text


def test_results_and_folders_stand_beside_each_other(here: Path) -> None:
    assert main(["compare", "--workload", "lenet5_mnist", "--sharing", "none,layer", "--out", "two"]) == 0
    result = lifsim.run(None, "lenet5_mnist", "channel2")
    lifsim.write_report("two/layer", result, Path("two/none"), out="all.html", baseline=3)
    text = (here / "all.html").read_text(encoding="utf-8")
    labels = ["layer", result.name, "none"]
    assert re.findall(r"<summary><h2>(.*?)</h2></summary>", text) == labels
    assert "Changes are against none" in text
    assert all(f'data-chart="run{number}-schedule"' in text for number in (1, 2, 3))
    lifsim.write_report("two", result, out="all.html", again=False, force=True)
    text = (here / "all.html").read_text(encoding="utf-8")
    assert re.findall(r"<summary><h2>(.*?)</h2></summary>", text) == ["none", "layer", result.name]
    assert 'data-chart="run1-schedule"' not in text
    assert 'data-chart="run3-schedule"' in text


def test_every_fault_is_told_before_a_run_is_made(here: Path) -> None:
    (here / "taken.html").write_text("mine")
    with pytest.raises(lifsim.InputError) as caught:
        lifsim.write_report(3, None, out="taken.html")  # type: ignore[arg-type]
    told = [str(fault) for fault in caught.value.faults]
    assert [text.partition(":")[0] for text in told] == ["runs", "runs", "out"]
    assert "must not be overwritten" in told[2]
    with pytest.raises(lifsim.InputError, match="runs: must be given"):
        lifsim.write_report(out="new.html")
    with pytest.raises(lifsim.InputError, match=r"out: new.pdf must end in .html"):
        lifsim.write_report("nowhere", out="new.pdf")
    with pytest.raises(lifsim.InputError, match="nowhere"):
        lifsim.write_report("nowhere", out="new.html")
    assert not (here / "new.html").exists()
    assert (here / "taken.html").read_text() == "mine"
