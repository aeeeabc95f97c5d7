"""`lifsim.import_onnx`: the network and the weights of an ONNX file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from os import PathLike
from pathlib import Path
from typing import Any, Literal, get_args

from lifsim.config.document import Document, Mark
from lifsim.config.neuron import read_neuron
from lifsim.config.workload import parse_workload
from lifsim.config.workload_schema import MAX_TIMESTEPS
from lifsim.engine.weights import checked_weights
from lifsim.errors import Fault, InputError, did_you_mean, shown
from lifsim.interchange.imported_network import ImportedNetwork
from lifsim.interchange.onnx.convert import Unsaid, workload_from_onnx
from lifsim.interchange.onnx.file import read_onnx
from lifsim.interchange.satasim import unique_names
from lifsim.neurons.parameters import parameters_of
from lifsim.units import counted

Encoding = Literal["direct", "rate", "event"]
Reset = Literal["soft", "hard"]

ASKED = ("tau", "threshold", "reset", "decay_input")
"""The parameters of neurons that an import takes as arguments."""


def import_onnx(
    path: str | PathLike[str],
    timesteps: int,
    *,
    neurons: str = "lif",
    tau: float | None = None,
    threshold: float | None = None,
    reset: Reset | None = None,
    decay_input: bool | None = None,
    encoding: Encoding = "direct",
    name: str | None = None,
) -> ImportedNetwork:
    """The network in an ONNX file, with neurons in place of its ReLUs, and its weights. Needs onnx.

    neurons: a model that `lifsim list neurons` names; tau, threshold, reset, decay_input: its parameters; None: its
    defaults. encoding: whether the input is an image that is seen at every timestep, spikes drawn from it, or
    spikes. name: of the network; default: the file's. Thresholds are not calibrated and weights not balanced: no
    accuracy is claimed. Raises InputError with everything that cannot be imported, and what to do about it.
    """
    file, keys = Path(path), {"tau": tau, "threshold": threshold, "reset": reset, "decay_input": decay_input}
    neuron, faults = _neuron(neurons, {key: value for key, value in keys.items() if value is not None})
    faults += _argument_faults(timesteps, encoding)
    if faults:
        raise InputError(faults)
    own = unique_names([name or file.stem])[0]
    imported, arrays = workload_from_onnx(read_onnx(file), own, str(file), Unsaid(timesteps, encoding, neuron))
    network = parse_workload(Document(f"{own}.yaml", imported.data, {(): Mark(str(file))}))
    weights = checked_weights(network, arrays, str(file))
    said = ", ".join(f"{key} {_told(value)}" for key, value in neuron.items() if key != "model")
    unsaid = f"an ONNX file does not say: ReLUs are neurons of the model {neuron['model']}, {said}"
    notes = [Fault(f"{unsaid}; the input is {encoding} over {counted(timesteps, 'timestep')}", source=str(file))]
    return ImportedNetwork(network, weights, tuple(map(str, (*notes, *imported.notes))), file)


def _neuron(model: str, keys: Mapping[str, Any]) -> tuple[dict[str, Any], list[Fault]]:
    """The keys of `neuron:`, all that the model has, given or not; and the faults of those given."""
    neuron, faults = read_neuron({"model": model, **keys})
    has = parameters_of(type(neuron))
    found = []
    for path, message in faults:
        key = path.rpartition(".")[2]
        if key in ASKED and key not in has:
            message = f"is nothing that neurons of the model {neuron.name} have{did_you_mean(key, has)}"
        found.append(Fault(message, {"model": "neurons"}.get(key, key)))
    return {"model": neuron.name, **{key: getattr(neuron, key) for key in has}}, found


def _told(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value).lower()


def _argument_faults(timesteps: object, encoding: object) -> Iterator[Fault]:
    if isinstance(timesteps, bool) or not isinstance(timesteps, int) or not 1 <= timesteps <= MAX_TIMESTEPS:
        yield Fault(f"{shown(timesteps)} must be a whole number from 1 to {MAX_TIMESTEPS}", path="timesteps")
    if encoding not in get_args(Encoding):
        yield Fault(f"{shown(encoding)} must be one of {', '.join(get_args(Encoding))}", path="encoding")
