"""Neurons at work: charge, fire, settle; one state used by several calls in turn (docs/model.md, "Neurons").

What a call computes is the model's own (lifsim.neurons), as machine code where the model has some, else vectorised over
pixels and channels; both give the same bits. Arrays are channels last with all pixels of all images in one axis: x
[T, P, C], each variable of the state [P, C/N].
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from lifsim.engine.workers import Workers
from lifsim.lazy_dataclass import dataclass
from lifsim.model.network import Lif
from lifsim.neurons import NeuronModel, State
from lifsim.neurons.parameters import varying, with_values

Array = NDArray[Any]

_TOGETHER = 8  # pixels of a run


def bound(node: Lif, weights: Any, batch: int) -> NeuronModel:
    """The neuron of a layer, with arrays for parameters that differ between channels, [C], or neurons, [P, C];
    `weights` has them as `layer.parameter`, channels first."""
    arrays = {}
    for name, value in varying(node.neuron).items():
        found = np.asarray(weights[f"{node.name}.{name}"] if isinstance(value, str) else value, np.float64)
        if found.ndim > 1:
            found = np.tile(np.moveaxis(found, 0, -1).reshape(-1, found.shape[0]), (batch, 1))
        arrays[name] = found
    return with_values(node.neuron, arrays)


def initial_state(neuron: NeuronModel, shape: tuple[int, ...], dtype: DTypeLike) -> State:
    """The state before the first call, one array of `shape` a variable."""
    return tuple(np.full(shape, value, dtype) for value in neuron.rest())


def rest(neuron: NeuronModel, shape: tuple[int, ...], batch: int, dtype: DTypeLike) -> State:
    """The variables, [B * pixels, C/N] each, before the first call on a set of membranes of `shape`, (C/N, H, W) or
    (F/N,). neuron: of the first layer that uses it, `bound`."""
    channels, *pixels = shape
    return initial_state(neuron, (batch * math.prod(pixels), channels), dtype)


def fire(
    x: Array, state: State, timesteps: int, neuron: NeuronModel, workers: Workers, charged: Array | None = None
) -> Array:
    """Spikes uint8 [timesteps, P, C] of x [timesteps or 1, P, C]; updates `state`, of [P, C/N] each, in place.

    Per timestep the N = C / (channels of the state) channel groups of x use the state in turn, the first one first. x
    with one timestep is replayed. charged: if given, takes u' of every call, [timesteps, P, C].
    """
    spikes = np.empty((timesteps, *x.shape[1:]), np.uint8)
    constants = neuron.constants(state[0].dtype)
    kept = np.empty((0, 0, 0), state[0].dtype) if charged is None else charged
    compiled = neuron.compiled()
    if compiled is None:
        workers.run(_Calls(x, state, neuron, constants, spikes, kept).of_pixels, x.shape[1])
    else:
        currents, membranes, fired, charges = in_runs(state[0].shape[1], x, state[0], spikes, kept)
        size = timesteps * fired.shape[2]
        workers.run(compiled.fire, len(membranes), currents, membranes, constants, fired, charges, elements=size)
    return spikes


def in_runs(channels: int, *arrays: Array) -> tuple[Array, ...]:
    """Contiguous arrays [..., P, C] reshaped to [..., P/n, n*C], since one loop over a long row is faster than many
    over short ones. Only for neurons that are all alike and called once a timestep, so that C = `channels` of the
    state."""
    pixels, wide = arrays[0].shape[-2:]
    together = math.gcd(pixels, _TOGETHER) if wide == channels else 1
    return tuple(x.reshape(*x.shape[:-2], x.shape[-2] // together, x.shape[-1] * together) for x in arrays)


def rows_of(constant: Any, start: int, stop: int) -> Any:
    """Rows `start` to `stop` of a constant, if it differs from row to row."""
    return constant[start:stop] if isinstance(constant, np.ndarray) and constant.ndim > 1 else constant


@dataclass(frozen=True)
class _Calls:
    """The calls of a layer, vectorised. constants: of the neuron. Fills `spikes`, and `kept` with u' unless it is
    empty."""

    x: Array
    state: State
    neuron: NeuronModel
    constants: Any
    spikes: Array
    kept: Array

    def of_pixels(self, start: int, stop: int) -> None:
        """Run the calls of pixels `start` to `stop`, one after the other."""
        neuron, channels = self.neuron, self.state[0].shape[1]
        k = type(self.constants)(*(rows_of(constant, start, stop) for constant in self.constants))
        variables = [variable[start:stop] for variable in self.state]
        for timestep in range(len(self.spikes)):
            for base in range(0, self.x.shape[2], channels):
                here = slice(start, stop), slice(base, base + channels)
                charged = neuron.charge(self.x[min(timestep, len(self.x) - 1)][here], tuple(variables), k)
                fired = neuron.fire(charged, k)
                self.spikes[timestep][here] = fired
                if self.kept.size:
                    self.kept[timestep][here] = charged[0]
                for variable, value in zip(variables, neuron.settle(charged, fired, k), strict=True):
                    variable[...] = value
