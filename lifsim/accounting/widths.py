"""The bits that the largest possible sum of a layer needs, and the membranes that integrate it.

    sum       M = K * 2^(weight_bits - 1) * largest input      needs ceil(log2 M) + 1 bits, the sign among them
    membrane  b(n) = |leak| b(n-1) + |gain| M                  after n calls, in units of a weight's last bit

The largest input is 1 for spikes, a tensor's levels for counts, 2^bits - 1 for the image. A worst case: every weight is
the largest, every input fires. Batch norm is folded into the weights; a reset only lowers a membrane.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from lifsim.accounting.basis import stretched
from lifsim.graph.states import states_of
from lifsim.lazy_dataclass import dataclass
from lifsim.model.arch import Arch, Precision
from lifsim.model.network import Layer, Network
from lifsim.model.sharing import Sharing
from lifsim.neurons import NeuronModel
from lifsim.units import counted


@dataclass(frozen=True)
class Widths:
    """Bits that the worst case of one layer needs. psum: None if the inputs are real values inside the network, whose
    scale is free. membrane: None in that case, without LIFs, and if a call is not linear."""

    layer: str
    psum: int | None
    membrane: int | None


def widths_of(network: Network, sharing: Sharing, precision: Precision) -> tuple[Widths, ...]:
    """The widths of every weight layer."""
    sums = {layer.index: _largest_sum(layer, network.input_bits, precision) for layer in network.layers}
    behind = {layer.lif.name: (layer.index, layer.lif.neuron) for layer in network.layers if layer.lif}
    membranes: dict[int, int | None] = {}
    for state in states_of(network, sharing):
        layers = [behind[name] for name in state.lifs if name in behind]
        known = [most for index, _ in layers if (most := sums[index]) is not None]
        if layers and len(known) == len(layers):
            ((_, neuron), *_) = layers  # those that share membranes are of one model
            width = _membrane_bits(neuron, max(known), network.timesteps * state.channels * len(layers))
            membranes |= dict.fromkeys((index for index, _ in layers), width)
    bits = {index: None if most is None else _signed_bits(most) for index, most in sums.items()}
    return tuple(Widths(layer.name, bits[layer.index], membranes.get(layer.index)) for layer in network.layers)


@dataclass(frozen=True)
class Assumed:
    """Assumptions behind the figures of a run. widths: of every weight layer; lines: prices used beyond their sources,
    and sums that are assumed to fit."""

    widths: tuple[Widths, ...]
    lines: tuple[str, ...]


def assumed(arch: Arch, network: Network, sharing: Sharing) -> Assumed:
    """The assumptions of a run of `network` on `arch`."""
    widths = widths_of(network, sharing, arch.precision)
    sums = {one.layer: one.psum for one in widths if one.psum is not None}
    membranes = {one.layer: one.membrane for one in widths if one.membrane is not None}
    lines = (
        *stretched(arch),
        *_overflow("psum_bits", arch.precision.psum_bits, "the largest sum", sums),
        *_overflow("membrane_bits", arch.precision.membrane_bits, "the membrane behind the largest sums", membranes),
    )
    return Assumed(widths, lines)


def _overflow(key: str, given: int, what: str, needed: Mapping[str, int]) -> Iterator[str]:
    over = [name for name, bits in needed.items() if bits > given]
    if over:
        worst = max(over, key=lambda name: needed[name])
        has = f"{what} needs more than the {counted(given, 'bit')} in {len(over)} of {counted(len(needed), 'layer')}"
        yield f"precision.{key}: {has}, up to {needed[worst]} ({worst}): it must saturate, or its scale be coarser"


def _largest_sum(layer: Layer, input_bits: int, precision: Precision) -> int | None:
    levels = (1 << input_bits) - 1 if layer.input.name == "input" and not layer.input.levels else layer.input.levels
    weight = 1 << (precision.weight_bits - 1) if layer.operand is None else layer.operand.levels
    return None if levels is None or weight is None else layer.reduction * weight * levels


def _membrane_bits(neuron: NeuronModel, largest: int, calls: int) -> int | None:
    linear = neuron.linear()
    if linear is None:
        return None
    leak = np.array([[np.max(np.abs(each)) for each in row] for row in linear.leak], np.float64)
    gain = np.array([np.max(np.abs(each)) for each in linear.gain], np.float64)
    state = np.zeros_like(gain)
    for _ in range(calls):
        state = leak @ state + gain * largest
    return _signed_bits(int(np.ceil(state[0])))


def _signed_bits(magnitude: int) -> int:
    """Bits that hold -magnitude to magnitude - 1."""
    return max(magnitude - 1, 0).bit_length() + 1
