"""Groups in bands of columns: what the literal interpreter is told of them, and their steps beside what it moves.

It walks them pixel by pixel (tests/oracles/bands.py); the legality oracle, which knows rows, finds what they have left.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any

from lifsim.graph.states import State, states_of
from lifsim.hardware.pipeline.kinds import Kind
from lifsim.model.network import Layer as HardwareLayer
from lifsim.model.network import Network, Pool
from lifsim.model.sharing import Sharing
from lifsim.schedule.chip import Chip
from lifsim.schedule.facts import LayerFacts, NetworkFacts
from lifsim.schedule.plan import GroupPlan
from lifsim.schedule.traffic import Tiling
from lifsim.schedule.waves.bands.bands import Banded
from lifsim.schedule.waves.steps import wave_visits
from tests.oracles import bands
from tests.oracles.legality import IllegalPlanError, Walker
from tests.oracles.loop_order_net import IllegalOrderError, Nest, Room
from tests.oracles.loop_order_net import Window as Reach

TOLD = {
    Kind.SPIKES_IN: "spikes_in",
    Kind.MEMBRANE_READ: "membrane_read",
    Kind.MEMBRANE_WRITE: "membrane_write",
}
"""What the steps of a visit move as the interpreter's visits do."""


@dataclass(frozen=True)
class Told:
    """A group of a plan. facts: the network, as it runs."""

    network: Network
    sharing: Sharing
    chip: Chip
    facts: NetworkFacts
    batch: int
    group: GroupPlan

    @property
    def loops(self) -> bands.Loops:
        """The order in which it runs."""
        return _loops(self)

    def walked(self) -> bands.Walker:
        """Raises IllegalOrderError."""
        room = self.chip.room
        return bands.walk(_net(self), self.loops, Room(room.weight, room.spike_in, room.spike_out, room.membrane))


def obey_bands(walker: Walker, told: Told) -> None:
    """A group in bands, before and behind which `walker` goes on. Raises IllegalPlanError."""
    try:
        walked = told.walked()
    except IllegalOrderError as error:
        raise IllegalPlanError(str(error)) from error
    for said in otherwise(told, walked):
        raise IllegalPlanError(said)
    for layer in (walker.net.layers[index] for index in told.group.indices):
        source = walker.net.node(layer.product).sources[0].node
        if walker.net.node(source).layer not in {one.name for one in walker.net.layers[told.group.first :]}:
            _require_stored(walker, source)
    names = {walker.net.layers[index].name for index in told.group.indices}
    for node in (node for node in walker.net.nodes if node.layer in names):
        for image, timestep in product(range(told.batch), range(walker.net.timesteps)):
            plane = walker.net.plane(node, image, timestep)
            walker.rows.made(plane)[:] = True
            leaves = node.name in told.facts.tensors and _leaves(told, node.name)
            walker.chip.stored(plane)[:] |= leaves


def _require_stored(walker: Walker, name: str) -> None:
    """What an earlier group puts out is in DRAM."""
    node = walker.net.node(name)
    for image, timestep in product(range(walker.net.images), range(walker.net.timesteps)):
        plane = walker.net.plane(node, image, timestep)
        if node.layer is not None and not walker.chip.stored(plane).all():
            raise IllegalPlanError(f"{plane} has not been stored")


def otherwise(told: Told, walked: bands.Walker) -> Iterator[str]:
    """What the plan counts otherwise, by layer and tensor, but for partial sums, which the interpreter does not know;
    and what the steps do otherwise: the order of visits, their outputs, bytes of inputs and membranes."""
    for traffic in told.group.layers:
        moved = {key: size for key, size in walked.moved[traffic.layer].items() if size}
        counted = {key: size for key, size in vars(traffic.dram).items() if size and not key.startswith("psum")}
        if counted != moved:
            yield f"{traffic.layer}: {counted}, walked {moved}"
    group, network = told.group, told.network
    visits = wave_visits(told.facts, told.chip, told.batch, group)
    ours, theirs = [network.layers[one.layer].name for one in visits], [one.layer.name for one in walked.visited]
    if ours != theirs:
        yield f"visits are of {ours}, not of {theirs}"
        return
    seen = dict.fromkeys(walked.by_visit, 0)
    for visit, asked in zip(visits, walked.visited, strict=True):
        layer = network.layers[visit.layer]
        outputs = (
            len(asked.images) * layer.filters * sum(len(rows) * len(columns) for rows, columns in asked.parts.values())
        )
        if visit.outputs.sum() != outputs:
            yield f"{asked} has {outputs} outputs, its steps {visit.outputs.sum()}"
        moved = walked.by_visit[layer.name][seen[layer.name]]
        seen[layer.name] += 1
        for kind, name in TOLD.items():
            if _told_apart(told, kind) and visit.moves.total(kind) != moved[name]:
                yield f"{asked} moves {moved[name]} bytes of {name}, its steps {visit.moves.total(kind)}"


