"""One recording: the model runs, what it computed is written as a workload, its spikes as a trace, and both are
checked."""

from __future__ import annotations

import atexit
import re
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from numpy.typing import NDArray

from lifsim.config.document import Document, Mark
from lifsim.config.workload import parse_workload
from lifsim.engine.weights import checked_weights
from lifsim.errors import Fault, InputError
from lifsim.lazy_dataclass import dataclass
from lifsim.model.network import Network
from lifsim.recording.batch import given_batch, map_of
from lifsim.recording.check import Difference, differences
from lifsim.recording.document import Written, written
from lifsim.recording.ledger import Beyond, Ledger, Value
from lifsim.recording.modules import Described, Modules
from lifsim.recording.movement import leaves
from lifsim.recording.pools import POOLS
from lifsim.recording.products import PRODUCTS
from lifsim.recording.readers import READERS
from lifsim.recording.recording import Recording, in_order
from lifsim.recording.shared import SHARED, fitting
from lifsim.recording.sums import SUMS
from lifsim.recording.tracker import Following, Tracker
from lifsim.scratch import ScratchFolder
from lifsim.trace.writer import TraceWriter

Array = NDArray[Any]


@dataclass(frozen=True)
class Asked:
    """The arguments of `lifsim.record`, the batch a tensor or a list of one per timestep."""

    model: Callable[..., Any]
    batch: Any
    timesteps: int
    time_axis: int | None
    neurons: Mapping[type, Described]
    name: str | None


def recorded(asked: Asked) -> Recording:
    """The recording. Raises InputError."""
    _refuse_scripts(asked.model)
    batches, inputs = given_batch(asked.batch, asked.timesteps, asked.time_axis)
    ledger = Ledger(asked.timesteps, inputs.shape[1])
    tracker = Tracker(ledger, {**PRODUCTS, **POOLS, **SUMS})
    modules = Modules(tracker, _names(asked.model), asked.neurons)
    source = ledger.value(("image" if len(inputs) == 1 else "events",), "input", map_of(inputs), (), {})
    source.computed[:] = True
    found = _run(asked, batches, inputs, tracker, modules)
    result = written(ledger, found, modules.notes)
    encoded = inputs.reshape(*inputs.shape[:2], *source.shape)
    outputs = _outputs(result.output)
    fired = {
        name: in_order(one.spikes, one.timesteps, one.shape)
        for one, name in result.names.items()
        if one.spikes is not None
    }
    written_as = _WrittenAs.of(asked, source)

    def compare(network: Network, sharing: str) -> tuple[Difference, ...]:
        return differences(network, sharing, checked_weights(network, result.weights), encoded, fired, outputs)

    shared = [[result.names[one] for one in made if one in result.names] for made in modules.made.values()]
    several = [names for names in shared if len(names) > 1]
    network, sharing, unlike = fitting(written_as.network, result.layers, several, compare)
    written_as.write_trace(network, sharing, result)
    notes = {**modules.notes, **tracker.notes, **_handed_on(several, sharing)}
    weights = checked_weights(network, result.weights)
    return Recording(network, weights, written_as.path, encoded, outputs, tuple(notes), unlike, sharing)


def _handed_on(several: Sequence[Sequence[str]], sharing: str) -> dict[str, None]:
    if sharing != SHARED:
        return {}
    words = "{names} hand one state on from layer to layer: these spikes are those of sharing='layer', and so run"
    return dict.fromkeys(words.format(names=", ".join(names)) for names in several)


def _run(
    asked: Asked, batches: Sequence[Any], inputs: Array, tracker: Tracker, modules: Modules
) -> list[Value | Beyond]:
    """What the model returns is made of. It is called for every batch, or again for every timestep."""
    numbers = torch.arange(inputs.size).reshape(inputs.shape)
    if len(batches) > 1 or asked.time_axis is not None:
        numbers = numbers.expand(asked.timesteps, *inputs.shape[1:])
    returned: list[Any] = []
    with torch.no_grad(), modules.watched(), Following(tracker):
        for index, one in enumerate(batches):
            own = numbers[index] if len(batches) > 1 or asked.time_axis is None else numbers.movedim(0, asked.time_axis)
            tracker.put(one, own.to(one.device).contiguous())
            returned.append(asked.model(one))
        if len(batches) == 1 and asked.timesteps > 1 and modules.single_steps:
            returned += [asked.model(batches[0]) for _ in range(asked.timesteps - 1)]
    if not modules.calls:
        raise InputError(Fault(_NO_NEURONS.format(known="; ".join(_known())), path="model"))
    shadows = [tracker.shadow(tensor) for tensor in leaves(_plain(returned)) if isinstance(tensor, torch.Tensor)]
    return tracker.read_from([one for one in shadows if one is not None])


