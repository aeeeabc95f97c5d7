"""The sharings that a command looks at by default: those of the usual ones that the networks' channels allow."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from lifsim.cli.say import say
from lifsim.cli.where_possible import fitted, say_left
from lifsim.errors import InputError
from lifsim.lazy_dataclass import dataclass

if TYPE_CHECKING:
    from lifsim.model.network import Network


@dataclass(frozen=True)
class Choice:
    """Sharings, and whether the user asked for them: such are never left out. where_possible: whether they may leave
    layers unshared."""

    names: tuple[str, ...]
    asked: bool
    where_possible: bool = False

    @classmethod
    def of(cls, option: str | None, usual: str, *, where_possible: bool = False) -> Choice:
        """What `option` names, with commas, or without it the `usual` ones; where_possible: whether what one does not
        fit may be left unshared."""
        names = (usual if option is None else option).split(",")
        fitting = tuple(fitted(name, where_possible=where_possible) for name in names)
        return cls(fitting, option is not None, where_possible)

    def fitting(self, networks: Iterable[Network]) -> Sequence[str]:
        """The names, of usual ones those that fit; what some leave unshared is told."""
        known = list(networks)
        names = self.names if self.asked else usual_sharings(self.names, known)
        say_left(known, names if self.where_possible else ())
        return names

    def fitting_named(self, workloads: Iterable[str]) -> Sequence[str]:
        """As `fitting`, of networks by their names; all where one cannot be read, which is for its reader to tell."""
        from lifsim.config.workload import load_workload

        if self.asked and not self.where_possible:
            return self.names
        try:
            networks = [load_workload(name) for name in workloads]
        except InputError:
            return self.names
        return self.fitting(networks)


def usual_sharings(names: Sequence[str], networks: Iterable[Network]) -> list[str]:
    """The sharings among `names` that all `networks` can have; a note on stderr says why others are left out."""
    from lifsim.graph.states import states_of
    from lifsim.model.sharing import Sharing

    kept = list(names)
    for name in names:
        for network in networks:
            try:
                states_of(network, Sharing.parse(name))
            except InputError as error:
                kept.remove(name)
                say(f"note: {name} is left out, {network.name} cannot have it: {error.faults[0]}", err=True)
                break
    return kept
