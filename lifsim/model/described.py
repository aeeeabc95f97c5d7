"""An architecture and a network in a few lines."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from lifsim.brief import Brief
from lifsim.registry import registry_of
from lifsim.units import counted, format_bytes, format_si

if TYPE_CHECKING:
    from lifsim.model.arch import Arch
    from lifsim.model.network import Network


def arch_brief(arch: Arch) -> Brief:
    """Array, clock, precisions, buffers and memory."""
    array, precision, dram = arch.array, arch.precision, arch.dram
    sizes = {name: getattr(arch.buffers, name).size_bytes for name in type(arch.buffers).model_fields}
    return Brief(
        f"architecture {arch.name}",
        {
            "array": f"{array.rows} x {array.cols} PEs, dataflow {array.dataflow}, sparsity {array.sparsity}",
            "clock": f"{format_si(arch.clock_hz, 'Hz')}, {arch.technology_nm} nm",
            "bits": f"weight {precision.weight_bits}, psum {precision.psum_bits}, membrane {precision.membrane_bits}",
            "buffers": ", ".join(f"{name} {format_bytes(size)}" for name, size in sizes.items()),
            "DRAM": dram.model if dram.device is None else f"{dram.device.name}, cycle by cycle",
        },
    )


def network_brief(network: Network) -> Brief:
    """Input, layers, neurons, weights, work, and where the spikes come from."""
    layers, lifs, spikes = network.layers, network.lifs, network.spikes
    named, kinds = registry_of("layer"), Counter(layer.kind for layer in layers)
    shape = " x ".join(map(str, layers[0].in_shape))
    return Brief(
        f"network {network.name}",
        {
            "input": f"{shape}, {network.encoding}, {counted(network.input_bits, 'bit')}",
            "timesteps": str(network.timesteps),
            "layers": ", ".join(f"{count} {named[kind].plural}" for kind, count in kinds.items()),
            "LIF neurons": f"{sum(lif.output.elements for lif in lifs):,} in {counted(len(lifs), 'layer')}",
            "weights": f"{sum(layer.weights for layer in layers):,}",
            "MACs, dense": f"{sum(layer.macs_per_round * layer.rounds for layer in layers):,} an image",
            "spikes": f"{spikes.trace or spikes.source}, {'measured' if spikes.measured else 'not measured'}",
        },
    )
