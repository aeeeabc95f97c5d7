"""Where the ports of the buffers hold the array up, layer by layer."""

from __future__ import annotations

from dataclasses import replace

from lifsim.config.network import Layer
from lifsim.hardware.sram_ports import PortStalls
from lifsim.simulate.counter import Counter
from lifsim.simulate.counts import LayerCounts


def with_port_stalls(layer: Layer, counter: Counter, counts: LayerCounts, *, tick_batched: bool) -> LayerCounts:
    """`counts`, which know no waiting, of `layer` with its waits for SRAM ports."""
    kept, channels = counter.spikes.kept[layer.index], counter.sharing.channels
    work = counter.reuse.port_work(layer, counter.arch, counts, counter.bank, channels, kept, tick_batched=tick_batched)
    return replace(waiting(counts, work.stalls), input_words=work.input_words)


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
