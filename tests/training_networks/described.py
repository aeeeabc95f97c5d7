"""A run as the independent count is told it: network and machine in plain numbers, and what its plan decided."""

from __future__ import annotations

from collections import Counter

import numpy as np
from numpy.typing import NDArray

from lifsim.graph.states import states_of
from lifsim.graph.tensors import behind_mean
from lifsim.keeping import KEEPINGS
from lifsim.keeping.undoing import undoable_calls
from lifsim.model.network import Add, Network
from lifsim.model.network import Layer as HardwareLayer
from lifsim.model.network import Tensor as NetworkTensor
from lifsim.model.product import Product
from lifsim.schedule.plan import GroupPlan, Plan
from lifsim.simulate.result import Result
from lifsim.trace.synthesise import synthesise
from lifsim.training.sizes import TrainingSizes
from lifsim.training.traffic import LayerTraining, training_traffic
from tests.oracles.timestep_twice import Twice
from tests.oracles.trained.back import Key, Moved
from tests.oracles.trained.count import Told
from tests.oracles.trained.nest import Came
from tests.oracles.trained.plain import Layer, Lif, Machine, Run, Tensor, Tiles, Training
from tests.oracles.trained.work import Facts
from tests.training_networks.draw import Drawn


def described(drawn: Drawn, result: Result) -> tuple[Training, Told]:
    net, plan, batch = result.network, result.plan, drawn.options.batch
    assert plan is not None
    assert batch is not None
    leak = 4
    kept = Training(
        layers=tuple(_layer(net, drawn, layer) for layer in net.layers),
        machine=_machine(drawn),
        groups=tuple(_group(group) for group in plan.groups),
        batch=batch,
        timesteps=net.timesteps,
        kept=drawn.options.bptt,
        undone=undoable_calls(drawn.arch.precision.membrane_bits, leak),
        forgotten=2,
    )
    return kept, _told(drawn, plan, batch)


def facts_of(drawn: Drawn, result: Result) -> Facts:
    """Products that meet a one are walked on the run's own spikes; those of an image are all ones."""
    net, options = result.network, drawn.options
    ones = {}
    with synthesise(net, options.batch or 1, options.seed) as trace:
        for layer, spikes in zip(net.layers, trace.layers, strict=True):
            ones[layer.name] = 0
            for image in range(options.batch or 1):
                steps = [spikes.read(step, image, image + 1)[0].reshape(layer.in_shape) for step in range(layer.rounds)]
                given = np.ones_like(np.stack(steps)) if layer.sees_image else np.stack(steps)
                ones[layer.name] += meets_ones(layer, given)
    return Facts(ones, net.gradients.membrane_sparsity, net.gradients.firing_sparsity)


def meets_ones(layer: HardwareLayer, image: NDArray[np.uint8]) -> int:
    """[rounds, C, H, W]: every one times the outputs that it meets, times the filters of its group."""
    met = 1
    for axis in range(2):
        out = np.arange(layer.out_shape[1 + axis])[:, None] * layer.stride[axis] - layer.padding[axis]
        rows = out + np.arange(layer.kernel[axis])
        times = np.array([(rows == row).sum() for row in range(layer.in_shape[1 + axis])])
        met = np.multiply.outer(met, times)
    return int((image * met).sum()) * layer.group_filters


def _tensor(net: Network, drawn: Drawn, tensor: NetworkTensor) -> Tensor:
    given = tensor.name in net.input_tensors
    bits = tensor.bits(net.input_bits if given else drawn.arch.precision.psum_bits)
    return Tensor(tensor.name, tensor.shape, tensor.timesteps, bits, given)


def _layer(net: Network, drawn: Drawn, layer: HardwareLayer) -> Layer:
    readers = Counter(tensor.name for one in net.layers for tensor in (one.input, *one.residuals))
    node = net.node(layer.name)
    normed = isinstance(node, Product) and node.batch_norm and net.norm_statistics != "frozen"
    added = [set(one.inputs) for one in net.nodes if isinstance(one, Add) and layer.name in one.inputs]
    behind = {name for names in added for name in names}
    back = any(
        tensor.name in behind and tensor.timesteps == layer.rounds and tensor.name not in net.input_tensors
        for tensor in layer.residuals
    )
    lif = None
    if layer.lif is not None:
        state = next(one for one in states_of(net, drawn.sharing) if layer.lif.name in one.lifs)
        hidden = layer.lif.name not in {tensor.name for tensor in layer.outputs}
        lif = Lif(layer.lif.output.shape, state.name, state.channels, hidden)
    return Layer(
        name=layer.name,
        input=_tensor(net, drawn, layer.input),
        in_shape=layer.in_shape,
        flat=layer.flat,
        filters=layer.filters,
        kernel=layer.kernel,
        stride=layer.stride,
        padding=layer.padding,
        groups=layer.groups,
        out=layer.out_shape[1:],
        rounds=layer.rounds,
        last=layer.input.name in behind_mean(net.nodes),
        timesteps=layer.timesteps,
        lif=lif,
        outputs=tuple(_tensor(net, drawn, one) for one in layer.outputs),
        readers=tuple(max(1, readers[one.name]) for one in layer.outputs),
        residuals=tuple(_tensor(net, drawn, one) for one in layer.residuals),
        norm=net.norm_statistics if normed else None,
        hands_on=normed and layer.lif is None and all(one.name == layer.name for one in layer.outputs),
        dy_handed_back=back,
    )


