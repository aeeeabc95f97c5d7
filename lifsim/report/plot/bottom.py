"""The bottom half of the figure of sharing, read: whose DRAM bytes it shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from lifsim.config import defaults
from lifsim.config.validate import Examined
from lifsim.errors import Fault, InputError, collecting
from lifsim.graph.states import any_shared, states_of
from lifsim.lazy_dataclass import dataclass
from lifsim.model.arch import Arch
from lifsim.model.network import Network
from lifsim.model.sharing import Sharing
from lifsim.report.distinct import distinct
from lifsim.report.figures.subject import Subject
from lifsim.report.plot.drawing import Name
from lifsim.simulate.api import read_inputs
from lifsim.simulate.options import Options, examined_options
from lifsim.watch import Watch

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class BottomHalf:
    """DRAM bytes of `networks`, each under each sharing, in batches of one image and of `mini_batch`, on `arch`."""

    networks: tuple[Network, ...]
    sharings: tuple[Sharing, ...]
    mini_batch: int
    arch: Arch

    @property
    def subject(self) -> Subject:
        """What it is of."""
        from lifsim.report.figures.fig9_dram import DATASETS, NETWORK

        names, timesteps = [one.name for one in self.networks], [one.timesteps for one in self.networks]
        of = [NETWORK] if set(names) <= set(DATASETS) else names
        return Subject(of, self.arch.name, timesteps, [1, self.mini_batch])

    def table(self, watches: tuple[Watch, Watch]) -> pd.DataFrame:
        """In every reading, and whether the sharing shares anything at all."""
        from lifsim.report.dram_readings import readings, table

        found = table(readings(self.networks, self.sharings, sorted({1, self.mini_batch}), self.arch, watches=watches))
        idle = {
            (network.name, str(sharing)): sharing.shares and not any_shared(states_of(network, sharing))
            for network in self.networks
            for sharing in self.sharings
        }
        pairs = zip(found["workload"], found["sharing"], strict=True)
        return found.assign(shares_nothing=[idle[pair] for pair in pairs])


def fitting(names: Sequence[str], *, where_possible: bool) -> tuple[Sharing, ...]:
    """The sharings `names`; where_possible: which leave layers unshared that they do not fit."""
    parsed = [Sharing.parse(name) for name in names]
    return tuple(one.where_it_fits() if where_possible else one for one in parsed)


def read_bottom(
    networks: Sequence[Network | Name],
    arch: Arch | Name,
    mini_batch: int,
    overrides: Sequence[str],
    *,
    where_possible: bool,
) -> BottomHalf:
    """The half of `networks` (none: VGG-16 on five datasets), one that is named twice once. Raises InputError with
    every fault."""
    from lifsim.report.figures import fig9_dram

    sharings = fitting(fig9_dram.SHARINGS, where_possible=where_possible)
    found, machine = read_networks(networks or tuple(fig9_dram.DATASETS), arch, mini_batch, overrides, sharings)
    return BottomHalf(found, sharings, mini_batch, machine)


def read_networks(
    networks: Sequence[Network | Name],
    arch: Arch | Name,
    mini_batch: int,
    overrides: Sequence[str],
    sharings: Sequence[Sharing],
) -> tuple[tuple[Network, ...], Arch]:
    """The networks, one that is named twice once, and the machine. Raises InputError with every fault of them, and
    where a network cannot have one of the `sharings`."""

    def options() -> Examined[Options]:
        return examined_options({"batch": mini_batch, "rate": "0"})  # bytes are the same whatever fires

    faults: list[Fault] = []
    loaded = []
    for network in networks:
        with collecting(faults):
            loaded.append(read_inputs(arch, network, defaults.SHARING, options, overrides))
    found: tuple[Network, ...] = ()
    with collecting(faults):
        found = distinct(inputs.network for inputs in loaded)
    for network in found:
        for sharing in sharings:
            unfit = list[Fault]()
            with collecting(unfit):
                states_of(network, sharing)
            faults += [replace(fault, source=network.name) for fault in unfit]
    if faults:
        raise InputError(dict.fromkeys(faults))
    return found, loaded[0].arch
