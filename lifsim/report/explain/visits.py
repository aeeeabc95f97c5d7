"""How often a layer's weights are needed."""

from __future__ import annotations

from lifsim.config.arch import Arch
from lifsim.config.network import Layer, Network
from lifsim.config.sharing import Sharing
from lifsim.schedule.facts import facts_of
from lifsim.schedule.plan import GroupPlan
from lifsim.schedule.strips import strip_runs


def weight_visits(network: Network, layer: Layer, arch: Arch, sharing: Sharing, group: GroupPlan, batch: int) -> int:
    """Tick-batched: images x row tiles; timestep-major: chunks x timesteps x strips in which the layer has work."""
    if group.tick_batched:
        return batch * group.layers[0].tiling.row_tiles
    visits = -(-batch // group.images) * layer.runs
    strip = next((strip for strip in group.strips if strip.first <= layer.index <= strip.last), None)
    if strip is None:
        return visits
    runs = strip_runs(facts_of(network, sharing, arch), group.first, group.last)
    run = next(run for run in runs if (run.first, run.last) == (strip.first, strip.last))
    return visits * len(run.starts(layer.index, strip.rows))
