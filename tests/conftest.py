"""Shared fixtures."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings

# The same cases every time, so that a run that passed passes again; tests/long_run looks for new ones.
settings.register_profile("same", derandomize=True, deadline=None)
settings.register_profile("long", max_examples=1000, deadline=None, print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "same"))

# A suite started in the background (`pytest &`, nohup) inherits signals that are ignored, and so would the commands
# that the tests stop by them.
for ignored in (signal.SIGINT, getattr(signal, "SIGHUP", signal.SIGINT)):
    if signal.getsignal(ignored) is signal.SIG_IGN:
        signal.signal(ignored, signal.default_int_handler if ignored is signal.SIGINT else signal.SIG_DFL)

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
