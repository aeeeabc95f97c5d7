"""What does a command do whose streams are closed or full, or whose current folder is gone?"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="asks a Unix shell, and /dev/full")

RUN = "run --workload lenet5_mnist --set dram.model=ideal --format json"


def _shell(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    lifsim = shlex.join([sys.executable, "-m", "lifsim"])
    script = command.replace("lifsim", lifsim, 1)
    return subprocess.run(["sh", "-c", script], cwd=folder, capture_output=True, text=True, check=False)


@pytest.mark.slow
@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&- >&- 2>&-", "2>/dev/full", ">/dev/null 2>/dev/full"])
@pytest.mark.parametrize(
    ("command", "status"), [("list archs", 0), (f"{RUN} --out out", 0), ("run --workload absent", 2)]
)
def test_streams_that_take_nothing(tmp_path: Path, command: str, status: int, closed: str) -> None:
    done = _shell(f"lifsim {command} {closed}", tmp_path)
    assert done.returncode == status
    assert "Traceback" not in done.stderr
    assert "internal error" not in done.stderr
    assert (tmp_path / "out" / "summary.json").exists() == ("--out" in command)


def test_a_traceback_that_nobody_takes(tmp_path: Path) -> None:
    assert _shell("lifsim --debug run --workload absent 2>/dev/full", tmp_path).returncode == 2


@pytest.mark.parametrize(
    ("command", "status", "told"),
    [
        (RUN, 2, "current folder: must exist"),
        (f"{RUN} --out out", 2, "current folder: must exist"),
        (f"{RUN} --out {{}}/out", 0, "written to"),
        ("sweep --workload lenet5_mnist --set dram.model=ideal --vary array.rows=8,16 --jobs 2 --out {}/s", 0, "2"),
        (
            "sweep --workload lenet5_mnist --set dram.model=ideal --vary array.rows=8 --out s",
            2,
            "current folder: must exist",
        ),
        ("list archs", 0, ""),
    ],
)
def test_a_current_folder_that_was_deleted(tmp_path: Path, command: str, status: int, told: str) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    command = command.format(shlex.quote(os.fspath(tmp_path)))
    done = _shell(f"rmdir ../gone; lifsim {command}", gone)
    assert (done.returncode, "internal error" in done.stderr, "Traceback" in done.stderr) == (status, False, False), (
        done.stderr
    )
    assert told in done.stderr
