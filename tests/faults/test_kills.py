"""Is nothing lost, doubled or left when processes are killed? A few of what `python -m tests.faults.kills` kills."""

from __future__ import annotations

import signal
import sys
import time
from pathlib import Path

import pytest

from tests.faults.commands import Command
from tests.faults.kills import run

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks at processes through /proc")


@pytest.mark.slow
def test_killed_sweeps_go_on_to_the_same_table(tmp_path: Path) -> None:
    tally = run(tmp_path, 1, 40, {"sigkills": 3})
    assert tally["sweeps killed"] == 3


@pytest.mark.slow
def test_a_killed_scheduler_is_said_and_loses_nothing(tmp_path: Path) -> None:
    pytest.importorskip("distributed")
    tally = run(tmp_path, 2, 40, {"schedulers": 1})
    assert tally["schedulers killed"] == 1


@pytest.mark.slow
def test_workers_of_a_killed_sweep_end_by_themselves_in_the_middle_of_a_point(tmp_path: Path) -> None:
    space = ("--workload", "resnet19_imagenet100", "--vary", "batch=64:128")  # a point takes a minute or more
    command = Command.start(tmp_path, "sweep", *space, "--jobs", "2", "--out", "s")
    command.until(lambda: len([pid for pid in command.others() if _is_busy(pid)]) == 2)
    command.process.send_signal(signal.SIGKILL)
    killed = time.monotonic()
    command.process.wait()
    command.wait_for_others()
    assert time.monotonic() - killed < 20
    assert "Traceback" not in (command.process.stderr.read() if command.process.stderr else "")


def _is_busy(pid: int) -> bool:
    """Whether a process has computed for two seconds (Linux)."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12]) > 200
