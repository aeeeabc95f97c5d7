"""Which layers form a group: the smallest legal groups, one group, or the partition that moves the fewest bytes.

Layers whose LIFs share a state must be in one group. A group's cost is its own, so that dynamic programming over the
legal cuts finds the best partition: best(j) = min over legal i < j of best(i) + cost(layers i..j-1).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from itertools import pairwise

from lifsim.errors import Fault, InputError, collecting
from lifsim.graph.states import State, channels_by_layer
from lifsim.memo import Memo
from lifsim.model.network import Network
from lifsim.schedule import tick
from lifsim.schedule.chip import Chip
from lifsim.schedule.facts import NetworkFacts, facts_of
from lifsim.schedule.plan import GroupPlan, Plan, ScheduleOptions
from lifsim.schedule.timestep import plan_group

Objective = Callable[[NetworkFacts, GroupPlan], float]


def dram_bytes(facts: NetworkFacts, group: GroupPlan) -> float:  # noqa: ARG001 (the signature is every objective's)
    """The objective that counts the DRAM bytes of a group."""
    return group.dram.total


def plan(
    network: Network,
    states: tuple[State, ...],
    chip: Chip,
    options: ScheduleOptions,
    memo: Memo,
    objective: Objective = dram_bytes,
) -> Plan:
    """The schedule of `network` with these `states` on `chip` that `options` ask for.

    Within a group, tilings, chunk, strips and residency move the fewest DRAM bytes; among partitions, `auto` takes the
    one whose groups have the least sum of `objective`, of equals the one that moves fewer bytes, of these the one with
    fewer groups. `memo` keeps what a layer alone moves. Raises InputError where a timestep-major group would have no
    membrane buffer, where a tick-batched layer has membranes without room, and where given groups part layers that
    share a state.
    """
    facts = facts_of(network, states, chip.precision, chip.psums)
    cuts = legal_cuts(facts)
    batch, tiles, channels = options.batch, chip.tiles, channels_by_layer(network, states)

    @cache
    def group(first: int, end: int) -> GroupPlan:
        if end - first == 1:
            layer = network.layers[first]
            membranes = chip.membranes_of(layer, channels[first])
            moved = memo.of(tick.traffic, layer, facts.reals, tiles, batch, membranes)
            return GroupPlan(first, first, batch, (), None, (moved,))
        return plan_group(facts, first, end - 1, chip.room, batch, options.chunk)

    mergeable = _can_merge(facts, chip.room.membrane)
    if options.groups is not None:
        ends = _given_cuts(facts, cuts, options.groups)
    elif options.schedule == "tick":
        ends = cuts
    elif options.schedule == "timestep":
        ends = [0, len(network.layers)]
    else:
        ends = _best_cuts(
            cuts,
            lambda first, end: (objective(facts, group(first, end)), group(first, end).dram.total),
            mergeable=mergeable,
        )
    _require_membrane_buffer(facts, chip.room.membrane, ends)
    groups, faults = list[GroupPlan](), list[Fault]()
    for first, end in pairwise(ends):
        with collecting(faults):
            groups.append(group(first, end))
    if faults:
        raise InputError(faults)
    return Plan(tuple(groups), facts, chip)


def legal_cuts(facts: NetworkFacts) -> list[int]:
    """Layers at which a group may begin, and the end: no state is used on both sides."""
    inside = {cut for state in facts.states for cut in range(state.layers[0] + 1, state.layers[-1] + 1)}
    return [cut for cut in range(len(facts.layers) + 1) if cut not in inside]


def _given_cuts(facts: NetworkFacts, cuts: list[int], firsts: tuple[int, ...]) -> list[int]:
    faults = []
    for first in sorted({*firsts}.difference(cuts)):
        state = next(state for state in facts.states if state.layers[0] < first <= state.layers[-1])
        users = " and ".join(facts.layers[layer].layer.name for layer in (state.layers[0], state.layers[-1]))
        name = facts.layers[first].layer.name
        faults.append(Fault(f"{name!r} must not begin a group: {users}, around it, share membranes", path="groups"))
    if faults:
        raise InputError(faults)
    return sorted({0, *firsts, len(facts.layers)})


def _best_cuts(cuts: list[int], cost: Callable[[int, int], tuple[float, int]], mergeable: bool) -> list[int]:
    """cost: (objective, DRAM bytes) of a group; it raises InputError where there is no such group. So does this, with
    all of them, where there is no partition without."""
    best: list[tuple[float, int, int, list[int]] | None] = [(0, 0, 0, [cuts[0]])]
    faults: list[Fault] = []
    for position, end in enumerate(cuts[1:], 1):
        starts = range(position) if mergeable else range(position - 1, position)
        ways = []
        for start in starts:
            so_far = best[start]
            if so_far is None:
                continue
            total, moved, groups, before = so_far
            try:
                least, more = cost(cuts[start], end)
            except InputError as error:
                faults += error.faults
                continue
            ways.append((total + least, moved + more, groups + 1, [*before, end]))
        best.append(min(ways, default=None))
    if best[-1] is None:
        raise InputError(faults)
    return best[-1][3]


def _can_merge(facts: NetworkFacts, membrane: int) -> bool:
    """Whether there is a buffer for the membranes of a timestep-major group."""
    return membrane > 0 or not facts.states


def _require_membrane_buffer(facts: NetworkFacts, membrane: int, ends: list[int]) -> None:
    if _can_merge(facts, membrane):
        return
    for first, end in pairwise(ends):
        layers = range(first, end)
        if len(layers) > 1 and any(state.layers[0] in layers for state in facts.states):
            names = f"{facts.layers[first].layer.name} to {facts.layers[end - 1].layer.name}"
            rule = "must be > 0 where layers run timestep by timestep"
            raise InputError(Fault(f"{membrane} {rule}, as {names} do", path="buffers.membrane.size_bytes"))
