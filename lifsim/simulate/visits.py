"""What runs when, as visits of the array to layers."""

from __future__ import annotations

from lifsim.config.arch import Arch
from lifsim.config.network import Network
from lifsim.errors import Fault, InputError
from lifsim.schedule.moves import Visit
from lifsim.schedule.plan import Plan
from lifsim.schedule.tick_steps import tick_visit


def visits(network: Network, arch: Arch, batch: int, plan: Plan) -> list[Visit]:
    """One visit a tick-batched layer, all its tiles. Raises InputError where layers run timestep by timestep, whose
    steps are not timed."""
    turns = [group for group in plan.groups if not group.tick_batched]
    if turns:
        first, last = network.layers[turns[0].first].name, network.layers[turns[0].last].name
        rule = f"{arch.dram.model} must be ideal where layers run timestep by timestep, as {first} to {last} do"
        raise InputError(Fault(rule, path="dram.model"))
    return [tick_visit(network, network.layers[g.first], arch, batch, g.layers[0]) for g in plan.groups]
