"""Which layers form a group: the smallest legal groups, one group, or the partition that moves the fewest bytes; and
how a group of one layer runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from operator import attrgetter

from lifsim.errors import Fault, InputError
from lifsim.graph.states import State
from lifsim.memo import Memo
from lifsim.model.network import Network
from lifsim.schedule.cheapest import cheapest, on_cheapest
from lifsim.schedule.chip import Chip
from lifsim.schedule.choices import Choice, Choices, choices_of
from lifsim.schedule.facts import NetworkFacts
from lifsim.schedule.plan import Begin, Plan, Runs, ScheduleOptions


def plan(network: Network, states: tuple[State, ...], chip: Chip, options: ScheduleOptions, memo: Memo) -> Plan:
    """The schedule of `network` with these `states` on `chip` that `options` ask for; `auto` has the fewest DRAM bytes.
    `memo` keeps what groups move. Raises InputError as `allowed` does."""
    choices = memo.of(choices_of, network, states, chip, options.batch, options.chunk, memo, "inference")
    return plan_of(choices, fewest(allowed(choices, options), dram_bytes, no_matter))


dram_bytes: Callable[[Choice], int] = attrgetter("dram_bytes")


def no_matter(choice: Choice) -> int:  # noqa: ARG001 (it has the signature of what matters)
    """Of equals any is as good."""
    return 0


def fewest(
    groups: Sequence[Choice], moved: Callable[[Choice], int], ties: Callable[[Choice], float]
) -> tuple[Choice, ...]:
    """The sequence of `groups` with the least sum of what they `moved`, of equals that with the least sum of `ties`, of
    these the one with fewer groups, a layer alone tick-batched."""
    found = on_cheapest(groups, moved)
    if len(found) == len({choice.end for choice in found}):  # there is but one
        return tuple(found)
    return cheapest(found, lambda choice: (ties(choice), 1))


def plan_of(choices: Choices, groups: Sequence[Choice]) -> Plan:
    """These groups, one behind the other."""
    layers = [traffic for choice in groups for traffic in zip(choice.group.indices, choice.group.layers, strict=True)]
    again = {index for index, traffic in layers if traffic.computed_again}
    return Plan(tuple(choice.group for choice in groups), choices.facts.computing_again(again), choices.chip)


def allowed(choices: Choices, options: ScheduleOptions) -> list[Choice]:
    """Of all `choices`, those that `options` leave. Within a group, tilings, chunk, strips and residency move the
    fewest DRAM bytes. Raises InputError where a timestep-major group would have no membrane buffer, or would cross the
    batch norm of a training run, and where given groups part layers that share a state, or are to run as they
    cannot."""
    facts, cuts = choices.facts, choices.cuts
    given = {begin.first: begin.runs for begin in options.groups or ()}
    if options.groups is not None:
        ends = _given_cuts(facts, cuts, options.groups)
    elif options.schedule == "tick":
        ends = cuts
    elif options.schedule == "timestep":
        ends = [0, len(facts.layers)]
    else:
        ends = cuts
    runs = {first: _runs(end - first, options.schedule, given.get(first)) for first, end in pairwise(ends)}
    if not choices.mergeable:
        _require_membrane_buffer(facts, ends, runs)
    _require_norms(choices, runs, ends)
    if options.groups is None and options.schedule == "auto":
        return choices.every()
    found: list[Choice] = []
    for first, end in pairwise(ends):
        how = runs[first]
        found += choices.between(first, end) if how is None else [choices.planned(first, end, how)]
    return found


def _runs(layers: int, schedule: str, given: Runs | None) -> Runs | None:
    """How a group of so many layers must run; None: either choice. given: how it is to."""
    if layers > 1:
        return "timestep-major"
    asked: dict[str, Runs] = {"tick": "tick-batched", "timestep": "timestep-major"}
    return given or asked.get(schedule)


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


def _require_membrane_buffer(facts: NetworkFacts, ends: list[int], runs: Mapping[int, Runs | None]) -> None:
    """Of a chip that has none: raise InputError where a group of these needs one."""
    for first, end in pairwise(ends):
        if runs[first] == "timestep-major" and any(state.layers[0] in range(first, end) for state in facts.states):
            rule = "0 must be > 0 where layers run timestep by timestep, as"
            does = f"{_names(facts, first, end)} {'does' if end - first == 1 else 'do'}"
            way_out = "layers that share none of them tick-batched (--schedule tick) need none"
            raise InputError(Fault(f"{rule} {does}; {way_out}", path="buffers.membrane.size_bytes"))


def _require_norms(choices: Choices, runs: Mapping[int, Runs | None], ends: list[int]) -> None:
    """Raise InputError with every batch norm that a group of these would cross."""
    must = [(first, end) for first, end in pairwise(ends) if runs[first] == "timestep-major"]
    faults = [fault for first, end in must for fault in choices.forbidden(first, end)]
    if faults:
        raise InputError(faults)


def _names(facts: NetworkFacts, first: int, end: int) -> str:
    """Of the layers of a group."""
    names = [facts.layers[layer].layer.name for layer in (first, end - 1)]
    return names[0] if end - first == 1 else " to ".join(names)
