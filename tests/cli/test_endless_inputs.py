"""Is what has no end refused with words, wherever a file is read, and may a shell's pipe still be read?"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from lifsim.cli.main import main
from tests.checkout import ROOT

SECONDS = 120
COMMANDS = [
    ["check", "{}"],
    ["run", "--workload", "{}"],
    ["run", "--arch", "{}"],
    ["run", "--config", "{}"],
    ["run", "--set", "dram.device={}"],
    ["run", "--trace", "{}"],
    ["run", "--spikes", "engine", "--weights", "{}"],
    ["import", "satasim", "{}", "--out", "o.yaml"],
    ["import", "scalesim", "{}", "--out", "o.yaml"],
    ["import", "scalesim", str(ROOT / "docs/samples/scalesim_topology.csv"), "--config", "{}", "--out", "o.yaml"],
    ["import", "dramsim3", "{}", "--out", "o.yaml"],
    ["import", "torch", "{}", "--workload", "digits_cnn", "--out", "o.npz"],
    ["dram-bench", "--dram", "ddr4_2400", "{}"],
    ["dram-bench", "--dram", "{}", "--pattern", "sequential"],
    ["sweep", "{}", "--dry-run"],
    ["sweep", "--trace", "{}", "--out", "s"],
    ["sweep", "--vary", "array.rows=8", "--out", "{}"],
    ["optimize", "--vary", "array.rows=8,16", "--out", "{}"],
    ["store", "show", "{}"],
    ["trace", "info", "{}"],
]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("pipe", "pipe.gz", "pipe.xz"):
        os.mkfifo(name)


def _refused(command: list[str], name: str) -> str:
    """What is said on stderr; a command that waits is stopped."""
    whole = [sys.executable, "-m", "lifsim", *(part.replace("{}", name) for part in command)]
    done = subprocess.run(whole, capture_output=True, text=True, timeout=SECONDS, stdin=subprocess.DEVNULL, check=False)
    assert done.returncode == 2, done.stderr
    assert "internal error" not in done.stderr
    return done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_named_pipe_is_refused(command: list[str]) -> None:
    told = _refused(command, "pipe")
    assert "pipe" in told
    assert "must be" in told


@pytest.mark.slow
@pytest.mark.parametrize("name", ["pipe", "pipe.gz", "pipe.xz", "/dev/zero", "/dev/tty", "/dev/stdin", "/dev/fd/0"])
def test_a_trace_of_requests_is_a_regular_file(name: str) -> None:
    told = _refused(["dram-bench", "--dram", "ddr4_2400", "{}"], name)
    assert "must be a regular file" in told or "No such device" in told


@pytest.mark.parametrize("name", ["/dev/zero", "/dev/random"])
def test_a_device_is_refused(name: str) -> None:
    assert f"{name}: cannot be read: must be a regular file, is a device" in _refused(["check", "{}"], name)


@pytest.mark.skipif(not Path("/proc/kmsg").exists(), reason="a file of Linux")
def test_a_file_that_waits_for_news_is_not_waited_for() -> None:
    _refused(["check", "{}"], "/proc/kmsg")


def test_a_pipe_in_the_place_of_an_earlier_result_is_no_result(capsys: pytest.CaptureFixture[str]) -> None:
    Path("r").mkdir()
    os.mkfifo("r/summary.json")
    assert main(["run", "--out", "r", "--force"]) == 2
    assert "r must hold nothing but an earlier result" in capsys.readouterr().err


@pytest.mark.parametrize("line", ["{} /dev/stdin < file.yaml", "{} <(cat file.yaml)", "cat file.yaml | {} /dev/stdin"])
def test_what_a_shell_connects_is_read(line: str) -> None:
    text = (ROOT / "workloads" / "digits_cnn.yaml").read_text(encoding="utf-8")
    Path("file.yaml").write_text(text, encoding="utf-8")
    shell = ["bash", "-c", line.format(f"{sys.executable} -m lifsim check")]
    done = subprocess.run(shell, capture_output=True, timeout=SECONDS, check=False)
    assert done.returncode == 0, done.stderr
