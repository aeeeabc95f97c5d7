"""Converts a NIR graph to a workload and its weights."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lifsim.errors import Fault, InputError
from lifsim.interchange.imported import Imported
from lifsim.interchange.nir_file import PORT, NirGraph, NirNode
from lifsim.interchange.nir_neurons import FIRING, Step, neuron_keys
from lifsim.interchange.nir_order import ordered
from lifsim.lazy_dataclass import dataclass
from lifsim.model.fitting import slide
from lifsim.units import counted

Array = NDArray[Any]

READOUTS = ("LI", "CubaLI", "I")


@dataclass(frozen=True)
class Unsaid:
    """What NIR leaves open besides the timestep: the number of timesteps, and the encoding of the input."""

    timesteps: int
    encoding: str
    step: Step


@dataclass(frozen=True)
class Signal:
    """The output of a node. layer: the layer of the workload that has it, with its `shape` there. factor: a number,
    or an array of that shape, by which its values are still to be multiplied. readout: the node that reads it out
    without spikes."""

    layer: str
    shape: tuple[int, ...]
    factor: Array = field(default_factory=lambda: np.ones(()))
    readout: str = ""


@dataclass
class _Workload:
    """The layers and weights converted so far. step: what NIR leaves open."""

    source: str
    step: Step
    layers: list[dict[str, Any]] = field(default_factory=list)
    weights: dict[str, Array] = field(default_factory=dict)
    notes: list[Fault] = field(default_factory=list)

    def add(self, name: str, op: str, inputs: list[Signal], keys: Mapping[str, Any]) -> str:
        layer: dict[str, Any] = {"name": _named(name, op, {one["name"] for one in self.layers}), "op": op}
        layer |= {"inputs": [one.layer for one in inputs]} if op == "add" else {"input": inputs[0].layer}
        self.layers.append({**layer, **keys})
        return str(layer["name"])

    def note(self, name: str, message: str) -> None:
        self.notes.append(Fault(message, path=name, source=self.source))


def workload_from_nir(graph: NirGraph, name: str, source: str, unsaid: Unsaid) -> tuple[Imported, dict[str, Array]]:
    """The document of a workload called `name`, and its weights. Raises InputError with everything that cannot be
    converted."""
    order, before = ordered(graph, source)
    step, encoding, timesteps = unsaid.step, unsaid.encoding, unsaid.timesteps
    made = _Workload(source, step)
    signals: dict[str, Signal] = {}
    shape: tuple[int, ...] = ()
    for one in order:
        node = graph.nodes[one]
        inputs = [signals[read] for read in before[one]]
        try:
            if node.kind == "Input":
                shape = _shape(node.arrays["shape"])
                signals[one] = Signal("input", shape)
            else:
                if node.kind != "Output":
                    _refuse_readouts(inputs)
                signals[one] = _signal(made, one, node, _summed(made, one, inputs))
        except (ValueError, KeyError) as error:
            reason = f"must have {error}" if isinstance(error, KeyError) else str(error)
            raise InputError(Fault(f"{node.kind} {reason}", path=one, source=source)) from None
    hard = "hard: spikes set to v_reset" if step.hard else "soft: spikes subtract v_threshold"
    made.note("", f"a timestep is {step.dt:g} s (--dt), the reset is {hard} (--reset): a NIR file does not say")
    made.note(
        "", f"its input is {encoding} (--encoding) over {counted(timesteps, 'timestep')}: a NIR file does not say"
    )
    data = {
        "name": name,
        "description": "imported from NIR",
        "timesteps": timesteps,
        "input": {"shape": list(shape), "encoding": encoding},
        "layers": made.layers,
    }
    return Imported(data, tuple(made.notes)), made.weights


def _refuse_readouts(inputs: list[Signal]) -> None:
    """Raises ValueError if a node reads a readout, which has no spikes."""
    for one in inputs:
        if one.readout:
            raise ValueError(
                f"must not read {one.readout}, which puts out no spikes: that may only be an output; between layers "
                "use one that fires (LIF, CubaLIF, IF)"
            )


def _summed(made: _Workload, name: str, inputs: list[Signal]) -> Signal:
    """The input of a node: a sum if several edges lead to it. Raises ValueError."""
    if not inputs:
        raise ValueError("must be behind the input: no edge leads to it")
    if len(inputs) == 1:
        return inputs[0]
    factors = [np.broadcast_to(one.factor, inputs[0].shape) for one in inputs if one.shape == inputs[0].shape]
    if len(factors) < len(inputs) or not all(np.array_equal(factors[0], one) for one in factors):
        raise ValueError(
            "must not sum what is scaled edge by edge, or comes in other shapes: fold Scale into the weights in front"
        )
    return Signal(made.add(f"{name}_sum", "add", inputs, {}), inputs[0].shape, inputs[0].factor)


def _signal(made: _Workload, name: str, node: NirNode, x: Signal) -> Signal:
    """The output of a node for the input x. Raises ValueError, KeyError."""
    match node.kind:
        case kind if kind == PORT:
            return x
        case "Output":
            if np.any(x.factor != 1):
                made.note(name, "what is put out is scaled or summed in the graph; LIFSim's output is not")
            return x
        case "Conv1d" | "Conv2d":
            return _convolution(made, name, node, x)
        case "Affine" | "Linear":
            return _linear(made, name, node, x)
        case "SumPool2d" | "AvgPool2d":
            return _pool(made, name, node, x)
        case "Flatten":
            return _flatten(node, x)
        case "Scale":
            scale = node.arrays["scale"].astype(np.float64)
            shaped = scale.reshape(x.shape) if scale.size == np.prod(x.shape) else np.broadcast_to(scale, x.shape)
            return Signal(x.layer, x.shape, x.factor * shaped)
        case "Delay":
            if np.any(node.arrays["delay"] != 0):
                raise ValueError(
                    "must be of 0 s: LIFSim's layers pass spikes on in the same timestep; leave it out, or set it to 0"
                )
            return x
        case "Threshold":
            raise ValueError(
                "has no state; LIFSim's neurons keep a membrane (tau > 1 timestep). Use LIF or IF, or add a neuron "
                "model (entry point lifsim.neurons)"
            )
        case _ if node.kind in READOUTS:
            made.note(name, f"{node.kind} puts out no spikes: left out, the output is what it would integrate")
            return Signal(x.layer, x.shape, x.factor, readout=name)
    return _neurons(made, name, node, x)


def _neurons(made: _Workload, name: str, node: NirNode, x: Signal) -> Signal:
    if node.kind not in FIRING:
        raise ValueError("is no node that LIFSim reads")
    each = {key: _per_neuron(key, array, x.shape) for key, array in node.arrays.items()}
    keys = neuron_keys(NirNode(node.kind, each), made.step, x.factor)
    said, arrays = dict[str, Any](), dict[str, Array]()
    for key, value in keys.items():
        said[key] = value
        if isinstance(value, np.ndarray | np.generic):
            array = np.asarray(value)
            said[key] = float(array.flat[0]) if np.all(array == array.flat[0]) else "weights"
            if said[key] == "weights":
                arrays[key] = array.reshape(x.shape)
    own = made.add(name, "lif", [x], {"neuron": said})
    made.weights |= {f"{own}.{key}": array for key, array in arrays.items()}
    return Signal(own, x.shape)


def _per_neuron(name: str, array: Array, shape: tuple[int, ...]) -> Array:
    """One number, or one for each neuron, in the neurons' shape. Raises ValueError if it is neither."""
    if array.size not in (1, np.prod(shape)):
        raise ValueError(f"{name} {list(array.shape)} must be one number, or one for each of {list(shape)}")
    return array.reshape(shape if array.size > 1 else ())


