"""Does only the member itself know its name, and is a member more no more than a file more?"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import numpy as np
import pytest

import lifsim
from lifsim.cli.main import main
from lifsim.config.sharing import Sharing
from lifsim.config.workload import load_workload
from lifsim.engine.inference import Engine
from lifsim.engine.initial import random_weights
from lifsim.errors import InputError
from lifsim.neurons import NEURONS, NeuronModel, StateVariable
from lifsim.neurons.parameters import Numbers, Real, rounded
from lifsim.neurons.protocol import MEMBRANE
from lifsim.registry import registry_of

PACKAGE = Path(__file__).parents[1] / "lifsim"


def modules_but(*members: str) -> dict[str, ast.Module]:
    """The modules of LIFSim that are none of `members`, by name."""
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        name = ".".join(["lifsim", *path.relative_to(PACKAGE).with_suffix("").parts])
        if name not in members:
            found[name] = ast.parse(path.read_text(encoding="utf-8"))
    return found


def test_nobody_imports_a_neuron_model() -> None:
    """So that nobody can ask whether a neuron is one of them."""
    members = {NEURONS.origin(name).module for name in NEURONS}
    assert len(members) == len(NEURONS)
    for name, tree in modules_but(*members).items():
        imported = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
        imported |= {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
        assert not imported & members, name


def test_nobody_compares_with_the_name_of_a_neuron_model() -> None:
    names = set(registry_of("neuron"))
    members = {NEURONS.origin(name).module for name in NEURONS}
    for name, tree in modules_but(*members).items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Compare) and any(word in ast.unparse(node) for word in ("neuron", "model")):
                said = {part.value for part in ast.walk(node) if isinstance(part, ast.Constant)}
                assert not said & names, f"{name}:{node.lineno} {ast.unparse(node)}"
            if isinstance(node, ast.MatchValue) and isinstance(node.value, ast.Constant):
                assert node.value.value not in names, f"{name}:{node.value.lineno}"


@dataclass(frozen=True)
class AdaptiveNeuron(NeuronModel):
    """A threshold that every spike raises, and that falls back: u' = u/2 + x ;  s = [u' >= theta + a] ;  a = a/2 + s;
    beside it the last input."""

    name = "adaptive"
    title = "a threshold that adapts"
    states = (MEMBRANE, StateVariable("adaptation", "what is added to the threshold"), StateVariable("last", "input"))

    threshold: Annotated[Numbers, Real(above=0)] = 1.0

    def broken_rules(self) -> Iterator[tuple[str, str]]:
        return iter(())

    def rest(self) -> tuple[Numbers, ...]:
        return 0.0, 0.0, 0.0

    def constants(self, dtype: Any) -> Any:
        return AdaptiveConstants(rounded(self.threshold, dtype), rounded(0.5, dtype))

    def charge(self, x: Any, state: Any, k: Any) -> Any:
        return state[0] * k.leak + x, state[1], x

    def fire(self, charged: Any, k: Any) -> Any:
        return charged[0] >= k.threshold + charged[1]

    def settle(self, charged: Any, spikes: Any, k: Any) -> Any:
        return np.where(spikes, 0, charged[0]), charged[1] * k.leak + spikes, charged[2]

    def cannot_be_undone(self) -> str:
        return "it forgets"


class AdaptiveConstants(NamedTuple):
    threshold: Any
    leak: Any


NET = """
name: net
timesteps: 4
input: {shape: [2, 4, 4], encoding: rate}
neuron: {model: adaptive, threshold: 0.5}
layers:
- {name: conv1, op: conv, out: 4, kernel: 1}
- {name: lif1, op: lif}
- {name: fc, op: linear, out: 4}
spikes: {source: rates, provenance: nobody, rates: {conv1: 0.5, fc: 0.5}}
"""


def test_a_neuron_model_of_a_file_of_its_own_is_read_fires_costs_and_is_listed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(NEURONS, "_members", dict(NEURONS))
    monkeypatch.setattr(NEURONS, "_origins", {name: NEURONS.origin(name) for name in NEURONS})
    NEURONS.register(AdaptiveNeuron)
    path = tmp_path / "net.yaml"
    path.write_text(NET)
    network = load_workload(str(path))
    assert [lif.neuron for lif in network.lifs] == [AdaptiveNeuron(threshold=0.5)]

    engine = Engine(network, Sharing.parse("channel2"), random_weights(network, 0))
    outcome = engine.run(np.random.default_rng(0).integers(0, 2, (4, 1, 2, 4, 4)).astype(np.uint8))
    assert set(outcome.states["lif1"]) == {"membrane", "adaptation", "last"}
    assert outcome.states["lif1"]["adaptation"].max() > 0

    ran = lifsim.run("sata128", str(path), schedule="tick")
    assert ran.totals.membrane_registers.writes == 3 * 4 * 64
    assert ran.totals.lif_memory_bytes.forward == 3 * 64
    with pytest.raises(InputError, match="lif1: has no gradient"):
        lifsim.run("sata_training", str(path), mode="training")
    assert main(["list", "neurons"]) == 0
    assert "a threshold that adapts (package tests)" in capsys.readouterr().out
