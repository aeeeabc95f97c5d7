"""What a protocol requires of its members, checked when a member registers, not when it is first used."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any, Generic, Protocol, TypeVar, get_type_hints

from lifsim.lazy_dataclass import dataclass

M = TypeVar("M")
F = TypeVar("F", bound=Callable[..., Any])


def asked_where(flag: str, *, value: object = True) -> Callable[[F], F]:
    """Mark a method that only members must define whose `flag`, an attribute or a method without arguments, has that
    value."""

    def mark(method: F) -> F:
        method.__dict__["asked_where"] = flag, value
        return method

    return mark


def told_by(other: str) -> Callable[[F], F]:
    """Mark a method whose answer the method `other` gives in another form, such as in words: a member that overrides
    this one must override both, unless `other` is not asked of it or is the protocol's."""

    def mark(method: F) -> F:
        method.__dict__["told_by"] = other
        return method

    return mark


@dataclass(frozen=True)
class Answers:
    """The arguments of `answers`, kept with the method."""

    rule: Callable[..., str]
    each: Callable[..., str] | None = None
    made: str = ""
    says: tuple[type[Exception], ...] = ()


def answers(
    rule: Callable[..., str],
    *,
    each: Callable[..., str] | None = None,
    made: str = "",
    says: tuple[type[Exception], ...] = (),
) -> Callable[[F], F]:
    """Mark a method whose return value must, besides its annotation, obey `rule(value, member, *arguments)`, which
    returns what the value must be and is not, or "" if it is right. Checked only for members of other packages
    (`lifsim.door`). each: the same for every entry of a returned iterator, or for the results of a returned function,
    with its arguments. made: the class that the annotation means, as `module:class`, if it is not imported with the
    protocol. says: exceptions that are answers."""

    def mark(method: F) -> F:
        method.__dict__["answers"] = Answers(rule, each, made, says)
        return method

    return mark


def of_any(*_: object) -> str:
    """The rule of methods without one."""
    return ""


def made(member: type[M], protocol: type[Any]) -> M:
    """A member, made without arguments. Raises TypeError with everything that `protocol` requires and the member lacks:
    methods that are abstract there or marked by `asked_where` or `told_by`, attributes, and methods of classes that are
    attributes, or that these make."""
    forgotten = [name for name in methods_of(protocol) if _is_left_open(protocol, member, name)]
    if forgotten:
        forgotten += _attributes_without(member, protocol)
    else:
        one = member()
        forgotten += _attributes_without(one, protocol)
        if not forgotten:
            forgotten += [name for name in methods_of(protocol) if _is_asked_in_vain(protocol, one, name)]
            forgotten += _stale_accounts(one, protocol)
        if not forgotten:
            return one
    raise TypeError(f"{member.__qualname__} must have {', '.join(forgotten)}, as {protocol.__qualname__} asks")


def bases_of(protocol: type[Any]) -> list[type[Any]]:
    """The classes in which a protocol states its requirements, the first one first."""
    return [base for base in reversed(protocol.__mro__) if base not in (object, Protocol, Generic)]


def methods_of(protocol: type[Any]) -> Iterator[str]:
    """The methods that it names."""
    for base in bases_of(protocol):
        yield from (name for name, what in vars(base).items() if callable(what) and not name.startswith("_"))


def _is_left_open(protocol: type[Any], member: type[Any], name: str) -> bool:
    """Whether neither the protocol nor the member gives the method a body."""
    method = getattr(member, name, None)
    return method is None or (method is getattr(protocol, name) and hasattr(method, "__isabstractmethod__"))


def _attributes_without(member: object, protocol: type[Any]) -> Iterator[str]:
    """Attributes that it lacks, and methods without a body of attributes that are classes."""
    for name in (name for base in bases_of(protocol) for name in inspect.get_annotations(base)):
        if not hasattr(member, name):
            yield name
        elif inspect.isclass(part := getattr(member, name)):
            yield from (f"{name}.{method}" for method in sorted(getattr(part, "__abstractmethods__", ())))
            yield from _makes_without(part)


def _makes_without(part: type[Any]) -> Iterator[str]:
    """Methods without a body, of the classes that its own methods promise to make."""
    for name, method in vars(part).items():
        if inspect.isfunction(method):
            with suppress(NameError, TypeError):  # a name that only type checkers see
                whole = get_type_hints(method).get("return")
                if (
                    inspect.isclass(whole)
                    and inspect.isabstract(whole)
                    and any(name in vars(base) for base in part.__mro__[1:])
                ):
                    yield from (
                        f"{whole.__qualname__}.{one}" for one in sorted(getattr(whole, "__abstractmethods__", ()))
                    )


def _stale_accounts(member: object, protocol: type[Any]) -> Iterator[str]:
    """Methods that give the answer of others which a subclass has overridden without them."""
    kind = type(member)
    for name in methods_of(protocol):
        other = getattr(getattr(protocol, name), "told_by", None)
        if other is None or getattr(kind, other) is getattr(protocol, other) or not _is_asked(protocol, member, other):
            continue
        if _definer(kind, name) < _definer(kind, other):
            yield f"{other} of its own beside its {name}"


def _definer(member: type[Any], name: str) -> int:
    """How many classes above `member` the method is defined."""
    return next(place for place, base in enumerate(member.__mro__) if name in vars(base))


def _is_asked_in_vain(protocol: type[Any], member: object, name: str) -> bool:
    """Whether such a member must define a method and only inherits the protocol's."""
    own = getattr(protocol, name)
    return getattr(type(member), name) is own and hasattr(own, "asked_where") and _is_asked(protocol, member, name)


def _is_asked(protocol: type[Any], member: object, name: str) -> bool:
    """Whether the method is ever called of such a member."""
    condition = getattr(getattr(protocol, name), "asked_where", None)
    if condition is None:
        return True
    flag, value = condition
    found = getattr(member, flag)
    return (found() if callable(found) else found) is value
