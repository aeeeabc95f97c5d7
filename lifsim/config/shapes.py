"""Shape inference: from layers as written to nodes with checked output tensors, all misfits at once."""

from __future__ import annotations

import math
from contextlib import suppress
from dataclasses import field
from typing import cast

from lifsim.config.key_path import KeyPath, Problem
from lifsim.config.neuron import misfits, read_neuron
from lifsim.config.operation import ProductOperation, WeightOperation
from lifsim.config.readers import unread
from lifsim.config.workload_schema import (
    AddSpec,
    InputSpec,
    LayerSpec,
    LifSpec,
    PoolSpec,
    TimeMeanSpec,
    Workload,
)
from lifsim.errors import did_you_mean
from lifsim.graph.tensors import is_averaged
from lifsim.lazy_dataclass import dataclass
from lifsim.model.fitting import MisfitError, map_of, slide
from lifsim.model.network import Add, Input, Lif, Node, Pool, Tensor, TimeMean
from lifsim.model.schema import UnknownKeyError, known
from lifsim.neurons import NeuronModel

MAX_ELEMENTS = 1 << 28
MAX_LEVELS = 1 << 31
SOME_TIMESTEPS = 2  # any number serves if the file has none: shapes do not depend on it
MAX_HINTS = 32  # names that a misspelt one is compared with: the time grows with their product


@dataclass
class Inference:
    """What has been inferred so far. A name without a tensor is a layer with problems of its own; layers behind it are
    not reported."""

    timesteps: int
    neuron: NeuronModel
    tensors: dict[str | None, Tensor | None] = field(default_factory=dict)
    nodes: list[Node] = field(default_factory=list)
    averaged: set[str] = field(default_factory=set)
    problems: list[Problem] = field(default_factory=list)


def infer_nodes(spec: Workload) -> tuple[tuple[Node, ...], list[Problem]]:
    """Nodes of `spec` in execution order with their tensors, and every problem; nodes that have one are left out."""
    neuron, faults = read_neuron(known(spec, "neuron", {}))
    state = Inference(known(spec, "timesteps", SOME_TIMESTEPS), neuron)
    state.problems += [_problem((), key, message) for key, message in faults]
    state.tensors["input"] = None
    with suppress(UnknownKeyError):
        _add_input(state, spec.input)
    above: str | None = "input"
    for index, op in enumerate(known(spec, "layers", ())):
        loc = ("layers", index)
        if isinstance(op, LifSpec):
            _, faults = read_neuron(known(op, "neuron", {}), neuron)
            state.problems += [_problem(loc, key, message) for key, message in faults]
        try:
            reads = op.reads or (above,)
            _add_layer(state, loc, op, reads)
        except UnknownKeyError:
            state.tensors.setdefault(known(op, "name", None), None)
        above = known(op, "name", None)
    return tuple(state.nodes), state.problems + unread(spec)


def _add_input(state: Inference, spec: InputSpec) -> None:
    analogue = known(spec, "encoding", "direct") == "direct"
    image = Tensor("input", spec.shape, 1 if analogue else state.timesteps, None if analogue else 1)
    faults = _shape_faults(image.shape)
    state.problems += [Problem(("input", "shape"), message) for message in faults]
    state.tensors["input"] = None if faults else image
    state.nodes.append(Input("input", (), image))


def _add_layer(state: Inference, loc: KeyPath, op: LayerSpec, reads: tuple[str | None, ...]) -> None:
    inputs = _inputs(state, loc, op, reads)
    if op.name in state.tensors:
        state.problems.append(Problem((*loc, "name"), f"{op.name!r} must be a name that no other layer has"))
        return
    state.tensors[op.name] = None
    if inputs is None or any(op.broken_rules()):
        return
    try:
        node = _node(state, op, inputs)
        _check_size(node.output)
    except MisfitError as misfit:
        state.problems += [_problem(loc, key, message) for key, message in misfit.faults]
        return
    state.tensors[op.name] = node.output
    state.nodes.append(node)
    if is_averaged(node, state.averaged):
        state.averaged.add(op.name)


def _problem(loc: KeyPath, key: str, message: str) -> Problem:
    """A problem of a key, which may be one of `neuron`, or of `loc`."""
    return Problem((*loc, *key.split(".", 1)) if key else loc, message)


def _check_size(output: Tensor) -> None:
    if output.elements > MAX_ELEMENTS:
        raise MisfitError(("", f"output {list(output.shape)} must have <= {MAX_ELEMENTS} elements"))
    if output.levels is not None and output.levels > MAX_LEVELS:
        raise MisfitError(("", f"sums and averages of spikes must stay <= {MAX_LEVELS}"))


