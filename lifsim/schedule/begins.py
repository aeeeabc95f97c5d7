"""Groups as options spell them: the names of the layers at which they begin, and how those of one layer run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lifsim.errors import Fault, InputError, did_you_mean, nearest
from lifsim.model.network import Network
from lifsim.schedule.plan import Begin, Plan, Runs

WAYS: dict[str, Runs] = {"tick": "tick-batched", "timestep": "timestep-major"}
"""How a group of one layer runs, as options spell it behind the layer's name."""


MOST_SPANS = 8
"""Groups that are named one by one."""


def group_words(network: Network, chosen: Plan) -> tuple[str, ...]:
    """The groups of `chosen` as options spell them (`Options.groups`)."""
    spelt: dict[Runs | None, str] = {None: ""} | {runs: f":{way}" for way, runs in WAYS.items()}
    return tuple(network.layers[begin.first].name + spelt[begin.runs] for begin in chosen.begins)


def begins_of(network: Network, words: Sequence[str]) -> tuple[Begin, ...]:
    """Of layers by name, with how they run, if that is said. Raises InputError with those that there are not, and where
    they are out of order."""
    known = {layer.name: layer.index for layer in network.layers}
    spelt = [_spelt(word, known) for word in words]
    if unknown := [name for name, _ in spelt if name not in known]:
        raise InputError(Fault(f"{name!r} {_rule(network, name, known)}", path="groups") for name in unknown)
    begins = tuple(Begin(known[name], runs) for name, runs in spelt)
    firsts = [begin.first for begin in begins]
    if firsts != sorted({*firsts}):
        rule = "must be layers in the network's order, each once: where groups begin"
        raise InputError(Fault(f"{', '.join(words)} {rule}", path="groups"))
    return begins


def _rule(network: Network, name: str, known: Mapping[str, int]) -> str:
    """What a word must be that names no layer."""
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
    major = [group for group in chosen.groups if not group.tick_batched]
    if not major:
        return "every layer tick-batched"
    spans = [names[one.first] if one.first == one.last else f"{names[one.first]} to {names[one.last]}" for one in major]
    more = f" and {len(spans) - MOST_SPANS} more groups" if len(spans) > MOST_SPANS + 1 else ""
    shown = ", ".join(spans[:MOST_SPANS] if more else spans)
    rest = ", the rest tick-batched" if len(major) < len(chosen.groups) else ""
    return f"{shown}{more} timestep by timestep{rest}"


def _spelt(word: str, known: Mapping[str, int]) -> tuple[str, Runs | None]:
    """(layer, how it runs) of `layer`, `layer:tick` or `layer:timestep`."""
    name, _, way = word.rpartition(":")
    return (name, WAYS[way]) if way in WAYS and word not in known else (word, None)
