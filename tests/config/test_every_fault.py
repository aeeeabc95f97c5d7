"""Are all faults of a command told in one round, however many there are and wherever they stand?

Known faults are planted at random places of good files; every one of them must be named in the first report.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from lifsim.errors import InputError
from lifsim.simulate.inputs import load_inputs

ROOT = Path(__file__).parents[2]

Tree = dict[str, Any]


@dataclass(frozen=True)
class Plant:
    """One fault. at: the key that it takes, so that no two faults are planted in one place; put: makes it; told: what a
    fault must say to name it, its path and a part of its message."""

    at: tuple[str, ...]
    put: Callable[[Tree], object]
    told: tuple[str, str]


def _entry(tree: Tree, *keys: str | int) -> Any:
    for key in keys:
        tree = tree[key]
    return tree


def _value(keys: tuple[str | int, ...], value: object, message: str, path: str = "") -> Plant:
    """A value that is wrong by itself."""
    where = path or ".".join(map(str, keys))
    return Plant((where,), lambda tree: _entry(tree, *keys[:-1]).__setitem__(keys[-1], value), (where, message))


def _key(keys: tuple[str | int, ...], name: str, path: str = "") -> Plant:
    """A key that nobody knows."""
    where = f"{path or '.'.join(map(str, keys))}.{name}".lstrip(".")
    return Plant((where,), lambda tree: _entry(tree, *keys).__setitem__(name, 1), (where, "is not a known key"))


def _lost(keys: tuple[str | int, ...], path: str = "") -> Plant:
    """A key that must be given."""
    where = path or ".".join(map(str, keys))
    return Plant((where,), lambda tree: _entry(tree, *keys[:-1]).pop(keys[-1]), (where, "must be given"))


ARCH = [
    _value(("clock_hz",), "fast", "must be a whole number"),
    _value(("technology_nm",), 29, "must be one of 22, 28"),
    _value(("array", "rows"), 0, "must be >= 1"),
    _value(("array", "dataflow"), "oz", "must be one of is, os, row_stationary, sata, ws"),
    _key(("array",), "colls"),
    _value(("precision", "psum_bits"), 4, "must be >= weight_bits"),
    _value(("lif", "latency_cycles"), -1, "must be >= 0"),
    _lost(("buffers", "psum")),
    _value(("buffers", "weight", "banks"), 3, "must be one of"),
    _value(("buffers", "weight", "size_bytes"), "32kb", "must be in bytes"),
    _value(("buffers", "spike_in", "size_bytes"), 0, "must be > 0"),
    _key(("buffers", "membrane"), "sizebytes"),
    _key(("buffers",), "spikes"),
    _value(("components", 0, "kernel"), "nobody", "must be in the component table", "components.K0"),
    _value(("components", 1, "width_bits"), 63, "must be in the component table", "components.K1"),
    _value(("components", 2, "width_bits"), 65, "must be <= 64", "components.K2.width_bits"),
    _value(("components", 3, "tag"), "life", "did you mean 'lif'", "components.K3.tag"),
    _value(("components", 4, "name"), "K5", "must be given once", "components.5.name"),
    _key(("components", 6), "gatd", "components.K6"),
    _value(("dram", "model"), "bandwith", "did you mean 'bandwidth'"),
    _value(("dram", "energy_pj_per_bit"), -1, "must be >= 0"),
    _key((), "colck_hz"),
]

WORKLOAD = [
    _value(("timesteps",), 0, "must be >= 1"),
    _value(("input", "encoding"), "rat", "did you mean 'rate'"),
    _value(("input", "bits"), 33, "must be <= 32"),
    _value(("neuron",), {"tau": 1.0}, "must be > 1", "neuron.tau"),
    _value(("layers", 0, "kernel"), 0, "must be a whole number from 1", "layers.conv1.kernel"),
    _value(("layers", 1, "op"), "lfi", "did you mean 'lif'", "layers.lif1.op"),
    _key(("layers", 1), "kernl", "layers.lif1"),
    _value(("layers", 2, "op"), "dropout", "must be one of conv", "layers.pool1.op"),
    _key(("layers", 2), "nonsense", "layers.pool1"),
    _value(("layers", 3, "groups"), 5, "must divide the 8 output channels", "layers.conv2.groups"),
    _value(("layers", 4, "neuron"), {"reset": "hadr"}, "did you mean 'hard'", "layers.lif2.neuron.reset"),
    _value(("layers", 5, "output"), 2, "exactly one of kernel and output", "layers.pool2"),
    _value(("layers", 6, "out"), "ten", "must be a whole number", "layers.fc1.out"),
    _value(("layers", 7, "input"), "fc9", "must be a layer above", "layers.lif3.input"),
    _key(("layers", 8), "dilation", "layers.fc2"),
    _value(("layers", 9, "name"), "conv1", "must be a name that no other layer has", "layers.conv1.name"),
    _value(("layers", 10, "inputs"), ["fc2", "fc8"], "must be a layer above", "layers.sum.inputs.1"),
    _value(("spikes", "rates", "conv1"), 1.5, "must be <= 1"),
    _value(("spikes", "rates", "conv 2"), 0.5, "did you mean 'conv2'"),
    _value(("spikes", "source"), "rate", "did you mean 'rates'"),
    _key((), "timestep"),
]

NETWORK = """
name: planted
timesteps: 2
input: {shape: [3, 8, 8], encoding: direct, bits: 8}
neuron: {tau: 2.0}
layers:
- {name: conv1, op: conv, out: 8, kernel: 3, padding: 1}
- {name: lif1, op: lif}
- {name: pool1, op: max_pool, kernel: 2}
- {name: conv2, op: conv, out: 8, kernel: 3, padding: 1}
- {name: lif2, op: lif}
- {name: pool2, op: avg_pool, kernel: 2}
- {name: fc1, op: linear, out: 10}
- {name: lif3, op: lif}
- {name: fc2, op: linear, out: 10}
- {name: fc3, op: linear, input: lif3, out: 10}
- {name: sum, op: add, inputs: [fc2, fc3]}
spikes: {source: rates, provenance: nobody, rates: {conv1: 0.5, conv2: 0.5, fc1: 0.5, fc2: 0.5, fc3: 0.5}}
"""

SETTINGS = {
    "array.colz=4": ("array.colz", "is not a known key"),
    "aray.cols=4": ("", "'aray' must be a key of the architecture or the workload"),
    "layers.lif9.group=x": ("", "'lif9' must be the name of an entry of layers"),
    "components.nobody.count=2": ("", "'nobody' must be the name of an entry of components"),
    "lif.units=none": ("lif.units", "must be a whole number"),
}

OPTIONS = {
    "batch": (0, "must be >= 1"),
    "seed": (-1, "must be >= 0"),
    "schedule": ("tikc", "did you mean 'tick'"),
    "mode": ("train", "must be one of inference, training"),
}


def _arch() -> Tree:
    tree: Tree = yaml.safe_load((ROOT / "arch_configs" / "sata128.yaml").read_text(encoding="utf-8"))
    tree.setdefault("precision", {})
    tree.setdefault("lif", {})
    tree["dram"] = {"model": "bandwidth", "bandwidth_bytes_per_s": 10**10, "energy_pj_per_bit": 20.0, "source": "none"}
    for index, component in enumerate(tree["components"]):
        component["name"] = f"K{index}"
    return tree


def _faults(tmp_path: Path, arch: Tree, network: Tree, **given: Any) -> list[str]:
    for name, tree in (("arch", arch), ("net", network)):
        (tmp_path / f"{name}.yaml").write_text(yaml.safe_dump(tree, sort_keys=False), encoding="utf-8")
    sharing, options, settings = given.get("sharing", "none"), given.get("options", {}), given.get("settings", ())
    names = str(tmp_path / "arch.yaml"), str(tmp_path / "net.yaml")
    try:
        load_inputs(*names, sharing, options, settings)
    except InputError as error:
        return [str(fault) for fault in error.faults]
    return []


def test_the_files_are_good_before_anything_is_planted(tmp_path: Path) -> None:
    assert _faults(tmp_path, _arch(), yaml.safe_load(NETWORK)) == []


@pytest.mark.parametrize("seed", range(60))
def test_every_planted_fault_is_told_in_one_round(seed: int, tmp_path: Path) -> None:
    draw = random.Random(seed)  # noqa: S311
    arch, network = _arch(), yaml.safe_load(NETWORK)
    planted = []
    for tree, plants in ((arch, ARCH), (network, WORKLOAD)):
        for plant in draw.sample(plants, draw.randint(1, 6)):
            plant.put(tree)
            planted.append(plant.told)
    settings = draw.sample(sorted(SETTINGS), draw.randint(0, 3))
    options = draw.sample(sorted(OPTIONS), draw.randint(0, 3))
    planted += [SETTINGS[setting] for setting in settings]
    planted += [(option, OPTIONS[option][1]) for option in options]
    sharing = draw.choice(["none", "channels"])
    if sharing == "channels":
        planted.append(("sharing", "must be none, layer, channelN"))
    given = {"settings": settings, "options": {option: OPTIONS[option][0] for option in options}, "sharing": sharing}
    faults = _faults(tmp_path, arch, network, **given)
    for path, message in planted:
        assert any(f"{path}" in fault and message in fault for fault in faults), (path, message, faults)
    assert len(faults) == len(set(faults))


def test_five_faults_among_the_components_take_one_round(tmp_path: Path) -> None:
    arch = _arch()
    planted = [plant for plant in ARCH if plant.at[0].startswith("components.")]
    for plant in planted:
        plant.put(arch)
    faults = _faults(tmp_path, arch, yaml.safe_load(NETWORK))
    assert len(faults) == len(planted) == 6
    for path, message in (plant.told for plant in planted):
        assert any(path in fault and message in fault for fault in faults)
