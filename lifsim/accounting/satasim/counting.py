"""A run as SATA_Sim counts it, to the letter: for cross-checks (accounting "satasim"), not for designs.

What it does differently from LIFSim, layer by layer:
- cycles: T * (last output write of the os run) + (weight cycles of the ws run), on the map *without* padding; indices
  are added up, not counts. No LIF, no stall takes time.
- operations: on the map with padding 1, whatever the padding is; MACs = outputs * K * T * (1 - sparsity), LIF updates =
  outputs * T behind every layer, linear layers on a 3 x 3 map (`linear_as_3x3`). Every layer runs T times.
- accesses: SCALE-Sim's of one timestep, not T of them (an access of `act_bits` is meant to fetch all T); only the
  outputs of its newer version take T (`psum_times_t`). Each element is charged precision/8 of a whole access of its
  buffer's port, and of a DRAM byte.
Told apart by timestep, what is counted once belongs to timestep 0.

Source: Yin et al., IEEE TCAD 42(6), 2022; the code of SATA_Sim. lifsim.accounting.satasim.scalesim has the equations.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from itertools import accumulate, pairwise
from math import prod

from lifsim.accounting.books import Accesses, Cycles, Operations, SramAccesses
from lifsim.accounting.counts import ElementBits, LayerCounts, TimestepCounts
from lifsim.accounting.satasim.scalesim import ScaleSimCounts, padded_output, scalesim_counts, unpadded_output
from lifsim.errors import Fault, InputError
from lifsim.hardware.array import pe_utilisation, shape_of
from lifsim.hardware.energy import port_accesses
from lifsim.hardware.read_buffer import Window
from lifsim.model.arch import Arch
from lifsim.model.network import Layer, Network
from lifsim.schedule.traffic import DramBytes

MIN_INPUT_BYTES = 1024
"""SATA_Sim hands whole KiB to SCALE-Sim."""


def count_layers(network: Network, arch: Arch) -> list[LayerCounts]:
    """The weight layers of `network` on `arch`, which says what SATA_Sim's version is in `arch.satasim`.

    Sparsity is 1 - the mean of the layer's rate in `network.spikes`; a layer without one has sparsity 0. Raises
    InputError naming every layer that SATA_Sim cannot count.
    """
    faults = [*_arch_faults(arch), *(fault for layer in network.layers for fault in _layer_faults(layer))]
    if faults:
        raise InputError(faults)
    operations = _operations(network, arch)
    return [_counted(layer, ops, network, arch) for layer, ops in zip(network.layers, operations, strict=True)]


def _arch_faults(arch: Arch) -> Iterator[Fault]:
    if arch.buffers.spike_in.size_bytes < MIN_INPUT_BYTES:
        yield Fault(f"{arch.buffers.spike_in.size_bytes} must be >= 1 KiB", path="buffers.spike_in.size_bytes")
    for name, bits in _precision(arch).items():
        port_bits = getattr(arch.buffers, name).port_bits
        if bits * port_bits % 8:
            rule = f"{port_bits} must make {bits}/8 of an access a whole number of bits (accounting satasim)"
            yield Fault(rule, path=f"buffers.{name}.port_bits")


def _layer_faults(layer: Layer) -> Iterator[Fault]:
    if layer.operand is not None:
        yield Fault(f"must have weights, is a {layer.kind}: SATA_Sim knows no product of two tensors", path=layer.name)
    if layer.groups > 1:
        yield Fault(f"must have groups 1, has {layer.groups}: SATA_Sim knows no grouped convolution", path=layer.name)
    if min(_window(layer).out) < 1:
        kernel, size = list(layer.kernel), list(layer.in_shape[1:])
        rule = f"kernel {kernel} must fit into the map {size}: SATA_Sim counts cycles without padding"
        yield Fault(rule, path=layer.name)


def _precision(arch: Arch) -> dict[str, int]:
    version = arch.satasim
    return {"weight": version.weight_bits, "spike_in": version.act_bits, "spike_out": version.output_bits}


def _window(layer: Layer) -> Window:
    """The layer without padding, as SCALE-Sim gets it."""
    channels, *size = layer.in_shape
    out = [unpadded_output(*axis) for axis in zip(size, layer.kernel, layer.stride, strict=True)]
    return Window((size[0], size[1]), channels, layer.kernel, layer.stride, (out[0], out[1]))


def _operations(network: Network, arch: Arch) -> Iterator[Operations]:
    """SATA_Sim adds the layers up as floats and truncates the sum once; a layer's share is what the truncated sum grows
    by, so that the shares add up to its total exactly."""
    outputs = [_padded_outputs(layer, arch) * network.timesteps for layer in network.layers]
    dense = [count * layer.reduction for count, layer in zip(outputs, network.layers, strict=True)]
    macs = (count * (1 - _sparsity(layer, network)) for count, layer in zip(dense, network.layers, strict=True))
    sums = pairwise(int(total) for total in accumulate(macs, initial=0.0))
    for updates, count, (before, after) in zip(outputs, dense, sums, strict=True):
        yield Operations(count, after - before, after - before, 0, updates)


def _padded_outputs(layer: Layer, arch: Arch) -> int:
    if layer.flat and not arch.satasim.linear_as_3x3:
        return layer.filters
    rows, cols = (padded_output(*axis) for axis in zip(layer.in_shape[1:], layer.kernel, layer.stride, strict=True))
    return layer.filters * rows * cols


def _sparsity(layer: Layer, network: Network) -> float:
    """Rounded, because SATA_Sim computes with 1 - 0.91, which is not the float 0.09."""
    from statistics import fmean

    return round(1 - fmean(network.spikes.rates.get(layer.name, (1.0,))), 12)


def _counted(layer: Layer, ops: Operations, network: Network, arch: Arch) -> LayerCounts:
    T, shape = network.timesteps, shape_of(arch.array)
    sizes = arch.buffers.spike_in.size_bytes, arch.buffers.spike_out.size_bytes
    counts = scalesim_counts(_window(layer), layer.filters, shape, *sizes)
    charged, port_bits = _charged_bits(arch), arch.buffers.spike_in.port_bits
    unpadded_macs = prod(_window(layer).out) * layer.weights
    utilised = partial(pe_utilisation, unpadded_macs, shape)
    steps = _timesteps(counts, ops.macs_effective, T, utilised, psum_times_t=arch.satasim.psum_times_t)
    streaming, filling = (sum(getattr(t, f"{part}_cycles") for t in steps) for part in ("array", "fill_drain"))
    return LayerCounts(
        name=layer.name,
        cycles=Cycles(streaming + filling, streaming, filling, 0, 0, 0, 0, 0),
        ops=ops,
        dram_bytes=_dram_bytes(counts, arch),
        sram_accesses=SramAccesses(
            weight=Accesses(counts.sram_weight_reads, 0),
            spike_in=Accesses(counts.sram_input_reads, 0),
            spike_out=Accesses(0, sum(step.output_writes for step in steps)),
            membrane=Accesses(0, 0),
            psum=Accesses(0, 0),
        ),
        registers=Accesses(0, 0),
        bits=charged,
        pe_utilisation=pe_utilisation(unpadded_macs * T, shape, streaming + filling),
        tiling="as SATA_Sim: os per timestep, ws weights once",
        timesteps=steps,
        input_words=port_accesses(counts.sram_input_reads, charged.spike_in, port_bits),
        timed_macs=unpadded_macs * T,
    )


def _timesteps(
    counts: ScaleSimCounts, macs: int, timesteps: int, utilised: Callable[[int], float], *, psum_times_t: bool
) -> tuple[TimestepCounts, ...]:
    """One layer's steps; `utilised` is the share of the PEs by the cycles of a step. Indices of last cycles can be less
    than the cycles that stream, on arrays of a few PEs."""
    streaming = min(counts.streaming_cycles, counts.last_write_cycle)
    weight_streaming = min(counts.weight_streaming_cycles, counts.weight_cycles)
    return tuple(
        TimestepCounts(
            timestep=t,
            array_cycles=streaming + (weight_streaming if t == 0 else 0),
            fill_drain_cycles=counts.last_write_cycle
            - streaming
            + (counts.weight_cycles - weight_streaming if t == 0 else 0),
            pe_utilisation=utilised(counts.last_write_cycle + (counts.weight_cycles if t == 0 else 0)),
            macs_effective=macs * (t + 1) // timesteps - macs * t // timesteps,
            input_reads=counts.sram_input_reads if t == 0 else 0,
            weight_reads=counts.sram_weight_reads if t == 0 else 0,
            output_writes=counts.sram_output_writes if t == 0 or psum_times_t else 0,
        )
        for t in range(timesteps)
    )


def _dram_bytes(counts: ScaleSimCounts, arch: Arch) -> DramBytes:
    weights, spikes_in, spikes_out = (
        -(-elements * bits // 8)
        for elements, bits in (
            (counts.dram_weight_reads, arch.satasim.weight_bits),
            (counts.dram_input_reads, arch.satasim.act_bits),
            (counts.dram_output_writes, arch.satasim.output_bits),
        )
    )
    return DramBytes(weights, spikes_in, spikes_out)


def _charged_bits(arch: Arch) -> ElementBits:
    """Bits that make an element pay precision/8 of an access of its port."""
    charged = {name: bits * getattr(arch.buffers, name).port_bits // 8 for name, bits in _precision(arch).items()}
    return ElementBits(**charged, membrane=arch.precision.membrane_bits, psum=arch.precision.psum_bits)
