"""Where the ports of the buffers hold the array up, layer by layer."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from lifsim.config.arch import Arch, Buffer, Buffers
from lifsim.config.network import Layer
from lifsim.hardware.input_reads import InputMap
from lifsim.hardware.lif_unit import pass_outputs
from lifsim.hardware.pe_array import ArrayShape, slowest_rows
from lifsim.hardware.sram_banks import Banks
from lifsim.hardware.sram_ports import Port, Ports, PortStalls, dense_stalls, input_words, skip_stalls
from lifsim.simulate.array_work import gemm_of, lif_map, lif_waits
from lifsim.simulate.counter import Counter
from lifsim.simulate.counts import ElementBits, LayerCounts
from lifsim.simulate.spike_work import Ones


def with_port_stalls(layer: Layer, counter: Counter, counts: LayerCounts, *, tick_batched: bool) -> LayerCounts:
    """`counts`, which know no waiting, of `layer` with its waits for SRAM ports."""
    folds = _fold_stalls(layer, counter.arch, counts, counter.spikes.ones[layer.index], tick_batched=tick_batched)
    waits = folds + _lif_stalls(layer, counter, counts, tick_batched=tick_batched)
    words = _input_words(layer, counter.arch, counts) * counter.spikes.batch
    return replace(waiting(counts, waits), input_words=words)


def waiting(counts: LayerCounts, waits: PortStalls) -> LayerCounts:
    """`counts`, which know no waiting, with `waits`."""
    cycles = counts.cycles
    return replace(
        counts,
        cycles=replace(
            cycles,
            total=cycles.total + waits.total,
            stall_weights=waits.weight,
            stall_spikes=waits.spike_in,
            stall_membrane=waits.membrane,
            stall_writeback=waits.psum + waits.spike_out,
        ),
        port_stalls=waits,
    )


def _input_words(layer: Layer, arch: Arch, counts: LayerCounts) -> int:
    """Of one image."""
    return input_words(
        arch.array.dataflow,
        skips=arch.array.sparsity == "skip",
        read=_input_map(layer, counts.bits.spike_in),
        gemm=gemm_of(layer),
        shape=ArrayShape(arch.array.rows, arch.array.cols),
        runs=layer.runs,
        banks=_banks(arch.buffers.spike_in),
    )


def ports_of(buffers: Buffers, bits: ElementBits) -> Ports:
    """The array's side of the buffers that feed it."""
    return Ports(
        weight=_port(bits.weight, buffers.weight),
        spike_in=_banks(buffers.spike_in),
        psum=_port(bits.psum, buffers.psum),
    )


def _fold_stalls(layer: Layer, arch: Arch, counts: LayerCounts, ones: Ones, *, tick_batched: bool) -> PortStalls:
    gemm, shape, dataflow = gemm_of(layer), ArrayShape(arch.array.rows, arch.array.cols), arch.array.dataflow
    read = _input_map(layer, counts.bits.spike_in)
    ports = ports_of(arch.buffers, counts.bits)
    if arch.array.sparsity != "skip":
        return dense_stalls(dataflow, read, gemm, shape, layer.runs, tick_batched, ports) * len(ones)
    waits = PortStalls()
    for image in ones:
        slowest = slowest_rows(image, gemm, shape, dataflow)
        waits += skip_stalls(slowest, dataflow, read, gemm, shape, tick_batched, ports)
    return waits


def _lif_stalls(layer: Layer, counter: Counter, counts: LayerCounts, *, tick_batched: bool) -> PortStalls:
    """A pass of the LIF units takes as long as its membranes and its spikes need to pass their buffers' ports.

    Tick-batched, membranes stay in the PEs. Between the calls of a chain of `channelN` the state stays in the unit, so
    that a pass reads and writes one membrane for N outputs; reads and writes have ports of their own.
    """
    if layer.lif is None:
        return PortStalls()
    arch, latency = counter.arch, counter.bank.pass_cycles
    outputs = pass_outputs(*lif_map(layer), ArrayShape(arch.array.rows, arch.array.cols))
    states = -(-outputs // counter.sharing.channels)
    if tick_batched or arch.buffers.membrane.size_bytes == 0:
        states = np.zeros_like(states)
    membranes = _port(counts.bits.membrane, arch.buffers.membrane).slowed(latency, states)
    spikes = _port(counts.bits.spike_out, arch.buffers.spike_out).slowed(membranes, outputs)

    def waited(passes: NDArray[np.int64]) -> int:
        if (passes == latency).all():
            return counts.cycles.lif
        return lif_waits(layer, arch, passes, counter.spikes.ones[layer.index], tick_batched=tick_batched)

    for_membranes = waited(membranes)
    return PortStalls(membrane=for_membranes - counts.cycles.lif, spike_out=waited(spikes) - for_membranes)


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


def _banks(buffer: Buffer) -> Banks:
    return Banks(buffer.banks, buffer.port_bits)
