"""The registries of members, both those that LIFSim ships and those of other packages.

A member registers itself: its module, in the kind's own folder or behind an entry point of another package, is imported
when members are first asked for, and its decorator puts it in. To add one is to add a file.
"""

from __future__ import annotations

import importlib
import pkgutil
import re
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeVar

from lifsim.contract import made
from lifsim.errors import Fault, InputError, Interruption, did_you_mean
from lifsim.lazy_dataclass import dataclass

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint, EntryPoints


def entry_points(group: str) -> EntryPoints:
    """As in `importlib.metadata`, which is imported only here: that takes longer than importing the members of a
    kind."""
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

    kind: what a member is, in words. protocol: what it must have (`lifsim.contract`). folder: the package whose
    modules are the shipped members. group: the entry points of other packages, each of which names a member's class;
    they are loaded only for a name that LIFSim does not ship, or for all names. beside: raises TypeError if a member
    breaks a rule that the protocol cannot express.
    """

    def __init__(
        self, kind: str, protocol: type[Any], folder: str, group: str, beside: Callable[[Any], None] | None = None
    ) -> None:
        self.kind, self.protocol, self.folder, self.group = kind, protocol, folder, group
        self._beside = beside
        self._members: dict[str, Member] = {}
        self._origins: dict[str, Origin] = {}
        self._unfit: dict[str, Fault] = {}
        self._looked_at: set[Literal["shipped", "others"]] = set()

    def register(self, member: type[Member]) -> type[Member]:
        """Decorate the class of a member, which is made without arguments. Raises ValueError if its name is taken,
        TypeError with everything in the protocol that it lacks; for other packages' members, InputError with everything
        that is not as the protocol says."""
        self._add(member, Origin(member.__module__.partition(".")[0], member.__module__))
        return member

    @property
    def shipped(self) -> Mapping[str, Member]:
        """The members that LIFSim ships."""
        self._load_shipped()
        return {name: member for name, member in self._members.items() if self._is_shipped(name)}

    @property
    def unfit(self) -> Mapping[str, Fault]:
        """Why members of other packages cannot be used, by the names of their entry points and their own names."""
        self._load_shipped()
        self._load_others()
        return self._unfit

    def __getitem__(self, name: str) -> Member:
        """The member of that name. Raises KeyError with the nearest name, InputError if the member cannot be used."""
        self._load_shipped()
        if name not in self._members:
            self._load_others()
        if name not in self._members and name in self._unfit:
            raise InputError(self._unfit[name])
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
        """Load the members of other packages; one that fails does not affect the others."""
        if "others" in self._looked_at:
            return
        self._looked_at.add("others")
        by_name: dict[str, list[EntryPoint]] = {}
        for entry in entry_points(group=self.group):
            by_name.setdefault(entry.name, []).append(entry)
        for name, entries in sorted(by_name.items()):
            if len(entries) == 1:
                self._load(entries[0])
            else:
                rivals = " and ".join(sorted(map(_package_of, entries)))
                told = f"member {name}: must be a {self.kind} of one package, {rivals} have one each; uninstall one"
                self._unfit[name] = Fault(told)

    def _add(self, member: type[Member], origin: Origin) -> None:
        one = made(member, self.protocol)
        if one.name in self._members:
            first = self._origins[one.name].module
            raise ValueError(f"{self.kind} {one.name!r} of {origin.module} must have another name: {first} has it")
        if origin.package != "lifsim":
            from lifsim.door import Guest, welcome

            welcome(one, self.protocol, Guest(self.kind, one.name, origin.package))
            if self._beside is not None:
                self._beside(one)
        self._members[one.name] = one
        self._origins[one.name] = origin

    def _load(self, entry: EntryPoint) -> None:
        """Import what an entry point names, or keep the reason why that fails: other people's code may do anything."""
        package, name, before = _package_of(entry), entry.name, dict(self._members)
        try:
            member = entry.load()
            name = str(getattr(member, "name", name))
            if name != entry.name:
                raise ValueError(f"it is called {name!r}: its entry point must have the same name")
            if not any(type(known) is member for known in self._members.values()):
                self._add(member, Origin(package, entry.module))
        except (KeyboardInterrupt, Interruption):
            raise
        except BaseException as error:  # SystemExit, too
            self._members = before  # its decorator may have put it in
            told = f"member {entry.name} ({package}): {self.kind} {entry.value} must load, but: {error!r}"
            way_out = f"{_asked_of_lifsim(entry)}mend it, or uninstall {package}"
            fault = error.faults[0] if isinstance(error, InputError) else Fault(f"{told}; {way_out}")
            self._unfit[entry.name] = self._unfit[name] = fault

    def foreign(self) -> dict[type, tuple[str, Origin]]:
        """Name and origin of every loaded member of another package, by its class."""
        return {
            type(one): (name, self._origins[name])
            for name, one in self._members.items()
            if not self._is_shipped(name) and self._origins[name].package != "lifsim"
        }


def _package_of(entry: EntryPoint) -> str:
    return entry.dist.name if entry.dist else entry.module.partition(".")[0]


def _asked_of_lifsim(entry: EntryPoint) -> str:
    """The versions of LIFSim that a package requires, if it says so: it may fail because it needs a newer one."""
    from importlib.metadata import version

    asked = [one for one in (entry.dist and entry.dist.requires) or () if re.match(r"lifsim\s*[^\w\s.-]", one)]
    return f"its package asks for {asked[0]}, and this is {version('lifsim')}; " if asked else ""


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
"""The module of each kind's registry, so that input files can be checked without importing all of them."""


def blamed(error: BaseException) -> Fault | None:
    """The fault of the member of another package in whose code, or below whose code, `error` was raised; None if only
    LIFSim's own code was running. Among members of one module it is the one whose method was running, if any."""
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    selves = {type(frame.f_locals.get("self")) for frame in frames}
    at_work = {str(frame.f_globals.get("__name__", "")) for frame in frames}
    at_work |= {module.partition(".")[0] for module in at_work}
    loaded: dict[type, tuple[Registry[Any], str, Origin]] = {}
    for place in KINDS.values():
        module, _, attribute = place.partition(":")
        if module in sys.modules:  # a module that was not imported was not called
            registry: Registry[Any] = getattr(sys.modules[module], attribute)
            loaded |= {of: (registry, *member) for of, member in registry.foreign().items()}
    own = {of: member for of, member in loaded.items() if of.__module__ in at_work}
    acting = [member for of, member in own.items() if of in selves]
    near = [member for of, member in loaded.items() if of.__module__.partition(".")[0] in at_work]
    for registry, name, origin in (acting or list(own.values()) or near)[:1]:
        way_out = f"mend {origin.module}, or name another {registry.kind} (`lifsim list` has them)"
        return Fault(f"member {name} ({origin.package}): must work, raised {error!r} (--debug shows where); {way_out}")
    return None


def registry_of(kind: str) -> Registry[Any]:
    """The members of `kind`."""
    module, _, name = KINDS[kind].partition(":")
    registry: Registry[Any] = getattr(importlib.import_module(module), name)
    return registry