def _told_apart(told: Told, kind: Kind) -> bool:
    """Whether a visit's part is its own: not where inputs come again with each row, nor where a part of the membranes
    stays between windows."""
    if kind == Kind.SPIKES_IN:
        return all(nest.rows is None for nest in told.loops.nests.values())
    state = told.facts.state_of(told.group.first)
    assert state is not None
    assert told.group.residency is not None
    return sum(told.group.residency.permanent.values()) in (0, told.group.images * state.bytes)


def _leaves(told: Told, name: str) -> bool:
    readers = told.facts.tensors[name].readers
    return not readers or any(index not in told.group.indices for index in readers)


def _net(told: Told) -> bands.Net:
    """The layers of a group."""
    layers = [told.network.layers[index] for index in told.group.indices]
    tensors = {t.name: t for layer in layers for t in (layer.input, *layer.residuals, *layer.outputs)}
    state = next(one for one in states_of(told.network, told.sharing) if layers[0].lif.name in one.lifs)
    return bands.Net(
        timesteps=told.network.timesteps,
        images=told.batch,
        planes={name: _plane(told, tensor) for name, tensor in tensors.items()},
        layers=tuple(_layer(told, layer) for layer in layers),
        rows=state.shape[1],
        columns=state.shape[2],
        pixel_bytes=pixel_bits(told.chip, state) // 8,
    )


def pixel_bits(chip: Chip, state: State) -> int:
    """Of the membranes of a pixel; the interpreter counts whole bytes."""
    return int(state.shape[0]) * chip.precision.membrane_bits


def _plane(told: Told, tensor: Any) -> bands.Plane:
    channels, rows, columns = tensor.shape
    bits = tensor.bits(told.network.input_bits if tensor.name == "input" else told.chip.precision.psum_bits)
    once = tensor.timesteps < told.network.timesteps
    return bands.Plane(rows, columns, channels * bits, once, _leaves(told, tensor.name))


def _layer(told: Told, layer: HardwareLayer) -> bands.Layer:
    put = told.network.node(layer.outputs[0].name)
    pool = (
        [Reach(put.kernel[a], put.stride[a], put.padding[a]) for a in (0, 1)]
        if isinstance(put, Pool)
        else [Reach(), Reach()]
    )
    return bands.Layer(
        name=layer.name,
        source=layer.input.name,
        window=tuple(Reach(layer.kernel[a], layer.stride[a], layer.padding[a]) for a in (0, 1)),
        filters=layer.filters,
        filter_bytes=-(-layer.reduction * told.chip.precision.weight_bits // 8),
        puts=put.name,
        pool=tuple(pool),
        adds=tuple(tensor.name for tensor in layer.residuals),
    )


def _loops(told: Told) -> bands.Loops:
    """The order in which it runs."""
    group, waves = told.group, told.group.waves
    assert isinstance(waves, Banded)
    nests = {}
    for index, traffic in zip(group.indices, group.layers, strict=True):
        tiling = traffic.tiling
        rows = 1 if _streams(told.facts.layers[index], tiling, group.residency.weight_region) else None
        nests[traffic.layer] = Nest("weights", rows, tiling.filters, stays=tiling.resident_weight_bytes,
                                    at_work=group.residency.weight_region)  # fmt: skip
    return bands.Loops(
        window=group.window.timesteps or told.network.timesteps,
        height=waves.height,
        width=waves.width,
        lags=waves.lags,
        column_lags=waves.sweep.lags,
        skew=waves.skew,
        images=group.images,
        kept_rows=waves.kept_rows,
        permanent=sum(group.residency.permanent.values()),
        stops=group.exits.steps if group.exits else (),
        nests=nests,
    )


def _streams(facts: LayerFacts, tiling: Tiling, region: int) -> bool:
    """Whether a part of a tile of weights comes with every row: what it has beyond its region does not stay."""
    filters = facts.layer.group_filters
    tiles = [min(tiling.filters, filters - begin) for begin in range(0, filters, tiling.filters)]
    beyond = sum(max(tile * facts.filter_bytes - region, 0) for tile in tiles)
    return beyond > tiling.resident_weight_bytes
