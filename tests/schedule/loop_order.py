"""Plans of lifsim as the literal interpreter of loop orders is told them."""

from __future__ import annotations

from dataclasses import replace

from lifsim.graph.states import states_of
from lifsim.model.arch import Arch
from lifsim.model.network import Layer as HardwareLayer
from lifsim.model.network import Network, Pool, Tensor
from lifsim.model.sharing import Sharing
from lifsim.schedule.plan import GroupPlan
from lifsim.schedule.tensors.products import gemm_of
from lifsim.schedule.tensors.storage import map_shape
from lifsim.schedule.traffic import Tiling
from tests.oracles.loop_order import Walker, walk
from tests.oracles.loop_order_net import Layer, Loops, Nest, Net, Plane, Room, State, Window


def is_plain(network: Network, group: GroupPlan, *, grouped: bool = False) -> bool:
    """Whether the interpreter knows all that a group has: layers without groups, each with a LIF of as many rows as its
    product has and one output, behind a pool at most. grouped: also with them, of whose inputs every byte must come
    once, for it reads no part of a row."""
    return all(_is_plain(network, network.layers[index], grouped) for index in group.indices)


def _is_plain(network: Network, layer: HardwareLayer, grouped: bool) -> bool:
    if layer.lif is None or (layer.groups > 1 and not grouped) or layer.operand is not None or len(layer.outputs) != 1:
        return False
    put = network.node(layer.outputs[0].name)
    behind = put is layer.lif or (isinstance(put, Pool) and put.inputs == (layer.lif.name,))
    alike = layer.lif.output.shape == layer.out_shape or layer.lif.output.shape == (layer.filters,)
    return behind and alike and layer.timesteps == network.timesteps


def walked(network: Network, sharing: Sharing, arch: Arch, group: GroupPlan, batch: int) -> Walker:
    """The walk of a group of a plan for `arch`, whose membranes have 8 bits."""
    net = net_of(network, sharing, arch, group, batch)
    return walk(net, loops_of(network, arch, group, batch), room_of(arch))


def room_of(arch: Arch) -> Room:
    """Half of buffers that are double-buffered."""
    buffers = arch.buffers
    sizes = (buffers.weight, buffers.spike_in, buffers.spike_out, buffers.membrane)
    return Room(*(buffer.usable_bytes for buffer in sizes))


def net_of(network: Network, sharing: Sharing, arch: Arch, group: GroupPlan, batch: int) -> Net:
    """The layers of a group, and what they read and put out."""
    assert arch.precision.membrane_bits == 8
    layers = [network.layers[index] for index in group.indices]
    tensors = {t.name: t for layer in layers for t in (layer.input, *layer.residuals, *layer.outputs)}
    states = [state for state in states_of(network, sharing) if any(one.lif.name in state.lifs for one in layers)]
    owner = {lif: state for state in states for lif in state.lifs}
    return Net(
        timesteps=network.timesteps,
        images=batch,
        planes={name: _plane(network, arch, group, tensor) for name, tensor in tensors.items()},
        layers=tuple(_layer(network, arch, layer, owner[layer.lif.name]) for layer in layers),
        states={state.name: State(state.name, state.shape[0], map_shape(state.shape)[2]) for state in states},
    )


def _plane(network: Network, arch: Arch, group: GroupPlan, tensor: Tensor) -> Plane:
    channels, rows, columns = map_shape(tensor.shape)
    bits = tensor.bits(network.input_bits if tensor.name == "input" else arch.precision.psum_bits)
    readers = [
        layer.index for layer in network.layers if tensor.name in {t.name for t in (*layer.reads, *layer.residuals)}
    ]
    leaves = not readers or any(index not in group.indices for index in readers)
    return Plane(tensor.name, rows, channels * columns * bits, tensor.timesteps < network.timesteps, leaves)


