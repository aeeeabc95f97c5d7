"""Does the kernel run where its machine code cannot be kept?"""

from __future__ import annotations

import pytest

from lifsim.hardware.dram.jit import compiled


def test_without_a_folder_to_keep_it_in_a_function_is_still_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    from numba.core import caching

    monkeypatch.setattr(caching.CacheImpl, "_locator_classes", [])

    def double(x: int) -> int:
        return 2 * x

    assert compiled(double)(21) == 42
