"""Is a clock that can only be a slip of the hand refused with words, and one that is odd but possible taken?"""

from __future__ import annotations

import pytest

from lifsim.config.arch import load_arch
from lifsim.errors import InputError


@pytest.mark.parametrize(
    ("clock", "message"),
    [
        ("95", "95 must be from 1kHz to 10GHz; did you mean 95MHz?"),
        ("500", "500 must be from 1kHz to 10GHz; did you mean 500MHz?"),
        ("1", "did you mean 1MHz?"),
        ("999Hz", "'999Hz' must be from 1kHz to 10GHz; did you mean 999MHz?"),
        ("20GHz", "'20GHz' must be from 1kHz to 10GHz"),
        ("0", "0 must be > 0"),
        ("-4MHz", "'-4MHz' must be > 0"),
        ("1e3 MHz x", "must be a whole number, with a unit"),
    ],
)
def test_an_implausible_clock_is_asked_about(clock: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        load_arch("sata128", [f"clock_hz={clock}"])
    assert message in str(caught.value.faults[0])
    assert len(caught.value.faults) == 1


@pytest.mark.parametrize("clock", ["1kHz", "32768", "1MHz", "10GHz"])
def test_an_odd_clock_is_taken(clock: str) -> None:
    assert load_arch("sata128", [f"clock_hz={clock}"]).clock_hz >= 1000


def test_clocks_that_lie_too_far_apart_are_refused() -> None:
    device = ["dram.model=cycle", "dram.device=ddr4_2400", "dram.device.timing.tCK_ns=0.1"]
    with pytest.raises(InputError) as caught:
        load_arch("sata128", ["clock_hz=1kHz", *device])
    assert "clock_hz: 1000 must be within a factor of 2097152 of the DRAM's 1e+10 Hz" in str(caught.value)