def _machine(drawn: Drawn) -> Machine:
    arch = drawn.arch
    room = {name: getattr(arch.buffers, name).usable_bytes for name in ("weight", "spike_in", "spike_out", "psum")}
    return Machine(
        rows=arch.array.rows,
        columns=arch.array.cols,
        dataflow=arch.array.dataflow,
        weight_bits=arch.precision.weight_bits,
        psum_bits=arch.precision.psum_bits,
        gradient_bits=arch.precision.of_gradients,
        membrane_bits=arch.precision.membrane_bits,
        membrane=arch.buffers.membrane.usable_bytes,
        optimizer=arch.optimizer.name,
        state_bits=arch.optimizer.state_bits,
        masters=arch.optimizer.master_weights,
        **room,
    )


def _group(group: GroupPlan) -> Run:
    return Run(tuple(group.indices), group.tick_batched, group.images, tuple(map(_tiles, group.layers)))


def _tiles(traffic: object) -> Tiles:
    tiling = traffic.tiling  # type: ignore[attr-defined]
    chains = tiling.cut.chains
    whole = chains.length if chains is not None and not chains.alternating else 0
    together = chains.groups if chains is not None else 1
    return Tiles(
        filters_outer=tiling.order == "weights_outer",
        rows=tiling.rows,
        filters=tiling.filters,
        starts=tiling.cut.starts,
        array_filters=tiling.cut.filters,
        whole_chains=whole,
        alternating=chains is not None and chains.alternating,
        together=together,
    )


def _told(drawn: Drawn, plan: Plan, batch: int) -> Told:
    keeping = KEEPINGS[drawn.options.bptt]
    found: list[LayerTraining] = list(training_traffic(TrainingSizes(plan.facts, plan.chip, batch, keeping), plan))
    net, names = drawn.network, [layer.name for layer in drawn.network.layers]
    told = Told({}, {}, {}, {}, {}, {}, {})
    for group in plan.groups:
        if not group.tick_batched:
            _walk(drawn, group, batch, told)
        visited_once = group.images >= batch and all(net.layers[index].rounds == 1 for index in group.indices)
        for index in group.indices:
            orders, name = found[index].orders, names[index]
            told.in_turn[name] = orders.when == "in turn"  # type: ignore[index]
            told.update[name] = _key(orders.update.tiles)  # type: ignore[index]
            if orders.backward is not None:
                told.backward[name] = _key(orders.backward.tiles)  # type: ignore[index]
            if orders.backward is not None and not (group.tick_batched or visited_once):
                told.moved[name] = Moved(orders.backward.weights, orders.backward.gradients, 0)  # type: ignore[index]
            if orders.again is not None and not group.tick_batched:
                again = orders.again
                told.on_the_way_back[name] = Moved(again.weights, again.spikes, again.stay)  # type: ignore[index]
    return told


def _key(tiles: object) -> Key:
    order, rows, filters, together = (getattr(tiles, one) for one in ("order", "rows", "filters", "together"))
    return order == "weights_outer", rows, filters, together


def _walk(drawn: Drawn, group: GroupPlan, batch: int, told: Told) -> None:
    """What a timestep-major group moves in inference, and what a second run of its products would."""
    walker = Twice(drawn.network, drawn.sharing, drawn.arch, group, batch)
    for index in group.indices:
        name = drawn.network.layers[index].name
        moved: Counter[str] = Counter()
        for _, _, step in walker.steps:
            moved.update(step[name])
        told.inference[name] = moved  # type: ignore[index]
        told.again[name] = Came(walker.again[name, "spikes"], walker.again[name, "weights"], 0)  # type: ignore[index]
