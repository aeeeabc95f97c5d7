"""A Dask cluster whose scheduler and workers are processes that can be killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.faults.commands import SECONDS, wait_until


class Cluster:
    """A scheduler and `workers` workers of one thread, each under a nanny, which starts it anew when it dies. Their
    files are in `folder`; as a context manager it ends them."""

    def __init__(self, folder: Path, workers: int) -> None:
        self.folder, self._count = folder, workers
        folder.mkdir(parents=True, exist_ok=True)
        self._processes: list[subprocess.Popen[bytes]] = []
        self.scheduler = self._started("dask_scheduler", "--port", "0", "--no-dashboard", "--no-show")
        log = folder / "0.log"
        wait_until(lambda: "Scheduler at:" in log.read_text(encoding="utf-8") or self.scheduler.poll() is not None)
        line = next(line for line in log.read_text(encoding="utf-8").splitlines() if "Scheduler at:" in line)
        self.address = line.split()[-1]
        for _ in range(workers):
            self._started("dask_worker", self.address, "--nthreads", "1", "--no-dashboard")

    def workers(self, least: int | None = None) -> list[int]:
        """The ids of the processes that run points, once `least` of them, or all, are there."""
        from distributed import Client

        with Client(self.address, set_as_default=False, timeout=30) as client:
            client.wait_for_workers(least or self._count, timeout=SECONDS)
            return sorted(client.run(os.getpid, on_error="ignore").values())  # one may be dying

    def kill_scheduler(self) -> None:
        """As a machine that fails would."""
        self.scheduler.kill()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process in reversed(self._processes):
            process.send_signal(signal.SIGTERM)
        for process in self._processes:
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def _started(self, program: str, *arguments: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-P", "-m", f"distributed.cli.{program}", "--host", "127.0.0.1", *arguments]
        with (self.folder / f"{len(self._processes)}.log").open("wb") as log:
            process = subprocess.Popen(
                command, cwd=self.folder, stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                env=os.environ | {"DASK_TEMPORARY_DIRECTORY": str(self.folder / "space")},
            )  # fmt: skip
        self._processes.append(process)
        return process
