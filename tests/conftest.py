"""Shared fixtures."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("ci", derandomize=True, deadline=None)
if os.environ.get("CI"):  # the same cases every time; a developer's runs look for new ones
    settings.load_profile("ci")


@pytest.fixture(scope="session")
def reference() -> Path:
    """The folder of measured reference figures; tests that need it skip where it is absent."""
    folder = Path(os.environ.get("LIFSIM_REFERENCE", Path(__file__).parents[2] / "shared" / "reference"))
    if not folder.is_dir():
        pytest.skip(f"reference figures not found at {folder} (set LIFSIM_REFERENCE)")
    return folder
