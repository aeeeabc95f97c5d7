"""What `lifsim memory` and the figures of memory are told, and how it is read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import click

from lifsim.cli.inputs import DEFAULT_ARCH, with_options
from lifsim.cli.usual_sharings import Choice
from lifsim.errors import Fault, InputError, collecting

if TYPE_CHECKING:
    from lifsim.config.arch import Arch
    from lifsim.config.network import Network
    from lifsim.config.sharing import Sharing

F = TypeVar("F", bound=Callable[..., object])

DEFAULT_MEMORY_WORKLOAD = "resnet19_imagenet100"

_OPTIONS = (
    click.option("--arch", metavar="NAME|FILE", default=DEFAULT_ARCH, show_default=True, help="Its precisions count."),
    click.option("--set", "overrides", metavar="KEY=VALUE", multiple=True, help="Change a key of the architecture."),
    click.option("--timesteps", type=int, help="T. Default: each workload's."),
    click.option("--batch", type=int, default=1, show_default=True, help="Images."),
)


def memory_options(command: F) -> F:
    """Add --arch, --set, --timesteps and --batch."""
    return with_options(command, _OPTIONS)


@dataclass(frozen=True)
class MemoryInputs:
    """Networks and sharings, each pair of which is looked at, and the architecture whose precisions count."""

    networks: tuple[Network, ...]
    sharings: tuple[Sharing, ...]
    arch: Arch
    batch: int


def read_memory_inputs(
    workloads: Sequence[str],
    sharings: Choice,
    arch: str,
    overrides: Sequence[str],
    timesteps: int | None,
    batch: int,
) -> MemoryInputs:
    """Everything that is named, read. Raises InputError with what is wrong with any of it."""
    from lifsim.config.arch import load_arch
    from lifsim.config.sharing import Sharing
    from lifsim.config.workload import load_workload

    faults: list[Fault] = []
    networks, parsed = [], []
    # Rates are per timestep and of no concern here.
    settings = [] if timesteps is None else [f"timesteps={timesteps}", "spikes={source: engine}"]
    for name in workloads:
        with collecting(faults):
            networks.append(load_workload(name.strip(), settings))
    for text in sharings.fitting(networks):
        with collecting(faults):
            parsed.append(Sharing.parse(text))
    with collecting(faults):
        machine = load_arch(arch, overrides)
    if batch < 1:
        faults.append(Fault(f"{batch} must be >= 1", path="batch"))
    if faults:
        raise InputError(faults)
    return MemoryInputs(tuple(networks), tuple(parsed), machine, batch)
