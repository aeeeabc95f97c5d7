"""A `dataclass` that makes the methods of a class when they are first looked up.

`dataclasses` collects the fields of a class at import, writes up to six methods of it as text and compiles each: half a
millisecond a class. LIFSim's classes would cost every process a fifth of a second, although a run makes instances of
half of them and compares few. Here the work waits until a method is needed, with the same result; and a method is
compiled once for all classes with the same number and sorts of fields, and then given their own names.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Sequence
from dataclasses import MISSING, Field, FrozenInstanceError, field, fields, is_dataclass
from functools import cache, partial
from reprlib import recursive_repr
from types import CodeType, FunctionType
from typing import TYPE_CHECKING, Any

Method = Callable[..., Any]

if TYPE_CHECKING:  # for a type checker it is the standard library's
    from dataclasses import dataclass as dataclass
else:

    def dataclass(cls=None, /, *, frozen=False, eq=True, repr=True):
        """As `dataclasses.dataclass`, with these options and without `InitVar`. Classes that are not frozen, which are
        few, are made at once."""
        decorate = _deferring if frozen else dataclasses.dataclass

        def decorated(cls):
            return decorate(cls, eq=eq, repr=repr)

        return decorated if cls is None else decorated(cls)


COLLECTED = ("__dataclass_fields__", "__dataclass_params__", "__match_args__")


def _deferring(cls: type[Any], *, eq: bool, repr: bool) -> type[Any]:
    """Makes a frozen dataclass of `cls`."""
    written = dict(vars(cls))
    if "__eq__" in written and written["__hash__"] is None:  # as Python does for a class with its own __eq__
        del written["__hash__"]
    collect = partial(_collect, cls, eq=eq, repr=repr)
    makes = dict.fromkeys(COLLECTED, collect)
    for name in ["__init__", *["__repr__"] * repr, *["__eq__", "__hash__"] * eq]:
        makes[name] = partial(METHODS[name], cls)
    for name, make in makes.items():
        if name not in written:
            setattr(cls, name, _Deferred(cls, name, make))
    if not any("__dataclass_fields__" in vars(base) for base in cls.__mro__[1:]):
        for name, verb in {"__setattr__": "assign to", "__delattr__": "delete"}.items():
            setattr(cls, name, _refusing(cls, name, verb))
    defaults = (written[name] for name in cls.__annotations__ if name in written)
    # What stands for a field must not be taken for its default; a default that changes is refused, and at import.
    if any(isinstance(default, Field) or type(default).__hash__ is None for default in defaults):
        collect()
    return cls


class _Deferred:
    """Stands for an attribute of a class until it is first looked up, in whatever way: then `make` puts the attribute
    in its place. Threads that ask at the same time make the same."""

    def __init__(self, cls: type[Any], name: str, make: Callable[[], None]) -> None:
        self.cls, self.name, self.make = cls, name, make

    def __get__(self, instance: object | None, owner: type[Any] | None = None) -> Any:
        self.make()
        made = vars(self.cls)[self.name]
        return made.__get__(instance, owner) if isinstance(made, FunctionType) else made


def _collect(cls: type[Any], *, eq: bool, repr: bool) -> None:
    """Put the fields, and everything else in COLLECTED, into `cls`."""
    # `dataclasses` refuses a class that inherits from a frozen one and is not said to be frozen, too.
    inherits = any(map(is_dataclass, cls.__mro__[1:]))
    dataclasses.dataclass(init=False, repr=False, eq=False, frozen=inherits, match_args=False)(cls)
    said = vars(cls)["__dataclass_params__"]
    said.init, said.repr, said.eq, said.frozen = True, repr, eq, True
    if isinstance(vars(cls)["__match_args__"], _Deferred):
        positional = tuple(one.name for one in fields(cls) if one.init and not one.kw_only)
        type.__setattr__(cls, "__match_args__", positional)


def _fields(cls: type[Any]) -> Sequence[Field[Any]]:
    """As `fields`, but read off annotations and defaults alone, in a fraction of the time: for most classes nobody
    needs more."""
    said = cls.__annotations__
    collected = not isinstance(vars(cls)["__dataclass_fields__"], _Deferred)
    if collected or any(not isinstance(one, str) or "Var" in one or "KW_ONLY" in one for one in said.values()):
        return fields(cls)
    bases = (base for base in cls.__mro__[-1:0:-1] if "__dataclass_fields__" in vars(base))
    found = {one.name: one for base in bases for one in _fields(base)}
    for name, annotation in said.items():
        own: Any = field(default=getattr(cls, name, MISSING), kw_only=False)
        own.name, own.type = name, annotation
        found[name] = own
    return [*found.values()]


class _Made:
    """Stands in a signature for the value that a factory makes."""

    def __repr__(self) -> str:
        return "<factory>"


_MADE = _Made()


def _init(cls: type[Any]) -> None:
    """Set each field, in order, to the argument, its default, or what its factory makes."""
    parameters, keywords, body = ["self"], list[str](), list[str]()
    known: dict[str, object] = {"_set": object.__setattr__, "_made": _MADE}
    defaults, of_keywords = list[object](), dict[str, object]()
    own = _fields(cls)
    for place, one in zip(_places(own), own, strict=True):
        made = one.default_factory is not MISSING
        default = _MADE if made else one.default
        if one.init and one.kw_only:
            keywords.append(place)
            of_keywords |= {} if default is MISSING else {one.name: default}
        elif one.init:
            parameters.append(place)
            defaults += [] if default is MISSING else [default]
            if defaults and default is MISSING:
                raise TypeError(f"non-default argument {one.name!r} follows default argument")
        value = place
        if made:
            known[f"make{place}"], value = one.default_factory, f"make{place}()"
            value += f" if {place} is _made else {place}" * one.init
        if one.init or made:
            body.append(f"_set(self, {place!r}, {value})")
    if hasattr(cls, "__post_init__"):
        body.append("self.__post_init__()")
    head = ", ".join([*parameters, *["*"] * bool(keywords), *keywords])
    method = _method(cls, f"__init__({head})", body or ["pass"], [one.name for one in own], known)
    method.__defaults__, method.__kwdefaults__ = tuple(defaults), of_keywords
    method.__annotations__ = {one.name: one.type for one in own if one.init} | {"return": None}
    cls.__init__ = method


def _repr(cls: type[Any]) -> None:
    names = [one.name for one in _fields(cls) if one.repr]

    def told(self: object) -> str:
        return f"{type(self).__qualname__}({', '.join(f'{name}={getattr(self, name)!r}' for name in names)})"

    told.__name__, told.__qualname__ = "__repr__", f"{cls.__qualname__}.__repr__"
    setattr(cls, told.__name__, recursive_repr()(told))


def _eq(cls: type[Any]) -> None:
    names = [one.name for one in _fields(cls) if one.compare]
    equal = f"{_tuple('self', names)} == {_tuple('other', names)}"
    body = f"return {equal} if other.__class__ is self.__class__ else NotImplemented"
    cls.__eq__ = _method(cls, "__eq__(self, other)", [body], names)


def _hash(cls: type[Any]) -> None:
    names = [one.name for one in _fields(cls) if (one.compare if one.hash is None else one.hash)]
    cls.__hash__ = _method(cls, "__hash__(self)", [f"return hash({_tuple('self', names)})"], names)


METHODS: dict[str, Callable[[type[Any]], None]] = {
    "__init__": _init,
    "__repr__": _repr,
    "__eq__": _eq,
    "__hash__": _hash,
}


def _places(names: Sequence[object]) -> list[str]:
    """Placeholders for that many names in the text of a method."""
    return [f"_{place}" for place in range(len(names))]


def _tuple(of: str, names: Sequence[str]) -> str:
    return "(" + "".join(f"{of}.{place}, " for place in _places(names)) + ")"


def _method(
    cls: type[Any], head: str, body: Sequence[str], names: Sequence[str], known: dict[str, object] | None = None
) -> FunctionType:
    """The method with that text and `names` for its placeholders; `known`: its globals."""
    of_places = dict(zip(_places(names), names, strict=True))

    def named(words: Iterable[Any]) -> tuple[Any, ...]:
        return tuple(of_places.get(word, word) for word in words)

    code = _compiled("\n ".join([f"def {head}:", *body]))
    code = code.replace(
        co_varnames=named(code.co_varnames), co_names=named(code.co_names), co_consts=named(code.co_consts)
    )
    method = FunctionType(code, {"__name__": cls.__module__, **(known or {})})  # so that a traceback names it
    method.__qualname__ = f"{cls.__qualname__}.{method.__name__}"
    return method


@cache
def _compiled(text: str) -> CodeType:
    """The code of a function, in whose text no name comes from a class."""
    made: dict[str, Any] = {}
    exec(text, made)  # noqa: S102
    code: CodeType = made[text.partition("(")[0].removeprefix("def ")].__code__
    return code


def _refusing(cls: type[Any], name: str, verb: str) -> Method:
    """The method `name`, which refuses every change, except of attributes that are no fields in a subclass that is no
    dataclass."""

    def refuse(self: object, attribute: str, *value: object) -> None:
        if "__dataclass_fields__" in vars(type(self)) or any(attribute == one.name for one in fields(cls)):
            raise FrozenInstanceError(f"cannot {verb} field {attribute!r}")
        getattr(super(cls, self), name)(attribute, *value)

    return refuse
