"""A part of the sweeps: does more buffer never cost? And does the script say where it does?"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.buffer_sweeps.__main__ import main, write
from tests.buffer_sweeps.sweep import Rise, Sweep, rises

SIZES = tuple(1 << power for power in (10, 13, 16, 19))


@pytest.mark.parametrize("buffer", ["weight", "spike_in", "membrane"])
@pytest.mark.parametrize("schedule", ["tick", "auto"])
def test_more_buffer_moves_no_more_and_takes_no_longer(schedule: str, buffer: str) -> None:
    sweep = Sweep("os", "simulated", "vgg9_cifar10", "none", schedule, buffer)
    assert [str(rise) for rise in rises(sweep, SIZES) if rise.is_fault] == []


def test_what_must_not_be_is_told() -> None:
    sweep = Sweep("os", "ideal", "vgg9_cifar10", "none", "tick", "weight")
    assert not Rise(sweep, 1024, 0.003, -5, "").is_fault
    assert Rise(sweep, 1024, 0.0031, 0, "").is_fault
    trade = Rise(sweep, 1024, 0.0031, -5, "")
    assert trade.is_trade
    assert not trade.is_fault
    assert Rise(sweep, 1024, -0.5, 1, "").is_fault
    assert str(Rise(sweep, 1024, 0.01, 0, "why")) == (
        "os, ideal, vgg9_cifar10, none, tick, weight, 1 KiB to 2 KiB: cycles +1.000%, DRAM bytes +0; why"
    )


def test_a_sweep_is_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "rises.csv"
    assert write(path, [Sweep("os", "ideal", "vgg9_cifar10", "none", "tick", "membrane")]) == 0
    assert path.read_text(encoding="utf-8").startswith("machine,memory,network,sharing,schedule,buffer,size_bytes,")
    assert "1 sweeps, 0 rises, 0 of them must not be" in capsys.readouterr().out
    assert main([]) == 2
