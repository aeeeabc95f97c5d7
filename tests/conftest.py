"""Shared fixtures."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

# The same cases every time, so that a run that passed passes again; tests/long_run looks for new ones.
settings.register_profile("same", derandomize=True, deadline=None)
settings.register_profile("long", max_examples=1000, deadline=None, print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "same"))


@pytest.fixture(scope="session")
def reference() -> Path:
    """The folder of measured reference figures; tests that need it skip where it is absent."""
    folder = Path(os.environ.get("LIFSIM_REFERENCE", Path(__file__).parents[2] / "shared" / "reference"))
    if not folder.is_dir():
        pytest.skip(f"reference figures not found at {folder} (set LIFSIM_REFERENCE)")
    return folder
