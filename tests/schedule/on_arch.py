"""Schedules on whole architectures, of which they read their parts."""

from __future__ import annotations

from lifsim.graph.states import states_of
from lifsim.keeping import KEEPINGS
from lifsim.memo import Memo
from lifsim.model.arch import Arch
from lifsim.model.network import Layer, Network
from lifsim.model.sharing import Sharing
from lifsim.schedule import partition
from lifsim.schedule.chip import Chip
from lifsim.schedule.choices import choices_of
from lifsim.schedule.facts import NetworkFacts
from lifsim.schedule.partition import dram_bytes, no_matter
from lifsim.schedule.plan import Plan, ScheduleOptions
from lifsim.schedule.sizing import facts_of
from lifsim.schedule.tensors.moves import Visit
from lifsim.schedule.tensors.storage import Reals
from lifsim.schedule.tick import plan as tick
from lifsim.schedule.tick.steps import tick_visit
from lifsim.schedule.traffic import LayerTraffic
from lifsim.training.trained import TrainedWith


def plan_on(network: Network, sharing: Sharing, arch: Arch, options: ScheduleOptions) -> Plan:
    return partition.plan(network, states_of(network, sharing), Chip.of(arch), options, Memo())


def trained_plan_on(
    network: Network, sharing: Sharing, arch: Arch, options: ScheduleOptions, bptt: str = "stored"
) -> Plan:
    """Of its training."""
    states, memo, trains = states_of(network, sharing), Memo(), TrainedWith(KEEPINGS[bptt])
    choices = choices_of(network, states, Chip.of(arch), options.batch, options.chunk, memo, trains)
    return partition.plan_of(choices, partition.fewest(partition.allowed(choices, options), dram_bytes, no_matter))


def facts_on(network: Network, sharing: Sharing, arch: Arch) -> NetworkFacts:
    return facts_of(network, states_of(network, sharing), arch.precision, Chip.of(arch).psums)


def traffic_on(network: Network, layer: Layer, arch: Arch, batch: int, channels: int = 1) -> LayerTraffic:
    """Without sharing."""
    chip = Chip.of(arch)
    reals = Reals.of(network, arch.precision.psum_bits)
    moved = tick.traffic(layer, reals, chip.tiles, batch, chip.ways_of(layer, channels))
    assert isinstance(moved, LayerTraffic), moved
    return moved


def visit_on(network: Network, layer: Layer, arch: Arch, batch: int, traffic: LayerTraffic) -> Visit:
    return tick_visit(layer, Reals.of(network, arch.precision.psum_bits), Chip.of(arch).tiles, batch, traffic)
