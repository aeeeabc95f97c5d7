"""What a recording must come to, found out by PyTorch alone: the spikes that modules put out, the outputs, and the
products of which the input is not zero."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional

import lifsim
from lifsim.engine.inference import Engine
from lifsim.model.network import Lif, Node
from lifsim.model.sharing import Sharing
from lifsim.recording.recording import Recording

LAYERS = (nn.Conv1d, nn.Conv2d, nn.Linear)


def run_alone(
    model: Callable[[Any], Any], watched: Sequence[nn.Module], batch: Any
) -> tuple[Any, dict[int, list[Any]]]:
    """What a model returns, and for each of the modules watched, the (input, output) of its calls."""
    calls: dict[int, list[Any]] = {index: [] for index in range(len(watched))}
    hooks = [
        module.register_forward_hook(lambda _, args, out, index=index: calls[index].append((args[0], out)))
        for index, module in enumerate(watched)
    ]
    with torch.no_grad():
        returned = model(batch)
    for hook in hooks:
        hook.remove()
    return returned, calls


def fired(calls: list[Any], timesteps: int, time_axis: int | None = None) -> np.ndarray:
    """[T, B, ...] of what neurons put out in calls of one timestep, or in one of all with time at an axis."""
    spikes = [out[0] if isinstance(out, tuple) else out for _, out in calls]
    whole = torch.stack(spikes) if time_axis is None else spikes[0].movedim(time_axis, 0)
    assert len(whole) == timesteps
    return whole.numpy()


def engine_spikes(recording: Recording) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """What LIFSim's engine fires on the recorded batch by itself, by layer, and its outputs."""
    found: dict[str, np.ndarray] = {}

    def observe(node: Node, _: int, value: np.ndarray) -> None:
        if isinstance(node, Lif):
            found[node.name] = value.copy()

    engine = Engine(recording.network, Sharing.parse(recording.sharing), recording.weights)
    return found, engine.run(recording.inputs, observe).outputs


def products(module: nn.Module, x: torch.Tensor) -> int:
    """Products of a layer with what is not zero of its input."""
    ones = (x != 0).to(torch.float64)
    if isinstance(module, nn.Linear):
        return int(ones.sum()) * module.out_features
    ones = ones.flatten(0, -module.weight.ndim)  # all timesteps at once
    kernel = torch.ones_like(module.weight, dtype=torch.float64)
    convolve = functional.conv1d if isinstance(module, nn.Conv1d) else functional.conv2d
    return int(convolve(ones, kernel, None, module.stride, module.padding, module.dilation, module.groups).sum())


def assert_proved(
    model: Callable[[Any], Any],
    recording: Recording,
    batch: Any,
    neurons: dict[str, tuple[nn.Module, int | None]],
    layers: dict[str, nn.Module],
    *,
    times: Mapping[str, int] = MappingProxyType({}),
    fresh: Callable[[], None] = lambda: None,
) -> None:
    """The engine fires what the model does, and `lifsim.run` counts what a direct count does.

    neurons: by LIFSim's name, modules with the axis of their time (None: one call a timestep). layers: those that read
    spikes. times: by layer, how often it reads each input, where that is not once. fresh: puts the model's states back.
    """
    fresh()
    modules = [*(module for module, _ in neurons.values()), *layers.values()]
    _, calls = run_alone(model, modules, batch)
    spikes, outputs = engine_spikes(recording)
    network = recording.network
    for index, (name, (_, axis)) in enumerate(neurons.items()):
        expected = fired(calls[index], network.timesteps, axis)
        assert expected.any(), name
        np.testing.assert_array_equal(spikes[name].reshape(expected.shape), expected, name)
    np.testing.assert_allclose(outputs, recording.outputs, rtol=1e-4, atol=1e-4)
    result = lifsim.run(workload=network, sharing=recording.sharing)
    counted = dict(zip(result.layers["layer"], result.layers["ops.macs_effective"], strict=True))
    for index, (name, module) in enumerate(layers.items(), len(neurons)):
        assert counted[name] * times.get(name, 1) == sum(products(module, x) for x, _ in calls[index]), name
