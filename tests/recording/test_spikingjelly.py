"""Do SpikingJelly's networks become LIFSim's, step by step and multi-step?"""

from __future__ import annotations

import sys
import types
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed")
neuron = pytest.importorskip("spikingjelly.activation_based.neuron", reason="SpikingJelly is not installed")

from spikingjelly.activation_based import functional, layer  # noqa: E402
from torch import nn  # noqa: E402

import lifsim  # noqa: E402
from lifsim.errors import InputError  # noqa: E402
from tests.recording.proof import assert_proved, engine_spikes  # noqa: E402

T, B = 4, 2

WAYS: dict[str, Callable[[], Any]] = {
    "IF": lambda: neuron.IFNode(),
    "IF, soft": lambda: neuron.IFNode(v_reset=None, v_threshold=0.7),
    "LIF": lambda: neuron.LIFNode(tau=1.5),
    "LIF, soft": lambda: neuron.LIFNode(tau=1.5, v_reset=None),
    "LIF, to -0.2, input whole": lambda: neuron.LIFNode(tau=3.0, v_reset=-0.2, decay_input=False),
    "parametric": lambda: neuron.ParametricLIFNode(init_tau=1.7),
}


def firing(model: nn.Module, factor: float = 3.0) -> nn.Module:
    """With weights and norms at which neurons fire, in evaluation."""
    with torch.no_grad():
        for module in model.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.running_mean.normal_(0, 0.1)
                module.running_var.uniform_(0.5, 1.5)
                module.weight.uniform_(0.8, 2.5)
                module.bias.normal_(0.3, 0.3)
            elif isinstance(module, nn.Conv2d | nn.Linear):
                module.weight.mul_(factor)
    return model.eval()


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("mode", ["s", "m"])
def test_neurons(way: str, mode: str) -> None:
    torch.manual_seed(0)
    model = firing(
        nn.Sequential(
            layer.Conv2d(1, 6, 3), layer.BatchNorm2d(6), WAYS[way](), layer.MaxPool2d(2), layer.Flatten(),
            layer.Dropout(0.5), layer.Linear(6 * 3 * 3, 10), WAYS[way](),
        )
    )  # fmt: skip
    functional.set_step_mode(model, mode)
    images = torch.rand(B, 1, 8, 8)

    def forward(x: torch.Tensor) -> torch.Tensor:
        if mode == "s":
            return sum(model(x) for _ in range(T)) / T
        return model(x.unsqueeze(0).repeat(T, 1, 1, 1, 1)).mean(0)

    recording = lifsim.record(forward, images, timesteps=T)
    axis = None if mode == "s" else 0
    neurons = {f"model_{index}": (model[index], axis) for index in (2, 7)}
    assert_proved(forward, recording, images, neurons, {"model_6": model[6]}, fresh=lambda: functional.reset_net(model))
    assert [one.name for one in recording.network.layers] == ["model_0", "model_6"]


@pytest.fixture
def models(monkeypatch: pytest.MonkeyPatch) -> Any:
    """SpikingJelly's own models. They import of torchvision what loads weights from the network, and nothing else."""
    try:
        import torchvision  # noqa: F401
    except (ImportError, RuntimeError):
        stand_in = types.ModuleType("torchvision._internally_replaced_utils")
        stand_in.load_state_dict_from_url = None  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, "torchvision", types.ModuleType("torchvision"))
        monkeypatch.setitem(sys.modules, stand_in.__name__, stand_in)
    from spikingjelly.activation_based.model import sew_resnet, spikformer, spiking_resnet, spiking_vgg

    return types.SimpleNamespace(sew=sew_resnet, resnet=spiking_resnet, vgg=spiking_vgg, spikformer=spikformer)


def _assert_like(
    forward: Callable[[Any], Any], model: nn.Module, axis: int | None, prefix: str = "", repeated: int = 1
) -> Any:
    """repeated: how often the classifier reads each of its inputs, which LIFSim counts once."""
    images = torch.rand(1, 3, 32, 32)
    recording = lifsim.record(forward, images, timesteps=T)
    named = {f"{prefix}{name}".replace(".", "_"): one for name, one in model.named_modules()}
    lifs = {lif.name: (named[lif.name], axis) for lif in recording.network.lifs}
    layers = {one.name: named[one.name] for one in recording.network.layers if not one.sees_image}
    times = {"model_classifier_0": repeated}
    assert_proved(forward, recording, images, lifs, layers, times=times, fresh=lambda: functional.reset_net(model))
    return recording


@pytest.mark.slow
def test_sew_resnet(models: Any) -> None:
    torch.manual_seed(0)
    model = firing(models.sew.sew_resnet18(spiking_neuron=neuron.IFNode, num_classes=10, cnf="ADD"), 1)
    functional.set_step_mode(model, "m")
    recording = _assert_like(lambda x: model(x.unsqueeze(0).repeat(T, 1, 1, 1, 1)), model, 0, "model_")
    assert len(recording.network.layers) == 21
    assert any(len(node.inputs) == 2 for node in recording.network.nodes)


