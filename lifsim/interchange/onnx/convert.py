"""Converts an ONNX graph to a workload and its weights."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from lifsim.errors import Fault, InputError
from lifsim.interchange.imported import Imported
from lifsim.interchange.onnx import firing, pools, products, shapes, sums
from lifsim.interchange.onnx.built import NO_PADS, Array, Built, Signal, as_map
from lifsim.interchange.onnx.constants import folded
from lifsim.interchange.onnx.graph import OnnxGraph, OnnxNode
from lifsim.interchange.onnx.operands import Given
from lifsim.interchange.onnx.refused import READOUTS, why_refused
from lifsim.lazy_dataclass import dataclass

MAX_TOLD = 20
"""The most faults that are reported of one file."""

UNCALIBRATED = (
    "thresholds are not calibrated and weights not balanced: with these weights the neurons fire neither as often as "
    "those of a spiking network that was trained, nor is its accuracy that of the file. Counts and shapes are the "
    "network's own; where activity matters, give rates (--rate) or a trace that was measured on a trained one"
)

_OPERATIONS: Mapping[str, tuple[str, Callable[[Given], Signal]]] = {
    "Conv": ("conv", products.convolution),
    "Gemm": ("linear", products.gemm),
    "MatMul": ("linear", products.matmul),
    "BatchNormalization": ("batch norm", products.batch_norm),
    "Relu": ("lif", firing.relu),
    "Clip": ("lif", firing.clip),
    "MaxPool": ("max_pool", pools.max_pool),
    "AveragePool": ("avg_pool", pools.average_pool),
    "GlobalMaxPool": ("max_pool", pools.global_max),
    "GlobalAveragePool": ("avg_pool", pools.global_average),
    "ReduceMean": ("avg_pool", pools.mean),
    "ReduceMax": ("max_pool", pools.highest),
    "Add": ("add", sums.added),
    "Sum": ("add", sums.added),
    "Sub": ("nothing", sums.subtracted),
    "Mul": ("nothing", sums.multiplied),
    "Div": ("nothing", sums.divided),
    "Flatten": ("nothing", shapes.reshaped),
    "Reshape": ("nothing", shapes.reshaped),
    "Squeeze": ("nothing", shapes.reshaped),
    "Unsqueeze": ("nothing", shapes.reshaped),
    "Transpose": ("nothing", shapes.transposed),
    "Identity": ("nothing", shapes.passed_on),
    "Dropout": ("nothing", shapes.dropout),
    "Cast": ("nothing", shapes.cast),
    "Pad": ("nothing", shapes.pad),
}
"""By ONNX's names: what operations usually become, and the function that converts them. A layer that a node adds is
reported by its own `op`."""

_SHAPE_ONLY = ("Reshape", "Squeeze", "Unsqueeze")
"""Operations whose other inputs only give a shape, which is inferred."""


@dataclass(frozen=True)
class Unsaid:
    """What an ONNX file leaves open. neuron: the keys of `neuron:` in a workload. encoding: of the input."""

    timesteps: int
    encoding: str
    neuron: Mapping[str, Any]


def workload_from_onnx(graph: OnnxGraph, name: str, source: str, unsaid: Unsaid) -> tuple[Imported, dict[str, Array]]:
    """The document of a workload called `name`, and its weights. Raises InputError with everything that cannot be
    converted."""
    nodes, constants = folded(graph)
    read, shape = _input(graph, source)
    output, left_out = _output(graph, nodes, source)
    needed = _needed(nodes, constants, output)
    _refuse_operations(needed, source)
    readers = Counter(one for node in needed for one in node.inputs)
    readers[output] += 1
    built = Built(readers)
    signals = {read: Signal("input", shape, as_map(shape))}
    with np.errstate(all="ignore"):  # what is not finite is told with the other weights
        _walk(needed, built, signals, Given(needed[0], built, signals, constants, graph.shapes), source)
    if signals[output].pads != NO_PADS:
        raise InputError(Fault("must not pad what the network puts out", output, source))
    fixed = graph.inputs[read][0]
    made = [f"{count} {op} {'is' if count == 1 else 'are'} {became}" for (op, became), count in built.became.items()]
    notes = [
        *left_out,
        *_grouped(built.notes, source),
        *_general_notes(graph, made, len(nodes) - len(needed) - len(left_out), fixed, source),
    ]
    by = f", by {graph.producer}" if graph.producer else ""
    data = {
        "name": name,
        "description": "imported from ONNX: ReLU became neurons, whose thresholds are not calibrated",
        "source": f"ONNX, opset {graph.opset}{by}",
        "timesteps": unsaid.timesteps,
        "input": {"shape": list(as_map(shape)), "encoding": unsaid.encoding},
        "neuron": dict(unsaid.neuron),
        "layers": built.layers,
    }
    return Imported(data, tuple(notes)), built.weights


def _grouped(notes: Sequence[tuple[str, str]], source: str) -> Iterator[Fault]:
    """Faults that many nodes have in common are reported once, at the first of them."""
    for message, count in Counter(message for _, message in notes).items():
        first = next(node for node, other in notes if other == message)
        yield Fault(message + (f" (and {count - 1} more)" if count > 1 else ""), first, source)


def _general_notes(
    graph: OnnxGraph, made: Sequence[str], unread: int, batch: int | None, source: str
) -> Iterator[Fault]:
    yield Fault(f"opset {graph.opset}: {', '.join(made)}", source=source)
    if unread > 0:
        which = "1 node is" if unread == 1 else f"{unread} nodes are"
        yield Fault(f"{which} left out: shapes, or nothing that the output depends on", source=source)
    if batch is not None and batch > 1:
        yield Fault(f"its batch of {batch} is not part of the network: a run has --batch", source=source)
    yield Fault(UNCALIBRATED, source=source)


def _input(graph: OnnxGraph, source: str) -> tuple[str, tuple[int, ...]]:
    """The only input, and its shape without the batch. Raises InputError."""
    if len(graph.inputs) != 1:
        named = f": {', '.join(graph.inputs)}" if graph.inputs else ""
        raise InputError(Fault(f"must have one input, has {len(graph.inputs)}{named}", "inputs", source))
    ((name, shape),) = graph.inputs.items()
    sizes = tuple(size for size in shape[1:] if size is not None and size > 0)
    if len(shape) < 2 or len(sizes) < len(shape) - 1:
        seen = ", ".join("?" if size is None else str(size) for size in shape)
        way = "onnx.tools.update_model_dims fixes them"
        raise InputError(Fault(f"[{seen}] must have a batch, and behind it fixed sizes: {way}", name, source))
    try:
        as_map(sizes)
    except ValueError as error:
        raise InputError(Fault(str(error), name, source)) from None
    return name, sizes


def _output(graph: OnnxGraph, nodes: Sequence[OnnxNode], source: str) -> tuple[str, list[Fault]]:
    """The output of the network: the file's only output, less what merely reads it out. Raises InputError."""
    if len(graph.outputs) != 1:
        named = ", ".join(graph.outputs)
        way = "onnx.utils.extract_model keeps one"
        raise InputError(Fault(f"must have one output, has {len(graph.outputs)} ({named}): {way}", "outputs", source))
    (output,), notes = graph.outputs, list[Fault]()
    makers = {one: node for node in nodes for one in node.outputs}
    while output in makers and makers[output].op in READOUTS:
        node = makers[output]
        notes.append(Fault(f"{node.op} reads out what the network puts out: left out", node.called, source))
        output = node.inputs[0]
    return output, notes


