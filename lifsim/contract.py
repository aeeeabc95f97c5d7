"""What a protocol asks of its members: what one forgets is told when it registers, not when it is first asked."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any, Generic, Protocol, TypeVar, get_type_hints

from lifsim.lazy_dataclass import dataclass

M = TypeVar("M")
F = TypeVar("F", bound=Callable[..., Any])


def asked_where(flag: str, *, value: object = True) -> Callable[[F], F]:
    """Marks a method of a protocol that is asked only of members whose `flag`, an attribute or a method without
    arguments, has that value: they must define it."""

    def mark(method: F) -> F:
        method.__dict__["asked_where"] = flag, value
        return method

    return mark


def told_by(other: str) -> Callable[[F], F]:
    """Marks a method of a protocol of which the method `other` gives an account: who has one of his own has both."""

    def mark(method: F) -> F:
        method.__dict__["told_by"] = other
        return method

    return mark


@dataclass(frozen=True)
class Answers:
    """What `answers` says of a method."""

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
    """Marks a method of a protocol whose answer, of which its annotation says what it is, must obey `rule(answer,
    member, *arguments)`: what it must be and is not, "" where it is. Asked of members of other packages alone
    (`lifsim.door`). each: likewise of every entry where an iterator is answered, and where a function is of what that
    returns, with its arguments. made: what the annotation means, `module:class`, where that is not imported with the
    protocol. says: what it raises to answer."""

    def mark(method: F) -> F:
        method.__dict__["answers"] = Answers(rule, each, made, says)
        return method

    return mark


def of_any(*_: object) -> str:
    """The rule of what has none."""
    return ""


def made(member: type[M], protocol: type[Any]) -> M:
    """A member, made without arguments. Raises TypeError with all that `protocol` asks for and it has not: methods that
    are abstract there or marked by `asked_where` or `told_by`, attributes, and methods of classes that are attributes,
    or that these make."""
    forgotten = [name for name in methods_of(protocol) if _is_left_open(protocol, member, name)]
    if forgotten:
        forgotten += _attributes_without(member, protocol)
    else:
        one = member()
        forgotten += _attributes_without(one, protocol)
        if not forgotten:
            forgotten += [name for name in methods_of(protocol) if _is_asked_in_vain(protocol, one, name)]
            forgotten += _stale_accounts(member, protocol)
        if not forgotten:
            return one
    raise TypeError(f"{member.__qualname__} must have {', '.join(forgotten)}, as {protocol.__qualname__} asks")


def bases_of(protocol: type[Any]) -> list[type[Any]]:
    """The classes in which a protocol says what it asks, the first one first."""
    return [base for base in reversed(protocol.__mro__) if base not in (object, Protocol, Generic)]


def methods_of(protocol: type[Any]) -> Iterator[str]:
    """Those that it names."""
    for base in bases_of(protocol):
        yield from (name for name, what in vars(base).items() if callable(what) and not name.startswith("_"))


def _is_left_open(protocol: type[Any], member: type[Any], name: str) -> bool:
    """Whether a method has no body: neither the protocol gives one, nor the member."""
    method = getattr(member, name, None)
    return method is None or (method is getattr(protocol, name) and hasattr(method, "__isabstractmethod__"))


def _attributes_without(member: object, protocol: type[Any]) -> Iterator[str]:
    """Attributes that it has not, and methods without a body of those that are classes."""
    for name in (name for base in bases_of(protocol) for name in inspect.get_annotations(base)):
        if not hasattr(member, name):
            yield name
        elif inspect.isclass(part := getattr(member, name)):
            yield from (f"{name}.{method}" for method in sorted(getattr(part, "__abstractmethods__", ())))
            yield from _makes_without(part)


def _makes_without(part: type[Any]) -> Iterator[str]:
    """Methods without a body of the classes that methods of its own promise to make."""
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


def _stale_accounts(member: type[Any], protocol: type[Any]) -> Iterator[str]:
    """Methods that give an account of others which a class below theirs has changed."""
    for name in methods_of(protocol):
        other = getattr(getattr(protocol, name), "told_by", None)
        if other is not None and _definer(member, name) < _definer(member, other):
            yield f"{other} of its own beside its {name}"


def _definer(member: type[Any], name: str) -> int:
    """How far above `member` the class is that defines a method."""
    return next(place for place, base in enumerate(member.__mro__) if name in vars(base))


def _is_asked_in_vain(protocol: type[Any], member: object, name: str) -> bool:
    """Whether a method is asked of such a member, which has the protocol's own."""
    own = getattr(protocol, name)
    if getattr(type(member), name) is not own or not hasattr(own, "asked_where"):
        return False
    flag, value = own.asked_where
    found = getattr(member, flag)
    return (found() if callable(found) else found) is value
