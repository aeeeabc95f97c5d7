"""Where the members of a kind are found: those that LIFSim ships and those of other packages, alike.

A member registers itself: its module, in the kind's own folder or behind an entry point of another package, is imported
when members are first asked for, and its decorator puts it in. To add one is to add a file.
"""

from __future__ import annotations

import importlib
import pkgutil
import sys
import traceback
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeVar

from lifsim.contract import made
from lifsim.errors import Fault, InputError, did_you_mean
from lifsim.lazy_dataclass import dataclass

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint, EntryPoints


def entry_points(group: str) -> EntryPoints:
    """As of `importlib.metadata`, which is imported where it is asked: that takes longer than a kind's own members."""
    from importlib import metadata

    return metadata.entry_points(group=group)


class Named(Protocol):
    """What a registry holds: `name` as files and commands spell it, `title` in words."""

    name: str
    title: str


Member = TypeVar("Member", bound=Named)


@dataclass(frozen=True)
class Origin:
    """Where a member comes from: the package that ships it and the module that defines it."""

    package: str
    module: str


class Registry(Mapping[str, Member]):
    """The members of one kind by name, shipped ones first, each in the order of names.

    kind: what a member is, for people. protocol: what it must have (`lifsim.contract`). folder: the package whose
    modules are the shipped members. group: the entry points of other packages, each of which names a member's class.
    Those are loaded only when a name is asked for that LIFSim does not ship, or all names are.
    """

    def __init__(self, kind: str, protocol: type[Any], folder: str, group: str) -> None:
        self.kind, self.protocol, self.folder, self.group = kind, protocol, folder, group
        self._members: dict[str, Member] = {}
        self._origins: dict[str, Origin] = {}
        self._looked_at: set[Literal["shipped", "others"]] = set()

    def register(self, member: type[Member]) -> type[Member]:
        """Decorates the class of a member, which is made without arguments. Raises ValueError where its name is taken,
        TypeError with all that it lacks of the protocol."""
        self._add(member, Origin(member.__module__.partition(".")[0], member.__module__))
        return member

    @property
    def shipped(self) -> Mapping[str, Member]:
        """The members that LIFSim ships."""
        self._load_shipped()
        return {name: member for name, member in self._members.items() if self._is_shipped(name)}

    def __getitem__(self, name: str) -> Member:
        """The member of that name. Raises KeyError with the nearest name."""
        self._load_shipped()
        if name not in self._members:
            self._load_others()
        if name not in self._members:
            raise KeyError(f"{name!r} must be a {self.kind}{did_you_mean(name, self._members)}")
        return self._members[name]

    def __iter__(self) -> Iterator[str]:
        self._load_shipped()
        self._load_others()
        return iter(self._members)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def origin(self, name: str) -> Origin:
        """Where the member of that name comes from."""
        self[name]
        return self._origins[name]

    def _is_shipped(self, name: str) -> bool:
        return self._origins[name].module.startswith(f"{self.folder}.")

    def _load_shipped(self) -> None:
        if "shipped" in self._looked_at:
            return
        self._looked_at.add("shipped")
        path = importlib.import_module(self.folder).__path__
        for module in sorted(info.name for info in pkgutil.iter_modules(path)):
            importlib.import_module(f"{self.folder}.{module}")
        self._members = dict(sorted(self._members.items()))

    def _load_others(self) -> None:
        if "others" in self._looked_at:
            return
        self._looked_at.add("others")
        try:
            for entry in sorted(entry_points(group=self.group), key=lambda entry: entry.name):
                self._load(entry)
        except InputError:
            self._looked_at.remove("others")  # who asks next is told, too
            raise

    def _add(self, member: type[Member], origin: Origin) -> None:
        one = made(member, self.protocol)
        if one.name in self._members:
            first = self._origins[one.name].module
            raise ValueError(f"{self.kind} {one.name!r} of {origin.module} must have another name: {first} has it")
        self._members[one.name] = one
        self._origins[one.name] = origin

    def _load(self, entry: EntryPoint) -> None:
        """Import what an entry point names. Raises InputError where that fails: other people's code may do anything."""
        package = entry.dist.name if entry.dist else entry.module.partition(".")[0]
        try:
            member = entry.load()
            if not any(type(known) is member for known in self._members.values()):
                self._add(member, Origin(package, entry.module))
            if member.name != entry.name:
                del self._members[member.name], self._origins[member.name]
                raise ValueError(f"it is called {member.name!r}: its entry point must have the same name")
        except Exception as error:
            message = f"{self.kind} {entry.name!r} of package {package} must load, but: {error!r}"
            raise InputError(Fault(message, path=self.group)) from error

    def foreign(self) -> dict[type, tuple[str, Origin]]:
        """By their classes, names and origins of the members of other packages that have been loaded."""
        return {
            type(one): (name, self._origins[name])
            for name, one in self._members.items()
            if not self._is_shipped(name) and self._origins[name].package != "lifsim"
        }


KINDS = {
    "dataflow": "lifsim.hardware.array.dataflow:DATAFLOWS",
    "sparsity": "lifsim.hardware.array.sparsity:SPARSITIES",
    "memory": "lifsim.hardware.memory:MEMORIES",
    "neuron": "lifsim.neurons:NEURONS",
    "layer": "lifsim.layers:LAYERS",
    "accounting": "lifsim.accounting:ACCOUNTINGS",
    "optimizer": "lifsim.optimizers:OPTIMIZERS",
    "keeping": "lifsim.keeping:KEEPINGS",
    "reader": "lifsim.recording.readers:READERS",
}
"""Where the registry of each kind stands, so that input files can be checked before what costs anything is imported."""


def blamed(error: BaseException) -> Fault | None:
    """The fault of a member of another package in whose code `error` was raised, or that called what raised it; None
    where only LIFSim's own was at work. Of members in one module it is the one whose method was at work, if one was."""
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    selves = {type(frame.f_locals.get("self")) for frame in frames}
    at_work = {str(frame.f_globals.get("__name__", "")) for frame in frames}
    at_work |= {module.partition(".")[0] for module in at_work}
    loaded: dict[type, tuple[Registry[Any], str, Origin]] = {}
    for place in KINDS.values():
        module, _, attribute = place.partition(":")
        if module in sys.modules:  # what was not imported, nobody has called
            registry: Registry[Any] = getattr(sys.modules[module], attribute)
            loaded |= {of: (registry, *member) for of, member in registry.foreign().items()}
    own = {of: member for of, member in loaded.items() if of.__module__ in at_work}
    acting = [member for of, member in own.items() if of in selves]
    near = [member for of, member in loaded.items() if of.__module__.partition(".")[0] in at_work]
    for registry, name, origin in (acting or list(own.values()) or near)[:1]:
        what = f"{registry.kind} {name!r} of package {origin.package} must work, but: {error!r}"
        return Fault(f"{what} (--debug shows where)", path=registry.group)
    return None


def registry_of(kind: str) -> Registry[Any]:
    """The members of `kind`."""
    module, _, name = KINDS[kind].partition(":")
    registry: Registry[Any] = getattr(importlib.import_module(module), name)
    return registry
