"""Do the bytes of a layer add up, each in its direction?"""

from __future__ import annotations

import pytest

from lifsim.schedule.traffic import DramBytes

MOVED = DramBytes(
    weights=1, spikes_in=2, spikes_out=4, residual=8, membrane_read=16, membrane_write=32, psum_read=64, psum_write=128
)


def test_every_kind_of_bytes_is_a_read_or_a_write() -> None:
    assert (MOVED.reads, MOVED.writes) == (1 + 2 + 8 + 16 + 64, 4 + 32 + 128)
    assert (MOVED.psum, MOVED.total) == (192, 255)


def test_bytes_are_added_tensor_by_tensor_and_begin_at_none() -> None:
    assert set(vars(DramBytes()).values()) == {0}
    assert vars(MOVED + MOVED) == {name: 2 * size for name, size in vars(MOVED).items()}
    assert MOVED + DramBytes() == MOVED


@pytest.mark.parametrize("name", list(vars(MOVED)))
def test_no_tensor_moves_less_than_nothing(name: str) -> None:
    with pytest.raises(ValueError, match=f"{name} must be >= 0, is -1"):
        DramBytes(**{name: -1})
