"""A copy of the tree in which one file at a time holds a fault, and the tests that run there."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil
from pathlib import Path

from tests.mutation.contexts import OUT
from tests.mutation.mutant import Mutant
from tests.mutation.targets import COPIED, TARGETS

PYTEST = ("-m", "pytest", "-q", "-m", "slow or not slow", "-p", "no:cacheprovider")
MARGIN, SLOWER = 60, 5
"""A test may take SLOWER times as long as without the mutant, and MARGIN seconds to start and to compile kernels."""


@dataclass(frozen=True)
class Verdict:
    """Of the tests on a mutant. how: failed, timeout, survived or untested. by: the test that failed first."""

    how: str
    by: str = ""

    @property
    def killed(self) -> bool:
        """Whether a test noticed it."""
        return self.how in ("failed", "timeout")


class Workshop:
    """The copy.

    source: the tree to copy. folder: where the copy goes, with a cache of its own for what LIFSim writes at run time.
    """

    def __init__(self, source: Path, folder: Path) -> None:
        self._source, self._tree = source, folder / "tree"
        self._stamp = 0
        self._environment = os.environ | {
            "CI": "1",  # the property tests try the same examples every time
            "PYTHONPATH": str(self._tree),
            "XDG_CACHE_HOME": str(folder / "cache"),
            "PYTHONHASHSEED": "0",
        }
        for name in COPIED:
            if (source / name).is_dir():
                shutil.copytree(
                    source / name,
                    self._tree / name,
                    ignore=shutil.ignore_patterns("__pycache__", ".hypothesis"),
                    dirs_exist_ok=True,
                )
            elif (source / name).exists():
                self._tree.mkdir(parents=True, exist_ok=True)
                shutil.copy2(source / name, self._tree / name)

    def measure(self, test_file: str, out: Path) -> None:
        """Run the tests of a file under coverage and write what ran what; nothing where they do not end."""
        measured = ",".join(target.folder for target in TARGETS.values())
        coverage = ["-m", "coverage", "run", f"--data-file={self._tree}.coverage", f"--source={measured}"]
        command = [sys.executable, *coverage, *PYTEST, "-p", "tests.mutation.contexts", test_file]
        whole = out.with_suffix(".part")
        subprocess.run(command, cwd=self._tree, env=self._environment | {OUT: str(whole)}, check=False)
        if whole.exists():
            whole.replace(out)

    def try_out(self, mutant: Mutant, tests: Mapping[str, float]) -> Verdict:
        """Apply the mutant, run the `tests`, each with its seconds without it, and put the file right again."""
        if not tests:
            return Verdict("untested")
        path = self._tree / mutant.file
        right = (self._source / mutant.file).read_bytes()
        self._write(path, mutant.apply(right))
        try:
            return self._run(tests, self._environment)
        finally:
            self._write(path, right)

    def _write(self, path: Path, content: bytes) -> None:
        """With a time of its own: Python tells bytecode of another source by time and size alone."""
        self._stamp += 2
        path.write_bytes(content)
        os.utime(path, (self._stamp, self._stamp))

    def _run(self, tests: Mapping[str, float], environment: dict[str, str]) -> Verdict:
        one, all_tests = (MARGIN + SLOWER * ceil(limit(tests.values())) for limit in (max, sum))
        # A watchdog in C ends the process, for what loops without an end may be machine code.
        limits = ["-o", f"faulthandler_timeout={one}", "-o", "faulthandler_exit_on_timeout=true"]
        command = [sys.executable, *PYTEST, *limits, "-x", "--tb=no", "-p", "tests.mutation.examples", *tests]
        with subprocess.Popen(
            command,
            cwd=self._tree,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,  # so that what the tests started ends with them
        ) as process:
            try:
                printed, _ = process.communicate(timeout=all_tests)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                return Verdict("timeout")
        return verdict_of(process.returncode, printed)


def verdict_of(status: int, printed: str) -> Verdict:
    """Of pytest's exit status and what it printed."""
    if status == 0:
        return Verdict("survived")
    if re.search(r"^Timeout \(", printed, re.MULTILINE):
        return Verdict("timeout")
    failed = re.search(r"^(?:FAILED|ERROR) (.+?)(?: - .*)?$", printed, re.MULTILINE)
    return Verdict("failed", failed[1] if failed else (printed.strip().splitlines() or [""])[-1][:200])
