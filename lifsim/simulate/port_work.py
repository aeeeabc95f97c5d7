"""What one layer asks of the ports of the buffers on the array's side, and how long it waits for them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lifsim.config.arch import Arch
from lifsim.config.buffers import Buffer, Buffers
from lifsim.config.network import Layer
from lifsim.hardware.array import Kept
from lifsim.hardware.lif_unit import LifBank, pass_outputs
from lifsim.hardware.sram_banks import Banks
from lifsim.hardware.sram_ports import Port, Ports, PortStalls
from lifsim.schedule.products import input_map_of
from lifsim.simulate.array_work import laid_on, lif_map, lif_waits, shape_of, sparsity_of
from lifsim.simulate.counts import ElementBits, LayerCounts


@dataclass(frozen=True)
class PortWork:
    """Of all images. input_words: that the array reads from spike_in."""

    stalls: PortStalls
    input_words: int


def port_work(
    layer: Layer,
    arch: Arch,
    counts: LayerCounts,
    bank: LifBank,
    channels: int,
    kept: Kept,
    *,
    tick_batched: bool,
) -> PortWork:
    """Of `layer` on spikes of which the sparsity has `kept` what it must know; `channels` groups of its LIFs share.

    Of `counts`, which know no waiting, it takes the elements' bits and the cycles of the LIF units.
    """
    laid, sparsity = laid_on(layer, arch, tick_batched=tick_batched), sparsity_of(arch)
    read = input_map_of(layer, counts.bits.spike_in)
    folds = sparsity.waits(kept, laid, read, ports_of(arch.buffers, counts.bits))
    passes = _lif_stalls(layer, arch, counts, bank, channels, kept, tick_batched=tick_batched)
    return PortWork(folds + passes, sparsity.input_words(kept, laid, read, _banks(arch.buffers.spike_in)))


def ports_of(buffers: Buffers, bits: ElementBits) -> Ports:
    """The array's side of the buffers that feed it."""
    return Ports(
        weight=_port(bits.weight, buffers.weight),
        spike_in=_banks(buffers.spike_in),
        psum=_port(bits.psum, buffers.psum),
    )


def _lif_stalls(
    layer: Layer,
    arch: Arch,
    counts: LayerCounts,
    bank: LifBank,
    channels: int,
    kept: Kept,
    *,
    tick_batched: bool,
) -> PortStalls:
    """A pass of the LIF units takes as long as its membranes and its spikes need to pass their buffers' ports.

    Tick-batched, membranes stay in the PEs. Between the calls of a chain of `channelN` the state stays in the unit, so
    that a pass reads and writes one membrane for N = `channels` outputs; reads and writes have ports of their own.
    """
    if layer.lif is None:
        return PortStalls()
    outputs = pass_outputs(*lif_map(layer), shape_of(arch))
    states = -(-outputs // channels)
    if tick_batched or arch.buffers.membrane.size_bytes == 0:
        states = np.zeros_like(states)
    membranes = _port(counts.bits.membrane, arch.buffers.membrane).slowed(bank.pass_cycles, states)
    spikes = _port(counts.bits.spike_out, arch.buffers.spike_out).slowed(membranes, outputs)

    def waited(passes: NDArray[np.int64]) -> int:
        if (passes == bank.pass_cycles).all():
            return counts.cycles.lif
        return lif_waits(layer, arch, passes, kept, tick_batched=tick_batched)

    for_membranes = waited(membranes)
    return PortStalls(membrane=for_membranes - counts.cycles.lif, spike_out=waited(spikes) - for_membranes)


def _port(element_bits: int, buffer: Buffer) -> Port:
    return Port(element_bits, buffer.banks * buffer.port_bits)


def _banks(buffer: Buffer) -> Banks:
    return Banks(buffer.banks, buffer.port_bits)
