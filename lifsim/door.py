"""The door through which members of other packages come in: what they return is checked here, and nowhere behind it.

Type checkers and tests make sure that LIFSim's own members keep what their protocol promises. When a class from another
package registers, the methods that the protocol names are wrapped, once: what each returns must match the annotation in
the protocol and obey the rule beside it (`lifsim.contract.answers`), and what it raises is reported as the package's
fault. The same goes for the methods of what it makes: a layer, a price, what a sparsity keeps. LIFSim's own members are
not slowed down.
"""

from __future__ import annotations

import importlib
import inspect
import re
from collections.abc import Callable, Iterable, Iterator
from functools import wraps
from typing import Any, Self, get_args, get_type_hints

from lifsim.contract import Answers, bases_of, of_any
from lifsim.errors import Fault, InputError, Interruption, ToldError
from lifsim.lazy_dataclass import dataclass
from lifsim.promised import Check, UnkeptError, check_of, shown

THROUGH = (InputError, ToldError, MemoryError, KeyboardInterrupt, GeneratorExit, Interruption)
"""Errors that are not the member's fault: refusals in LIFSim's own words, the machine's limits, and a run stopped from
outside."""

DOOR = "__lifsim_door__"
"""Of a class, the protocols whose methods are wrapped; of a function, the one that it wraps."""


NAME = re.compile(r"[A-Za-z]\w*", re.ASCII)

NO_NAMES = frozenset(("nan", "inf", "infinity", "null", "true", "false", "yes", "no", "on", "off", "y", "n"))
"""Names that YAML or numbers could be mistaken for."""


@dataclass(frozen=True)
class Guest:
    """A member of another package. kind: what it is, in words; name: as files spell it."""

    kind: str
    name: str
    package: str

    def fault(self, part: str, what: str, where: str) -> Fault:
        """The fault that says `what` is wrong with a part of it, which is defined `where`."""
        way_out = f"mend {where}, or name another {self.kind} (`lifsim list` has them)"
        return Fault(f"member {self.name} ({self.package}) {part}: {what}; {way_out}")


@dataclass(frozen=True)
class Part:
    """A method or an attribute of a guest, and the `lifsim.promised.Watcher` of what it returns. where: its place, from
    its module on."""

    guest: Guest
    name: str
    where: str

    def wrapped(self, function: Callable[..., Any], promise: Any, protocol: type[Any]) -> Callable[..., Any]:
        """`function`, checked against what `promise`, the method of `protocol`, promises of that name."""
        said = getattr(promise, "answers", Answers(of_any))
        hint = _found(said.made) if said.made else get_type_hints(promise).get("return", Any)
        hint = protocol if hint is Self else hint
        check, must = check_of(hint, self), _words(hint)

        @wraps(function)
        def kept(*given: Any, **named: Any) -> Any:
            arguments = inspect.signature(promise).bind(*given, **named).args if named else given
            answer = self._kept(
                lambda: _obeying(said.rule, check(function(*given, **named)), arguments), must, said.says
            )
            return answer if said.each is None else self._each(answer, said.each, arguments)

        setattr(kept, DOOR, function)
        return kept

    def adopt(self, found: type[Any], promised: type[Any]) -> None:
        """See `Watcher`: what a guest makes comes in by the same door."""
        guard(found, promised, self.guest)

    def called(self, function: Callable[..., Any], check: Check) -> Callable[..., Any]:
        """See `Watcher`."""
        return lambda *given: self._kept(lambda: check(function(*given)), "a function that works")

    def walked(self, entries: Iterable[Any], check: Check) -> Iterator[Any]:
        """See `Watcher`."""
        walk, end = iter(entries), object()
        while (entry := self._kept(lambda: _next(walk, check, end), "an iterator that works")) is not end:
            yield entry

    def _each(self, answer: Any, rule: Callable[..., str], given: tuple[Any, ...]) -> Any:
        """An iterator whose entries obey a rule, or a function that returns what does."""
        if isinstance(answer, Iterator):
            return self.walked(answer, lambda entry: _obeying(rule, entry, given))
        member = given[0]
        return lambda *each: self._kept(lambda: _obeying(rule, answer(*each), (member, *each)), "what works")

    def _kept(self, answer: Callable[[], Any], must: str, says: tuple[type[Exception], ...] = ()) -> Any:
        """What `answer` returns. Raises InputError if it fails or is not as promised; exceptions that it `says`
        pass."""
        through: tuple[type[BaseException], ...] = (*THROUGH, *says)
        try:
            return answer()
        except through:
            raise
        except UnkeptError as error:
            what = f"must return {error.must}, returned {error.found}"
            raise InputError(self.guest.fault(self.name, what, self.where)) from error
        except BaseException as error:  # SystemExit, too: it would end the command as if all was well
            what = f"must return {must}, raised {shown(error)} (--debug shows where)"
            raise InputError(self.guest.fault(self.name, what, self.where)) from error


