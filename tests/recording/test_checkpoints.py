"""Do checkpoints of real models become the weights and neurons that recording them gives?"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

from torch import nn  # noqa: E402
from torch.nn.utils import prune  # noqa: E402

import lifsim  # noqa: E402
from lifsim.cli.main import main  # noqa: E402
from lifsim.engine.inference import Engine  # noqa: E402
from lifsim.engine.weights import load_weights  # noqa: E402
from lifsim.interchange.text import yaml_bytes  # noqa: E402

T = 6


def snntorch_net() -> tuple[nn.Module, Any]:
    """Fully connected, as snnTorch's tutorial 5 has it, with a leak of each neuron."""
    snn = pytest.importorskip("snntorch", reason="snnTorch is not installed")
    leaks = torch.linspace(0.3, 0.9, 12)
    net = nn.Sequential()
    net.add_module("fc1", nn.Linear(16, 12))
    net.add_module("lif1", snn.Leaky(beta=leaks, threshold=0.7, init_hidden=True, reset_mechanism="zero"))
    net.add_module("fc2", nn.Linear(12, 4))
    net.add_module("lif2", snn.Leaky(beta=0.8, init_hidden=True))
    for layer in (net.fc1, net.fc2):
        layer.weight.data.mul_(3)
    return net, torch.rand(3, 16)


def synaptic_net() -> tuple[nn.Module, Any]:
    """Currents beside membranes, and Lapicque's R and C."""
    snn = pytest.importorskip("snntorch", reason="snnTorch is not installed")
    net = nn.Sequential(
        nn.Linear(16, 12), snn.Synaptic(alpha=0.6, beta=0.8, init_hidden=True),
        nn.Linear(12, 4), snn.Lapicque(R=2.0, C=1.5, threshold=0.7, init_hidden=True),
    )  # fmt: skip
    for index in (0, 2):
        net[index].weight.data.mul_(3)
    return net, torch.rand(3, 16)


def spikingjelly_net() -> tuple[nn.Module, Any]:
    """Convolutions with norms, pruned, and leaks that are learnt."""
    neuron = pytest.importorskip("spikingjelly.activation_based.neuron", reason="SpikingJelly is not installed")
    net = nn.Sequential(
        nn.Conv2d(1, 4, 3, bias=False), nn.BatchNorm2d(4), neuron.ParametricLIFNode(init_tau=1.7),
        nn.Conv2d(4, 4, 3, bias=False), nn.BatchNorm2d(4), neuron.ParametricLIFNode(init_tau=2.5, v_reset=None),
        nn.Flatten(), nn.Linear(4 * 4 * 4, 5), neuron.IFNode(),
    )  # fmt: skip
    for index in (0, 3, 7):
        net[index].weight.data.mul_(3)
    for index in (1, 4):
        net[index].running_mean.uniform_(-0.2, 0.2)
        net[index].running_var.uniform_(0.5, 2)
    prune.random_unstructured(net[3], "weight", 0.4)
    return net.eval(), torch.rand(2, 1, 8, 8)


NETS = {"snnTorch": snntorch_net, "currents": synaptic_net, "SpikingJelly": spikingjelly_net}


def _workload(tmp_path: Path, network: Any, neuron: Any = None) -> Path:
    """The file of a network; with other neurons, if some are given."""
    definition = {**network.definition, "spikes": {"source": "engine"}}
    if neuron is not None:
        definition["layers"] = [
            {**layer, "neuron": neuron} if layer["op"] == "lif" else layer for layer in definition["layers"]
        ]
    path = tmp_path / "net.yaml"
    path.write_bytes(yaml_bytes(definition))
    return path


def _save(state: dict[str, Any], path: Path) -> None:
    if path.suffix == ".npz":
        np.savez(path, **{name: tensor.numpy() for name, tensor in state.items()})
    elif path.suffix == ".safetensors":
        pytest.importorskip("safetensors", reason="safetensors is not installed")
        from safetensors.torch import save_file

        save_file({name: tensor.contiguous() for name, tensor in state.items()}, path)
    else:
        torch.save(state, path)


def _import(state: Path, workload: Path, *more: str) -> int:
    out = state.parent / "w.npz"
    return main(["import", "torch", str(state), "--workload", str(workload), "--out", str(out), *more])


@pytest.mark.parametrize("net", NETS)
@pytest.mark.parametrize("kind", ["pth", "npz", "safetensors"])
def test_imported_weights_are_those_recorded(net: str, kind: str, tmp_path: Path) -> None:
    torch.manual_seed(1)
    model, batch = NETS[net]()
    recording = lifsim.record(model, batch, timesteps=T)
    state, workload = tmp_path / f"state.{kind}", _workload(tmp_path, recording.network)
    _save(model.state_dict(), state)
    assert _import(state, workload) == 0
    imported = load_weights(tmp_path / "w.npz", recording.network)
    assert imported.keys() == recording.weights.keys()
    for name, array in recording.weights.items():
        np.testing.assert_allclose(imported[name], array, rtol=1e-6, err_msg=name)


