"""The small vectors of tests/reference, from SpikingJelly's neurons on PyTorch.

    pip install torch spikingjelly==0.0.0.0.12 --no-deps
    python benchmarks/make_snn_vectors.py tests/reference

Nothing of LIFSim is imported: networks are written out in PyTorch with SpikingJelly's LIFNode (clock_driven), one
module for every set of membranes, called as often as there are layers and channel groups that share it.
tests/reference/README.md says what each file holds. Made with PyTorch 2.13.0 on one thread of an x86-64 CPU.
"""

from __future__ import annotations

import sys
from itertools import count, pairwise
from pathlib import Path

import numpy as np
import torch
from spikingjelly.clock_driven import functional, neuron, surrogate
from torch import nn

TAU, ALPHA = 1 / (1 - 0.25), 2.0
WIDTHS = [4, 4, 8, 8, 8, 8, 8, 16, 16, 16, 16, 16, 16]
"""EfficientLIF-Net's VGG-16 with 1/32 of its filters."""
POOLED = (2, 4, 7, 10)
LAYER_SETS = [1, 2, 3, 3, 5, 5, 5, 8, 8, 8, 11, 11, 11]
"""Under `layer`, the LIF module of each layer."""

Vectors = dict[str, np.ndarray]


def lif(soft: bool) -> neuron.LIFNode:
    reset = None if soft else 0.0
    return neuron.LIFNode(TAU, True, 1.0, reset, surrogate.ATan(ALPHA), detach_reset=True)


class Calls:
    """Calls LIF modules by name, group after group, and keeps every call's spikes and distance from the threshold."""

    def __init__(self, modules: dict[str, neuron.LIFNode], groups: int) -> None:
        self.modules, self.groups = modules, groups
        self.spikes: list[list[torch.Tensor]] = []
        self.margins: list[list[float]] = []
        self.names: list[str] = []

    def begin_timestep(self) -> None:
        self.spikes.append([])
        self.margins.append([])
        self.names = []

    def __call__(self, name: str, x: torch.Tensor) -> torch.Tensor:
        return torch.cat([self._call(name, part) for part in x.chunk(self.groups, dim=1)], dim=1)

    def _call(self, name: str, x: torch.Tensor) -> torch.Tensor:
        module = self.modules[name]
        charged = torch.as_tensor(module.v) + (x - torch.as_tensor(module.v)) / TAU
        spikes = module(x)
        self.margins[-1].append(float((charged.detach() - 1).abs().min()))
        self.spikes[-1].append(spikes.detach())
        self.names.append(name)
        return spikes

    def vectors(self) -> Vectors:
        found: Vectors = {"call_module": np.array(self.names), "margin": np.array(self.margins)}
        for call in range(len(self.names)):
            spikes = torch.stack([step[call] for step in self.spikes]).numpy().astype(np.uint8)
            assert 0.005 < spikes.mean() < 0.9, (call, spikes.mean())
            found[f"spk_{call:03d}"] = spikes
        for name, module in self.modules.items():
            found[f"vfinal_{name}"] = module.v.detach().numpy()
        return found


def vgg16(sharing: str, timesteps: int = 4, batch: int = 1) -> Vectors:
    """Inference under `noshare` (hard reset), `layer` or `channel2` (soft reset)."""
    torch.manual_seed(16)
    channels = [3, *WIDTHS]
    convs = [nn.Conv2d(a, b, 3, padding=1, bias=False) for a, b in pairwise(channels)]
    norms = [nn.BatchNorm2d(width).eval() for width in WIDTHS]
    classifier = nn.Linear(WIDTHS[-1], 10)
    for conv, norm in zip(convs, norms, strict=True):
        nn.init.kaiming_normal_(conv.weight)
        nn.init.uniform_(norm.weight, 0.8, 1.6)
        nn.init.uniform_(norm.bias, 0.1, 0.6)
        nn.init.normal_(norm.running_mean, std=0.1)
        nn.init.uniform_(norm.running_var, 0.3, 0.8)
    groups = 2 if sharing == "channel2" else 1
    sets = LAYER_SETS if sharing == "layer" else range(1, 14)
    calls = Calls({f"lif{i}": lif(soft=sharing != "noshare") for i in dict.fromkeys(sets)}, groups)
    x, outputs = torch.rand(batch, 3, 32, 32), []
    with torch.no_grad():
        current = norms[0](convs[0](x))  # direct encoding: once, replayed
        for _ in range(timesteps):
            calls.begin_timestep()
            out = calls("lif1", current)
            for layer, conv, norm, name in zip(count(2), convs[1:], norms[1:], list(sets)[1:], strict=False):
                out = calls(f"lif{name}", norm(conv(out)))
                out = nn.functional.max_pool2d(out, 2) if layer in POOLED else out
            outputs.append(classifier(out.mean(dim=(2, 3))))
    found = calls.vectors()
    for key in [key for key in found if key.startswith("spk_")]:
        found |= {f"{key}_shape": np.array(found[key].shape, np.int32), key: np.packbits(found[key])}
    resets = [np.nan if module.v_reset is None else module.v_reset for module in calls.modules.values()]
    found |= {"lif_modules": np.array(list(calls.modules)), "lif_v_reset": np.array(resets)}
    found |= {"x": x.numpy(), "outputs": torch.stack(outputs).numpy(), "T": np.array(timesteps, np.int32)}
    for index, conv, norm in zip(count(1), convs, norms, strict=False):
        found[f"param_conv{index}.weight"] = conv.weight.detach().numpy()
        for term in ("weight", "bias", "running_mean", "running_var"):
            found[f"param_bn{index}.{term}"] = getattr(norm, term).detach().numpy()
    return found | {f"param_classifier.{k}": v.detach().numpy() for k, v in classifier.named_parameters()}


