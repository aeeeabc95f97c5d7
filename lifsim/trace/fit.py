"""Fits a trace to a network: its layers in the network's order, or everything that does not fit."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from lifsim.errors import Fault, InputError
from lifsim.model.network import Network, Traced
from lifsim.trace.source import LayerSpikes, Trace
from lifsim.units import counted


class FittedLayer(LayerSpikes):
    """A layer's spikes under the network's name and shape.

    Where the network runs the layer once per image and the trace has T timesteps, an input counts as a one if it
    fired at any of them: the input of a layer behind a mean over time is not zero where any spike was.
    """

    def __init__(self, spikes: LayerSpikes, wanted: Traced) -> None:
        super().__init__(wanted.name, (wanted.tensor.timesteps, spikes.shape[1], *wanted.shape))
        self._spikes = spikes

    def _read(self, timestep: int, first: int, last: int) -> NDArray[np.uint8]:
        spikes = self._spikes.read(timestep, first, last)
        if self.timesteps == 1:
            for later in range(1, self._spikes.timesteps):
                spikes = spikes | self._spikes.read(later, first, last)
        return spikes.reshape(last - first, *self.neuron_shape)

    def verify(self) -> None:
        """Check the bytes behind the layer. Raises InputError."""
        self._spikes.verify()


def fit(trace: Trace, network: Network, source: str = "") -> Trace:
    """`trace` with what it must hold for `network` (`Network.traced`), in its order and under its names and shapes.

    Layers are matched by name if the trace has all the network's names, else by order, as many as there are. A linear
    layer's `(C, H, W)` input may stand flattened or not. Raises InputError, naming the file `source`, with everything
    that does not fit: timesteps, number of layers, and every layer with both shapes.
    """
    faults = []
    if trace.timesteps != network.timesteps:
        message = f"trace has {trace.timesteps}, {network.name} {network.timesteps}"
        faults.append(
            _fault(source, "timesteps", message + (_once_hint(trace, network) or _split_hint(trace, network)))
        )
    by_name = {spikes.name: spikes for spikes in trace.layers}
    if {wanted.name for wanted in network.traced} == by_name.keys():
        pairs = [(by_name[wanted.name], wanted) for wanted in network.traced]
    elif len(trace.layers) == len(network.traced):
        pairs = list(zip(trace.layers, network.traced, strict=True))
    else:
        message = f"trace has {len(trace.layers)}, {network.name} {len(network.traced)}"
        raise InputError([*faults, _fault(source, "layers", message)])
    for spikes, wanted in pairs:
        faults += [_fault(source, wanted.name, message) for message in _misfits(spikes, wanted, trace, network)]
    if faults:
        raise InputError(faults)
    layers = tuple(FittedLayer(spikes, wanted) for spikes, wanted in pairs)
    return replace(trace, workload=trace.workload or network.name, layers=layers)


def _misfits(spikes: LayerSpikes, wanted: Traced, trace: Trace, network: Network) -> list[str]:
    name = f" ({spikes.name!r} of the trace)" if spikes.name != wanted.name else ""
    faults = []
    flat = wanted.flat and math.prod(spikes.neuron_shape) == math.prod(wanted.map_shape)
    if spikes.neuron_shape != wanted.map_shape and not flat:
        needed = list(wanted.shape)
        message = f"has inputs of shape {needed} in {network.name}, {list(spikes.neuron_shape)} in the trace{name}"
        as_signal = (trace.batch, 1, *spikes.neuron_shape) == wanted.map_shape
        faults.append(message + ("; a 1-D signal is [T, C, 1, L], not [T, C, L]" if as_signal else ""))
    if spikes.timesteps not in {wanted.tensor.timesteps, trace.timesteps}:
        faults.append(
            f"has {counted(wanted.tensor.timesteps, 'timestep')} in {network.name}, {spikes.timesteps} in the trace"
            f"{name}"
        )
    return faults


def _once_hint(trace: Trace, network: Network) -> str:
    """The way out for a trace of one timestep: perhaps the network reads all of its inputs once. Empty for others."""
    if trace.timesteps > 1:
        return ""
    several = [wanted.name for wanted in network.traced if wanted.tensor.timesteps > 1]
    if not several:
        why = f"{network.name} reads its inputs once for all timesteps (direct encoding, a mean over time)"
        return f"; {why}: import it with --timesteps {network.timesteps}"
    needs = f"{several[0]} reads {counted(network.timesteps, 'timestep')} of spikes"
    return f"; {needs}: record as many (lifsim trace record, make), or run with --set timesteps=1"


def _split_hint(trace: Trace, network: Network) -> str:
    images, left = divmod(trace.timesteps, network.timesteps)
    if trace.batch == network.timesteps > 1:
        return "; if its leading axes are [B, T, ...], import it with --layout BT"
    if left or trace.batch > 1:
        return ""
    return (
        f"; if it is {network.timesteps} of {counted(images, 'image')}, import it with --timesteps {network.timesteps}"
    )


def _fault(source: str, path: str, message: str) -> Fault:
    return Fault(message, path=path, source=source)
