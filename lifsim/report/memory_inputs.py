"""Reads the inputs of `lifsim memory` and of the figures of memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field, replace
from os import PathLike
from typing import Literal

from lifsim.config.arch import parse_arch
from lifsim.config.given_rates import ALL_REPLACED
from lifsim.errors import Fault, InputError, collecting, shown
from lifsim.graph.states import states_of
from lifsim.lazy_dataclass import dataclass
from lifsim.model.arch import Arch
from lifsim.model.network import Network
from lifsim.model.sharing import Sharing
from lifsim.report.distinct import distinct
from lifsim.simulate.api import given_workload, name_of, texts_of
from lifsim.simulate.inputs import named_arch, split_overrides
from lifsim.simulate.resolved import arch_document

Name = str | PathLike[str]
Spared = Literal["none", "some", "all"]
"""Which sharings that a network cannot have are left out, not refused: none, those that another one can have, all."""


@dataclass(frozen=True)
class MemoryInputs:
    """Networks and sharings, each pair of which is looked at, and the architecture whose precisions count. unfit: why a
    network, by its name, cannot have a sharing; such pairs are left out."""

    networks: tuple[Network, ...]
    sharings: tuple[Sharing, ...]
    arch: Arch
    batch: int
    unfit: Mapping[tuple[str, Sharing], Fault] = field(default_factory=dict)


def read_memory_inputs(
    workloads: Sequence[Network | Name],
    sharings: Sequence[Sharing | str],
    arch: Arch | Name,
    overrides: Sequence[str],
    timesteps: int | None,
    batch: int,
    *,
    spared: Spared = "none",
) -> MemoryInputs:
    """Everything that is named, read. Raises InputError with what is wrong with any of it; `spared`: what of sharings
    that a network cannot have is not."""
    faults: list[Fault] = []
    networks, parsed = list[Network](), list[Sharing]()
    faults += [*_count_faults("batch", batch), *_count_faults("timesteps", 1 if timesteps is None else timesteps)]
    # Rates are per timestep and of no concern here.
    settings = [] if timesteps is None or faults else [f"timesteps={timesteps}", "spikes={source: engine}"]
    for workload in workloads:
        with collecting(faults):
            networks.append(given_workload(workload, settings, ALL_REPLACED).what)
    for sharing in sharings:
        with collecting(faults):
            parsed.append(Sharing.parse(str(sharing)))
    with collecting(faults):
        networks = [*distinct(networks)]
    unfit: dict[tuple[str, Sharing], Fault] = {}
    for shared in dict.fromkeys(parsed):
        misfits = {network.name: found for network in networks if (found := _misfits(network, shared))}
        if spared == "all" or (spared == "some" and len(misfits) < len(networks)):
            unfit |= {(name, shared): found[0] for name, found in misfits.items()}
        else:
            faults += [fault for found in misfits.values() for fault in found]
    with collecting(faults):
        machine = _arch(arch, overrides)
    if faults:
        raise InputError(dict.fromkeys(faults))
    return MemoryInputs(tuple(networks), tuple(dict.fromkeys(parsed)), machine, batch, unfit)


def _misfits(network: Network, sharing: Sharing) -> list[Fault]:
    """Why the network cannot have the sharing."""
    found = list[Fault]()
    with collecting(found):
        states_of(network, sharing)
    return [replace(fault, source=network.name) for fault in found]


def _count_faults(path: str, given: object) -> list[Fault]:
    if not isinstance(given, int) or isinstance(given, bool):
        return [Fault(f"{shown(given)} must be a whole number", path=path)]
    return [] if given >= 1 else [Fault(f"{given} must be >= 1", path=path)]


def _arch(given: Arch | Name, overrides: Sequence[str]) -> Arch:
    if isinstance(given, Arch):
        return parse_arch(arch_document(given), texts_of(overrides)) if overrides else given
    settings, faults = texts_of(overrides), list[Fault]()
    for_arch, for_workload = split_overrides(settings, faults)
    faults += [Fault("must be a key of the architecture", source=f"--set {one}") for one in for_workload]
    with collecting(faults):
        machine = named_arch(name_of(given, "arch"), for_arch, priced=False)
    if faults:
        raise InputError(faults)
    return machine
