"""The layers at which groups begin, by their names."""

from __future__ import annotations

from collections.abc import Sequence

from lifsim.errors import Fault, InputError, did_you_mean
from lifsim.model.network import Network


def begins_of(network: Network, names: Sequence[str]) -> tuple[int, ...]:
    """The indices of the layers `names`. Raises InputError with those that there are not, or where they are out of
    order."""
    known = {layer.name: layer.index for layer in network.layers}
    if unknown := [name for name in names if name not in known]:
        rule = f"must be layers of {network.name} (lifsim workload show)"
        raise InputError(Fault(f"{name!r} {rule}{did_you_mean(name, known)}", path="groups") for name in unknown)
    begins = tuple(known[name] for name in names)
    if list(begins) != sorted({*begins}):
        rule = "must be layers in the network's order, each once: where groups begin"
        raise InputError(Fault(f"{', '.join(names)} {rule}", path="groups"))
    return begins
