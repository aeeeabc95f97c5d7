"""Where the ports of the buffers hold the stages of training up."""

from __future__ import annotations

from lifsim.config.network import Layer
from lifsim.hardware.input_reads import EvenReads
from lifsim.hardware.pe_array import ArrayShape
from lifsim.hardware.sram_ports import dense_stalls
from lifsim.simulate.counter import Counter
from lifsim.simulate.counts import LayerCounts
from lifsim.simulate.ports import ports_of, waiting, with_port_stalls
from lifsim.simulate.training import Stages
from lifsim.simulate.training_work import Product, backward_product, update_product


def with_training_port_stalls(counter: Counter, layer: Layer, stages: Stages, *, tick_batched: bool) -> Stages:
    """`stages` of `layer`, which know no waiting, with their waits for SRAM ports.

    Forward and recomputation read the spikes as inference does; the operands of the other products are taken to lie
    in the order in which the array asks for them.
    """
    dataflow = counter.arch.array.dataflow
    needed = stages["backward"].ops.macs_dense > 0
    products = {
        "backward": backward_product(layer, dataflow, needed=needed),
        "weight_update": update_product(layer, dataflow),
    }
    return {
        stage: _even(counter, counts, products[stage], tick_batched=tick_batched)
        if stage in products
        else with_port_stalls(layer, counter, counts, tick_batched=tick_batched)
        for stage, counts in stages.items()
    }


def _even(counter: Counter, counts: LayerCounts, product: Product, *, tick_batched: bool) -> LayerCounts:
    arch, gemm = counter.arch, product.gemm
    if not product.runs:
        return counts
    waits = dense_stalls(
        product.dataflow,
        EvenReads(gemm, counts.bits.spike_in),
        gemm,
        ArrayShape(arch.array.rows, arch.array.cols),
        product.runs,
        tick_batched,
        ports_of(arch.buffers, counts.bits),
    )
    return waiting(counts, waits * counter.spikes.batch)
