"""What the schedule decided for one layer, as the counting needs it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lifsim.config.arch import Arch
from lifsim.config.network import Layer, Network
from lifsim.config.sharing import Sharing
from lifsim.hardware.lif_unit import membrane_accesses
from lifsim.schedule import tick
from lifsim.schedule.moves import Visit
from lifsim.schedule.tick_steps import tick_visit
from lifsim.schedule.traffic import LayerTraffic
from lifsim.simulate.books import Accesses, DramBytes

NO_ACCESSES = Accesses(0, 0)


@dataclass(frozen=True)
class ScheduledLayer:
    """traffic: what it moves, and its tiling. tick_batched: all timesteps of a tile back to back, membranes in the PEs'
    registers. description: the tiling, for people."""

    traffic: LayerTraffic
    tick_batched: bool
    dram_bytes: DramBytes
    membrane_registers: Accesses
    membrane_buffer: Accesses
    description: str


def scheduled_layers(network: Network, sharing: Sharing, arch: Arch, batch: int) -> tuple[ScheduledLayer, ...]:
    """Every layer of `network`, tick-batched on its own."""
    return tuple(_tick_batched(layer, network, sharing, arch, batch) for layer in network.layers)


def visits(network: Network, arch: Arch, batch: int, schedule: Sequence[ScheduledLayer]) -> list[Visit]:
    """What runs when: one visit a layer, all its tiles."""
    return [
        tick_visit(network, layer, arch, batch, scheduled.traffic)
        for layer, scheduled in zip(network.layers, schedule, strict=True)
    ]


def _tick_batched(layer: Layer, network: Network, sharing: Sharing, arch: Arch, batch: int) -> ScheduledLayer:
    traffic = tick.traffic(network, layer, arch, batch)
    reads, writes = membrane_accesses(layer.lif_elements, layer.timesteps, sharing.channels)
    return ScheduledLayer(
        traffic=traffic,
        tick_batched=True,
        dram_bytes=_dram_bytes(traffic),
        membrane_registers=Accesses(reads * batch, writes * batch),
        membrane_buffer=NO_ACCESSES,
        description=_description(traffic),
    )


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


def _description(traffic: LayerTraffic) -> str:
    tiling = traffic.tiling
    order = tiling.order.replace("_", " ")
    return f"{tiling.row_tiles} x {tiling.rows} rows, {tiling.filter_tiles} x {tiling.filters} filters, {order}"
