"""A cache folder of the test's own, and a process that has loaded nothing yet."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from lifsim.kernels import cache, load


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The cache folder, not made yet."""
    chosen = tmp_path / "cache"
    monkeypatch.setenv(cache.FOLDER, str(chosen))
    forget()
    yield chosen
    forget()


def forget() -> None:
    """Loaded kernels and opened folders, as if the process had just started."""
    load._loaded.cache_clear()
    cache._opened.cache_clear()
    cache._warn.cache_clear()