_NO_NEURONS = (
    "must have spiking neurons that are known: {known}. Others are described with neurons=, by their class: "
    'neurons={{MyLIF: lambda own: {{"model": "lif", "tau": own.tau, "threshold": 1.0, "reset": "hard"}}}}'
)


def _known() -> list[str]:
    return [f"{name}'s {reader.title}" for name, reader in READERS.items()]


def _plain(returned: Any) -> Any:
    """What is in objects with attributes, as the outputs of some libraries, stands in a dictionary."""
    if isinstance(returned, tuple | list):
        return [_plain(one) for one in returned]
    if isinstance(returned, dict | torch.Tensor) or not hasattr(returned, "__dict__"):
        return returned
    return dict(vars(returned))


def _outputs(output: Value) -> Array:
    kept = output.spikes if output.spikes is not None else output.put_out
    if kept is None:
        raise TypeError(f"{output.name} must have been kept")
    return in_order(kept, output.timesteps, output.shape)


@dataclass(frozen=True)
class _WrittenAs:
    """What every network of a recording says alike. path: of its trace, a file that is there until Python ends."""

    name: str
    kind: str
    timesteps: int
    source: Value
    path: Path

    @classmethod
    def of(cls, asked: Asked, source: Value) -> _WrittenAs:
        """Named as asked, or by the model."""
        scratch = ScratchFolder(Path(tempfile.gettempdir()), "recording")
        atexit.register(scratch.remove)
        model: Any = asked.model
        kind = model.__name__ if hasattr(model, "__name__") else type(model).__name__
        name = asked.name or re.sub(r"[^A-Za-z0-9_-]", "_", kind).strip("_") or "model"
        return cls(name, kind, asked.timesteps, source, scratch.path / "trace.npz")

    @property
    def provenance(self) -> str:
        """Of its spikes."""
        return f"fired by {self.kind} in PyTorch {torch.__version__}, recorded by lifsim.record"

    def network(self, layers: Sequence[Mapping[str, Any]]) -> Network:
        """Of these layers, on the spikes of the trace. Raises InputError."""
        definition = {
            "name": self.name,
            "description": f"{self.kind}, recorded from PyTorch",
            "timesteps": self.timesteps,
            "input": {
                "shape": list(self.source.shape),
                "encoding": "direct" if self.source.kind == "image" else "event",
            },
            "layers": [dict(layer) for layer in layers],
            "spikes": {"source": "trace", "trace": str(self.path), "measured": True, "provenance": self.provenance},
        }
        return parse_workload(Document(self.name, definition, {(): Mark(self.name)}))

    def write_trace(self, network: Network, sharing: str, result: Written) -> None:
        """What the layers of the array have read."""
        by_name = {name: one for one, name in result.names.items() if one.kind not in ("norm", "image", "events")}
        batch = len(self.source.computed) // self.source.timesteps
        with TraceWriter(
            self.path, network.name, network.timesteps, batch, sharing, provenance=self.provenance
        ) as writer:
            for traced in network.traced:
                seen: Any = by_name[traced.name].seen
                for timestep in range(traced.tensor.timesteps):
                    rows = seen[timestep * batch : (timestep + 1) * batch]
                    writer.write(traced.name, timestep, rows.reshape(batch, *traced.shape))


def _refuse_scripts(model: Any) -> None:
    modules = list(model.modules()) if isinstance(model, torch.nn.Module) else [model]
    compiled = (torch.jit.ScriptModule, torch.jit.ScriptFunction)
    if any(isinstance(one, compiled) or hasattr(one, "_orig_mod") for one in modules):
        message = (
            "must be Python: operations of scripted, traced and compiled models cannot be followed; give the original"
        )
        raise InputError(Fault(message, path="model"))


def _names(model: Any) -> dict[int, str]:
    """Of the modules of a model, or of those that a function uses, by id."""
    if isinstance(model, torch.nn.Module):
        return {id(module): name for name, module in model.named_modules()}
    owner = getattr(model, "__self__", None)
    if isinstance(owner, torch.nn.Module):
        return _names(owner)
    code = getattr(model, "__code__", None)
    if code is None:
        return {}
    cells = zip(code.co_freevars, (cell.cell_contents for cell in model.__closure__ or ()), strict=False)
    around = [*cells, *((name, model.__globals__.get(name)) for name in code.co_names)]
    return {
        id(module): f"{variable}.{name}".strip(".")
        for variable, one in around
        if isinstance(one, torch.nn.Module)
        for name, module in one.named_modules()
    }
