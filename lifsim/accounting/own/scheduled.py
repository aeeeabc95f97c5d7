"""What a schedule decided for each layer, as the counting needs it."""

from __future__ import annotations

from dataclasses import dataclass

from lifsim.accounting.books import Accesses
from lifsim.accounting.protocol import Setup
from lifsim.hardware.lif_unit import membrane_accesses
from lifsim.model.network import Layer, Network
from lifsim.schedule.facts import NetworkFacts
from lifsim.schedule.plan import GroupPlan
from lifsim.schedule.traffic import DramBytes, LayerTraffic
from lifsim.units import counted

NO_ACCESSES = Accesses(0, 0)


@dataclass(frozen=True)
class ScheduledLayer:
    """tick_batched: all timesteps of a tile back to back, membranes in the PEs' registers; else timestep by timestep,
    membranes in their buffer; with them go the other variables of their neurons' states. description: group and tiling,
    for people."""

    tick_batched: bool
    dram_bytes: DramBytes
    membrane_registers: Accesses
    membrane_buffer: Accesses
    description: str


def scheduled_layers(setup: Setup, facts: NetworkFacts, group: GroupPlan) -> tuple[ScheduledLayer, ...]:
    """The layers of `group`."""
    network, found = setup.network, []
    for layer, traffic in zip(network.layers[group.first : group.last + 1], group.layers, strict=True):
        starts_from_zero = facts.starts_from_zero[layer.index]
        per_image = membrane_accesses(
            layer.lif_elements, layer.timesteps, setup.channels[layer.index], starts_from_zero
        )
        accesses = Accesses(*(count * setup.batch * layer.state_variables for count in per_image))
        found.append(
            ScheduledLayer(
                tick_batched=group.tick_batched,
                dram_bytes=traffic.dram,
                membrane_registers=accesses if group.tick_batched else NO_ACCESSES,
                membrane_buffer=NO_ACCESSES if group.tick_batched else accesses,
                description=_tiling(traffic) if group.tick_batched else _steps(network, layer, traffic, group),
            )
        )
    return tuple(found)


def _steps(network: Network, layer: Layer, traffic: LayerTraffic, group: GroupPlan) -> str:
    first, last = (network.layers[index].name for index in (group.first, group.last))
    strip = next((strip for strip in group.strips if strip.first <= layer.index <= strip.last), None)
    parts = [f"{first} to {last} timestep by timestep", f"{counted(group.images, 'image')} at a time"]
    parts += [f"strips of {strip.rows} rows"] if strip else []
    tiling = traffic.tiling
    parts.append(f"{tiling.filter_tiles} x {tiling.filters} filters")
    parts += [f"{tiling.resident_weight_bytes} weight bytes stay"] if tiling.resident_weight_bytes else []
    return ", ".join(parts)


def _tiling(traffic: LayerTraffic) -> str:
    tiling = traffic.tiling
    order = tiling.order.replace("_", " ")
    return f"{tiling.row_tiles} x {tiling.rows} rows, {tiling.filter_tiles} x {tiling.filters} filters, {order}"
