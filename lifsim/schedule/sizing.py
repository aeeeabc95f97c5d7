"""The facts of a network (`lifsim.schedule.facts`), from its shapes, its sharing and the architecture's precisions."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from lifsim.graph.reach import steps_behind
from lifsim.graph.states import State
from lifsim.graph.tensors import behind_mean, edges_of, when_there
from lifsim.hardware.array import Cut
from lifsim.model.arch import Precision
from lifsim.model.network import Layer, Network
from lifsim.schedule.facts import LayerFacts, NetworkFacts, StateFacts, TensorFacts
from lifsim.schedule.tensors.chains import Parted, chains_at_work, parted
from lifsim.schedule.tensors.products import gemm_of
from lifsim.schedule.tensors.psums import PsumStore, spilled_by, working_set_bytes
from lifsim.schedule.tensors.rows import tile_filters
from lifsim.schedule.tensors.storage import (
    Reals,
    bytes_of,
    filter_bytes,
    rows_of,
    state_rows,
    step_row_bytes,
    step_rows,
)


def facts_of(network: Network, shared: Sequence[State], precision: Precision, psums: PsumStore) -> NetworkFacts:
    """Sizes and readers of what is stored in these precisions, the membranes being those of `shared`."""
    reals = Reals.of(network, precision.psum_bits)
    averaged = behind_mean(network.nodes)
    index_of_lif = {layer.lif.name: layer.index for layer in network.layers if layer.lif}
    users = {state.name: [network.layers[index_of_lif[lif]] for lif in state.lifs] for state in shared}
    of_layer = partial(_layer_facts, reals=reals, weight_bits=precision.weight_bits, psums=psums, averaged=averaged)
    return NetworkFacts(
        timesteps=network.timesteps,
        reals=reals,
        psums=psums,
        layers=tuple(map(of_layer, network.layers)),
        steps=steps_behind(network),
        tensors=_tensors(network, reals, averaged),
        states=tuple(
            _state_facts(state, users[state.name], precision.membrane_bits, psums.shape.cols) for state in shared
        ),
    )


def _state_facts(state: State, users: Sequence[Layer], membrane_bits: int, cols: int) -> StateFacts:
    rows, row_bytes = state_rows(state, membrane_bits)
    smallest = {layer: min(cols, layer.group_filters) for layer in users}
    chains = [parted(layer, state.channels, smallest[layer], membrane_bits) for layer in users]
    return StateFacts(
        name=state.name,
        values=state.values,
        variables=state.variables,
        rows=rows,
        row_bytes=row_bytes,
        layers=tuple(sorted(layer.index for layer in users)),
        channels=state.channels,
        parted=Parted(max(one.window for one in chains), max(one.parts for one in chains)),
        granule=max(
            -(-row_bytes * chains_at_work(layer, state.channels, smallest[layer]) * state.channels // layer.filters)
            for layer in users
        ),
    )


def _layer_facts(
    layer: Layer, reals: Reals, weight_bits: int, psums: PsumStore, averaged: frozenset[str]
) -> LayerFacts:
    when = when_there(layer.rounds, layer.timesteps, averaged=layer.input.name in averaged)
    smallest = min(psums.shape.cols, layer.group_filters)
    rows = step_rows(layer, reals)
    replayed = layer.lif_elements if when == "first" else 0
    gemm, store, one_filter = gemm_of(layer), psums.of(layer), filter_bytes(layer, weight_bits)
    one_row = Cut(tuple(range(0, layer.pixels, rows.row_pixels)), smallest)
    return LayerFacts(
        layer=layer,
        when=when,
        rows=rows,
        weight_bytes=layer.filters * one_filter if layer.operand is None else 0,
        operand_bytes=layer.filters * one_filter if layer.operand is not None else 0,
        filter_bytes=one_filter,
        tile_filters=tile_filters(layer.group_filters, smallest),
        replay_bytes=bytes_of(replayed * psums.psum_bits),
        psum_spill_bytes=spilled_by(gemm, one_row, store, 1),
        psum_working_bytes=working_set_bytes(gemm.tile(rows.row_pixels, smallest), store, 1),
    )


def _tensors(network: Network, reals: Reals, averaged: frozenset[str]) -> dict[str, TensorFacts]:
    return {
        name: TensorFacts(
            name=name,
            order=order,
            rows=rows_of(edges.tensor.shape),
            row_bytes=step_row_bytes(edges.tensor, reals),
            when=when_there(edges.tensor.timesteps, network.timesteps, averaged=name in averaged),
            producer=edges.producer,
            inputs=edges.inputs,
            operands=edges.operands,
            residuals=edges.residuals,
        )
        for order, (name, edges) in enumerate(edges_of(network).items())
    }
