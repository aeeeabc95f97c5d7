"""The backward pass of neurons that charge linearly: u' from a stored copy, or by undoing the call.

A call charges the variables z (the membrane u first) to z' = A z + b x. With the reset path detached, and g the
gradients of the call's spikes and of the state that it leaves,

g_z' = g_z, and of the membrane g_s surrogate(u' - theta) + g_u (soft reset) or g_u (1 - s) (hard reset) g_x = b . g_z'
    ; g_z of the call before = A^T g_z'

For the leaky neuron, g_x is g_u' / tau (decay_input) or g_u', and g_u of the call before is (1 - 1/tau) g_u'. A call
with the soft reset is undone by u' = u + s theta, z_before = A^-1 (z' - b x).

Neurons of one variable that are all alike run as machine code, all others vectorised.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lifsim.engine.jit import compiled
from lifsim.engine.neurons import in_runs, rows_of
from lifsim.engine.training.surrogate import Surrogate, to_slopes
from lifsim.engine.workers import Workers
from lifsim.lazy_dataclass import dataclass
from lifsim.neurons import Linear, NeuronModel, State

Array = NDArray[Any]


@dataclass(frozen=True)
class Adjoint:
    """The backward pass of the calls of one layer. neuron: `bound`, with `linear` charging."""

    neuron: NeuronModel
    surrogate: Surrogate
    workers: Workers

    def stored(self, grad: Array, spikes: Array, charged: Array, grad_state: State) -> Array:
        """Gradient of x, [T, P, C], from that of the spikes, with u' of every call, `charged` [T, P, C], in membrane
        precision.

        grad_state: gradients of the state after the last call, [P, C/N] each; become those of the state before the
        first.
        """
        grad_x = np.empty_like(grad)
        linear, threshold = self._linear, self._threshold(charged)
        if self._is_simple:
            how = self.surrogate.code, self.surrogate.alpha
            scalars = linear.gain[0], linear.leak[0][0], threshold, linear.forgets
            *rows, out = in_runs(grad_state[0].shape[1], grad, spikes, charged, grad_state[0], grad_x)
            self.workers.run(_stored, out.shape[1], *rows, *scalars, *how, out, elements=len(grad) * out.shape[2])
        else:
            calls = _Calls(grad, spikes, grad_state, linear, threshold, self.surrogate, grad_x)
            self.workers.run(calls.stored, grad.shape[1], charged)
        return grad_x

    def reversed(self, grad: Array, spikes: Array, x: Array, state: State, grad_state: State) -> Array:
        """As `stored`, with u' recomputed from the state after the last call, [P, C/N] a variable, the spikes and the
        inputs x [T or 1, P, C]. `state` becomes the state before the first call. For the soft reset only."""
        grad_x = np.empty_like(grad)
        linear, threshold = self._linear, self._threshold(state[0])
        if self._is_simple:
            how = self.surrogate.code, self.surrogate.alpha
            scalars = linear.gain[0], linear.leak[0][0], threshold
            *rows, out = in_runs(state[0].shape[1], grad, spikes, x, state[0], grad_state[0], grad_x)
            self.workers.run(_reversed, out.shape[1], *rows, *scalars, *how, out, elements=len(grad) * out.shape[2])
        else:
            calls = _Calls(grad, spikes, grad_state, linear, threshold, self.surrogate, grad_x)
            self.workers.run(calls.reversed, grad.shape[1], x, state)
        return grad_x

    @cached_property
    def _linear(self) -> Linear:
        linear = self.neuron.linear()
        if linear is None:
            raise ValueError(f"{self.neuron.name} has no gradient")
        return linear

    @property
    def _is_simple(self) -> bool:
        """Whether one number stands for each factor."""
        linear = self._linear
        factors = linear.leak[0][0], linear.gain[0], self.neuron.threshold
        return len(linear.gain) == 1 and all(np.ndim(factor) == 0 for factor in factors)

    def _threshold(self, like: Array) -> Any:
        return np.asarray(self.neuron.threshold).astype(like.dtype)[()]


@compiled
def _stored(start, stop, grad, spikes, charged, grad_state, gain, leak, threshold, hard, code, alpha, grad_x):  # type: ignore[no-untyped-def]
    channels = grad_state.shape[1]
    slope = np.empty(channels, charged.dtype)
    for p in range(start, stop):
        g_u = grad_state[p]
        for t in range(grad.shape[0] - 1, -1, -1):
            for base in range(grad.shape[2] - channels, -1, -channels):
                u, g_x = charged[t, p, base : base + channels], grad_x[t, p, base : base + channels]
                g_s, fired = grad[t, p, base : base + channels], spikes[t, p, base : base + channels]
                for c in range(channels):
                    slope[c] = u[c] - threshold
                to_slopes(slope, code, alpha)
                if hard:
                    for c in range(channels):
                        g_u[c] *= 1 - fired[c]
                for c in range(channels):
                    g = g_s[c] * slope[c] + g_u[c]
                    g_x[c] = g * gain
                    g_u[c] = g * leak


@compiled
def _reversed(start, stop, grad, spikes, x, state, grad_state, gain, leak, threshold, code, alpha, grad_x):  # type: ignore[no-untyped-def]
    channels = grad_state.shape[1]
    replay = x.shape[0] == 1
    slope = np.empty(channels, state.dtype)
    for p in range(start, stop):
        u, g_u = state[p], grad_state[p]
        for t in range(grad.shape[0] - 1, -1, -1):
            for base in range(grad.shape[2] - channels, -1, -channels):
                current, g_x = x[0 if replay else t, p, base : base + channels], grad_x[t, p, base : base + channels]
                g_s, fired = grad[t, p, base : base + channels], spikes[t, p, base : base + channels]
                for c in range(channels):
                    charged = u[c] + fired[c] * threshold
                    slope[c] = charged - threshold
                    u[c] = np.divide(charged - current[c] * gain, leak)
                to_slopes(slope, code, alpha)
                for c in range(channels):
                    g = g_s[c] * slope[c] + g_u[c]
                    g_x[c] = g * gain
                    g_u[c] = g * leak


@dataclass(frozen=True)
class _Calls:
    """The backward pass of a layer's calls, vectorised: pixels `start` to `stop`, the last call first. Fills
    `grad_x`."""

    grad: Array
    spikes: Array
    grad_state: State
    linear: Linear
    threshold: Any
    surrogate: Surrogate
    grad_x: Array

    def stored(self, start: int, stop: int, charged: Array) -> None:
        """The backward pass with u' of every call, `charged`."""
        rows, (linear, threshold) = slice(start, stop), _of_rows(self.linear, self.threshold, start, stop)
        channels = self.grad_state[0].shape[1]
        after = [variable[rows] for variable in self.grad_state]
        for timestep in reversed(range(len(self.grad))):
            for base in range(self.grad.shape[2] - channels, -1, -channels):
                here = rows, slice(base, base + channels)
                slopes = self._slopes(charged[timestep][here] - threshold)
                kept = after[0] * (1 - self.spikes[timestep][here]) if linear.forgets else after[0]
                g = [self.grad[timestep][here] * slopes + kept, *after[1:]]
                self.grad_x[timestep][here] = _hand_back(linear, g, after)

    def reversed(self, start: int, stop: int, x: Array, state: State) -> None:
        """From the inputs `x` and the `state` after the last call, which becomes the state before the first call."""
        rows, (linear, threshold) = slice(start, stop), _of_rows(self.linear, self.threshold, start, stop)
        channels, inverse = self.grad_state[0].shape[1], _inverse(linear)
        variables, after = ([variable[rows] for variable in found] for found in (state, self.grad_state))
        for timestep in reversed(range(len(self.grad))):
            for base in range(self.grad.shape[2] - channels, -1, -channels):
                here = rows, slice(base, base + channels)
                charged = [variables[0] + self.spikes[timestep][here] * threshold, *variables[1:]]
                current = x[min(timestep, len(x) - 1)][here]
                before = [value - gain * current for value, gain in zip(charged, linear.gain, strict=True)]
                slopes = self._slopes(charged[0] - threshold)
                undone = [sum(part * value for part, value in zip(row, before, strict=True)) for row in inverse]
                for variable, value in zip(variables, undone, strict=True):
                    variable[...] = value
                g = [self.grad[timestep][here] * slopes + after[0], *after[1:]]
                self.grad_x[timestep][here] = _hand_back(linear, g, after)

    def _slopes(self, distance: Array) -> Array:
        slopes = distance.ravel()
        to_slopes(slopes, self.surrogate.code, self.surrogate.alpha)
        return slopes.reshape(distance.shape)


