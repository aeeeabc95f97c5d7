"""On what a figure was measured."""

from __future__ import annotations

import os
import platform
import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

ROOT = Path(__file__).parents[2]

PACKAGES = ("lifsim", "numpy", "numba", "llvmlite", "torch", "spikingjelly", "distributed")
"""Whose versions are told, where they are installed."""


@dataclass(frozen=True)
class Machine:
    """cpu: its model. commit: of the sources, with + where files differ from it."""

    cpu: str
    cores: int
    memory_gb: float
    system: str
    versions: dict[str, str]
    commit: str
    date: str


def this_machine() -> Machine:
    """Now."""
    cores = len(os.sched_getaffinity(0))
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    date = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    system = f"{platform.system()} {platform.release()}"
    return Machine(_cpu(), cores, round(memory, 1), system, _versions(), _commit(), date)


def _cpu() -> str:
    models = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    return models[0].partition(":")[2].strip() if models else platform.machine()


def _versions() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def _commit() -> str:
    try:
        described = subprocess.run(
            ["git", "describe", "--always", "--dirty=+", "--exclude=*"], cwd=ROOT, capture_output=True, text=True
        )
    except OSError:  # no git
        return ""
    return described.stdout.strip()