@pytest.mark.parametrize("net", NETS)
def test_neurons_of_the_file_are_told_or_taken(net: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A workload with other neurons is refused with both values; with those of the file, it fires as the model does."""
    torch.manual_seed(1)
    model, batch = NETS[net]()
    recording = lifsim.record(model, batch, timesteps=T)
    neuron = {"model": "lif", "tau": 9.0, "threshold": 2.0, "reset": "soft"}
    state, workload = tmp_path / "state.pth", _workload(tmp_path, recording.network, neuron)
    _save(model.state_dict(), state)
    capsys.readouterr()
    assert _import(state, workload) == 2
    told = " ".join(capsys.readouterr().err.split())
    for words in {
        "snnTorch": ["lif1.beta: 0.3 to 0.9 (tau", "lif1.threshold: 0.7, where lif1 has threshold 2", "2.beta"],
        "currents": ["1.alpha: of snnTorch's Synaptic, where lif_1 has model lif", "3.C: 1.5 (R C / time_step, tau 3)"],
        "SpikingJelly": ["2.w: ", "(tau 1.7), where lif_2 has tau 9", "(tau 2.5), where lif_5 has tau 9"],
    }[net]:
        assert words in told
    assert "--out-workload FILE" in told
    assert not (tmp_path / "w.npz").exists()
    taken = tmp_path / "taken.yaml"
    assert _import(state, workload, "--out-workload", str(taken)) == 0
    if net == "SpikingJelly":
        assert "the neurons of lif_8 are the workload's" in " ".join(capsys.readouterr().err.split())
        return  # a file of SpikingJelly's says neither threshold nor reset
    network = lifsim.load_workload(taken)
    engine = Engine(network, lifsim.Sharing.parse("none"), load_weights(tmp_path / "w.npz", network))
    outputs = engine.run(recording.inputs).outputs
    assert outputs.any()
    np.testing.assert_array_equal(outputs, recording.outputs)


def test_one_parametric_neuron_beside_another(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The w of a file is of its own layer alone: the other neurons stay what was recorded."""
    neuron = pytest.importorskip("spikingjelly.activation_based.neuron", reason="SpikingJelly is not installed")
    torch.manual_seed(1)
    model = nn.Sequential(
        nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), neuron.ParametricLIFNode(init_tau=3.0), nn.AvgPool2d(2), nn.Flatten(),
        nn.Linear(4 * 3 * 3, 5), neuron.LIFNode(tau=1.5),
    ).eval()  # fmt: skip
    for index in (0, 5):
        model[index].weight.data.mul_(3)
    recording = lifsim.record(model, torch.rand(2, 1, 8, 8), timesteps=T)
    state, workload = tmp_path / "state.pth", _workload(tmp_path, recording.network)
    torch.save(model.state_dict(), state)
    assert _import(state, workload) == 0
    assert "2 is lif_2" in capsys.readouterr().err
    taken = tmp_path / "taken.yaml"
    assert _import(state, workload, "--out-workload", str(taken), "--force") == 0
    found = {lif.name: getattr(lif.neuron, "tau") for lif in lifsim.load_workload(taken).lifs}  # noqa: B009
    assert found == {"lif_2": pytest.approx(3.0), "lif_6": 1.5}


class Runs:
    """Runs a command when it is unpickled."""

    def __init__(self, made: Path) -> None:
        self.made = made

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, (f"touch {self.made}",)


def test_nothing_in_a_file_is_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nor is a state_dict refused for what stands beside it."""
    model, made, recorded = nn.Sequential(nn.Linear(16, 4)), tmp_path / "made", _linear(tmp_path)
    torch.save({"net": model.state_dict(), "args": Runs(made), "epoch": 3}, tmp_path / "state.pth")
    assert _import(tmp_path / "state.pth", recorded) == 0
    assert "the state_dict is that at 'net'" in capsys.readouterr().err
    torch.save({**model.state_dict(), "1.weight": Runs(made)}, tmp_path / "bad.pth")
    assert _import(tmp_path / "bad.pth", recorded) == 2
    assert "1.weight: must be a tensor, is posix.system" in capsys.readouterr().err
    assert not made.exists()


LINEAR = {
    "name": "one",
    "timesteps": 2,
    "input": {"shape": [16]},
    "layers": [{"name": "fc", "op": "linear", "out": 4, "bias": True}],
}


def _linear(tmp_path: Path) -> Path:
    path = tmp_path / "net.yaml"
    path.write_bytes(yaml_bytes(LINEAR))
    return path


def test_checkpoints_of_training_scripts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With optimisers, settings and averages beside the state_dict, and wrapped models."""
    model = nn.DataParallel(nn.Sequential(nn.Linear(16, 4)))
    optimizer = torch.optim.Adam(model.parameters())
    model.module[0].weight.sum().backward()
    optimizer.step()
    saved = {"optimizer": optimizer.state_dict(), "epoch": 3, "args": {"lr": 0.1}, "best": torch.tensor(0.5)}
    workload, state = _linear(tmp_path), tmp_path / "state.pth"
    torch.save({**saved, "model": model.state_dict()}, state)
    assert _import(state, workload) == 0
    weight = load_weights(tmp_path / "w.npz", lifsim.load_workload(workload))["fc.weight"]
    np.testing.assert_array_equal(weight, model.module[0].weight.detach())
    averaged = {name: 2 * tensor for name, tensor in model.state_dict().items()}
    torch.save({**saved, "model": model.state_dict(), "model_ema": averaged}, state)
    assert _import(state, workload, "--force") == 2
    assert "say which with --key: model, model_ema" in capsys.readouterr().err
    assert _import(state, workload, "--key", "model_ema", "--force") == 0
    twice = load_weights(tmp_path / "w.npz", lifsim.load_workload(workload))["fc.weight"]
    np.testing.assert_array_equal(twice, 2 * weight)
    assert _import(state, workload, "--key", "ema", "--force") == 2
    assert "'ema' must be one of model, model_ema" in capsys.readouterr().err


