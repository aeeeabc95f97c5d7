"""A network under a sharing as the legality oracle is told it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lifsim.graph.states import State
from lifsim.graph.tensors import behind_mean, when_there
from lifsim.model.layers import Ownership
from lifsim.model.network import Input, Network, Pool, TimeMean
from lifsim.model.network import Layer as HardwareLayer
from lifsim.model.network import Node as NetworkNode
from lifsim.model.product import Product
from lifsim.schedule.facts import LayerFacts
from lifsim.schedule.plan import GroupPlan, Plan
from lifsim.schedule.tensors.products import dataflow_for, gemm_of
from lifsim.schedule.tensors.storage import rows_of, step_row_bytes, tick_rows
from lifsim.schedule.window import layers_of
from tests.oracles.legality_events import Layer, Net, Node, Source


def described(network: Network, states: Sequence[State], plan: Plan, batch: int, *, training: bool = False) -> Net:
    """The network that `plan` is of, and the buffers that its chip has for what a schedule keeps. training: batch norms
    take their statistics of the batch."""
    states_of = {name: state for state in states for name in state.lifs}
    layers = []
    for facts in plan.facts.layers:
        layer = facts.layer
        state = states_of[layer.lif.name] if layer.lif else None
        packed = tick_rows(layer, plan.facts.reals)
        layers.append(
            Layer(
                name=layer.name,
                product=f"{layer.name}/product",
                filters=layer.filters,
                filter_bytes=facts.filter_bytes if layer.operand is None else 0,
                groups=layer.groups,
                packed_rows=packed.axis.rows_in,
                packed_row_bytes=packed.row_bytes,
                state=state.name if state else None,
                calls=state.channels if state else 1,
                row_pixels=facts.rows.row_pixels,
                parts=_parts(plan, facts),
                current_bytes=_currents(plan, layer.index),
                norm=_norm(network, layer) if training else None,
                windows=_windows(plan, facts),
                hands_on=layer.lif is None and [tensor.name for tensor in layer.outputs] == [layer.name],
            )
        )
    buffers = {name: getattr(plan.chip.room, name) for name in ("weight", "spike_in", "spike_out", "membrane", "psum")}
    for group in plan.groups:
        if group.tiled or group.fused:
            for index in group.indices:
                buffers |= _of_tiles(plan, group, index, batch)
    return Net(network.timesteps, batch, tuple(_nodes(network, plan)), tuple(layers), buffers)


def _windows(plan: Plan, facts: LayerFacts) -> tuple[tuple[int, int, int], ...]:
    """Of a layer that runs in several."""
    group = plan.group_of(facts.layer.index)
    spans = group.window.spans(facts.layer.timesteps) if group.tiled and not group.tick_batched else []
    sizes = [tick_rows(one, plan.facts.reals).row_bytes for one in layers_of(facts.layer, group.window)]
    return tuple((*span, size) for span, size in zip(spans, sizes, strict=False))


def _waiting(plan: Plan, group: GroupPlan, index: int, batch: int) -> int:
    """Membranes of a layer, one for each output (or chain of them), that have room between two windows: all of a chunk,
    or those beside what a tile has at work."""
    layer, tiling = plan.facts.layers[index].layer, group.layers[index - group.first].tiling
    state = next(state for state in plan.facts.states if index in state.layers)
    images, outputs = min(batch, group.images), layer.pixels * layer.filters // state.channels
    if group.waves is not None:
        kept = group.residency.permanent.get(state.name, 0) if group.residency else 0
        return outputs * kept // state.bytes
    beside, room = plan.chip.held_bytes(layer, tiling), plan.chip.room.membrane
    return images * outputs if images * state.bytes <= room else outputs * (room - beside) // state.bytes


def _of_tiles(plan: Plan, group: GroupPlan, index: int, batch: int) -> dict[str, int]:
    """Room of a layer that is tick-batched, or runs in windows. Rows that have begun wait in spike_out, of the filters
    that pass before the next row tile: that is told as the room that rows of all filters would have. Membranes are
    counted one for each output (or chain of them), of which a pool before the LIFs makes fewer."""
    layer, tiling = plan.facts.layers[index].layer, group.layers[index - group.first].tiling
    together = layer.groups // tiling.group_sets(layer.groups)
    passing = together * (tiling.filters if tiling.order == "weights_outer" else layer.group_filters)
    found = {f"spike_out of {layer.name}": plan.chip.room.spike_out * layer.filters // passing}
    if layer.lif is None:
        return found
    chains, calls = tiling.cut.chains, next(s.channels for s in plan.facts.states if index in s.layers)
    laid = dataflow_for(layer, plan.chip.dataflow, chains)
    alternate = chains is not None and chains.alternating
    registers = -(-laid.membrane_registers(plan.chip.shape) // (1 if alternate else calls))
    beside = 8 * plan.chip.room.membrane // (plan.chip.precision.membrane_bits * layer.state_variables)
    outputs = layer.pixels * layer.filters
    return found | {
        f"registers of {layer.name}": registers * outputs // layer.lif_elements,
        f"membranes of {layer.name}": beside * outputs // layer.lif_elements,
        f"waiting of {layer.name}": _waiting(plan, group, index, batch),
    }


def _parts(plan: Plan, facts: LayerFacts) -> int:
    """In which the array computes a sum."""
    laid = plan.chip.psums.of(facts.layer)
    return 1 if laid.dataflow.sums_in_pes else laid.dataflow.folds(gemm_of(facts.layer), laid.shape).reductions


def _currents(plan: Plan, index: int) -> int:
    """Bytes that wait outside of the array to be replayed."""
    group = plan.group_of(index)
    if group.waves is not None:
        return 0 if group.fused else plan.facts.layers[index].replay_bytes
    return 0 if group.tiled else group.walked.group.layers[index - group.first].replay_bytes


def _norm(network: Network, layer: HardwareLayer) -> str | None:
    node = network.node(layer.name)
    has_one = isinstance(node, Product) and node.batch_norm and network.norm_statistics != "frozen"
    return network.norm_statistics if has_one else None


def _nodes(network: Network, plan: Plan) -> Iterator[Node]:
    owner = Ownership.of(network.nodes).owner
    layers = {layer.name: layer for layer in network.layers}
    averaged = behind_mean(network.nodes)
    for node in network.nodes:
        tensor, behind = node.output, owner[node.name]
        steps = when_there(tensor.timesteps, network.timesteps, averaged=node.name in averaged)
        rows, size = rows_of(tensor.shape), step_row_bytes(tensor, plan.facts.reals)
        sources: tuple[Source, ...]
        if isinstance(node, Product):
            layer = layers[node.name]
            product = f"{node.name}/product"
            yield Node(product, plan.facts.layers[layer.index].rows.axis.rows_out, 0, _operands(layer), steps,
                       layer=node.name)  # fmt: skip
            sources = (Source(product, whole=_along(layer) != _axis(tensor.shape)),)
        else:
            sources = tuple(_source(network, node, name) for name in node.inputs)
        yield Node(node.name, rows, size, () if isinstance(node, Input) else sources, steps,
                   isinstance(node, TimeMean), behind)  # fmt: skip


def _operands(layer: HardwareLayer) -> tuple[Source, ...]:
    along = _along(layer)
    whole = layer.flat or _axis(layer.input.shape) != along
    first = Source(layer.input.name, layer.kernel[along], layer.stride[along], layer.padding[along], whole)
    return (first,) if layer.operand is None else (first, Source(layer.operand.name, whole=True))


def _source(network: Network, node: NetworkNode, name: str) -> Source:
    shape = network.node(name).output.shape
    along = _axis(shape)
    whole = along != _axis(node.output.shape)
    if isinstance(node, Pool):
        return Source(name, node.kernel[along], node.stride[along], node.padding[along], whole)
    return Source(name, whole=whole)


def _along(layer: HardwareLayer) -> int:
    return 1 if layer.in_shape[1] == 1 else 0


def _axis(shape: tuple[int, ...]) -> int:
    """Along which of (height, width) a map is cut into rows."""
    return 1 if len(shape) == 3 and shape[1] == 1 else 0
