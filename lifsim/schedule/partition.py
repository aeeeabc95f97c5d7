"""Which layers form a group: the smallest legal groups, one group, or the partition that moves the fewest bytes; and
how a group of one layer runs.

Layers whose LIFs share a state must be in one group, which runs timestep-major. A group's cost is its own, so that
dynamic programming over the legal cuts finds the best partition:

    best(j) = min over legal i < j of best(i) + cost(layers i..j-1)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from itertools import pairwise

from lifsim.errors import Fault, InputError
from lifsim.graph.states import State, channels_by_layer
from lifsim.memo import Memo
from lifsim.model.network import Network
from lifsim.schedule import tick
from lifsim.schedule.chip import Chip
from lifsim.schedule.facts import NetworkFacts, facts_of
from lifsim.schedule.plan import Begin, GroupPlan, Plan, Runs, ScheduleOptions
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

    Within a group, tilings, chunk, strips and residency move the fewest DRAM bytes; among partitions, and ways to run a
    layer alone, `auto` takes those with the least sum of `objective`, of equals those that move fewer bytes, of these
    those with fewer groups, a layer alone tick-batched. `memo` keeps what a layer alone moves. Raises InputError where
    a timestep-major group would have no membrane buffer, and where given groups part layers that share a state, or are
    to run as they cannot.
    """
    facts = facts_of(network, states, chip.precision, chip.psums)
    cuts = legal_cuts(facts)
    batch, tiles, channels = options.batch, chip.tiles, channels_by_layer(network, states)

    mergeable = _can_merge(facts, chip.room.membrane)
    given = {begin.first: begin.runs for begin in options.groups or ()}

    def run(first: int, end: int, runs: Runs) -> GroupPlan:
        if runs == "timestep-major":
            return plan_group(facts, first, end - 1, chip.room, batch, options.chunk)
        layer = network.layers[first]
        membranes = chip.membranes_of(layer, channels[first])
        moved = memo.of(tick.traffic, layer, facts.reals, tiles, batch, membranes)
        return GroupPlan(first, first, batch, (), None, (moved,), runs)

    def cost(group: GroupPlan) -> tuple[float, int]:
        return objective(facts, group), group.dram.total

    @cache
    def group(first: int, end: int) -> GroupPlan:
        ways = _ways(end - first, options.schedule, given.get(first), mergeable=mergeable)
        found = [run(first, end, runs) for runs in ways]
        return found[0] if len(found) == 1 else min(found, key=cost)

    if options.groups is not None:
        ends = _given_cuts(facts, cuts, options.groups)
    elif options.schedule == "tick":
        ends = cuts
    elif options.schedule == "timestep":
        ends = [0, len(network.layers)]
    else:
        ends = _best_cuts(cuts, lambda first, end: cost(group(first, end)), mergeable=mergeable)
    if not mergeable:
        _require_membrane_buffer(facts, ends, options.schedule, given)
    return Plan(tuple(group(first, end) for first, end in pairwise(ends)), facts, chip)


def _ways(layers: int, schedule: str, given: Runs | None, *, mergeable: bool) -> tuple[Runs, ...]:
    """How a group of so many layers may run. given: how it is to. mergeable: whether `auto` may run it
    timestep-major."""
    if layers > 1:
        return ("timestep-major",)
    if given is not None:
        return (given,)
    if schedule == "auto" and mergeable:
        return "tick-batched", "timestep-major"
    return ("timestep-major",) if schedule == "timestep" else ("tick-batched",)


def legal_cuts(facts: NetworkFacts) -> list[int]:
    """Layers at which a group may begin, and the end: no state is used on both sides."""
    inside = {cut for state in facts.states for cut in range(state.layers[0] + 1, state.layers[-1] + 1)}
    return [cut for cut in range(len(facts.layers) + 1) if cut not in inside]


def _given_cuts(facts: NetworkFacts, cuts: list[int], begins: tuple[Begin, ...]) -> list[int]:
    faults, firsts = [], {begin.first for begin in begins}
    for first in sorted(firsts.difference(cuts)):
        state = next(state for state in facts.states if state.layers[0] < first <= state.layers[-1])
        users = " and ".join(facts.layers[layer].layer.name for layer in (state.layers[0], state.layers[-1]))
        name = facts.layers[first].layer.name
        faults.append(Fault(f"{name!r} must not begin a group: {users}, around it, share membranes", path="groups"))
    ends = sorted({0, *firsts, len(facts.layers)})
    behind = dict(pairwise(ends))
    for begin in begins:
        if begin.runs == "tick-batched" and behind[begin.first] - begin.first > 1:
            names = _names(facts, begin.first, behind[begin.first])
            faults.append(Fault(f"{names} must run timestep by timestep: only a layer alone can tick", path="groups"))
    if faults:
        raise InputError(faults)
    return ends


def _best_cuts(cuts: list[int], cost: Callable[[int, int], tuple[float, int]], mergeable: bool) -> list[int]:
    """cost: (objective, DRAM bytes) of a group."""
    best: list[tuple[float, int, int, list[int]]] = [(0, 0, 0, [cuts[0]])]
    for position, end in enumerate(cuts[1:], 1):
        starts = range(position) if mergeable else range(position - 1, position)
        ways = []
        for start in starts:
            total, moved, groups, before = best[start]
            least, more = cost(cuts[start], end)
            ways.append((total + least, moved + more, groups + 1, [*before, end]))
        best.append(min(ways))
    return best[-1][3]


def _can_merge(facts: NetworkFacts, membrane: int) -> bool:
    """Whether there is a buffer for the membranes of a timestep-major group."""
    return membrane > 0 or not facts.states


def _require_membrane_buffer(
    facts: NetworkFacts, ends: list[int], schedule: str, given: Mapping[int, Runs | None]
) -> None:
    """Of a chip that has none: raise InputError where a group of these needs one."""
    for first, end in pairwise(ends):
        ways = _ways(end - first, schedule, given.get(first), mergeable=False)
        if ways == ("timestep-major",) and any(state.layers[0] in range(first, end) for state in facts.states):
            rule = "0 must be > 0 where layers run timestep by timestep, as"
            does = f"{_names(facts, first, end)} {'does' if end - first == 1 else 'do'}"
            raise InputError(Fault(f"{rule} {does}", path="buffers.membrane.size_bytes"))


def _names(facts: NetworkFacts, first: int, end: int) -> str:
    """Of the layers of a group."""
    names = [facts.layers[layer].layer.name for layer in (first, end - 1)]
    return names[0] if end - first == 1 else " to ".join(names)