@pytest.mark.slow
def test_spiking_resnet(models: Any) -> None:
    torch.manual_seed(0)
    model = firing(models.resnet.spiking_resnet18(spiking_neuron=neuron.LIFNode, num_classes=10, tau=1.5), 1)
    recording = _assert_like(lambda x: [model(x) for _ in range(T)], model, None, "model_")
    assert len(recording.network.layers) == 21


@pytest.mark.slow
def test_spiking_vgg(models: Any) -> None:
    """Its classifier is for maps of 7 x 7, of images of 224 x 224: of smaller ones it reads each pixel 49 times. This
    one is narrower."""
    torch.manual_seed(0)
    model = models.vgg.spiking_vgg11_bn(spiking_neuron=neuron.LIFNode, num_classes=10, tau=1.5)
    assert model.classifier[0].in_features == 512 * 7 * 7
    model.classifier = nn.Sequential(layer.Linear(512 * 7 * 7, 64), neuron.IFNode(), layer.Linear(64, 10))
    firing(model, 1)
    recording = _assert_like(lambda x: [model(x) for _ in range(T)], model, None, "model_", repeated=49)
    assert len(recording.network.layers) == 10
    assert recording.weights["model_classifier_0.weight"].shape == (64, 512)
    (note,) = recording.notes
    assert "with their weights added up, 64 x 512 for 64 x 25088" in note


def test_spikformer_is_refused_by_what_is_missing(models: Any) -> None:
    """SpikingJelly's own: its convolutions of one pixel on flattened maps are followed, its attention is named."""
    options = {"img_size_h": 16, "img_size_w": 16, "patch_size": 4, "embed_dims": 32, "num_heads": 4}
    model = models.spikformer.Spikformer(T=T, depths=1, num_classes=10, **options).eval()
    with pytest.raises(InputError, match=r"blocks\.0\.attn.*matmul of two tensors of the network \(attention\)"):
        lifsim.record(model, torch.rand(1, 3, 16, 16), timesteps=T)


def test_what_sew_resnet_multiplies_is_refused(models: Any) -> None:
    model = models.sew.sew_resnet18(spiking_neuron=neuron.IFNode, num_classes=10, cnf="AND").eval()
    with pytest.raises(InputError, match="a product of two tensors element by element"):
        lifsim.record(model, torch.rand(1, 3, 32, 32), timesteps=T)


def test_attention_is_refused_by_name() -> None:
    queries, keys, lif1, lif2, lif3 = nn.Linear(8, 8), nn.Linear(8, 8), *(neuron.IFNode() for _ in range(3))

    def attention(x: torch.Tensor) -> torch.Tensor:
        return lif3(lif1(queries(x)) @ lif2(keys(x)).transpose(-2, -1))

    with pytest.raises(InputError, match=r"matmul of two tensors of the network \(attention\)"):
        lifsim.record(attention, torch.rand(2, 8), timesteps=T)


class Shared(nn.Module):
    """One module of neurons for two layers."""

    def __init__(self, make: Callable[[], Any]) -> None:
        super().__init__()
        self.a, self.b, self.lif = layer.Linear(8, 6), layer.Linear(6, 6), make()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.lif(self.b(self.lif(self.a(x))))


@pytest.mark.parametrize("way", WAYS)
def test_a_node_of_two_layers_hands_its_potential_on(way: str) -> None:
    torch.manual_seed(0)
    model = firing(Shared(WAYS[way]))
    recording = lifsim.record(lambda x: torch.stack([model(x) for _ in range(T)]), torch.rand(B, 8), timesteps=T)
    assert recording.sharing == "layer"
    _, outputs = engine_spikes(recording)
    np.testing.assert_array_equal(outputs, recording.outputs)
    assert recording.outputs.any()


def test_a_multi_step_node_of_two_layers_is_refused() -> None:
    """The second layer goes on from what the last timestep of the first one has left."""
    torch.manual_seed(0)
    model = firing(Shared(lambda: neuron.IFNode(v_reset=None)))
    functional.set_step_mode(model, "m")
    with pytest.raises(InputError, match=r"model_lif: is one module for model_lif, model_lif_2, and neither"):
        lifsim.record(lambda x: model(x.unsqueeze(0).repeat(T, 1, 1)), torch.rand(B, 8), timesteps=T)


@pytest.mark.parametrize("other", ["EIFNode", "QIFNode", "IzhikevichNode"])
def test_other_neurons_are_refused_by_name(other: str) -> None:
    model = nn.Sequential(nn.Linear(6, 4), getattr(neuron, other)())
    with pytest.raises(InputError, match=f"{other} must be one of IFNode"):
        lifsim.record(model, torch.rand(2, 6), timesteps=T)
