"""Tests against a temporary copy of the package, whole or with a fault in it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from enum import Enum
from pathlib import Path

from tests.mutants.fault import Fault

ROOT = Path(__file__).parents[2]
COPIED = ("lifsim", "tests", "arch_configs", "workloads")
COMPILED = shutil.ignore_patterns("*.nbi", "*.nbc")
"""Numba takes a kernel from its cache although a function that it calls, of another file, has changed: no cache where
the fault is in a kernel."""

TOO_LONG_S = 1800


class Verdict(Enum):
    """What became of a fault. gone: its text is no longer found. broken: its tests did not run to a verdict."""

    KILLED = "killed"
    SURVIVED = "survived"
    GONE = "gone"
    BROKEN = "broken"


def verdict_of(fault: Fault) -> Verdict:
    """Plant it in a copy of the package and run its tests."""
    if fault.found(ROOT) != 1:
        return Verdict.GONE
    codes = {0: Verdict.SURVIVED, 1: Verdict.KILLED}
    return codes.get(exit_code(fault.tests, fault), Verdict.BROKEN)


def exit_code(tests: Sequence[str], fault: Fault | None = None) -> int:
    """Pytest's, of `tests` on a copy of the package, with a fault or without; 1 if they do not end."""
    with tempfile.TemporaryDirectory(prefix="lifsim-mutant-") as folder:
        copy = Path(folder)
        compiled = fault is not None and "njit" in (ROOT / fault.file).read_text(encoding="utf-8")
        for name in COPIED:
            shutil.copytree(ROOT / name, copy / name, ignore=COMPILED if compiled else None)
        shutil.copy2(ROOT / "setup.cfg", copy)
        if fault:
            fault.plant(copy)
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-x",
            "-q",
            "-m",
            "slow or not slow",
            "-p",
            "no:cacheprovider",
            "-p",
            "tests.mutants.quick",
        ]
        environment = {name: value for name, value in os.environ.items() if name != "CI"} | {"PYTHONPATH": folder}
        environment |= {"LIFSIM_REFERENCE": str(copy / "absent")}  # what a fresh clone has must see the fault
        try:
            return subprocess.run(
                [*command, *tests], cwd=copy, env=environment, capture_output=True, timeout=TOO_LONG_S, check=False
            ).returncode
        except subprocess.TimeoutExpired:
            return 1