def _layer(network: Network, arch: Arch, layer: HardwareLayer, state: object) -> Layer:
    along = 1 if layer.in_shape[1] == 1 else 0
    window = Window(layer.kernel[along], layer.stride[along], layer.padding[along])
    rows = layer.out_shape[1 + along]
    if layer.flat or map_shape(layer.input.shape)[1] != layer.in_shape[1 + along]:
        window, rows = Window(map_shape(layer.input.shape)[1]), 1
    put = network.node(layer.outputs[0].name)
    pool = Window(put.kernel[along], put.stride[along], put.padding[along]) if isinstance(put, Pool) else Window()
    filter_bytes = -(-layer.reduction * arch.precision.weight_bits // 8)
    residuals = tuple(tensor.name for tensor in layer.residuals)
    return Layer(layer.name, layer.input.name, window, rows, layer.filters, filter_bytes, put.name, pool,
                 residuals, state.name, state.channels, layer.groups)  # fmt: skip


def loops_of(network: Network, arch: Arch, group: GroupPlan, batch: int, stops: tuple[int, ...] = ()) -> Loops:
    """The loop order that a group runs in. stops: after how many timesteps each image exits; none: after all."""
    return replace(_loops(network, arch, group), stops=stops)


def _loops(network: Network, arch: Arch, group: GroupPlan) -> Loops:
    names = [network.layers[index].name for index in group.indices]
    if group.waves is not None:
        return _in_waves(network, arch, group, names)
    residency = group.residency
    if group.tiled:
        permanent = {} if residency is None else residency.permanent
        window = group.window.timesteps or network.timesteps
        return Loops(window, images=group.images, nests={names[0]: _tiles(arch, group)}, permanent=permanent)
    region = residency.weight_region
    nests = {
        name: Nest("weights", None, traffic.tiling.filters, stays=traffic.tiling.resident_weight_bytes, at_work=region)
        for name, traffic in zip(names, group.layers, strict=True)
    }
    loops = Loops(1, images=group.images, nests=nests, permanent=residency.permanent, transient=residency.transient)
    if not group.strips:
        return loops
    (strip,) = group.strips
    (relay,) = group.walked.group.in_strips.values()
    assert (strip.first, strip.last) == (group.first, group.last)
    return Loops(1, strip.rows, relay.lags, 0, group.images, nests, residency.permanent)


def _in_waves(network: Network, arch: Arch, group: GroupPlan, names: list[str]) -> Loops:
    waves, residency = group.waves, group.residency
    window = group.window.timesteps or network.timesteps
    nests = {}
    for name, index, traffic in zip(names, group.indices, group.layers, strict=True):
        tiling = traffic.tiling
        fold, stays = _fold(arch, tiling), tiling.resident_weight_bytes
        rows = _row_by_row(network.layers[index], tiling)
        together = tiling.cut.chains.groups if tiling.cut.chains else 1
        nests[name] = Nest("weights", rows, tiling.filters, *fold, together, stays, residency.weight_region)
    once = {
        name
        for name, index, traffic in zip(names, group.indices, group.layers, strict=True)
        if network.layers[index].rounds < network.timesteps and not traffic.computed_again
    }
    loops = Loops(window, waves.height, (), 0, group.images, nests, residency.permanent, once=frozenset(once))
    return replace(loops, lags=waves.lags, skew=waves.skew) if waves.skewed else replace(loops, by_need=True)


def _row_by_row(layer: HardwareLayer, tiling: Tiling) -> int | None:
    """One row a tile, if the array works off so few at a time; else all of a visit."""
    row = layer.out_shape[1] if layer.out_shape[1] > 1 else layer.out_shape[2]
    pixels = max(tiling.cut.pixel_tiles(gemm_of(layer)))
    return 1 if pixels * row == layer.pixels else None


def _fold(arch: Arch, tiling: Tiling) -> tuple[int | None, bool]:
    """Filters that the array works on together, and whether such folds take turns."""
    chains, cols = tiling.cut.chains, arch.array.cols
    if chains is None:
        return None, False
    return (cols if chains.alternating else max(cols // chains.length, 1) * chains.length), chains.alternating


def _tiles(arch: Arch, group: GroupPlan) -> Nest:
    tiling = group.layers[0].tiling
    stays = tiling.lasting_weight_bytes or tiling.resident_weight_bytes
    return Nest(
        "weights" if tiling.order == "weights_outer" else "inputs",
        tiling.rows,
        tiling.filters,
        *_fold(arch, tiling),
        1,
        stays,
        arch.buffers.weight.usable_bytes - stays if stays else arch.buffers.weight.usable_bytes,
    )