def _convolution(made: _Workload, name: str, node: NirNode, x: Signal) -> Signal:
    weight, axes = node.arrays["weight"], 1 if node.kind == "Conv1d" else 2
    weight = weight[:, :, None] if axes == 1 else weight
    stride, dilation = (_pair(node.arrays[key], axes, 1) for key in ("stride", "dilation"))
    if dilation != [1, 1]:
        raise ValueError(f"dilation must be 1, is {dilation}")
    kernel, groups = weight.shape[2:], int(node.arrays.get("groups", np.ones(()))[()])
    if node.padding == "same":
        padding = [size // 2 for size in kernel]
    else:
        padding = [0, 0] if node.padding else _pair(node.arrays["padding"], axes, 0)
    if len(x.shape) != 3 or weight.shape[1] * groups != x.shape[0]:
        raise ValueError(f"must read {counted(weight.shape[1] * groups, 'channel')} of a map, reads {list(x.shape)}")
    rows, columns = slide(
        (x.shape[1], x.shape[2]), (kernel[0], kernel[1]), (stride[0], stride[1]), (padding[0], padding[1])
    )
    keys = {"out": weight.shape[0], "kernel": list(kernel), "stride": stride, "padding": padding, "groups": groups}
    scaled = weight * _by_input(x, groups, weight.shape)
    shape = weight.shape[0], rows, columns
    return _weighted(made, (name, "conv", node), x, keys, scaled, shape)


def _linear(made: _Workload, name: str, node: NirNode, x: Signal) -> Signal:
    weight = node.arrays["weight"]
    if weight.ndim != 2 or weight.shape[1] != np.prod(x.shape):
        raise ValueError(f"weights {list(weight.shape)} must be [outputs, inputs] of {list(x.shape)}")
    factor = np.broadcast_to(x.factor, x.shape).reshape(-1) if x.factor.ndim else x.factor
    return _weighted(made, (name, "linear", node), x, {"out": weight.shape[0]}, weight * factor, (weight.shape[0],))


def _weighted(
    made: _Workload,
    of: tuple[str, str, NirNode],
    x: Signal,
    keys: Mapping[str, Any],
    weight: Array,
    shape: tuple[int, ...],
) -> Signal:
    name, op, node = of
    bias = node.arrays.get("bias")
    if bias is not None and bias.size not in (1, shape[0]):
        raise ValueError(f"bias {list(bias.shape)} must be one number for each of {shape[0]} outputs")
    has_bias = bias is not None and bool(np.any(bias != 0))
    own = made.add(name, op, [x], {**keys, "bias": has_bias})
    made.weights[f"{own}.weight"] = np.ascontiguousarray(weight, np.float32)
    if has_bias and bias is not None:
        made.weights[f"{own}.bias"] = np.ascontiguousarray(np.broadcast_to(bias.reshape(-1), shape[:1]), np.float32)
    return Signal(own, shape)


def _by_input(x: Signal, groups: int, weight: tuple[int, ...]) -> Array:
    """The factor of each weight [M, C/groups, R, S]: one per channel, because windows see all pixels of a channel."""
    if x.factor.ndim == 0:
        return x.factor
    by_channel = np.broadcast_to(x.factor, x.shape).reshape(x.shape[0], -1)
    if not (by_channel == by_channel[:, :1]).all():
        raise ValueError("must not read what is scaled pixel by pixel: its windows have one weight for all pixels")
    own = by_channel[:, 0].reshape(groups, weight[1])
    return np.repeat(own, weight[0] // groups, axis=0)[:, :, None, None]


def _pool(made: _Workload, name: str, node: NirNode, x: Signal) -> Signal:
    kernel, stride, padding = (
        _pair(node.arrays[key], 2, 0) for key in ("kernel_size", "stride", "padding")
    )  # fmt: skip
    if len(x.shape) != 3:
        raise ValueError(f"must read a map, reads {list(x.shape)}")
    if x.factor.ndim:
        raise ValueError("must not read what is scaled element by element")
    rows, columns = slide(
        (x.shape[1], x.shape[2]), (kernel[0], kernel[1]), (stride[0], stride[1]), (padding[0], padding[1])
    )
    own = made.add(name, "avg_pool", [x], {"kernel": kernel, "stride": stride, "padding": padding})
    window = kernel[0] * kernel[1] if node.kind == "SumPool2d" else 1
    if window > 1:
        made.note(name, f"a sum of {window} is their mean, and the weights behind it are {window} times as large")
    return Signal(own, (x.shape[0], rows, columns), x.factor * window)


def _flatten(node: NirNode, x: Signal) -> Signal:
    start, end = (int(node.arrays[key][()]) for key in ("start_dim", "end_dim"))
    if start % len(x.shape) != 0 or end % len(x.shape) != len(x.shape) - 1:
        raise ValueError(f"must flatten all of {list(x.shape)}, flattens axes {start} to {end}")
    return x


def _pair(value: Array, axes: int, row: int) -> list[int]:
    numbers = [int(number) for number in np.ravel(value)]
    if axes == 1:
        return [row, numbers[0]]
    return numbers * 2 if len(numbers) == 1 else numbers[:2]


def _shape(value: Array) -> tuple[int, ...]:
    numbers = [int(number) if np.isfinite(number) else 0 for number in np.ravel(value)]
    if not 1 <= len(numbers) <= 3 or any(number < 1 for number in numbers):
        raise ValueError(f"of shape {numbers} must be [F], [C, L] or [C, H, W]")
    return (numbers[0], 1, numbers[1]) if len(numbers) == 2 else tuple(numbers)


def _named(name: str, op: str, taken: set[Any]) -> str:
    own = re.sub(r"[^A-Za-z0-9_-]", "_", name)
    own = (own if re.match("[A-Za-z_]", own) else f"{op}_{own}")[:56]
    unique, count = own, 2
    while unique in taken or unique == "input":
        unique, count = f"{own}_{count}", count + 1
    return unique
