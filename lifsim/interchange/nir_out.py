"""Writes a network and its weights as a NIR graph. Batch norms are folded into weights; what NIR cannot express is
refused or noted."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lifsim.engine.operators import folded_norm
from lifsim.engine.weights import Weights
from lifsim.errors import Fault, InputError
from lifsim.model.network import Add, Input, Lif, Network, Node, Pool
from lifsim.model.product import Product
from lifsim.neurons.parameters import parameters_of

Array = NDArray[Any]


def nir_bytes(network: Network, weights: Weights, dt: float) -> tuple[bytes, tuple[str, ...]]:
    """The NIR file of a network whose timestep lasts `dt` seconds, and notes for its readers. Raises InputError with
    everything that NIR cannot express."""
    if find_spec("nir") is None:
        raise InputError(Fault('needs nir: pip install "lifsim[nir]"', path="nir"))
    import nir

    faults = [Fault(reason, path=node.name) for node in network.nodes if (reason := _refusal(node))]
    if faults:
        raise InputError(faults)
    last = network.nodes[-1].output
    nodes: dict[str, Any] = {"input": nir.Input({"input": np.array(network.nodes[0].output.shape)})}
    edges: list[tuple[str, str]] = []
    for node in network.nodes:
        if isinstance(node, Add | Input):
            continue
        reads = list(_summands(network, node.inputs[0]))
        if isinstance(node, Product) and node.flat and len(network.node(node.inputs[0]).output.shape) == 3:
            flat = f"{node.name}_flat"
            nodes[flat] = nir.Flatten({"input": np.array(network.node(node.inputs[0]).output.shape)}, 0, -1)
            edges += [(read, flat) for read in reads]
            reads = [flat]
        nodes[node.name] = _node(nir, node, weights, dt)
        edges += [(read, node.name) for read in reads]
    nodes["output"] = nir.Output({"output": np.array(last.shape)})
    edges += [(read, "output") for read in _summands(network, last.name)]
    file = io.BytesIO()
    nir.write(file, nir.NIRGraph(nodes=nodes, edges=edges, type_check=False))
    return file.getvalue(), tuple(dict.fromkeys(_notes(network, dt)))


def _refusal(node: Node) -> str:
    """Why NIR cannot express a node; empty if it can."""
    if isinstance(node, Input):
        return "" if node.name == "input" else "must be part of one network: NIR has one input"
    if isinstance(node, Lif):
        return "" if node.neuron.name in _NODES else f"{node.neuron.name} must be one of {', '.join(_NODES)}"
    if isinstance(node, Add):
        return ""
    if isinstance(node, Pool):
        return "" if node.kind == "avg" else "must be avg_pool: NIR has no maximum"
    if isinstance(node, Product) and node.weight_shape is not None:
        return ""
    return "must be a convolution, a linear layer, avg_pool, add or lif: NIR has no node for it"


def _summands(network: Network, name: str) -> Iterator[str]:
    """The nodes whose outputs a reader of `name` sums up: NIR sums over edges."""
    node = network.node(name)
    if not isinstance(node, Add):
        yield name
        return
    for read in node.inputs:
        yield from _summands(network, read)


def _node(nir: Any, node: Node, weights: Weights, dt: float) -> Any:
    if isinstance(node, Pool):
        kernel, stride, padding = (np.array(one) for one in (node.kernel, node.stride, node.padding))
        return nir.AvgPool2d(kernel_size=kernel, stride=stride, padding=padding)
    if isinstance(node, Lif):
        return getattr(nir, _NODES[node.neuron.name])(**_neuron(node, weights, dt))
    if not isinstance(node, Product):
        raise TypeError(f"{node.name} must be a layer")
    scale, shift = folded_norm(node, weights, np.float32)
    own = weights[f"{node.name}.weight"].astype(np.float32)
    weight = own * scale.reshape(-1, *([1] * (own.ndim - 1)))
    if node.flat:
        return nir.Affine(weight=weight, bias=shift)
    window = node.window
    return nir.Conv2d(
        input_shape=window.in_shape[1:],
        weight=weight,
        stride=window.stride,
        padding=window.padding,
        dilation=(1, 1),
        groups=window.groups,
        bias=shift,
    )


_NODES: Mapping[str, str] = {"lif": "LIF", "if": "IF", "cuba_lif": "CubaLIF"}


def _neuron(lif: Lif, weights: Weights, dt: float) -> dict[str, Array]:
    """The arrays of a neuron node, one number per neuron. If inputs charge the membrane undivided by tau, the
    resistance is tau timesteps."""
    own = {name: _array(lif, name, weights) for name in parameters_of(type(lif.neuron)) if _is_number(lif, name)}
    shape = lif.output.shape
    ones, rest = np.ones(shape, np.float32), own["u_reset"] if getattr(lif.neuron, "reset", "") == "hard" else None
    found = {"v_threshold": own["threshold"], "v_reset": np.zeros_like(ones) if rest is None else rest, "r": ones}
    taus = [name for name in ("tau", "tau_mem", "tau_syn") if name in own]
    for name in taus:
        found[name] = own[name] * np.float32(dt)
    if taus:
        leaks_to_reset = "tau" in own and rest is not None
        found["v_leak"] = found["v_reset"] if leaks_to_reset else np.zeros_like(ones)
        if not getattr(lif.neuron, "decay_input", True):
            found["r"] = own[taus[0]]
    if "tau_syn" in own:
        found["w_in"] = own["tau_syn"]
    return found


def _is_number(lif: Lif, name: str) -> bool:
    value = getattr(lif.neuron, name)
    return not isinstance(value, bool) and (not isinstance(value, str) or f"{value}" == "weights")


def _array(lif: Lif, name: str, weights: Weights) -> Array:
    value = getattr(lif.neuron, name)
    array = np.asarray(weights[f"{lif.name}.{name}"] if isinstance(value, str) else value, np.float32)
    if array.ndim == 1:
        array = array.reshape(-1, *([1] * (len(lif.output.shape) - 1)))
    return np.broadcast_to(array, lif.output.shape).copy()


def _notes(network: Network, dt: float) -> Iterator[str]:
    for lif in network.lifs:
        words = {name: getattr(lif.neuron, name) for name in ("reset", "fires") if hasattr(lif.neuron, name)}
        if words.get("reset") == "soft":
            yield "the reset is soft, which a NIR file does not say: import it with --reset soft"
        if words.get("fires") == "at":
            yield "neurons fire at the threshold, those of NIR above it"
        for name, usual in (("reset_step", "this"), ("reset_order", "after_leak"), ("current", "now")):
            if getattr(lif.neuron, name, usual) != usual:
                yield f"{name}: {getattr(lif.neuron, name)} of {lif.name} is not in the file: NIR knows no such neurons"
    if any(isinstance(node, Product) and node.window.groups > 1 for node in network.nodes):
        yield "nir's own check of types knows no grouped convolutions: nir.read(..., type_check=False)"
    yield f"a timestep is {dt:g} s, {network.timesteps} of them, the input {network.encoding}: a NIR file does not say"
