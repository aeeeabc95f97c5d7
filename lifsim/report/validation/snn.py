"""SpikingJelly's spikes, membranes, outputs and gradients."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lifsim.config.document import Document, Mark
from lifsim.config.workload import load_workload, network_of
from lifsim.engine.inference import Engine
from lifsim.engine.training.backprop import Learner
from lifsim.engine.training.loss import cross_entropy
from lifsim.engine.weights import checked_weights, weight_shapes
from lifsim.graph.states import states_of
from lifsim.model.network import Network
from lifsim.model.sharing import Sharing
from lifsim.regular_file import open_regular
from lifsim.report.validation.comparison import Comparison
from lifsim.report.validation.references import References

Array = NDArray[Any]

TITLE = "SpikingJelly: spikes, membranes, outputs and gradients of the engine"

INTRO = """\
EfficientLIF-Net's VGG-16 at 1/32 of its width and a network of two convolutions, random weights, under each sharing,
from SpikingJelly 0.0.0.0.12 on PyTorch in float32 (`benchmarks/make_snn_vectors.py`); where the folder of large figures
is at hand, those too of the VGG-16 at an eighth of its width and of a larger batch. Spikes stand as the number of those
that differ, the others as sums of magnitudes; gradients are in float64 on the reference's side.
`tests/engine/test_vectors.py` and `tests/engine/test_gradients.py` compare every element."""

TOLERANCE = 1e-4

_VGG16 = {"noshare": "none", "layer": "layer", "channel2": "channel2"}
_TINY = {"none": "none", "none_soft": "none", "layer": "layer", "channel2": "channel2"}


_LARGE_VGG16 = {name: f"snn_vectors/vectors_vgg16_{name}.npz" for name in _VGG16}
_LARGE_TINY = {name: f"snn_vectors/vectors_tiny_grad_{name}.npz" for name in _TINY}

LARGE = (*_LARGE_VGG16.values(), *_LARGE_TINY.values())


def compare(references: References) -> list[Comparison]:
    """Every network under every sharing; the larger ones where they are there."""
    found: list[Comparison] = []
    for name in _VGG16:
        found += _vgg16(name, _load(references.find(f"snn_vgg16_{name}.npz")))
    for name in _TINY:
        found += _tiny(name, _load(references.find(f"snn_tiny_grad_{name}.npz")))
    for name, file in _LARGE_VGG16.items():
        found += _vgg16(name, _load(references.find(file))) if references.has(file) else ()
    for name, file in _LARGE_TINY.items():
        found += _tiny(name, _load(references.find(file))) if references.has(file) else ()
    return found


def _load(path: Path) -> dict[str, Array]:
    with open_regular(path) as file, np.load(file, allow_pickle=False) as archive:
        return dict(archive)


def _vgg16(name: str, vectors: Mapping[str, Array]) -> Iterator[Comparison]:
    sharing = Sharing.parse(_VGG16[name])
    calls = vectors["call_module"].tolist()[:: sharing.channels]
    resets = dict(zip(vectors["lif_modules"].tolist(), vectors["lif_v_reset"], strict=True))
    overrides = [f"timesteps={int(vectors['T'])}"]
    overrides += [f"layers.conv{i}.out={len(vectors[f'param_conv{i}.weight'])}" for i in range(1, 14)]
    for index, module in enumerate(calls, start=1):
        overrides.append(f"layers.lif{index}.neuron={{reset: {'soft' if np.isnan(resets[module]) else 'hard'}}}")
    network = load_workload("vgg16_efficientlif_shared_cifar10", overrides)
    weights = checked_weights(network, {key: vectors[_vgg16_name(key)] for key in weight_shapes(network)})
    spikes: dict[str, list[Array]] = {}
    outcome = Engine(network, sharing, weights).run(
        vectors["x"][None], lambda node, _, value: spikes.setdefault(node.name, []).append(value.copy())
    )
    equal = total = 0
    for call in range(len(calls) * sharing.channels):
        layer, group = divmod(call, sharing.channels)
        mine = np.split(np.concatenate(spikes[f"lif{layer + 1}"]), sharing.channels, axis=2)[group]
        theirs = np.unpackbits(vectors[f"spk_{call:03d}"], count=mine.size).reshape(mine.shape)
        equal, total = equal + int((mine == theirs).sum()), total + mine.size
    title = f"VGG-16 of {len(vectors['param_conv13.weight'])} filters, {sharing}"
    yield Comparison(f"{title}: spikes that differ, of {total:,}", 0, total - equal)
    for state in states_of(network, sharing):
        module = calls[int(state.lifs[0].removeprefix("lif")) - 1]
        membranes = vectors[f"vfinal_{module}"], outcome.membranes[state.name]
        yield _magnitudes(f"{title}: last membranes of {state.name}", *membranes)
    yield _magnitudes(f"{title}: outputs", vectors["outputs"], outcome.outputs)


def _vgg16_name(key: str) -> str:
    """Name in the vectors of our weight `key`."""
    node, _, term = key.partition(".")
    if node == "fc1":
        return f"param_classifier.{term}"
    return f"param_{node.replace('conv', 'bn')}.{term[3:]}" if term.startswith("bn.") else f"param_{key}"


def _tiny(name: str, vectors: Mapping[str, Array]) -> Iterator[Comparison]:
    sharing, soft = Sharing.parse(_TINY[name]), bool(np.isnan(vectors["v_reset"]))
    network = _tiny_network(int(vectors["T"]), "soft" if soft else "hard")
    weights = {key: vectors[_tiny_name("param", key)] for key in weight_shapes(network)}
    for keeping in ["stored", "reversed"] if soft else ["stored"]:
        run = Learner(network, sharing, keeping=keeping).forward(weights, vectors["x"][None])
        loss, grad = cross_entropy(run.outputs, vectors["y"])
        images = f"{len(vectors['y'])} images"
        title = f"two convolutions, {images}, {name}, {keeping}"
        yield Comparison(f"{title}: loss", float(vectors["loss_f64"]), loss)
        for key, value in run.backward(grad, with_input=True).items():
            theirs = vectors["grad64_x"] if key == "input" else vectors[_tiny_name("grad64", key)]
            yield _magnitudes(f"{title}: gradient of {key}", theirs, value)


def _tiny_name(kind: str, key: str) -> str:
    node, _, term = key.partition(".")
    return f"{kind}_{node.replace('conv', 'bn')}.{term[3:]}" if term.startswith("bn.") else f"{kind}_{key}"


def _tiny_network(timesteps: int, reset: str) -> Network:
    conv = {"op": "conv", "out": 8, "kernel": 3, "padding": 1, "batch_norm": True}
    layers = [
        {"name": "conv1", **conv},
        {"name": "lif1", "op": "lif"},
        {"name": "conv2", **conv},
        {"name": "lif2", "op": "lif"},
        {"name": "pool", "op": "max_pool", "kernel": 2},
        {"name": "fc", "op": "linear", "out": 10, "bias": True},
    ]
    tree = {
        "name": "two_convolutions",
        "description": "two convolutions",
        "timesteps": timesteps,
        "neuron": {"reset": reset},
        "input": {"shape": [3, 8, 8], "encoding": "direct"},
        "layers": layers,
        "spikes": {"source": "engine"},
    }
    return network_of(Document("", tree, {(): Mark("")}))


def _magnitudes(item: str, theirs: Array, mine: Array) -> Comparison:
    return Comparison(item, float(np.abs(theirs).sum(dtype=float)), float(np.abs(mine).sum(dtype=float)))
