"""Does a run of a deep network cost as much per layer as one of a shallow network?"""

from __future__ import annotations

import cProfile
from pathlib import Path

from lifsim.simulate.inputs import load_inputs
from lifsim.sweeps.beside import run_beside_baseline

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
