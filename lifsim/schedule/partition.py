"""Which layers form a group: the smallest legal groups, one group, or the partition that moves the fewest bytes.

Layers whose LIFs share a state must be in one group. A group's cost is its own, so that dynamic programming over the
legal cuts finds the best partition: best(j) = min over legal i < j of best(i) + cost(layers i..j-1).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from itertools import pairwise

from lifsim.config.arch import Arch
from lifsim.config.network import Layer, Network
from lifsim.config.sharing import Sharing
from lifsim.errors import Fault, InputError
from lifsim.schedule import tick
from lifsim.schedule.facts import NetworkFacts, facts_of
from lifsim.schedule.plan import GroupPlan, Plan, ScheduleOptions
from lifsim.schedule.timestep import buffer_bytes, plan_group
from lifsim.schedule.traffic import LayerTraffic

Objective = Callable[[GroupPlan], float]
TickTraffic = Callable[[Network, Layer, Arch, int], LayerTraffic]


def dram_bytes(group: GroupPlan) -> float:
    """The objective that counts the DRAM bytes of a group."""
    return group.dram.total


def plan(
    network: Network,
    sharing: Sharing,
    arch: Arch,
    options: ScheduleOptions,
    objective: Objective = dram_bytes,
    tick_traffic: TickTraffic = tick.traffic,
) -> Plan:
    """The schedule of `network` under `sharing` on `arch` that `options` ask for.

    Within a group, tilings, chunk, strips and residency move the fewest DRAM bytes; among partitions, `auto` takes the
    one whose groups have the least sum of `objective`, of equals the one with fewer groups. `tick_traffic` finds what a
    layer alone moves: a caller who plans often may give one that remembers. Raises InputError where a
    sharing does not fit the network, or a timestep-major group would have no membrane buffer.
    """
    facts = facts_of(network, sharing, arch)
    cuts = legal_cuts(facts)
    batch = options.batch

    @cache
    def group(first: int, end: int) -> GroupPlan:
        if end - first == 1:
            moved = tick_traffic(network, network.layers[first], arch, batch)
            return GroupPlan(first, first, batch, (), None, (moved,))
        return plan_group(facts, first, end - 1, buffer_bytes(arch), batch, options.chunk)

    if options.schedule == "tick":
        ends = cuts
    elif options.schedule == "timestep":
        ends = [0, len(network.layers)]
    else:
        ends = _best_cuts(cuts, lambda first, end: objective(group(first, end)), mergeable=_can_merge(facts, arch))
    _require_membrane_buffer(facts, arch, ends)
    groups = tuple(group(first, end) for first, end in pairwise(ends))
    return Plan(groups, facts)


def legal_cuts(facts: NetworkFacts) -> list[int]:
    """Layers at which a group may begin, and the end: no state is used on both sides."""
    inside = {cut for state in facts.states for cut in range(state.layers[0] + 1, state.layers[-1] + 1)}
    return [cut for cut in range(len(facts.layers) + 1) if cut not in inside]


def _best_cuts(cuts: list[int], cost: Callable[[int, int], float], mergeable: bool) -> list[int]:
    best: list[tuple[float, int, list[int]]] = [(0, 0, [cuts[0]])]
    for position, end in enumerate(cuts[1:], 1):
        starts = range(position) if mergeable else range(position - 1, position)
        ways = []
        for start in starts:
            total, groups, before = best[start]
            ways.append((total + cost(cuts[start], end), groups + 1, [*before, end]))
        best.append(min(ways))
    return best[-1][2]


def _can_merge(facts: NetworkFacts, arch: Arch) -> bool:
    """Whether there is a buffer for the membranes of a timestep-major group."""
    return arch.buffers.membrane.usable_bytes > 0 or not facts.states


def _require_membrane_buffer(facts: NetworkFacts, arch: Arch, ends: list[int]) -> None:
    if _can_merge(facts, arch):
        return
    for first, end in pairwise(ends):
        layers = range(first, end)
        if len(layers) > 1 and any(state.layers[0] in layers for state in facts.states):
            names = f"{facts.layers[first].layer.name} to {facts.layers[end - 1].layer.name}"
            rule = "must be > 0 where layers run timestep by timestep"
            size = arch.buffers.membrane.size_bytes
            raise InputError(Fault(f"{size} {rule}, as {names} do", path="buffers.membrane.size_bytes"))