@pytest.mark.parametrize("dtype", ["bfloat16", "float16", "float64"])
def test_other_precisions(dtype: str, tmp_path: Path) -> None:
    """Short ones are widened as PyTorch does; views and transposed tensors are read as they are seen."""
    weight = torch.randn(16, 5).T[:4].to(getattr(torch, dtype))
    torch.save({"0.weight": weight, "0.bias": torch.zeros(4).to(weight.dtype)}, tmp_path / "state.pth")
    workload = _linear(tmp_path)
    assert _import(tmp_path / "state.pth", workload) == 0
    found = load_weights(tmp_path / "w.npz", lifsim.load_workload(workload))["fc.weight"]
    assert found.dtype == (np.float64 if dtype == "float64" else np.float32)
    np.testing.assert_array_equal(found, weight.to(torch.float64).numpy())


REFUSED: dict[str, tuple[Callable[[Path], None], str]] = {
    "whole model": (lambda path: torch.save(nn.Linear(16, 4), path), "holds a whole torch.nn.modules.linear.Linear"),
    "scripted": (lambda path: torch.jit.save(torch.jit.script(nn.Linear(16, 4)), path), "holds a scripted model"),
    "old": (
        lambda path: torch.save(nn.Linear(16, 4).state_dict(), path, _use_new_zipfile_serialization=False),
        "is a pickle, as PyTorch wrote before 1.6",
    ),
    "list": (lambda path: torch.save([torch.zeros(3)], path), "must hold a state_dict"),
    "nothing": (lambda path: torch.save({"epoch": 3}, path), "must hold a state_dict, holds epoch"),
    "sparse": (
        lambda path: torch.save({"0.weight": torch.eye(4).to_sparse(), "0.bias": torch.zeros(4)}, path),
        "0.weight: must be a tensor, is torch._utils._rebuild_sparse_tensor",
    ),
    "expanded": (
        lambda path: torch.save({"0.weight": torch.zeros(1, 1).expand(4, 16), "0.bias": torch.zeros(4)}, path),
        "0.weight: claims [4, 16], which its storage of 1 does not hold",
    ),
    "complex": (
        lambda path: torch.save({"0.weight": torch.zeros(4, 16, dtype=torch.complex64)}, path),
        "0.weight: is of ComplexFloatStorage",
    ),
    "norm of weights": (
        lambda path: torch.save(nn.utils.parametrizations.weight_norm(nn.Linear(16, 4)).state_dict(), path),
        "torch.nn.utils.parametrize.remove_parametrizations(module, 'weight') before saving",
    ),
    "recurrent": (
        lambda path: torch.save(nn.Sequential(nn.Linear(16, 4), nn.RNN(4, 4)).state_dict(), path),
        "1.weight_ih_l0: must belong to a weight layer",
    ),
}


@pytest.mark.parametrize("what", REFUSED)
@pytest.mark.filterwarnings("ignore")
def test_what_cannot_be_read(what: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    save, words = REFUSED[what]
    save(tmp_path / "state.pth")
    assert _import(tmp_path / "state.pth", _linear(tmp_path)) == 2
    assert words in " ".join(capsys.readouterr().err.split())


def test_damaged_files_are_refused_with_words(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    workload, state = _linear(tmp_path), tmp_path / "state.pth"
    torch.save({"net": nn.Linear(16, 4).state_dict()}, state)
    whole, draw = state.read_bytes(), np.random.default_rng(1)
    for trial in range(150):
        damaged = bytearray(whole[: draw.integers(len(whole))] if trial % 3 == 0 else whole)
        for _ in range(draw.integers(1, 4)):
            if damaged:
                damaged[draw.integers(len(damaged))] = draw.integers(256)
        state.write_bytes(damaged)
        assert _import(state, workload, "--force") in (0, 2)
        assert "internal error" not in capsys.readouterr().err