def _needed(nodes: Sequence[OnnxNode], constants: Mapping[str, Array], output: str) -> list[OnnxNode]:
    """The nodes on which the output depends, in the file's order."""
    wanted, found = {output}, list[OnnxNode]()
    for node in reversed(nodes):
        if wanted.isdisjoint(node.outputs):
            continue
        found.append(node)
        reads = node.inputs[:1] if node.op in _SHAPE_ONLY else node.inputs
        wanted.update(one for one in reads if one and one not in constants)
    return found[::-1]


def _refuse_operations(nodes: Sequence[OnnxNode], source: str) -> None:
    """Raises InputError with all operations that cannot be read."""
    others = [node for node in nodes if node.op not in _OPERATIONS]
    counts, firsts = Counter(node.op for node in others), {node.op: node for node in reversed(others)}
    faults = []
    for op, count in counts.items():
        more = f" (and {count - 1} more)" if count > 1 else ""
        words = f"{op}{more} {why_refused(op, tuple(_OPERATIONS))}"
        faults.append(Fault(words, firsts[op].called, source))
    if not nodes:
        faults.append(Fault("must compute something of its input", "outputs", source))
    if faults:
        raise InputError(faults[:MAX_TOLD])


def _walk(nodes: Sequence[OnnxNode], built: Built, signals: dict[str, Signal], begin: Given, source: str) -> None:
    """Converts node by node. Raises InputError with the faults of all nodes that are reached."""
    faults, lost = list[Fault](), set[str]()
    for node in nodes:
        if not lost.isdisjoint(node.inputs):
            lost.update(node.outputs)
            continue
        before = len(built.layers)
        became, convert = _OPERATIONS[node.op]
        try:
            found = convert(Given(node, built, signals, begin.constants, begin.shapes))
        except ValueError as error:
            faults.append(Fault(f"{node.op} {error}", node.called, source))
            lost.update(node.outputs)
            continue
        signals[node.outputs[0]] = found
        added = [one["op"] for one in built.layers[before:]]
        kept = became if became == "batch norm" and not added else "nothing"
        built.became[node.op, added[0] if added else kept] += 1
    if faults:
        raise InputError(faults[:MAX_TOLD])