def welcome(member: Any, protocol: type[Any], guest: Guest) -> None:
    """Check the attributes of a member and wrap its methods. Raises InputError with all attributes that are not what
    `protocol` says."""
    faults = list[Fault]()
    for base in bases_of(protocol):
        hints = get_type_hints(base)
        for name in inspect.get_annotations(base):
            part = Part(guest, name, _place(type(member), name))
            try:
                check_of(hints[name], part)(getattr(member, name))
            except UnkeptError as error:
                faults.append(guest.fault(name, f"must be {error.must}, is {error.found}", part.where))
    if not faults and (not NAME.fullmatch(guest.name) or guest.name.lower() in NO_NAMES):
        words = "letters, digits and _, a letter first, and nothing that files take for a value"
        faults.append(guest.fault("name", f"must be {words}, is {guest.name!r}", _place(type(member), "name")))
    if faults:
        raise InputError(faults)
    guard(type(member), protocol, guest)


def guard(member: type[Any], protocol: type[Any], guest: Guest) -> None:
    """Wrap the methods of a class that `protocol` names, unless it is LIFSim's or wrapped already."""
    known = vars(member).get(DOOR, ())
    if _is_ours(member) or protocol in known:
        return
    setattr(member, DOOR, (*known, protocol))
    for name, promise in _promises(member, protocol):
        found, part = inspect.getattr_static(member, name), Part(guest, name, _place(member, name))
        if found is promise:
            continue
        if inspect.isfunction(promise):
            setattr(member, name, part.wrapped(_behind(found), promise, protocol))
        elif isinstance(promise, property) and isinstance(found, property):
            setattr(member, name, property(part.wrapped(_behind(found.fget), promise.fget, protocol)))


def _promises(member: type[Any], protocol: type[Any]) -> Iterator[tuple[str, Any]]:
    """What a protocol names, and rules across the keys of a model (`lifsim.model.schema.rule`)."""
    for base in bases_of(protocol):
        yield from ((name, promise) for name, promise in vars(base).items() if not name.startswith("_"))
    for name in getattr(member, "rules", ()):
        if getattr(member, name).__module__.partition(".")[0] != "lifsim":
            yield name, protocol.broken_rules


def _behind(found: Any) -> Callable[..., Any]:
    """A method of a class, without the wrapper of a class above it, which belongs to another guest."""
    function: Callable[..., Any] = getattr(found, DOOR, found)
    if inspect.isfunction(function):
        return function
    return lambda one, *given, **named: function.__get__(one, type(one))(*given, **named)


def _place(member: type[Any], name: str) -> str:
    return f"{member.__module__}.{member.__qualname__}.{name}"


def _words(hint: Any) -> str:
    """An annotation in words, without module names."""
    return hint.__name__ if inspect.isclass(hint) and not get_args(hint) else re.sub(r"\w+\.(?=\w)", "", str(hint))


def _is_ours(member: type[Any]) -> bool:
    return member.__module__.partition(".")[0] == "lifsim"


def _found(place: str) -> Any:
    module, _, name = place.partition(":")
    return getattr(importlib.import_module(module), name)


def _obeying(rule: Callable[..., str], answer: Any, given: tuple[Any, ...]) -> Any:
    broken = rule(answer, *given)
    if broken:
        raise UnkeptError(broken, shown(answer))
    return answer


def _next(walk: Iterator[Any], check: Check, end: object) -> Any:
    entry = next(walk, end)
    return entry if entry is end else check(entry)
