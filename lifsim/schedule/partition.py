"""Which layers form a group: the smallest legal groups, one group, or the partition that moves the fewest bytes; and
how a group of one layer runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
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
from lifsim.schedule.plan import Begin, Plan, ScheduleOptions
from lifsim.schedule.search import contenders, fused_groups
from lifsim.schedule.window import FUSED, TICK, TIMESTEP, Window
from lifsim.units import counted
from lifsim.watch import Watch, unwatched


def plan(network: Network, states: tuple[State, ...], chip: Chip, options: ScheduleOptions, memo: Memo) -> Plan:
    """The schedule that `options` ask for, of `network` with these `states` on `chip`; `auto` moves the fewest DRAM
    bytes. `memo` keeps what groups move. Raises InputError as `allowed` does."""
    choices = memo.of(choices_of, network, states, chip, options.batch, options.chunk, memo, None)
    return plan_of(choices, fewest(allowed(choices, options, contenders), dram_bytes, no_matter))


dram_bytes: Callable[[Choice], int] = attrgetter("dram_bytes")


def no_matter(tied: Sequence[Choice]) -> dict[Choice, float]:
    """A tie-break that prefers none of equal groups."""
    return dict.fromkeys(tied, 0)


def fewest(
    groups: Sequence[Choice],
    moved: Callable[[Choice], int],
    ties: Callable[[Sequence[Choice]], Mapping[Choice, float]],
) -> tuple[Choice, ...]:
    """The sequence of `groups` with the least sum of `moved`. Ties are broken by the least sum of `ties`, which is
    given all groups of such sequences, then by fewer groups, then for tick-batched single layers."""
    found = on_cheapest(groups, moved)
    if len(found) == len({choice.end for choice in found}):  # there is but one
        return tuple(found)
    price = ties(found)
    return cheapest(found, lambda choice: (price[choice], 1))


def plan_of(choices: Choices, groups: Sequence[Choice]) -> Plan:
    """These groups, one behind the other."""
    layers = [traffic for choice in groups for traffic in zip(choice.group.indices, choice.group.layers, strict=True)]
    again = {index for index, traffic in layers if traffic.computed_again}
    return Plan(tuple(choice.group for choice in groups), choices.facts.computing_again(again), choices.chip)


def allowed(
    choices: Choices,
    options: ScheduleOptions,
    any_of: Callable[[Choices], list[Choice]] = Choices.every,
    watch: Watch = unwatched,
) -> list[Choice]:
    """The groups among `choices` that `options` allow; if they allow every one, `any_of` the choices. Within a group,
    tilings, chunk, strips and residency are those that move the fewest DRAM bytes. `watch` is told how many fused
    groups are planned.

    Raises InputError if a group that is not tick-batched has no membrane buffer, or crosses a batch norm in training;
    and if given groups separate layers that share a state, or cannot run as asked."""
    asked = _asked(choices, options)
    if options.groups is None and options.schedule == "auto":
        return any_of(choices)
    if options.groups is None and options.window is not None and options.window.waves == "fused":
        return fused_groups(choices, options.window, watch)
    found, faults = list[Choice](), list[Fault]()
    for (first, end), window in asked.items():
        try:
            ways = choices.between(first, end) if window is None else []
            found += ways or [choices.planned(first, end, window or FUSED)]
        except InputError as error:
            faults += error.faults
    if faults:
        raise InputError(faults)
    return found


def _asked(choices: Choices, options: ScheduleOptions) -> dict[tuple[int, int], Window | None]:
    """The groups that are asked for: by the cuts around each, its window; None: any. Raises InputError if they cannot
    run."""
    facts, cuts = choices.facts, choices.cuts
    if options.groups is not None:
        ends = _given_cuts(facts, cuts, options.groups)
    else:
        ends = [0, len(facts.layers)] if options.schedule == "timestep" else cuts
    if faults := list(_window_faults(choices, options, ends)):
        raise InputError(faults)
    windows = {first: _window_of(choices, options, first, end) for first, end in pairwise(ends)}
    if not choices.mergeable:
        _require_membrane_buffer(facts, ends, windows)
    _require_norms(choices, windows, ends)
    return {(first, end): windows[first] for first, end in pairwise(ends)}


def _window_of(choices: Choices, options: ScheduleOptions, first: int, end: int) -> Window | None:
    """The window in which layers first..end-1 must run; None: the best."""
    given = next((begin.window for begin in options.groups or () if begin.first == first), None)
    if given is not None or end - first == 1:
        return given or options.window
    states = choices.facts.states
    shares = any(len(state.layers) > 1 and state.layers[0] in range(first, end) for state in states)
    if options.window is None:  # whatever else they could, layers that share membranes need their buffer
        must = choices.trains or (shares and (options.groups is None or not choices.mergeable))
        return TIMESTEP if must else None
    # Of maps of one row there are no strips: one timestep behind the other they run timestep by timestep.
    has_rows = any(layer.rows.axis.rows_out > 1 for layer in choices.facts.layers[first:end])
    if (options.window.waves == "skewed" and has_rows) or (options.window.waves == "fused" and not shares):
        return options.window
    return TIMESTEP


def _window_faults(choices: Choices, options: ScheduleOptions, ends: list[int]) -> Iterator[Fault]:
    """What is wrong with windows of several timesteps: the network has fewer, training has no such windows, or the
    layers in them share a state."""
    facts = choices.facts
    asked = [("schedule", options.window), *(("groups", begin.window) for begin in options.groups or ())]
    for path, window in dict.fromkeys(asked):
        if window is None or window in (TICK, TIMESTEP):
            continue
        if (window.timesteps or 0) > facts.timesteps:
            has = f"the network has {counted(facts.timesteps, 'timestep')}"
            most = replace(window, timesteps=facts.timesteps).word
            yield Fault(f"{window.word} must be at most {most}: {has}", path=path)
        if choices.trains:
            runs = f"training runs in no {'waves' if window.waves else 'windows between'}"
            yield Fault(f"{window.word} must be tick, timestep or auto: {runs}", path=path)
    asks = options.window
    together = [_names(facts, first, end) for first, end in pairwise(ends) if end - first > 1]
    if together and asks not in (None, TICK, TIMESTEP) and not asks.waves and options.groups is None:
        why = f"{', '.join(together)} share membranes, which pass from layer to layer at every timestep"
        rule = f"{asks.word} must be tick, timestep, skewed or auto: {why} (--groups gives windows to others)"
        yield Fault(rule, path="schedule")


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
        names, other = _names(facts, begin.first, behind[begin.first]), begin.window
        if other not in (None, TIMESTEP) and not other.waves and behind[begin.first] - begin.first > 1:
            can = "tick" if other == TICK else "run in windows"
            rule = f"{names} must run timestep by timestep, fused or skewed: only a layer alone can {can}"
            faults.append(Fault(rule, path="groups"))
    if faults:
        raise InputError(faults)
    return ends


def _require_membrane_buffer(facts: NetworkFacts, ends: list[int], windows: Mapping[int, Window | None]) -> None:
    """Raise InputError if the chip has no membrane buffer and one of these groups needs it."""
    for first, end in pairwise(ends):
        window = windows[first]
        if window not in (None, TICK, FUSED) and any(state.layers[0] in range(first, end) for state in facts.states):
            how = "timestep by timestep" if window == TIMESTEP else str(window)
            rule = f"0 must be > 0 where layers run {how}, as"
            does = f"{_names(facts, first, end)} {'does' if end - first == 1 else 'do'}"
            way_out = "layers that share none of them tick-batched (--schedule tick) need none"
            raise InputError(Fault(f"{rule} {does}; {way_out}", path="buffers.membrane.size_bytes"))


def _require_norms(choices: Choices, windows: Mapping[int, Window | None], ends: list[int]) -> None:
    """Raise InputError with every batch norm that one of these groups would cross."""
    must = [(first, end) for first, end in pairwise(ends) if windows[first] == TIMESTEP]
    faults = [fault for first, end in must for fault in choices.forbidden(first, end)]
    if faults:
        raise InputError(faults)


def _names(facts: NetworkFacts, first: int, end: int) -> str:
    """The names of the first and the last layer of a group."""
    names = [facts.layers[layer].layer.name for layer in (first, end - 1)]
    return names[0] if end - first == 1 else " to ".join(names)
