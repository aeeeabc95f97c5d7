"""The decisions of a schedule for each layer that counting needs."""

from __future__ import annotations

from lifsim.accounting.books import Accesses
from lifsim.accounting.protocol import Setup
from lifsim.hardware.lif_unit import membrane_accesses
from lifsim.lazy_dataclass import dataclass
from lifsim.model.network import Layer
from lifsim.schedule.facts import NetworkFacts
from lifsim.schedule.plan import GroupPlan
from lifsim.schedule.tensors.products import gemm_of
from lifsim.schedule.traffic import DramBytes, LayerTraffic
from lifsim.units import counted


@dataclass(frozen=True)
class ScheduledLayer:
    """tiled: all timesteps of a tile, or of a window, run back to back, with membranes in the PEs' registers (those
    that do not fit are in their buffer, through which all pass between two windows); else the layer runs
    timestep-major, with membranes in their buffer. The other state variables of the neurons stay with the membranes.
    description: group and tiling in words."""

    tiled: bool
    dram_bytes: DramBytes
    membrane_registers: Accesses
    membrane_buffer: Accesses
    description: str


def scheduled_layers(setup: Setup, facts: NetworkFacts, group: GroupPlan) -> tuple[ScheduledLayer, ...]:
    """The layers of `group`."""
    found, tiled = [], group.tiled or group.fused
    for layer, traffic in zip(setup.network.layers[group.first : group.last + 1], group.layers, strict=True):
        states = layer.lif_elements // setup.channels[layer.index]
        in_buffer = traffic.tiling.held.all if tiled else states
        between = len(group.window.spans(layer.timesteps)) - 1 if tiled else 0
        passed_on = between * (states - in_buffer) * setup.batch * layer.state_variables
        registers = _accesses(setup, facts, layer, states - in_buffer)
        in_their_buffer = _accesses(setup, facts, layer, in_buffer)
        found.append(
            ScheduledLayer(
                tiled=tiled,
                dram_bytes=traffic.dram,
                membrane_registers=Accesses(registers.reads - passed_on, registers.writes - passed_on),
                membrane_buffer=Accesses(in_their_buffer.reads + passed_on, in_their_buffer.writes + passed_on),
                description=_described(facts, layer, traffic, group),
            )
        )
    return tuple(found)


def _described(facts: NetworkFacts, layer: Layer, traffic: LayerTraffic, group: GroupPlan) -> str:
    if group.waves is not None:
        return _waves(facts, layer, traffic, group)
    return _tiling(layer, traffic, group) if group.tiled else _steps(facts, layer, traffic, group)


def _accesses(setup: Setup, facts: NetworkFacts, layer: Layer, states: int) -> Accesses:
    """Accesses for this many states of an image, over the batch and all timesteps."""
    per_image = membrane_accesses(states, layer.timesteps, 1, starts_from_zero=facts.starts_from_zero[layer.index])
    return Accesses(*(count * setup.batch * layer.state_variables for count in per_image))


def _steps(facts: NetworkFacts, layer: Layer, traffic: LayerTraffic, group: GroupPlan) -> str:
    first, last = (facts.layers[index].layer.name for index in (group.first, group.last))
    names = first if first == last else f"{first} to {last}"
    strip = next((strip for strip in group.strips if strip.first <= layer.index <= strip.last), None)
    parts = [f"{names} timestep by timestep", f"{counted(group.images, 'image')} at a time"]
    parts += [f"not tick-batched: {group.why}"] if group.why else []
    parts += [f"strips of {counted(strip.rows, 'row')}"] if strip else []
    tiling = traffic.tiling
    parts.append(f"{tiling.filter_tiles} x {counted(tiling.filters, 'filter')}")
    parts += [f"{tiling.resident_weight_bytes} weight bytes stay"] if tiling.resident_weight_bytes else []
    if len(tiling.cut.starts) > tiling.row_tiles or tiling.cut.filters < tiling.filters:
        pixels = max(tiling.cut.pixel_tiles(gemm_of(layer)))
        rows = pixels // facts.layers[layer.index].rows.row_pixels
        parts.append(f"psums of {counted(rows, 'row')} x {counted(tiling.cut.filters, 'filter')} at a time")
    if layer.rounds < layer.timesteps and layer.lif is not None:
        parts.append("computed again at every timestep" if traffic.computed_again else "computed once and replayed")
    return ", ".join(parts)


def _waves(facts: NetworkFacts, layer: Layer, traffic: LayerTraffic, group: GroupPlan) -> str:
    waves, spans = group.in_waves, group.window.spans(layer.timesteps)
    names = [facts.layers[index].layer.name for index in (group.first, group.last)]
    bands, count = waves.many(spans[0][1] - spans[0][0])
    parts = [f"{' to '.join(names)} {'skewed' if waves.skewed else 'fused'}"]
    if waves.width is not None:
        parts.append(f"{counted(bands, 'band')} of {counted(waves.width, 'column')}")
    parts += [f"{counted(count, 'wave')} of {counted(waves.height, 'row')}"]
    if len(spans) > 1:
        parts.append(f"{counted(len(spans), 'window')} of {counted(group.window.timesteps or 0, 'timestep')}")
    parts.append(f"{counted(group.images, 'image')} at a time")
    tiling, chains = traffic.tiling, traffic.tiling.cut.chains
    parts.append(f"{tiling.filter_tiles} x {counted(tiling.filters, 'filter')}")
    if chains is not None:
        parts.append("folds alternate" if chains.alternating else "whole chains")
    parts += [f"{tiling.held.most} membranes at a time in their buffer"] if tiling.held.most else []
    parts += [f"{tiling.resident_weight_bytes} weight bytes stay"] if tiling.resident_weight_bytes else []
    if traffic.computed_again or (layer.rounds < layer.timesteps and layer.lif is not None):
        once = "computed once and replayed" if waves.skewed else "computed once in every wave"
        parts.append("computed again at every timestep" if traffic.computed_again else once)
    return ", ".join(parts)


def _tiling(layer: Layer, traffic: LayerTraffic, group: GroupPlan) -> str:
    tiling = traffic.tiling
    order, chains = tiling.order.replace("_", " "), tiling.cut.chains
    parts = [
        f"{tiling.row_tiles} x {counted(tiling.rows, 'row')}",
        f"{tiling.filter_tiles} x {counted(tiling.filters, 'filter')}",
        order,
    ]
    if chains is not None:
        groups = f" of {chains.groups} groups" if chains.groups > 1 else ""
        parts.append(f"folds{groups} alternate" if chains.alternating else "whole chains")
    if tiling.held.most:
        parts.append(f"{tiling.held.most} membranes at a time in their buffer")
    if not group.tick_batched:
        of = "image" if group.images == 1 else f"{group.images} images"
        windows, steps = len(group.window.spans(layer.timesteps)), group.window.timesteps or layer.timesteps
        parts += [f"{counted(windows, 'window')} of {counted(steps, 'timestep')}, {of} at a time"]
        parts += [f"{tiling.lasting_weight_bytes} weight bytes stay"] if tiling.lasting_weight_bytes else []
        parts += ["computed again in every window"] if layer.rounds < layer.timesteps else []
    return ", ".join(parts)
