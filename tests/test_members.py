"""Does only the member itself know its name, and is a member more no more than a file more?"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

import numpy as np
import pytest

import lifsim
from lifsim.cli.main import main
from lifsim.config.operation import Channels, WeightOperation
from lifsim.config.workload import load_workload
from lifsim.engine.inference import Engine
from lifsim.engine.initial import random_weights
from lifsim.errors import InputError
from lifsim.layers import LAYERS, LayerKind
from lifsim.layers.weighted import Weighted
from lifsim.model.network import Tensor
from lifsim.model.product import Window
from lifsim.model.sharing import Sharing
from lifsim.neurons import NEURONS, NeuronModel, StateVariable
from lifsim.neurons.parameters import Numbers, Real, rounded
from lifsim.neurons.protocol import MEMBRANE
from lifsim.registry import KINDS, registry_of

PACKAGE = Path(__file__).parents[1] / "lifsim"


def modules_but(*members: str) -> dict[str, ast.Module]:
    """The modules of LIFSim that are none of `members`, by name."""
    return {name: tree for name, tree in modules().items() if name not in members}


@cache
def modules() -> dict[str, ast.Module]:
    """All of them, by name."""
    files = {path.relative_to(PACKAGE).with_suffix(""): path for path in sorted(PACKAGE.rglob("*.py"))}
    return {".".join(["lifsim", *place.parts]): ast.parse(path.read_text("utf-8")) for place, path in files.items()}


def test_nobody_imports_a_neuron_model() -> None:
    """So that nobody can ask whether a neuron is one of them."""
    members = {NEURONS.origin(name).module for name in NEURONS}
    assert len(members) == len(NEURONS)
    for name, tree in modules_but(*members).items():
        imported = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
        imported |= {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
        assert not imported & members, name


WORDS = {
    "dataflow": ("dataflow",),
    "sparsity": ("sparsity",),
    "neuron": ("neuron", "model"),
    "layer": ("kind", ".op"),
    "memory": ("dram", "memory", "model"),
    "accounting": ("accounting",),
    "optimizer": ("optimizer",),
    "keeping": ("keeping", "bptt", "membranes"),
    "reader": ("reader",),
}
"""By kind, what the source says of a value that may be a member's name: "none" is also a sharing, "lif" a component."""


def asks(node: ast.AST) -> bool:
    """Whether it is a comparison, a match, a choice from a table, or a look at how a text begins or ends."""
    match node:
        case ast.Compare() | ast.Match() | ast.Subscript(value=ast.Dict()):
            return True
        case ast.Call(func=ast.Attribute(value=value, attr=attribute)):
            return isinstance(value, ast.Dict) or attribute in ("startswith", "endswith")
    return False


def named(tree: ast.AST, names: set[str], words: tuple[str, ...]) -> list[str]:
    """What asks of a value, called by one of `words`, whether it is one of `names`."""
    found = []
    for node in filter(asks, ast.walk(tree)):
        said = {part.value for part in ast.walk(node) if isinstance(part, ast.Constant)}
        text = ast.unparse(node)
        if said & names and any(word in text for word in words):
            found.append(text)
    return found


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_nobody_compares_with_the_name_of_a_member(kind: str) -> None:
    """Outside the kind's own folder; accountings, which are folders, may know themselves."""
    registry = registry_of(kind)
    found = {
        f"{module}: {text}"
        for module, tree in modules_but().items()
        if not module.startswith(f"{registry.folder}.")
        for text in named(tree, set(registry), WORDS[kind])
    }
    assert found == set()


