"""The spike rates and gradient sparsities of a workload, checked against its layers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from lifsim.config.given_rates import NONE_REPLACED, WAYS_TO_SPIKES, Replaced
from lifsim.config.key_path import Problem
from lifsim.config.operation import ProductOperation
from lifsim.config.shapes import MAX_HINTS
from lifsim.config.workload_schema import LayerSpec, SpikesSpec, TrainingSpec, Workload
from lifsim.errors import did_you_mean
from lifsim.graph.tensors import nodes_with_spikes
from lifsim.model.activity import DENSE_GRADIENTS, Gradients, Spikes
from lifsim.model.members import any_of
from lifsim.model.network import Node, second_of
from lifsim.model.product import Product
from lifsim.model.schema import UNKNOWN, UnknownKeyError, known


def rate_problems(spec: Workload, nodes: Sequence[Node], replaced: Replaced = NONE_REPLACED) -> Iterator[Problem]:
    """Faults of rates: unknown layers, a wrong number of timesteps unless they are `replaced`, and missing rates if the
    source is "rates".

    `nodes` are those whose shapes could be inferred. A layer computed from the analogue image alone needs no rate.
    Raises UnknownKeyError if an unknown key is needed.
    """
    rates = spec.spikes.rates
    operands = {node.name: _operands(node.name, len(node.inputs)) for node in nodes if isinstance(node, Product)}
    steps = {one: node.output.timesteps for node in nodes for one in operands.get(node.name, ())}
    products = [name for op in spec.layers if _may_be_product(op) for name in _operands_of(op)]
    spiking = nodes_with_spikes(nodes) if "encoding" in vars(spec.input) else frozenset[str]()
    reading = {one for name in spiking.intersection(operands) for one in operands[name]}
    for name, given in rates.items():
        loc = ("spikes", "rates", name)
        if name not in products:
            hint = did_you_mean(name, products[:MAX_HINTS])
            yield Problem(loc, f"must be a layer of kind {any_of('layer')}{hint}")
        elif given is UNKNOWN or "timesteps" not in vars(spec) or replaced.has(name, reads_spikes=name in reading):
            continue
        elif name in steps and len(given) not in (1, steps[name]):
            need = "one rate" if steps[name] == 1 else f"one rate, or {steps[name]}, one per timestep"
            yield Problem(loc, f"must have {need}; has {len(given)} (--set {'.'.join(loc)}=0.15 gives one)")
    if spec.spikes.source == "rates" and "encoding" in vars(spec.input):
        missing = [one for name in operands if name in spiking for one in operands[name] if one not in rates]
        if missing:
            rule = f"rates must cover every layer that reads spikes; missing {', '.join(missing)}"
            yield Problem(("spikes",), f"{rule}: or source: engine, the default, and at the run {WAYS_TO_SPIKES}")


def _may_be_product(op: LayerSpec) -> bool:
    return isinstance(op, ProductOperation) or "op" not in vars(op)


def _operands(layer: str, count: int) -> tuple[str, ...]:
    """Names of rates: one for each operand of a layer."""
    return (layer,) if count < 2 else (layer, second_of(layer))


def _operands_of(op: LayerSpec) -> tuple[str, ...]:
    try:
        reads = len(op.reads)
    except UnknownKeyError:
        reads = 2  # it may have as many
    return _operands(known(op, "name", ""), reads)


def spikes_of(spec: SpikesSpec, folder: Path) -> Spikes:
    """The source of spikes as the simulator reads it; `folder` is that of the file that names a trace."""
    trace = None if spec.trace is None else folder / spec.trace
    return Spikes(spec.source, dict(spec.rates), spec.provenance, spec.measured, trace, spec.pruned)


def gradients_of(spec: TrainingSpec | None) -> Gradients:
    """The sparsity of gradients: as the workload says, else no zeros."""
    if spec is None:
        return DENSE_GRADIENTS
    zeros = spec.membrane_gradient_sparsity, spec.firing_gradient_sparsity
    return Gradients(*zeros, spec.provenance, spec.measured)


def scaled(spikes: Spikes, scale: float) -> Spikes:
    """`spikes` at `scale` times the rates, at most 1."""
    rates = {name: tuple(min(1.0, rate * scale) for rate in given) for name, given in spikes.rates.items()}
    return replace(spikes, rates=rates)


def saturated(spikes: Spikes, scale: float) -> tuple[str, ...]:
    """The layers with a rate that exceeds 1 when it is scaled by `scale`."""
    return tuple(name for name, given in spikes.rates.items() if max(given) * scale > 1)
