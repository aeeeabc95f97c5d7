"""Modules of a running model: their names, and neuron modules, which are recognised as a whole."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import field
from typing import Any

import numpy as np
import torch
from torch.nn.modules.module import register_module_forward_hook, register_module_forward_pre_hook

from lifsim.errors import Fault, InputError
from lifsim.lazy_dataclass import dataclass
from lifsim.recording.keep import places_of
from lifsim.recording.ledger import NotFollowedError, Value
from lifsim.recording.movement import leaves
from lifsim.recording.readers import READERS, Reading
from lifsim.recording.tracker import Call, Tracker, array_of
from lifsim.units import counted

Described = Callable[[Any], Mapping[str, Any] | Reading]
"""A user's description of a neuron module: the keys of `neuron:` for a module that takes one timestep per call, or a
Reading."""


@dataclass
class Modules:
    """The modules of a model while it runs. names: by id; neurons: what users say of neurons by their class. calls: how
    often a module of neurons, by id, was called on a value, by id; made: what it fired, one of each that it was called
    on."""

    tracker: Tracker
    names: Mapping[int, str]
    neurons: Mapping[type, Described]
    notes: dict[str, None] = field(default_factory=dict)
    calls: dict[tuple[int, int], int] = field(default_factory=dict)
    made: dict[int, list[Value]] = field(default_factory=dict)
    _readings: dict[int, tuple[Any, Reading | None]] = field(default_factory=dict)

    @contextmanager
    def watched(self) -> Iterator[None]:
        """While this lasts, modules tell when they begin and end."""
        hooks = [register_module_forward_pre_hook(self._begin), register_module_forward_hook(self._end)]
        try:
            yield
        finally:
            for hook in hooks:
                hook.remove()

    @property
    def single_steps(self) -> bool:
        """Whether all neurons have taken one timestep, each in a call of its own."""
        read = [(id(module), one) for module, one in self._readings.values() if one is not None and not one.readout]
        called = {which for which, _ in self.calls}
        once = all(one.time_axis is None and which in called for which, one in read)
        return bool(read) and once and set(self.calls.values()) == {1}

    def name_of(self, module: Any) -> str:
        """As the model has it, or by its class."""
        return self.names.get(id(module)) or type(module).__name__.lower()

    def _begin(self, module: Any, _: Any) -> None:
        if self.tracker.suspended:
            self.tracker.suspended += 1
            return
        self.tracker.asking.append((self.name_of(module), module))
        reading = self._reading(module)
        if reading is not None and reading.readout:
            self.tracker.reading_out += 1
        elif reading is not None:
            self.tracker.suspended = 1

    def _end(self, module: Any, args: Any, result: Any) -> None:
        if self.tracker.suspended > 1:
            self.tracker.suspended -= 1
            return
        reading = self._reading(module)
        if reading is not None and reading.readout:
            self.tracker.reading_out -= 1
        elif reading is not None:
            self.tracker.suspended = 0
            self._fired(module, reading, args, result)
        self.tracker.asking.pop()

    def _reading(self, module: Any) -> Reading | None:
        """The reading of a module, which is reset the first time."""
        if id(module) not in self._readings:
            self._readings[id(module)] = module, self._read(module)
        return self._readings[id(module)][1]

    def _read(self, module: Any) -> Reading | None:
        described = next((self.neurons[one] for one in type(module).__mro__ if one in self.neurons), None)
        if described is not None:
            said = described(module)
            return said if isinstance(said, Reading) else Reading(said)
        for reader in READERS.values():
            try:
                reading = reader.read(module)
            except ValueError as error:
                raise InputError(Fault(str(error), path=self.name_of(module))) from None
            if reading is not None:
                if not reading.readout:
                    reader.reset(module)
                self.notes |= dict.fromkeys(f"{self.name_of(module)}: {note}" for note in reading.notes)
                return reading
        return None

    def _fired(self, module: Any, reading: Reading, args: Any, result: Any) -> None:
        """The first output tensor of neurons holds their spikes; further outputs are their state."""
        call = Call("neurons", args, {}, result, self.name_of(module), module)
        x = next((one for one in leaves(args) if isinstance(one, torch.Tensor)), None)
        if x is None or self.tracker.shadow(x) is None:
            self._turn(module, None)
            return
        spikes, *state = (one for one in leaves(result) if isinstance(one, torch.Tensor))
        try:
            source = self.tracker.owner(x, call)
            made = self._value(module, reading, source, x)
            self._keep(made, reading, self._turn(module, source), x, spikes)
        except NotFollowedError as broken:
            raise InputError(Fault(broken.reason, path=call.where)) from None
        for one in state:
            self._keep_state(made, one)

    def _turn(self, module: Any, source: Value | None) -> int:
        """How often a module was called on a value before; None: on what does not depend on the batch."""
        turn = self.calls.get((id(module), id(source)), 0)
        self.calls[id(module), id(source)] = turn + 1
        return turn

    def _value(self, module: Any, reading: Reading, source: Value, x: Any) -> Value:
        if source.averaged:
            raise NotFollowedError(f"neurons behind a mean over time ({source.name})")
        if (x.numel() // source.elements) * source.elements != x.numel():
            raise NotFollowedError(f"reads a part of {source.name}")
        arrays, keys = dict[str, Any](), dict[str, Any]()
        for name, value in reading.keys.items():
            keys[name] = value
            if isinstance(value, np.ndarray | np.generic):
                keys[name], arrays = _parameter(name, np.asarray(value), source.shape, arrays)
        made = self.tracker.ledger.value(
            ("lif", id(module)), self.name_of(module), source.shape, (source,), keys, arrays
        )
        layers = self.made.setdefault(id(module), [])
        if made not in layers:
            layers.append(made)
        return made

    def _keep(self, made: Value, reading: Reading, turn: int, x: Any, spikes: Any) -> None:
        (source,), ledger = made.reads, self.tracker.ledger
        if spikes.shape != x.shape:
            raise NotFollowedError(f"{made.name} puts out {list(spikes.shape)} for {list(x.shape)}: one spike a neuron")
        fired = array_of(spikes)
        if not ((fired == 0) | (fired == 1)).all():
            others = np.unique(fired[(fired != 0) & (fired != 1)])
            raise NotFollowedError(f"puts out {others[0]:g}: spikes must be 0 or 1")
        now = _timesteps(reading, turn, x)
        timestep, place = places_of(self.tracker, x, source)
        if int(now.max()) >= ledger.timesteps:
            count = f"{counted(int(now.max()) + 1, 'timestep')}, and timesteps={ledger.timesteps}"
            raise NotFollowedError(f"takes {count}: must be as many; a model that loops must be told the same number")
        if source.timesteps > 1 and not bool((timestep == now).all()):
            raise NotFollowedError(
                f"reads {source.name} of another timestep than its own: neurons take one after the other"
            )
        numbers = made.first + now * ledger.batch * made.elements + place
        offsets = array_of(numbers - made.first).ravel()
        if made.spikes is None:
            made.spikes = np.zeros((len(made.computed), made.elements), np.bool_)
        made.spikes.reshape(-1)[offsets] = fired.ravel() != 0
        made.computed[offsets // made.elements] = True
        self.tracker.put(spikes, numbers)

    def _keep_state(self, made: Value, tensor: Any) -> None:
        """A state may be handed on to its neurons, or looked at."""
        if self.tracker.shadow(tensor) is not None:
            return
        beyond = self.tracker.ledger.beyond(f"the state of {made.name} is not put out in LIFSim", (made,), readout=True)
        self.tracker.put(tensor, torch.full(tensor.shape, beyond.first, dtype=torch.int64, device=tensor.device))


def _timesteps(reading: Reading, turn: int, x: Any) -> Any:
    """Of every element of a neuron's input, in a shape that broadcasts to it."""
    if reading.flattened is not None:
        images, steps = reading.flattened
        steps = steps if steps > 0 else x.shape[0] // images
        return (torch.arange(x.shape[0], device=x.device) % steps).reshape(-1, *([1] * (x.ndim - 1)))
    if reading.time_axis is None:
        return torch.tensor(turn, device=x.device)
    axis = reading.time_axis
    shape = [-1 if one == axis else 1 for one in range(x.ndim)]
    return torch.arange(x.shape[axis], device=x.device).reshape(shape)


def _parameter(name: str, value: Any, shape: tuple[int, ...], arrays: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    """A parameter as workloads say it: a number, or `weights` and an array, one per channel or one per neuron."""
    if value.size == 1 or np.all(value == value.flat[0]):
        return float(value.flat[0]), arrays
    layout = value.reshape(value.shape[0], 1, value.shape[1]) if value.ndim == 2 and len(shape) == 3 else value
    try:
        full = np.broadcast_to(layout, shape)
    except ValueError:
        raise NotFollowedError(f"{name} {list(value.shape)} does not fit neurons of {list(shape)}") from None
    by_channel = full.reshape(shape[0], -1)
    alike = bool((by_channel == by_channel[:, :1]).all())
    return "weights", {**arrays, name: (by_channel[:, 0] if alike else full).copy()}