def _hand_back(linear: Linear, g: list[Array], grad_state: list[Array]) -> Any:
    """From the gradients of z', the gradient of x; those of the state before the call go into `grad_state`."""
    grad_x = sum(gain * value for gain, value in zip(linear.gain, g, strict=True))
    columns = zip(*linear.leak, strict=True)
    before = [sum(part * value for part, value in zip(column, g, strict=True)) for column in columns]
    for variable, value in zip(grad_state, before, strict=True):  # in place, last: `g` has them too
        variable[...] = value
    return grad_x


def _inverse(linear: Linear) -> list[list[Any]]:
    """A^-1, of numbers or of arrays over rows and channels."""
    size = len(linear.gain)
    shape = np.broadcast_shapes(*(np.shape(part) for row in linear.leak for part in row))
    parts = [[np.broadcast_to(part, shape) for part in row] for row in linear.leak]
    matrices = np.moveaxis(np.asarray(parts, np.float64), (0, 1), (-2, -1))
    inverted = np.linalg.inv(matrices)
    return [[inverted[..., row, column] for column in range(size)] for row in range(size)]


def _of_rows(linear: Linear, threshold: Any, start: int, stop: int) -> tuple[Linear, Any]:
    """The factors, those that differ from row to row being those of rows `start` to `stop`."""
    leak = tuple(tuple(rows_of(part, start, stop) for part in row) for row in linear.leak)
    gain = tuple(rows_of(part, start, stop) for part in linear.gain)
    return Linear(leak, gain, linear.forgets), rows_of(threshold, start, stop)
