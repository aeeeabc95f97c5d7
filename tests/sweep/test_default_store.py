"""Has a sweep that is told no --out a file of its own, which the same sweep goes on with and no other one touches?"""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from lifsim.cli.main import main
from lifsim.config.resolve import find
from lifsim.sweeps.store import Store

QUICK = ("--workload", "lenet5_mnist", "--set", "dram.model=ideal", "--jobs", "1")


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def _swept(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    capsys.readouterr()
    assert main(["sweep", *QUICK, *arguments]) == 0
    return next(line for line in capsys.readouterr().err.splitlines() if " (" in line and " new, " in line)


def test_the_file_is_named_by_the_space_and_gone_on_with(capsys: pytest.CaptureFixture[str]) -> None:
    axes = ("--sharing", "none,channel2", "--vary", "buffers.weight.size_bytes=8KiB:16KiB:x2")
    name = "sweeps/lenet5_mnist-sata128-none+channel2-weight.size_bytes=8KiB..16KiB-dram.model=ideal"
    assert _swept(capsys, *axes).endswith(f"in {name}")
    assert "4 points (0 new" in _swept(capsys, *axes)
    assert _swept(capsys, *axes, "--batch", "2").endswith(
        "sweeps/lenet5_mnist-sata128-none+channel2-batch=2-weight.size_bytes=8KiB..16KiB-dram.model=ideal"
    )
    assert main(["optimize", *QUICK, *axes, "--minimise", "cycles.total"]) == 0
    assert f"4 points (0 new, 0 failed, 0 a second) in {name}" in capsys.readouterr().err


def test_it_says_which_commands_look_at_it_next(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sweep", *QUICK, "--sharing", "none,layer", "--out", "two of them"]) == 0
    said = capsys.readouterr().err.splitlines()[-1]
    commands = [shlex.split(one) for one in said.removeprefix("next: ").split(", or ")]
    assert [one[:-2] for one in commands] == [["lifsim", "store"], ["lifsim", "plot", "sweep", "two of them"]]
    assert main(commands[0][1:]) == 0
    assert main([*commands[1][1:], "--out", "plot.png"]) == 0


def test_a_sweep_of_that_name_of_something_else_is_left_alone(capsys: pytest.CaptureFixture[str]) -> None:
    shipped = find("arch", "sata128").read_text(encoding="utf-8")
    name = "sweeps/lenet5_mnist-mine-none-dram.model=ideal"
    for text, end, new in (
        (shipped, "", 1),
        (shipped.replace("rows: 16", "rows: 8"), "-2", 1),
        (shipped, "", 0),
        (shipped.replace("rows: 16", "rows: 8"), "-2", 0),
    ):
        Path("mine.yaml").write_text(text, encoding="utf-8")
        told = _swept(capsys, "--arch", "mine.yaml")
        assert f"1 point ({new} new" in told
        assert told.endswith(f"in {name}{end}")
    rows = []
    for end in ("", "-2"):
        with Store.read(Path(name + end)) as store:
            rows.append([row.figures["cycles.total"] for row in store.rows() if row.figures])
    assert rows[0] != rows[1]


def test_what_is_no_store_is_not_in_the_way(capsys: pytest.CaptureFixture[str]) -> None:
    name = Path("sweeps/lenet5_mnist-sata128-none-dram.model=ideal")
    name.parent.mkdir()
    name.write_text("mine")
    assert _swept(capsys).endswith(f"in {name}-2")
    assert name.read_text() == "mine"
