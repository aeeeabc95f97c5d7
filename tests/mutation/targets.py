"""Which packages are mutated and which tests are theirs: the one place that a move of folders changes."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Target:
    """A package whose sources are mutated.

    folder: of the sources. tests: the folders of its own tests. skip: files in it that compute nothing.
    """

    folder: str
    tests: tuple[str, ...]
    skip: tuple[str, ...] = ()


TARGETS = {
    "schedule": Target("lifsim/schedule", ("tests/schedule",)),
    "hardware": Target("lifsim/hardware", ("tests/hardware", "tests/dram")),
    "accounting": Target("lifsim/accounting", ("tests/simulate",)),
    "training": Target("lifsim/training", ("tests/simulate", "tests/schedule")),
    "simulate": Target("lifsim/simulate", ("tests/simulate",)),
    "engine": Target("lifsim/engine", ("tests/engine",)),
}

COPIED = ("lifsim", "tests", "arch_configs", "workloads", "setup.cfg", "pyproject.toml", "README.md", "docs")
"""What a copy of the tree must hold for these tests to run."""

KERNEL = ("lifsim.kernels.kernel", "Kernel")
"""The class whose instances are machine code, compiled from `sources` below lifsim/: coverage sees nothing of what they
run."""
