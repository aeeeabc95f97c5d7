"""An ONNX model over time, node by node as ONNX's own reference computes them, with neurons in the place of ReLUs.

Imports nothing of LIFSim. Neurons: u += x, or u += (x - u) / tau; a spike where u >= threshold; then u -= threshold, or
u = 0 where the reset is hard.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from onnx.reference import ReferenceEvaluator

Array = np.ndarray


@dataclass(frozen=True)
class Neurons:
    """tau: None where they do not leak."""

    tau: float | None = None
    threshold: float = 1.0
    hard: bool = False


def run(model: onnx.ModelProto, x: Array, neurons: Neurons, firing: tuple[str, ...] = ("Relu", "Clip")) -> list[Array]:
    """What the model's output is at each timestep, for inputs [T, B, ...]. Nodes of the kinds `firing` are neurons."""
    graph = model.graph
    constants = {one.name: onnx.numpy_helper.to_array(one) for one in graph.initializer}
    nodes = _needed(graph)
    evaluators = [_evaluator(model, node) for node in nodes]
    states: dict[str, Any] = {}
    outputs = []
    for now in x:
        values = {**constants, graph.input[0].name: now}
        for node, evaluator in zip(nodes, evaluators, strict=True):
            if node.op_type in firing:
                drive = values[node.input[0]]
                u = states.get(node.output[0], np.zeros_like(drive))
                u = u + drive if neurons.tau is None else u + (drive - u) / np.float32(neurons.tau)
                spikes = u >= neurons.threshold
                states[node.output[0]] = np.where(spikes, 0 if neurons.hard else u - neurons.threshold, u)
                values[node.output[0]] = spikes.astype(drive.dtype)
                continue
            given = {name: values[name] for name in node.input if name}
            found = evaluator.run(None, given)
            values |= dict(zip((one for one in node.output if one), found, strict=True))
        outputs.append(values[graph.output[0].name])
    return outputs


def _needed(graph: onnx.GraphProto) -> list[onnx.NodeProto]:
    """The nodes that the output depends on."""
    wanted, found = {graph.output[0].name}, []
    for node in reversed(graph.node):
        if wanted & set(node.output):
            found.append(node)
            wanted |= set(node.input)
    return found[::-1]


def _evaluator(model: onnx.ModelProto, node: onnx.NodeProto) -> ReferenceEvaluator:
    """Of one node alone."""
    info = onnx.helper.make_empty_tensor_value_info
    graph = onnx.helper.make_graph(
        [node],
        "one",
        [info(name) for name in dict.fromkeys(node.input) if name],
        [info(name) for name in node.output if name],
    )
    return ReferenceEvaluator(onnx.helper.make_model(graph, opset_imports=model.opset_import))
