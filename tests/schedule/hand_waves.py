"""Plans in waves made by hand: every layer of a network in one group, the bytes that its loops move added up one by
one. Arrays sum up in the PEs, nothing of the weights stays."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import prod

from lifsim.graph.states import states_of
from lifsim.hardware.array import Cut
from lifsim.model.arch import Arch
from lifsim.model.network import Layer, Network, Tensor
from lifsim.model.sharing import Sharing
from lifsim.schedule.chip import Chip
from lifsim.schedule.facts import NetworkFacts
from lifsim.schedule.plan import GroupPlan, Plan, Residency
from lifsim.schedule.sizing import facts_of
from lifsim.schedule.timestep.strips import strip_relays
from lifsim.schedule.traffic import DramBytes, LayerTraffic, Tiling
from lifsim.schedule.waves.fused_rows import GroupRows
from lifsim.schedule.waves.waves import Skewed, Waves
from lifsim.schedule.window import Window


@dataclass
class Moved:
    """By layer and tensor, bytes."""

    bytes: dict[tuple[int, str], int] = field(default_factory=dict)

    def add(self, layer: int, name: str, size: int) -> None:
        self.bytes[layer, name] = self.bytes.get((layer, name), 0) + size

    def of(self, layer: int) -> DramBytes:
        return DramBytes(**{name: size for (index, name), size in self.bytes.items() if index == layer})


@dataclass(frozen=True)
class Asked:
    """height: rows of the last layer a wave; filters: of a tile of every layer; images: of a chunk."""

    kind: str
    height: int
    window: int
    filters: int = 1 << 20
    batch: int = 1
    images: int = 1


def waves_by_hand(network: Network, sharing: Sharing, arch: Arch, asked: Asked) -> Plan:
    """All layers in one group."""
    chip = Chip.of(arch)
    facts = facts_of(network, states_of(network, sharing), chip.precision, chip.psums)
    last = len(facts.layers) - 1
    if asked.kind == "skewed":
        facts = facts.computing_again({one.layer.index for one in facts.layers if one.may_compute_again})
        (relay,) = strip_relays(facts, 0, last)
        waves: Waves = Skewed(0, asked.height, relay.rows, relay.lags)
    else:
        waves = GroupRows(facts, 0, last).waves(asked.height)
    moved = _moved(facts, waves, asked)
    window = Window(asked.window if asked.window < facts.timesteps else None)
    layers = tuple(_traffic(facts, waves, moved, index, asked) for index in range(last + 1))
    group = GroupPlan(0, last, asked.images, (), Residency(chip.room.weight, 0, {}), layers, window, waves=waves)
    return Plan((group,), facts, chip)


def _traffic(facts: NetworkFacts, waves: Waves, moved: Moved, index: int, asked: Asked) -> LayerTraffic:
    own = facts.layers[index]
    layer, rows = own.layer, own.rows.axis.rows_out
    filters = min(asked.filters, layer.group_filters)
    begins = [waves.rows(index, wave, 0) for wave in range(waves.count(1))]
    starts = tuple(rows.start * own.rows.row_pixels for rows in begins if rows)
    return LayerTraffic(
        layer.name,
        moved.of(index),
        Tiling("weights_outer", rows, filters, len(starts), -(-layer.group_filters // filters), 0, 0,
               Cut(starts, filters)),
        computed_again=layer.rounds > layer.input.timesteps,
    )  # fmt: skip


def _moved(facts: NetworkFacts, waves: Waves, asked: Asked) -> Moved:
    moved = Moved()
    for first in range(0, asked.batch, asked.images):
        images = min(asked.images, asked.batch - first)
        for begin in range(0, facts.timesteps, asked.window):
            end = min(begin + asked.window, facts.timesteps)
            for one in facts.layers:
                _visits(facts, waves, moved, one.layer, (begin, end, images))
            for state in facts.states:
                if begin:
                    moved.add(state.layers[0], "membrane_read", images * state.bytes)
                if end < facts.timesteps:
                    moved.add(state.layers[-1], "membrane_write", images * state.bytes)
    return moved


def _visits(facts: NetworkFacts, waves: Waves, moved: Moved, layer: Layer, when: tuple[int, int, int]) -> None:
    """Of one layer in one window of a chunk: every visit fetches all weights and its window of what comes from outside;
    what others read leaves once."""
    begin, end, images = when
    axis = facts.layers[layer.index].rows.axis
    for wave in range(waves.count(end - begin)):
        rows = [waves.rows(layer.index, wave, timestep) for timestep in range(end - begin)]
        if any(rows):
            moved.add(layer.index, "weights", facts.layers[layer.index].weight_bytes)
        for timestep, mine in enumerate(rows[:1] if not waves.skewed else rows):
            together = 1 if waves.skewed else end - begin
            if not mine:
                continue
            needed = {
                row
                for out in mine
                for row in range(out * axis.stride - axis.padding, out * axis.stride - axis.padding + axis.kernel)
                if 0 <= row < axis.rows_in
            }
            if facts.tensors[layer.input.name].producer is None:
                size = _row(facts, layer.input, together)
                moved.add(layer.index, "spikes_in", images * len(needed) * size)
            del timestep
    together = [end - begin] if not waves.skewed else [1] * (end - begin)
    for tensor in layer.outputs:
        if not facts.tensors[tensor.name].readers:
            for some in together:
                moved.add(layer.index, "spikes_out", images * tensor.shape[-2] * _row(facts, tensor, some))


def _row(facts: NetworkFacts, tensor: Tensor, timesteps: int) -> int:
    """Bytes of a row, so many timesteps side by side."""
    channels, _, columns = tensor.shape
    steps = min(timesteps, tensor.timesteps)
    bits = 1 if tensor.levels == 1 else 8
    return -(-prod((channels, columns, steps, bits)) // 8)
