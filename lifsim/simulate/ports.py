"""Where the ports of the buffers hold the array up, layer by layer."""

from __future__ import annotations

from dataclasses import replace

from lifsim.config.arch import Arch, Buffer
from lifsim.config.network import Layer
from lifsim.hardware.input_reads import InputMap
from lifsim.hardware.pe_array import ArrayShape, slowest_rows
from lifsim.hardware.sram_banks import Banks
from lifsim.hardware.sram_ports import Port, Ports, PortStalls, dense_stalls, skip_stalls
from lifsim.simulate.array_work import gemm_of
from lifsim.simulate.counts import LayerCounts
from lifsim.simulate.spike_work import Ones


def with_port_stalls(layer: Layer, arch: Arch, counts: LayerCounts, ones: Ones, *, tick_batched: bool) -> LayerCounts:
    """`counts`, which know no waiting, of `layer` on spikes that give `ones`, with its waits for SRAM ports."""
    waits = _stalls(layer, arch, counts, ones, tick_batched=tick_batched)
    cycles = counts.cycles
    return replace(
        counts,
        cycles=replace(
            cycles,
            total=cycles.total + waits.total,
            stall_weights=waits.weights,
            stall_spikes=waits.spikes,
            stall_writeback=waits.psums,
        ),
        port_stall_cycles=waits.total,
    )


def _stalls(layer: Layer, arch: Arch, counts: LayerCounts, ones: Ones, *, tick_batched: bool) -> PortStalls:
    gemm, shape, dataflow = gemm_of(layer), ArrayShape(arch.array.rows, arch.array.cols), arch.array.dataflow
    read = _input_map(layer, counts.bits.spike_in)
    ports = Ports(
        weight=_port(counts.bits.weight, arch.buffers.weight),
        spike_in=Banks(arch.buffers.spike_in.banks, arch.buffers.spike_in.port_bits),
        psum=_port(counts.bits.psum, arch.buffers.psum),
    )
    if arch.array.sparsity != "skip":
        return dense_stalls(dataflow, read, gemm, shape, layer.runs, tick_batched, ports) * len(ones)
    waits = PortStalls()
    for image in ones:
        slowest = slowest_rows(image, gemm, shape, dataflow)
        waits += skip_stalls(slowest, dataflow, read, gemm, shape, tick_batched, ports)
    return waits


def _input_map(layer: Layer, element_bits: int) -> InputMap:
    channels, height, width = layer.in_shape
    return InputMap(
        channels=channels // layer.groups,
        groups=layer.groups,
        height=height,
        width=width,
        out_height=layer.out_shape[1],
        out_width=layer.out_shape[2],
        kernel=layer.kernel,
        stride=layer.stride,
        padding=layer.padding,
        element_bits=element_bits,
    )


def _port(element_bits: int, buffer: Buffer) -> Port:
    return Port(element_bits, buffer.banks * buffer.port_bits)
