"""Is what takes the same time played once, and what does not, each by itself?"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from lifsim.hardware.array import sparsity_of
from lifsim.hardware.memory.cycle import CycleByCycle
from lifsim.memo import Shared
from lifsim.play.stretches import Stretch
from lifsim.play.timing import Timeline
from lifsim.schedule.tensors.moves import ALL_ROUNDS
from lifsim.simulate.inputs import load_inputs
from lifsim.simulate.pipeline import run, simulate
from lifsim.simulate.result import Result
from lifsim.simulate.spikes import read_spikes


@pytest.fixture
def plays(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """One word for every time that a DRAM plays a run."""
    found: list[str] = []
    play = CycleByCycle.play

    def noted(self: CycleByCycle, *args: object) -> object:
        found.append(self.name)
        return play(self, *args)  # type: ignore[arg-type]

    monkeypatch.setattr(CycleByCycle, "play", noted)
    return found


def test_runs_in_which_layers_take_turns_are_played_once_too(plays: list[str]) -> None:
    runs = [_run(parts, "none", ("lif.units=64",)) for parts in [Shared()] * 2]
    assert len(plays) == 1
    assert runs[0].totals == runs[1].totals
    assert _timeline(runs[0]).timing is _timeline(runs[1]).timing


@pytest.mark.parametrize(
    "setting", ["dram.device.controller.read_queue=4", "clock_hz=1GHz", "buffers.weight.port_bits=32", "lif.units=1"]
)
def test_what_takes_other_time_is_played_by_itself(setting: str, plays: list[str]) -> None:
    parts = Shared()
    runs = [_run(parts, "none", settings) for settings in ((), (setting,))]
    assert len(plays) == 2
    assert runs[1].totals == _run(Shared(), "none", (setting,)).totals


def test_other_addresses_are_another_program() -> None:
    steps = _timeline(_run(Shared(), "none", ())).steps
    stretch, moves = steps.stretch, steps.moves
    moved = [replace(moves, **{name: getattr(moves, name) + 1}) for name in ("offset", "pitch")]
    others = [replace(steps, stretch=replace(stretch, moves=each)) for each in moved]
    others.append(replace(steps, stretch=replace(stretch, regions=stretch.regions[::-1])))
    others.append(replace(steps, program=replace(steps.program, step_cycles=steps.program.step_cycles + 1)))
    assert len({steps, *others}) == 1 + len(others)
    copied = replace(stretch, moves=replace(moves, offset=moves.offset.copy()))
    assert replace(steps, stretch=copied) == steps
    assert hash(replace(steps, stretch=copied)) == hash(steps)


@pytest.mark.parametrize("schedule", ["timestep", "tick", "window:2", "skewed"])
def test_a_stretch_has_of_each_step_what_its_visit_says(schedule: str) -> None:
    inputs = load_inputs("sata128", "vgg9_cifar10", "none", {"schedule": schedule})
    timeline = _timeline(run(inputs.arch, inputs.network, inputs.sharing, inputs.options))
    visits = timeline.steps.whole
    stretch, told = Stretch.of(visits), list[tuple[int, ...]]()
    for visit in visits:
        for step, (outputs, share) in enumerate(zip(visit.outputs.tolist(), visit.array_shares.tolist(), strict=True)):
            first = visit.round[step] if isinstance(visit.round, np.ndarray) else visit.round
            told.append((visit.layer, ALL_ROUNDS if first is None else int(first), outputs, share))
    columns = (stretch.layer, stretch.rounds, stretch.outputs, stretch.array_shares)
    assert list(zip(*(column.tolist() for column in columns), strict=True)) == told


def _run(parts: Shared, sharing: str, settings: tuple[str, ...]) -> Result:
    inputs = load_inputs("sata128", "lenet5_mnist", sharing, {"schedule": "timestep"}, settings)
    spikes = read_spikes(inputs.network, inputs.sharing, inputs.options, sparsity_of(inputs.arch.array))
    return simulate(inputs.arch, inputs.network, inputs.sharing, inputs.options, spikes, parts)


def _timeline(result: Result) -> Timeline:
    assert result.timeline is not None
    return result.timeline
