"""Commands of LIFSim as processes that can be watched and stopped."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

SECONDS = 600
"""How long anything may take on a busy machine."""

LIFSIM = Path(sys.executable).with_name("lifsim")
"""The command as it is installed."""


@dataclass
class Command:
    """A running command. mark: in the environment of it and of all that it starts."""

    process: subprocess.Popen[str]
    folder: Path
    mark: str = field(default="")

    @classmethod
    def start(cls, folder: Path, *arguments: str) -> Command:
        """`lifsim` with `arguments` in `folder`, temporary files in its folder `tmp`, in a process group of its own."""
        (folder / "tmp").mkdir(exist_ok=True)
        mark = uuid4().hex
        environment = os.environ | {"LIFSIM_TEST_MARK": mark, "TMPDIR": str(folder / "tmp")}
        process = subprocess.Popen(
            [LIFSIM, *arguments], cwd=folder, env=environment, text=True, start_new_session=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        return cls(process, folder, mark)

    def until(self, condition: Callable[[], bool]) -> None:
        """Wait until `condition` holds or the command has ended."""
        wait_until(lambda: self.process.poll() is not None or condition())

    def ended(self) -> tuple[int, str]:
        """Wait for its end: its exit code and what it said on stderr. One that does not end is killed."""
        try:
            _, err = self.process.communicate(timeout=SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            raise
        return self.process.returncode, err

    def others(self) -> list[int]:
        """Processes that it started, as far as they are there."""
        return [pid for pid in processes() if pid != self.process.pid and self._started(pid)]

    def wait_for_others(self, seconds: float = 20) -> None:
        """Wait until they are gone. Raises TimeoutError."""
        wait_until(lambda: not self.others(), seconds)

    def _started(self, pid: int) -> bool:
        try:
            return f"LIFSIM_TEST_MARK={self.mark}".encode() in Path(f"/proc/{pid}/environ").read_bytes()
        except OSError:
            return False


def processes() -> Iterator[int]:
    """The ids of all processes (Linux)."""
    return (int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdecimal())


def handles(pid: int, number: int) -> bool:
    """Whether process `pid` has a handler of signal `number` (Linux)."""
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    except OSError:
        return False
    caught = next(line.split()[1] for line in status.splitlines() if line.startswith("SigCgt:"))
    return bool(int(caught, 16) >> (number - 1) & 1)


def wait_until(condition: Callable[[], bool], seconds: float = SECONDS) -> None:
    """Raises TimeoutError where it does not come true."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {seconds} s: {condition}")
        time.sleep(0.01)


def leftovers(folder: Path) -> list[Path]:
    """What is hidden or temporary in `folder`, however deep."""
    temporary = folder / "tmp"
    return [path for path in folder.rglob("*") if path.name.startswith(".") or temporary in path.parents]
