"""What a schedule decided for each layer, as the counting needs it."""

from __future__ import annotations

from dataclasses import dataclass

from lifsim.config.network import Layer, Network
from lifsim.config.sharing import Sharing, states_of
from lifsim.hardware.lif_unit import membrane_accesses
from lifsim.schedule.plan import GroupPlan
from lifsim.schedule.traffic import LayerTraffic
from lifsim.simulate.books import Accesses, DramBytes

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


@dataclass(frozen=True)
class Scheduled:
    """Groups of a plan as scheduled layers, of one network, sharing and batch. successors: LIFs that continue from the
    state which another one left in the same timestep."""

    network: Network
    sharing: Sharing
    batch: int
    successors: frozenset[str]

    @classmethod
    def of(cls, network: Network, sharing: Sharing, batch: int) -> Scheduled:
        """Raises InputError as `states_of` does."""
        later = (lif for state in states_of(network, sharing) for lif in state.lifs[1:])
        return cls(network, sharing, batch, frozenset(later))

    def layers(self, group: GroupPlan) -> tuple[ScheduledLayer, ...]:
        """The layers of `group`."""
        members = self.network.layers[group.first : group.last + 1]
        return tuple(self._layer(*pair, group) for pair in zip(members, group.layers, strict=True))

    def _layer(self, layer: Layer, traffic: LayerTraffic, group: GroupPlan) -> ScheduledLayer:
        starts_from_zero = layer.lif is None or layer.lif.name not in self.successors
        per_image = membrane_accesses(layer.lif_elements, layer.timesteps, self.sharing.channels, starts_from_zero)
        accesses = Accesses(*(count * self.batch * layer.state_variables for count in per_image))
        return ScheduledLayer(
            tick_batched=group.tick_batched,
            dram_bytes=_dram_bytes(traffic),
            membrane_registers=accesses if group.tick_batched else NO_ACCESSES,
            membrane_buffer=NO_ACCESSES if group.tick_batched else accesses,
            description=_tiling(traffic) if group.tick_batched else self._steps(layer, traffic, group),
        )

    def _steps(self, layer: Layer, traffic: LayerTraffic, group: GroupPlan) -> str:
        first, last = (self.network.layers[index].name for index in (group.first, group.last))
        strip = next((strip for strip in group.strips if strip.first <= layer.index <= strip.last), None)
        parts = [f"{first} to {last} timestep by timestep", f"{group.images} images at a time"]
        parts += [f"strips of {strip.rows} rows"] if strip else []
        tiling = traffic.tiling
        parts.append(f"{tiling.filter_tiles} x {tiling.filters} filters")
        parts += [f"{tiling.resident_weight_bytes} weight bytes stay"] if tiling.resident_weight_bytes else []
        return ", ".join(parts)


def _dram_bytes(traffic: LayerTraffic) -> DramBytes:
    moved = traffic.dram
    return DramBytes(
        weights=moved.weights,
        spikes_in=moved.spikes_in,
        spikes_out=moved.spikes_out,
        residual=moved.residual,
        membrane_read=moved.membrane_read,
        membrane_write=moved.membrane_write,
        psum=moved.psum,
        total=moved.total,
    )


def _tiling(traffic: LayerTraffic) -> str:
    tiling = traffic.tiling
    order = tiling.order.replace("_", " ")
    return f"{tiling.row_tiles} x {tiling.rows} rows, {tiling.filter_tiles} x {tiling.filters} filters, {order}"
