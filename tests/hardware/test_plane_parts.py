"""Are planes looked at in parts counted as they are at once, and never with more requests in memory than one part's?"""

from __future__ import annotations

import numpy as np
import pytest

from lifsim.hardware import planes
from lifsim.hardware.planes import Axis, Plane, plane_reads
from lifsim.hardware.sram_banks import Banks


@pytest.mark.parametrize("requests", [1, 7, 60, 1 << 10])
def test_parts_of_kernel_positions_add_up(monkeypatch: pytest.MonkeyPatch, requests: int) -> None:
    plane = Plane(Axis(9, 9, 5, 1, 2), Axis(11, 11, 3, 1, 1), 1)
    banks, phases = Banks(2, 64), np.array([0, 5])
    whole = plane_reads(plane, banks, 16, phases)
    sizes = []
    real = planes.words_by_bank

    def noted(vectors: np.ndarray, *rest: object) -> np.ndarray:
        sizes.append(vectors.size)
        return real(vectors, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(planes, "words_by_bank", noted)
    monkeypatch.setattr(planes, "REQUESTS", requests)
    assert np.array_equal(plane_reads(plane, banks, 16, phases), whole)
    pieces = planes._Pieces.of(plane, banks, 16).fold.size
    assert max(sizes) <= max(requests, pieces)
