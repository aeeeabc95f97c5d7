"""Groups as options spell them: the names of the layers at which they begin, and how those of one layer run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lifsim.errors import Fault, InputError, did_you_mean
from lifsim.model.network import Network
from lifsim.schedule.plan import Begin, Plan, Runs

WAYS: dict[str, Runs] = {"tick": "tick-batched", "timestep": "timestep-major"}
"""How a group of one layer runs, as options spell it behind the layer's name."""


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
        rule = f"must be layers of {network.name} (lifsim workload show)"
        raise InputError(Fault(f"{name!r} {rule}{did_you_mean(name, known)}", path="groups") for name in unknown)
    begins = tuple(Begin(known[name], runs) for name, runs in spelt)
    firsts = [begin.first for begin in begins]
    if firsts != sorted({*firsts}):
        rule = "must be layers in the network's order, each once: where groups begin"
        raise InputError(Fault(f"{', '.join(words)} {rule}", path="groups"))
    return begins


def _spelt(word: str, known: Mapping[str, int]) -> tuple[str, Runs | None]:
    """(layer, how it runs) of `layer`, `layer:tick` or `layer:timestep`."""
    name, _, way = word.rpartition(":")
    return (name, WAYS[way]) if way in WAYS and word not in known else (word, None)
