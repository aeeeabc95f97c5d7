"""A part of the sweeps: does more buffer never cost? And does the script say where it does?"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.buffer_sweeps.__main__ import main, write
from tests.buffer_sweeps.sweep import BY_CYCLES, QUEUE, Rise, Sweep, rises

SIZES = tuple(1 << power for power in (10, 13, 16, 19))


@pytest.mark.parametrize("buffer", ["weight", "spike_in", "membrane"])
@pytest.mark.parametrize("schedule", ["tick", "auto"])
def test_more_buffer_moves_no_more_and_takes_no_longer(schedule: str, buffer: str) -> None:
    sweep = Sweep("os", "simulated", "vgg9_cifar10", "none", schedule, buffer)
    assert [str(rise) for rise in rises(sweep, SIZES) if rise.is_fault] == []


@pytest.mark.slow
def test_by_cycles_more_weights_take_no_longer() -> None:
    sweep = Sweep("os", "simulated", "vgg9_cifar10", "none", BY_CYCLES, "weight")
    assert [str(rise) for rise in rises(sweep, SIZES[1:3]) if rise.is_fault] == []


@pytest.mark.slow
def test_by_cycles_groups_that_move_many_bytes_are_looked_at_where_the_best_schedules_move_many() -> None:
    """The fewest bytes are tick's, a quarter of timestep's, whose cycles are a quarter fewer: what is played is limited
    by the bytes of the schedule that is likely the best, not of the one that moves the fewest."""
    sweep = Sweep("is", "simulated", "vgg16_cifar10", "none", BY_CYCLES, "spike_in")
    assert [str(rise) for rise in rises(sweep, (8 << 10, 16 << 10)) if rise.is_fault] == []


@pytest.mark.slow
@pytest.mark.parametrize("schedule", ["tick", "auto", BY_CYCLES])
def test_more_room_for_weights_makes_no_tile_that_is_waited_for_longer(schedule: str) -> None:
    """All filters of fc1 at once take fewer folds of `is`, and their weights come before any work; where they stay, so
    do all timesteps of it, one by one, which move as many bytes."""
    sweep = Sweep("is", "simulated", "vgg9_cifar10", "none", schedule, "weight")
    assert [str(rise) for rise in rises(sweep, (4 << 20, 8 << 20)) if rise.is_fault] == []


def test_more_room_for_psums_makes_no_tile_whose_neurons_are_waited_for_longer() -> None:
    """All rows of conv2 at once load the weights half as often, and four timesteps of LIF calls come all at the end,
    by a quarter of the units."""
    sweep = Sweep("ws", "simulated", "vgg9_cifar10", "channel4", "tick", "psum")
    assert [str(rise) for rise in rises(sweep, (256 << 10, 512 << 10)) if rise.is_fault] == []


@pytest.mark.slow
@pytest.mark.parametrize(("buffer", "sizes"), [("psum", (4 << 10, 8 << 10)), ("weight", (64 << 10, 128 << 10))])
def test_by_cycles_all_groups_are_known_where_nobody_waits(buffer: str, sizes: tuple[int, int]) -> None:
    sweep = Sweep("ws", "ideal", "vgg9_cifar10", "none", BY_CYCLES, buffer)
    assert [str(rise) for rise in rises(sweep, sizes) if rise.is_fault] == []


BY_BYTES = Sweep("os", "ideal", "vgg9_cifar10", "none", "tick", "weight")
PREFERS = "the objective prefers them, and the plan that saves them"


@pytest.mark.parametrize(
    ("cycles", "work", "moved", "replanned", "why"),
    [
        (0.5, 0.4, -5, True, f"bytes fall by 5: {PREFERS} works longer"),
        (0.5, 0.2, -5, True, f"bytes fall by 5: {PREFERS} waits longer"),
        (0.003, 0.0, -5, False, f"bytes fall by 5; {QUEUE}"),
        (0.003, 0.0, 0, True, "a tie: another plan moves as many bytes, and waits longer"),
        (0.003, 0.0, 0, False, QUEUE),
    ],
)
def test_every_rise_is_explained(cycles: float, work: float, moved: int, replanned: bool, why: str) -> None:
    rise = Rise(BY_BYTES, 1024, cycles, work, moved, replanned, "conv1")
    assert not rise.is_fault
    assert rise.is_trade == (cycles == 0.5)
    assert rise.why == why
    assert str(rise) == (
        "os, ideal, vgg9_cifar10, none, tick, weight, 1 KiB to 2 KiB: "
        f"cycles {cycles:+.3%}, DRAM bytes {moved:+,}: {why}; conv1"
    )


@pytest.mark.parametrize(
    ("cycles", "moved", "replanned", "why"),
    [
        (0.0031, 0, True, "nothing explains it"),
        (0.0031, 0, False, "nothing explains it"),
        (0.0031, -5, False, "nothing explains it"),
        (-0.5, 1, True, "bytes must not rise"),
    ],
)
def test_what_nothing_explains_is_told(cycles: float, moved: int, replanned: bool, why: str) -> None:
    rise = Rise(BY_BYTES, 1024, cycles, cycles, moved, replanned, "")
    assert rise.is_fault
    assert not rise.is_trade
    assert rise.why == why


def test_by_cycles_no_rise_is_a_trade_and_bytes_may_rise() -> None:
    by_cycles = replace(BY_BYTES, schedule=BY_CYCLES)
    assert Rise(by_cycles, 1024, 0.0031, 0.0, -5, True, "").is_fault
    allowed = Rise(by_cycles, 1024, 0.003, 0.0, 5, True, "")
    assert not allowed.is_fault
    assert allowed.why == "another plan that waits longer, by 0.3 % at most"
    assert Rise(by_cycles, 1024, 0.003, 0.0, 0, False, "").why == QUEUE


def test_a_sweep_is_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "rises.csv"
    assert write(path, [Sweep("os", "ideal", "vgg9_cifar10", "none", "tick", "membrane")]) == 0
    assert path.read_text(encoding="utf-8").startswith("machine,memory,network,sharing,schedule,buffer,size_bytes,")
    assert "1 sweeps, 0 rises, 0 of them must not be" in capsys.readouterr().out
    assert main([]) == 2
