"""Groups as options spell them: the names of the layers at which they begin, and the windows of those of one layer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lifsim.errors import Fault, InputError, did_you_mean
from lifsim.model.network import Network
from lifsim.schedule.plan import Begin, Plan
from lifsim.schedule.window import Window, window_named


def group_words(network: Network, chosen: Plan) -> tuple[str, ...]:
    """The groups of `chosen` as options spell them (`Options.groups`)."""
    return tuple(
        network.layers[begin.first].name + (f":{begin.window.word}" if begin.window else "") for begin in chosen.begins
    )


def begins_of(network: Network, words: Sequence[str]) -> tuple[Begin, ...]:
    """Of layers by name, with their windows, if these are said. Raises InputError with those that there are not, and
    where they are out of order."""
    known = {layer.name: layer.index for layer in network.layers}
    spelt = [_spelt(word, known) for word in words]
    if unknown := [name for name, _ in spelt if name not in known]:
        rule = f"must be layers of {network.name} (lifsim workload show)"
        raise InputError(Fault(f"{name!r} {rule}{did_you_mean(name, known)}", path="groups") for name in unknown)
    begins = tuple(Begin(known[name], window) for name, window in spelt)
    firsts = [begin.first for begin in begins]
    if firsts != sorted({*firsts}):
        rule = "must be layers in the network's order, each once: where groups begin"
        raise InputError(Fault(f"{', '.join(words)} {rule}", path="groups"))
    return begins


def _spelt(word: str, known: Mapping[str, int]) -> tuple[str, Window | None]:
    """(layer, its window) of `layer`, `layer:tick`, `layer:timestep` or `layer:window:TW`."""
    for parts in (1, 2) if word not in known else ():
        name, *way = word.rsplit(":", parts)
        if window := window_named(":".join(way)):
            return name, window
    return word, None
