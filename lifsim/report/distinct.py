"""Networks of one table or figure, each once."""

from __future__ import annotations

from collections.abc import Iterable

from lifsim.errors import Fault, InputError
from lifsim.model.network import Network


def distinct(networks: Iterable[Network]) -> tuple[Network, ...]:
    """The `networks`, one that is named twice once. Raises InputError if two that differ have one name: figures and
    tables could not tell them apart."""
    found: dict[str, Network] = {}
    faults = []
    for network in networks:
        first = found.setdefault(network.name, network)
        if first.definition != network.definition:
            faults.append(Fault(f"{network.name!r} must be the name of one network only", path="workload"))
    if faults:
        raise InputError(dict.fromkeys(faults))
    return tuple(found.values())
