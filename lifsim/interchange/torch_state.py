"""A state_dict of PyTorch as the weights of a network, under LIFSim's names, and its statements about neurons.

Modules are matched by name if the names correspond, else by shape and order (`torch_match`). The weight [M, C, k] of
a Conv1d becomes [M, C, 1, k]; pruned weights are multiplied by their masks; counters of batches are left out.
Parameters of neurons go to the weights if the workload leaves them to the weights file; otherwise they must equal
those of the workload.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lifsim.config.document import Document, Mark
from lifsim.config.workload import parse_workload
from lifsim.engine.weights import Weights, checked_weights
from lifsim.errors import Fault, InputError
from lifsim.interchange.torch_match import Match, matched
from lifsim.interchange.torch_modules import STATES, Module, modules_of
from lifsim.interchange.torch_neurons import Reading, UnfitError, differing, in_weights, reading_of, taken
from lifsim.lazy_dataclass import dataclass
from lifsim.model.network import Lif, Network
from lifsim.model.product import Product

Array = NDArray[Any]

WAY_OUT = "change the workload's, or write one with those of the file by --out-workload FILE"


@dataclass(frozen=True)
class Checkpoint:
    """weights: of `network`, by LIFSim's names. network: the workload's, or with the neurons of the file. notes: how
    the file was read, and what was left out."""

    weights: Weights
    network: Network
    notes: tuple[str, ...] = field(default=())


def imported_state(
    state: Mapping[str, Array], network: Network, source: str, *, ordered: bool, take_neurons: bool
) -> Checkpoint:
    """The weights of `network` in `state`. ordered: whether its arrays stand in the model's order. take_neurons:
    whether to take the neurons of the file. Raises InputError with everything that does not fit."""
    found = modules_of(state, source)
    match = matched(found, network, source, ordered=ordered or found.numbered)
    faults = [*found.faults, *match.faults]
    readings = _readings(found.neurons, source, faults)
    if faults:
        raise InputError(faults)
    notes = [*found.notes, *match.notes, *_notes(match, readings, found.neurons)]
    if take_neurons:
        network, rewritten = _with_neurons(network, match, readings)
        notes += rewritten
    arrays = dict(_arrays(match, network, source, faults))
    arrays |= _neurons(match, network, readings, source, faults)
    if not take_neurons:
        notes += _unsaid(match, network, readings)
    if faults:
        raise InputError(faults)
    return Checkpoint(checked_weights(network, arrays, source), network, tuple(dict.fromkeys(notes)))


def _readings(modules: Iterable[Module], source: str, faults: list[Fault]) -> dict[Module, Reading]:
    readings = {}
    for module in modules:
        try:
            readings[module] = reading_of(module)
        except UnfitError as unfit:
            faults.append(Fault(unfit.reason, module.key(unfit.term), source))
    return readings


def _arrays(match: Match, network: Network, source: str, faults: list[Fault]) -> Iterator[tuple[str, Array]]:
    """The arrays of products and norms, by LIFSim's names; what differs from the workload's layer is a fault."""
    for layer in network.nodes:
        module = match.products.get(layer.name)
        if module is None or not isinstance(layer, Product):
            continue
        weight = module.terms["weight"]
        weight = np.expand_dims(weight, 2) if weight.ndim == 3 else weight
        if weight.shape != layer.weight_shape:
            wanted = f"shape {list(weight.shape)} must be {list(layer.weight_shape or ())}, as {layer.name} has it"
            faults.append(Fault(wanted, module.key("weight"), source))
        elif ("bias" in module.terms) != layer.bias:
            words = "has no bias, and {name} has one: say bias: false of it in the workload"
            if not layer.bias:
                words = "must not be there: {name} has no bias; say bias: true of it in the workload"
            key = module.key("weight" if layer.bias else "bias")
            faults.append(Fault(words.format(name=layer.name), key, source))
        else:
            yield f"{layer.name}.weight", weight
            if layer.bias:
                yield f"{layer.name}.bias", module.terms["bias"]
    for name, norm in match.norms.items():
        mean = norm.terms["running_mean"]
        plain = {"weight": np.ones_like(mean), "bias": np.zeros_like(mean)}  # of affine=False
        yield from ((f"{name}.bn.{term}", array) for term, array in (plain | dict(norm.terms)).items())


def _neurons(
    match: Match, network: Network, readings: Mapping[Module, Reading], source: str, faults: list[Fault]
) -> dict[str, Array]:
    """The parameters of neurons for the weights file. Where the workload differs from the file there is a fault,
    once for each term of a module."""
    arrays: dict[str, Array] = {}
    told: dict[tuple[str, str, str], list[str]] = {}
    for lif, module in _pairs(match, network):
        name, reading = lif.name, readings[module]
        if reading.readout:
            words = f"2 (none) is of neurons that are never reset, LIFSim's are: leave {name} out of the workload"
            faults.append(Fault(words, module.key("reset_mechanism_val"), source))
            continue
        shape = lif.output.shape
        try:
            for key, stated, own in differing(reading, lif.neuron, shape):
                where = (module.key(stated.term), stated.shown, f"{key} {_word(own)}")
                told.setdefault(where, []).append(name)
            arrays |= {f"{name}.{key}": array for key, array in in_weights(reading, lif.neuron, shape).items()}
        except UnfitError as unfit:
            faults.append(Fault(f"{unfit.reason} ({name})", module.key(unfit.term), source))
    faults += [
        Fault(f"{shown}, where {', '.join(names)} {'has' if len(names) == 1 else 'have'} {own}: {WAY_OUT}", key, source)
        for (key, shown, own), names in told.items()
    ]
    return arrays


def _pairs(match: Match, network: Network) -> Iterator[tuple[Lif, Module]]:
    """The neurons of the workload about which the file states something."""
    yield from ((lif, match.neurons[lif.name]) for lif in network.lifs if lif.name in match.neurons)


def _word(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _notes(match: Match, readings: Mapping[Module, Reading], neurons: Iterable[Module]) -> Iterable[str]:
    if match.by_turn:
        pairs = ", ".join(f"{module} is {layer}" for module, layer in match.by_turn)
        yield f"matched by shape and turn, not by name: {pairs}"
    said: dict[str, list[str]] = {}
    for module in neurons:
        if readings[module].note:
            said.setdefault(readings[module].note, []).append(module.name)
    yield from (f"{', '.join(names)}: {note}" for note, names in said.items())
    for module in neurons:
        states = sorted(STATES & module.terms.keys())
        if states:
            yield f"{module.name}: left out {', '.join(states)}, the state when it was saved"


def _unsaid(match: Match, network: Network, readings: Mapping[Module, Reading]) -> Iterable[str]:
    """Notes on what neurons of the framework do that the file does not state, where the workload differs."""
    told: dict[tuple[str, str, str], list[str]] = {}
    for lif, module in _pairs(match, network):
        reading = readings[module]
        unlike = {key: value for key, value in reading.usual.items() if getattr(lif.neuron, key, value) != value}
        if unlike:
            theirs = ", ".join(f"{key}: {value}" for key, value in unlike.items())
            own = ", ".join(f"{key}: {getattr(lif.neuron, key)}" for key in unlike)
            told.setdefault((reading.kind, theirs, own), []).append(lif.name)
    for (kind, theirs, own), names in told.items():
        has = "has" if len(names) == 1 else "have"
        yield f"{kind} is {theirs} by default, and no file says otherwise; {', '.join(names)} {has} {own}"


def _with_neurons(network: Network, match: Match, readings: Mapping[Module, Reading]) -> tuple[Network, list[str]]:
    """The network with the neurons of the file."""
    definition = dict(network.definition)
    neurons = {lif.name: taken(readings[module], lif.neuron) for lif, module in _pairs(match, network)}
    layers = [dict(layer) for layer in definition["layers"]]
    for layer in layers:
        if layer["name"] in neurons:
            layer["neuron"] = neurons[layer["name"]]
    others = [lif.name for lif in network.lifs if lif.name not in neurons]
    kept = f"the neurons of {', '.join(others)} are the workload's: the file says nothing of them"
    notes = [kept] if others else []
    definition["layers"] = layers
    if network.spikes.trace is not None:
        definition["spikes"] = {**definition["spikes"], "trace": str(network.spikes.trace.absolute())}
    if network.spikes.source != "engine":
        notes.append("spikes are those that the workload names, not of these neurons: run with --spikes engine")
    return parse_workload(Document(network.name, definition, {(): Mark(network.name)})), notes