class Tiny(nn.Module):
    """conv1 (3 -> 8), bn1 once; per timestep: lif1, conv2 (8 -> 8), bn2 in training mode, lif2, max pool, linear."""

    def __init__(self, sharing: str) -> None:
        super().__init__()
        self.conv1, self.conv2 = (nn.Conv2d(width, 8, 3, padding=1, bias=False) for width in (3, 8))
        self.bn1, self.bn2, self.fc = nn.BatchNorm2d(8), nn.BatchNorm2d(8), nn.Linear(128, 10)
        for norm in (self.bn1, self.bn2):
            nn.init.uniform_(norm.weight, 0.7, 1.5)
            nn.init.uniform_(norm.bias, 0.2, 0.8)
        self.second = "lif1" if sharing == "layer" else "lif2"
        modules = {name: lif(soft=sharing != "none") for name in dict.fromkeys(("lif1", self.second))}
        self.calls = Calls(modules, 2 if sharing == "channel2" else 1)

    def forward(self, x: torch.Tensor, timesteps: int) -> torch.Tensor:
        outputs, current = [], self.bn1(self.conv1(x))
        for _ in range(timesteps):
            self.calls.begin_timestep()
            spikes = self.calls(self.second, self.bn2(self.conv2(self.calls("lif1", current))))
            outputs.append(self.fc(nn.functional.max_pool2d(spikes, 2).flatten(1)))
        return torch.stack(outputs)


def tiny(sharing: str, timesteps: int = 4, batch: int = 2) -> Vectors:
    """Forward in float32; loss and gradients in float64 from the same weights."""
    torch.manual_seed(17)
    net = Tiny(sharing)
    x, y = torch.randn(batch, 3, 8, 8), torch.randint(0, 10, (batch,))
    params = {f"param_{key}": value.detach().clone().numpy() for key, value in net.state_dict().items()}
    outputs = net(x, timesteps)
    found = {key: value for key, value in (params | net.calls.vectors()).items() if not key.endswith("batches_tracked")}
    found |= {f"after_{key}": value.clone().numpy() for key, value in net.state_dict().items() if "running" in key}
    exact = Tiny(sharing).double()
    exact.load_state_dict({key.removeprefix("param_"): torch.as_tensor(value) for key, value in params.items()})
    image = x.double().requires_grad_()
    loss = nn.functional.cross_entropy(exact(image, timesteps).mean(0), y)
    loss.backward()
    for mine, theirs in zip(net.calls.spikes, exact.calls.spikes, strict=True):
        assert all(torch.equal(a.double(), b) for a, b in zip(mine, theirs, strict=True))
    found |= {f"grad64_{key}": value.grad.numpy() for key, value in exact.named_parameters()}
    reset = np.nan if sharing != "none" else 0.0
    found |= {"grad64_x": image.grad.numpy(), "loss_f64": loss.detach().numpy(), "outputs": outputs.detach().numpy()}
    found |= {"x": x.numpy(), "y": y.numpy(), "T": np.array(timesteps), "alpha": np.array(ALPHA)}
    return found | {"v_reset": np.array(reset), "pool": np.array("max")}


def lif_unit(timesteps: int = 12, neurons: int = 65) -> Vectors:
    """12 settings [tau, decay_input, u_reset (nan: soft)] on one input; in each, one neuron begins exactly at theta."""
    x = torch.from_numpy(np.random.default_rng(18).normal(0.6, 1.0, (timesteps, neurons)).astype(np.float32))
    x[0, -4:] = torch.tensor([1.0, TAU, 2.0, 2.25])
    found: Vectors = {"v_threshold": np.array(1.0), "x": x.numpy()}
    settings = [(tau, decay, reset) for tau in (TAU, 2.0) for decay in (1, 0) for reset in (0.0, None, -0.25)]
    for number, (tau, decay, reset) in enumerate(settings):
        node = neuron.LIFNode(tau, bool(decay), 1.0, reset)
        spikes, membranes = [], []
        for row in x:
            spikes.append(node(row).numpy().astype(np.uint8))
            membranes.append(node.v.numpy().copy())
        key = f"c{number:02d}"
        found[f"{key}_cfg"] = np.array([tau, decay, np.nan if reset is None else reset])
        found |= {f"{key}_s": np.stack(spikes), f"{key}_v": np.stack(membranes)}
        functional.reset_net(node)
    return found


def main(folder: Path) -> None:
    torch.set_num_threads(1)
    for sharing in ("noshare", "layer", "channel2"):
        np.savez_compressed(folder / f"snn_vgg16_{sharing}.npz", allow_pickle=False, **vgg16(sharing))
    for sharing in ("none", "none_soft", "layer", "channel2"):
        np.savez_compressed(folder / f"snn_tiny_grad_{sharing}.npz", allow_pickle=False, **tiny(sharing))
    np.savez_compressed(folder / "snn_lif_unit.npz", allow_pickle=False, **lif_unit())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
