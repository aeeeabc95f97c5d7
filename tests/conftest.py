"""Shared fixtures."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("ci", derandomize=True, deadline=None)
if os.environ.get("CI"):  # the same cases every time; a developer's runs look for new ones
    settings.load_profile("ci")


FIGURES = Path(__file__).parent / "reference"
LARGE = Path(os.environ.get("LIFSIM_REFERENCE", Path(__file__).parents[2] / "shared" / "reference"))


@pytest.fixture(scope="session")
def figures() -> Path:
    """The folder of reference figures that come along."""
    return FIGURES


@pytest.fixture(scope="session")
def reference() -> Path:
    """The folder of traces and vectors that are too large to come along; tests that need it skip where it is absent."""
    if not LARGE.is_dir():
        pytest.skip(f"large reference files not found at {LARGE} (set LIFSIM_REFERENCE)")
    return LARGE


@pytest.fixture(scope="session")
def spike_trace() -> Callable[[str], Path]:
    """The real spikes of a network by its name; skips where they are among the large files and these are absent."""

    def find(network: str) -> Path:
        for folder in (FIGURES, LARGE):
            path = folder / "spike_traces" / f"{network}.npz"
            if path.is_file():
                return path
        return pytest.skip(f"spikes of {network} not found at {LARGE} (set LIFSIM_REFERENCE)")

    return find
