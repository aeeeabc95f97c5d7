"""What `lifsim memory` and the figures of memory are told, read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from os import PathLike

from lifsim.config.arch import load_arch, parse_arch
from lifsim.errors import Fault, InputError, collecting
from lifsim.model.arch import Arch
from lifsim.model.network import Network
from lifsim.model.sharing import Sharing
from lifsim.simulate.api import given_network, name_of, texts_of
from lifsim.simulate.resolved import arch_document

Name = str | PathLike[str]


@dataclass(frozen=True)
class MemoryInputs:
    """Networks and sharings, each pair of which is looked at, and the architecture whose precisions count."""

    networks: tuple[Network, ...]
    sharings: tuple[Sharing, ...]
    arch: Arch
    batch: int


def read_memory_inputs(
    workloads: Sequence[Network | Name],
    sharings: Sequence[Sharing | str],
    arch: Arch | Name,
    overrides: Sequence[str],
    timesteps: int | None,
    batch: int,
) -> MemoryInputs:
    """Everything that is named, read. Raises InputError with what is wrong with any of it."""
    faults: list[Fault] = []
    networks, parsed = [], []
    # Rates are per timestep and of no concern here.
    settings = [] if timesteps is None else [f"timesteps={timesteps}", "spikes={source: engine}"]
    for workload in workloads:
        with collecting(faults):
            networks.append(given_network(workload, settings))
    for sharing in sharings:
        with collecting(faults):
            parsed.append(Sharing.parse(str(sharing)))
    with collecting(faults):
        machine = _arch(arch, overrides)
    if batch < 1:
        faults.append(Fault(f"{batch} must be >= 1", path="batch"))
    if faults:
        raise InputError(faults)
    return MemoryInputs(tuple(networks), tuple(parsed), machine, batch)


def _arch(given: Arch | Name, overrides: Sequence[str]) -> Arch:
    if isinstance(given, Arch):
        return parse_arch(arch_document(given), texts_of(overrides)) if overrides else given
    return load_arch(name_of(given, "arch"), texts_of(overrides))