def _inputs(state: Inference, loc: KeyPath, op: LayerSpec, reads: tuple[str | None, ...]) -> list[Tensor] | None:
    """The tensors that `op` reads; None if one of them is unknown. A layer above without a valid name is None."""
    if isinstance(op, WeightOperation) and op.in_shape is not None:
        faults = _shape_faults(op.in_shape)
        state.problems += [Problem((*loc, "in_shape"), message) for message in faults]
        if faults or op.name in state.tensors:
            return None
        source = Tensor(f"{op.name}.input", op.in_shape, state.timesteps, 1)
        state.nodes.append(Input(source.name, (), source))
        return [source]
    for position, name in enumerate(reads):
        if name is not None and name not in state.tensors:
            key = ("inputs", position) if len(reads) > 1 else ("input",)
            hint = did_you_mean(name, [one for one in state.tensors if one is not None][-MAX_HINTS:])
            state.problems.append(Problem((*loc, *key), f"{name!r} must be a layer above{hint}"))
    found = [tensor for name in reads if (tensor := state.tensors.get(name)) is not None]
    return found if len(found) == len(reads) else None


def _shape_faults(shape: tuple[int, ...]) -> list[str]:
    if len(shape) == 2:
        return [f"{list(shape)} must be [channels, height, width] (a 1-D signal: [channels, 1, length]) or [features]"]
    if math.prod(shape) > MAX_ELEMENTS:
        return [f"{list(shape)} must have <= {MAX_ELEMENTS} elements"]
    return []


def _node(state: Inference, op: LayerSpec, inputs: list[Tensor]) -> Node:
    match op:
        case ProductOperation():
            return op.node(inputs)
        case PoolSpec():
            return _pool(op, inputs[0])
        case AddSpec():
            return _add(state, op, inputs)
        case LifSpec():
            return _lif(state, op, inputs[0])
        case TimeMeanSpec():
            return _time_mean(state, op, inputs[0])


def _pool(op: PoolSpec, x: Tensor) -> Pool:
    channels, height, width = map_of(x, "pooling")
    if op.kernel is not None:
        kernel, stride = op.kernel, op.stride or op.kernel
    else:
        output = cast(tuple[int, int], op.output)  # the schema wants one of the two
        if height % output[0] or width % output[1]:
            raise MisfitError(("output", f"{list(output)} must divide the map {[height, width]}"))
        kernel = stride = (height // output[0], width // output[1])
    kind = op.op.removesuffix("_pool")
    levels = x.levels if x.levels is None or kind == "max" else x.levels * kernel[0] * kernel[1]
    shape = (channels, *slide((height, width), kernel, stride, op.padding))
    return Pool(op.name, (x.name,), Tensor(op.name, shape, x.timesteps, levels), kind, kernel, stride, op.padding)


def _add(state: Inference, op: AddSpec, inputs: list[Tensor]) -> Add:
    if len({x.shape for x in inputs}) > 1:
        shapes = ", ".join(f"{x.name} {list(x.shape)}" for x in inputs)
        raise MisfitError(("inputs", f"must have one shape: {shapes}"))
    if 0 < len(state.averaged.intersection(op.inputs)) < len(set(op.inputs)):
        raise MisfitError(("inputs", "must not mix means over time with values of every timestep"))
    levels = [x.levels for x in inputs]
    total = None if None in levels else sum(level for level in levels if level is not None)
    return Add(op.name, op.inputs, Tensor(op.name, inputs[0].shape, max(x.timesteps for x in inputs), total))


def _lif(state: Inference, op: LifSpec, x: Tensor) -> Lif:
    if x.name in state.averaged:
        raise MisfitError(("", f"a LIF layer must read values of every timestep, and {x.name} is behind a time_mean"))
    neuron, _ = read_neuron(known(op, "neuron", {}), state.neuron)
    faults = misfits(neuron, x.shape[0])
    if faults:
        raise MisfitError(*faults)
    fired = Tensor(op.name, x.shape, state.timesteps, 1)
    return Lif(op.name, (x.name,), fired, neuron, known(op, "group", None), known(op, "share", True))


def _time_mean(state: Inference, op: TimeMeanSpec, x: Tensor) -> TimeMean:
    if x.name in state.averaged or (x.timesteps == 1 and state.timesteps > 1):
        raise MisfitError(("", f"a time_mean must read values of every timestep; {x.name} has one"))
    return TimeMean(op.name, (x.name,), Tensor(op.name, x.shape, 1, None))