@pytest.mark.parametrize(
    "source",
    [
        "arch.array.dataflow == 'os'",
        "self.dataflow in ('ws', 'is')",
        "'os' != array.dataflow",
        "match array.dataflow:\n case 'os':\n  pass",
        "{'os': 1, 'ws': 2}[array.dataflow]",
        "{'os': 1}.get(array.dataflow, 3)",
        "array.dataflow.startswith('os')",
    ],
)
def test_what_compares_with_a_name_is_found(source: str) -> None:
    assert named(ast.parse(source), {"os", "ws"}, ("dataflow",)) != []
    assert named(ast.parse(source), {"sata"}, ("dataflow",)) == []
    assert named(ast.parse(source), {"os", "ws"}, ("sparsity",)) == []


def test_nobody_imports_a_layer_kind() -> None:
    """So that nobody can ask whether a layer is one of them."""
    members = {LAYERS.origin(name).module for name in LAYERS}
    assert len(members) == len(LAYERS)
    for name, tree in modules_but(*members).items():
        imported = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
        imported |= {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
        assert not imported & members, name


@dataclass(frozen=True)
class Pixelwise(Weighted):
    """Features of each pixel by themselves."""

    pixels: tuple[int, int]

    kind = "pixelwise"

    @property
    def window(self) -> Window:
        filters, height, width = self.output.shape
        return Window((self.weight_shape[1], *self.pixels), (filters, height, width), (1, 1))

    @property
    def weight_shape(self) -> tuple[int, ...]:
        return self.output.shape[0], self.features, 1, 1

    features: int


class PixelwiseKeys(WeightOperation):
    """Filters of one pixel."""

    op: Literal["pixelwise"]
    filters: Channels

    def node(self, inputs: Sequence[Tensor]) -> Pixelwise:
        (x,) = inputs
        channels, height, width = x.shape
        output = Tensor(self.name, (self.filters, height, width), x.timesteps, None)
        return Pixelwise(self.name, (x.name,), output, (height, width), channels)


class PixelwiseKind(LayerKind):
    name = "pixelwise"
    title = "pixel by pixel"
    plural = "pixelwise"
    keys = PixelwiseKeys


LAYERED = """
name: net
timesteps: 2
input: {shape: [2, 4, 4], encoding: rate}
layers:
- {name: mix, op: pixelwise, filters: 4}
- {name: lif, op: lif}
- {name: fc, op: linear, out: 4}
spikes: {source: rates, provenance: nobody, rates: {mix: 0.5, fc: 0.5}}
"""


def test_a_layer_kind_of_a_file_of_its_own_is_read_computed_counted_and_listed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, slip = tmp_path / "net.yaml", tmp_path / "slip.yaml"
    path.write_text(LAYERED)
    slip.write_text(LAYERED.replace("op: pixelwise, filters: 4", "op: pixelwise, filter: 4"))
    with pytest.raises(InputError, match=r"layers.mix.op: 'pixelwise' must be one of conv, linear"):
        load_workload(str(path))

    monkeypatch.setattr(LAYERS, "_members", dict(LAYERS))
    monkeypatch.setattr(LAYERS, "_origins", {name: LAYERS.origin(name) for name in LAYERS})
    LAYERS.register(PixelwiseKind)
    network = load_workload(str(path))
    assert (network.layers[0].kind, network.layers[0].weights) == ("pixelwise", 8)
    with pytest.raises(InputError, match="filter: is not a known key; did you mean 'filters'"):
        load_workload(str(slip))

    spikes = np.random.default_rng(0).integers(0, 2, (2, 1, 2, 4, 4)).astype(np.uint8)
    weights = random_weights(network, 0)
    drives: dict[str, Any] = {}
    Engine(network, Sharing(), weights).run(spikes, lambda node, _, value: drives.update({node.name: value.copy()}))
    assert drives["mix"] == pytest.approx(
        np.einsum("mc,tbchw->tbmhw", weights["mix.weight"][:, :, 0, 0], spikes), abs=1e-5
    )
    assert lifsim.run("sata128", str(path), schedule="tick").totals.ops.macs_dense == 2 * (8 * 16 + 64 * 4)
    assert main(["list", "layers"]) == 0
    assert "pixel by pixel (package tests)" in capsys.readouterr().out


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
