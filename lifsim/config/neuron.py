"""The `neuron:` of workloads: its keys and ranges are those of the registered model that it names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lifsim.errors import InputError, did_you_mean, shown
from lifsim.neurons import NEURONS, NeuronModel
from lifsim.neurons.parameters import parameters_of, unknown, varying, with_values

USUAL = "lif"
"""The model if a workload names none."""

KeyFaults = list[tuple[str, str]]
"""(key of the mapping around `neuron`, dotted; message)."""


def read_neuron(keys: Mapping[str, Any], common: NeuronModel | None = None) -> tuple[NeuronModel, KeyFaults]:
    """The neuron that the valid keys of a `neuron:` describe, and the faults of the others.

    common: the network's neuron, of which a layer changes some keys; a layer that names another model starts from that
    model's defaults, and rules that it breaks are reported for its whole `neuron`, which need not contain every key.
    """
    faults: KeyFaults = []
    neuron = common or NEURONS[USUAL]
    model = keys.get("model", neuron.name)
    if model != neuron.name:
        try:
            if not (isinstance(model, str) and model in NEURONS):
                return neuron, [("neuron.model", _unknown_model(model))]
            neuron = NEURONS[model]
        except InputError as error:  # reported with its line, beside the other faults of the file
            return neuron, [("neuron.model", error.faults[0].message)]
    kinds, values, spoilt = parameters_of(type(neuron)), dict[str, Any](), dict[str, Any]()
    for key, value in keys.items():
        if key in kinds:
            try:
                values[key] = kinds[key].read(value)
            except ValueError as error:
                faults.append((f"neuron.{key}", str(error)))
                spoilt[key] = unknown(kinds[key])
        elif key != "model":
            faults.append((f"neuron.{key}", "is not a known key" + did_you_mean(key, ["model", *kinds])))
    for key, message in with_values(neuron, values | spoilt).broken_rules():
        faults.append((f"neuron.{key}", message) if common is None else ("neuron", f"{key} {message}"))
    return with_values(neuron, values), faults


def misfits(neuron: NeuronModel, channels: int) -> KeyFaults:
    """Parameters with one number per channel that have another number of them."""
    return [
        (f"neuron.{key}", f"{len(value)} numbers must be {channels}, one a channel")
        for key, value in varying(neuron).items()
        if isinstance(value, tuple) and len(value) != channels
    ]


def _unknown_model(model: object) -> str:
    hint = did_you_mean(model, NEURONS) if isinstance(model, str) else ""
    nearest = hint if "did you mean" in hint else ""
    return f"{shown(model)} must be one of {', '.join(NEURONS)}{nearest}"
