"""Runs that the tests of reports tell of, made once."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from lifsim.cli.main import main
from lifsim.report.html.told import Told
from lifsim.report.summary import Around
from lifsim.simulate.inputs import load_inputs
from lifsim.sweeps.beside import run_beside_baseline

ROOT = Path(__file__).parents[3]

HOSTILE = "</script><script>document.title='taken'</script><img src=x onerror=alert(1)>&\"'{{7*7}}{a|b}<!--"
"""What a file may say."""
BREAKS = "\u2028\u2029\u202e\x1b[2J"
"""What none may, and a stored one that was changed does."""


@pytest.fixture(scope="session")
def shared() -> Told:
    """Of LeNet-5 under channel2, beside none."""
    result, comparison = run_beside_baseline(load_inputs("sata128", "lenet5_mnist", "channel2", {}))
    return Told.of_result("channel2", result, Around(comparison))


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same as `lifsim run` stores it."""
    place = tmp_path_factory.mktemp("stored") / "run"
    assert main(["run", "--workload", "lenet5_mnist", "--sharing", "channel2", "--out", str(place)]) == 0
    return place


@pytest.fixture(scope="session")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Told:
    """A run of files in which every text that is free is hostile, as is what the run is called."""
    place = tmp_path_factory.mktemp("hostile")
    network = yaml.safe_load((ROOT / "workloads" / "lenet5_mnist.yaml").read_text(encoding="utf-8"))
    machine = yaml.safe_load((ROOT / "arch_configs" / "sata128.yaml").read_text(encoding="utf-8"))
    machine["description"] = network["description"] = network["source"] = HOSTILE
    network["spikes"] |= {"provenance": HOSTILE, "measured": False}
    for part, tree in (("workload", network), ("arch", machine)):
        (place / f"{part}.yaml").write_text(yaml.safe_dump(tree, allow_unicode=True), encoding="utf-8")
    inputs = load_inputs(str(place / "arch.yaml"), str(place / "workload.yaml"), "channel2", {})
    result, comparison = run_beside_baseline(inputs)
    return Told.of_result(HOSTILE + BREAKS, result, Around(comparison))


@pytest.fixture(scope="session")
def renamed(shared: Told) -> Told:
    """A stored run that was changed so that its layers, network and machine have hostile names, too."""
    inputs = shared.tree["inputs"]
    named = {part: inputs[part] | {"name": HOSTILE + BREAKS} for part in ("arch", "workload")}
    rows = [row | {"layer": f"{place}{HOSTILE}{BREAKS}"} for place, row in enumerate(shared.rows)]
    tree = {**shared.tree, "inputs": inputs | named, "notes": [HOSTILE + BREAKS]}
    return replace(shared, label="changed", tree=tree, rows=rows, result=None, why_not=HOSTILE)
