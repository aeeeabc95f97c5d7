"""Does a run of a deep network cost as much per layer as one of a shallow network?"""

from __future__ import annotations

import cProfile
from pathlib import Path

import lifsim
from lifsim.keeping import KEEPINGS
from lifsim.schedule.on_chip import handed_over
from lifsim.simulate.inputs import load_inputs
from lifsim.sweeps.beside import run_beside_baseline
from lifsim.training.sizes import TrainingSizes

ARCH = "sata128"
HEAD = "name: deep\ndescription: deep\ntimesteps: 2\ninput: {shape: [2, 2, 2], encoding: direct}\nlayers:\n"
LAYER = "  - {{name: conv{0}, op: conv, out: 2, kernel: 1}}\n  - {{name: lif{0}, op: lif}}\n"


def _calls(folder: Path, layers: int) -> int:
    """Function calls of a run: a measure of its work that no other process disturbs."""
    rates = ", ".join(f"conv{index}: 0.3" for index in range(layers))
    workload = folder / f"deep{layers}.yaml"
    body = "".join(map(LAYER.format, range(layers)))
    workload.write_text(f"{HEAD}{body}spikes: {{source: rates, rates: {{{rates}}}, provenance: made up}}\n")
    inputs = load_inputs(ARCH, str(workload), "none", {})
    profile = cProfile.Profile()
    profile.runcall(run_beside_baseline, inputs)
    return sum(entry.callcount for entry in profile.getstats())


def test_the_cost_of_a_run_is_linear_in_layers(tmp_path: Path) -> None:
    _calls(tmp_path, 2)  # whatever happens once
    few, many = _calls(tmp_path, 50), _calls(tmp_path, 200)
    assert many < 4.4 * few


def test_what_training_keeps_of_one_shared_state_is_found_in_linear_time(tmp_path: Path) -> None:
    """Layers of one state ask for the same set of membranes, each of them."""

    def calls(layers: int) -> int:
        workload = tmp_path / f"shared{layers}.yaml"
        body = "".join(map(LAYER.format, range(layers)))
        workload.write_text(f"{HEAD}{body}")
        plan = lifsim.run(ARCH, workload, "layer", rate=0.3, overrides=["dram.model=ideal"]).plan
        assert plan is not None
        sizes = TrainingSizes(plan.facts, plan.chip, 1, KEEPINGS["stored"])
        profile = cProfile.Profile()
        for facts in plan.facts.layers:
            profile.runcall(sizes.states_written, facts.layer, plan.group_of(facts.layer.index))
        return sum(entry.callcount for entry in profile.getstats())

    calls(2)  # whatever happens once
    assert calls(80) < 4.4 * calls(20)


def test_what_lies_between_groups_is_found_in_linear_time(tmp_path: Path) -> None:
    """As many groups as layers; every tensor is looked at once."""

    def calls(layers: int) -> int:
        workload = tmp_path / f"apart{layers}.yaml"
        body = "".join(map(LAYER.format, range(layers)))
        workload.write_text(f"{HEAD}{body}")
        plan = lifsim.run(ARCH, workload, rate=0.3, schedule="tick", overrides=["dram.model=ideal"]).plan
        assert plan is not None
        profile = cProfile.Profile()
        profile.runcall(handed_over, plan, 1)
        return sum(entry.callcount for entry in profile.getstats())

    calls(2)  # whatever happens once
    assert calls(80) < 4.4 * calls(20)
