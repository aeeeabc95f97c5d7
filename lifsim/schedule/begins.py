"""Groups as options spell them: the layer at which each begins, with the window of a group of one layer, or the waves
of one of several."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lifsim.errors import Fault, InputError, did_you_mean, nearest
from lifsim.model.network import Network
from lifsim.schedule.plan import Begin, Plan
from lifsim.schedule.window import TIMESTEP, Window, misnumbered, window_named
from lifsim.units import counted

WAYS = ("tick", "timestep", "window:TW", "fused", "fused:TW", "skewed", "skewed:TW")
"""How options spell a window, behind the name of a layer."""

MOST_SPANS = 8
"""Up to how many groups are named one by one."""


def group_words(network: Network, chosen: Plan) -> tuple[str, ...]:
    """The groups of `chosen` as options spell them (`Options.groups`)."""
    return tuple(
        network.layers[begin.first].name + (f":{begin.window.word}" if begin.window else "") for begin in chosen.begins
    )


def group_ways(network: Network, chosen: Plan) -> tuple[str, ...]:
    """The same, each with the way in which it runs, for a run in which the schedule might choose another."""
    return tuple(f"{network.layers[group.first].name}:{group.in_turn.word}" for group in chosen.groups)


def unshared_groups(words: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    """How the same network without sharing may run in these groups, as options spell them, in order of preference.
    Groups that are skewed because their layers share membranes are fused instead, or, if buffers have no room for that,
    run timestep by timestep."""
    return tuple(dict.fromkeys(tuple(_not_skewed(word, way) for word in words) for way in ("fused", "timestep")))


def _not_skewed(word: str, way: str) -> str:
    name, colon, behind = word.partition(":skewed")
    if not colon:
        return word
    return f"{name}:{way}{behind}" if way == "fused" else f"{name}:{way}"


def begins_of(network: Network, words: Sequence[str]) -> tuple[Begin, ...]:
    """Where groups begin, from the names of layers, perhaps with windows. Raises InputError with every name that the
    network does not have, and if layers are out of order."""
    known = {layer.name: layer.index for layer in network.layers}
    spelt = [_spelt(word, known) for word in words]
    if unknown := [name for name, _ in spelt if name not in known]:
        raise InputError(Fault(f"{name!r} {_rule(network, name, known)}", path="groups") for name in unknown)
    begins = tuple(Begin(known[name], window) for name, window in spelt)
    firsts = [begin.first for begin in begins]
    if firsts != sorted({*firsts}):
        rule = "must be layers in the network's order, each once: where groups begin"
        raise InputError(Fault(f"{', '.join(words)} {rule}", path="groups"))
    return begins


def _rule(network: Network, name: str, known: Mapping[str, int]) -> str:
    """The fault of a word that names no layer."""
    for parts in (1, 2):
        layer, *behind = name.rsplit(":", parts)
        way = ":".join(behind)
        if layer in known and misnumbered(way):
            last = network.timesteps
            return f"must be {layer}:{behind[0]}:TW, TW timesteps, a whole number from 1 to {last}"
    layer, colon, way = name.rpartition(":")
    if colon and layer in known:
        near = nearest(way, WAYS)
        ways = ", ".join(f"{layer}:{one}" for one in WAYS)
        return f"must be {layer}, or one of {ways}" + (f"; did you mean '{layer}:{near}'?" if near else "")
    return f"must be layers of {network.name} (lifsim workload show){did_you_mean(name, known)}"


def groups_in_words(network: Network, chosen: Plan) -> str:
    """Which layers run timestep by timestep, each group by its first and last: `conv1 to conv4, conv6 timestep by
    timestep, the rest tick-batched`."""
    names = [layer.name for layer in network.layers]
    others = [group for group in chosen.groups if not group.tick_batched]
    if not others:
        return "every layer tick-batched"
    how = [(f"{names[one.first]} to {names[one.last]}", one.in_turn) for one in others]
    how = [
        (names[one.first] if one.first == one.last else said, window)
        for one, (said, window) in zip(others, how, strict=True)
    ]
    shown, more = how[:MOST_SPANS] if len(how) > MOST_SPANS + 1 else how, len(how) - MOST_SPANS
    parts = []
    for window in dict.fromkeys(window for _, window in shown):
        spans = ", ".join(said for said, other in shown if other == window)
        parts.append((spans, "timestep by timestep" if window == TIMESTEP else str(window)))
    if len(shown) < len(how):
        parts[-1] = f"{parts[-1][0]} and {counted(more, 'more group')}", parts[-1][1]
    rest = ", the rest tick-batched" if len(others) < len(chosen.groups) else ""
    return ", ".join(f"{spans} {words}" for spans, words in parts) + rest


def _spelt(word: str, known: Mapping[str, int]) -> tuple[str, Window | None]:
    """(layer, window) from `layer`, `layer:tick`, `layer:timestep`, `layer:window:TW`, `layer:fused` and so on."""
    for parts in (1, 2) if word not in known else ():
        name, *way = word.rsplit(":", parts)
        if window := window_named(":".join(way)):
            return name, window
    return word, None
