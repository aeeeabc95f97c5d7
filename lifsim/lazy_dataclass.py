"""`dataclass` whose methods are compiled when they are first looked up.

`dataclasses` writes up to six methods of a class as text and compiles each at import, half a millisecond a class.
LIFSim's classes would take every process a fifth of a second so, though a run makes instances of half of them and
compares few. Here the fields are collected at import, so that what is wrong with them is told there; a method is
written, to the same effect, when somebody asks for it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import MISSING, FrozenInstanceError, fields, is_dataclass
from reprlib import recursive_repr
from typing import TYPE_CHECKING, Any

Method = Callable[..., Any]

if TYPE_CHECKING:  # to a type checker it is that of the standard library
    from dataclasses import dataclass as dataclass
else:

    def dataclass(cls=None, /, *, frozen=False, eq=True, repr=True):
        """As `dataclasses.dataclass`, with these of its options and without `InitVar`. Classes that are not frozen,
        which are few, do not wait."""
        decorate = _deferring if frozen else dataclasses.dataclass

        def decorated(cls):
            return decorate(cls, eq=eq, repr=repr)

        return decorated if cls is None else decorated(cls)


def _deferring(cls: type[Any], *, eq: bool, repr: bool) -> type[Any]:
    """Makes a frozen dataclass of `cls`."""
    written = dict(vars(cls))
    if "__eq__" in written and written["__hash__"] is None:  # so Python does where a class is compared in its own way
        del written["__hash__"]
    # `dataclasses` refuses a class that inherits from a frozen one and is not said to be frozen, too.
    inherits = any(map(is_dataclass, cls.__mro__[1:]))
    dataclasses.dataclass(init=False, repr=False, eq=False, frozen=inherits)(cls)
    said = vars(cls)["__dataclass_params__"]
    said.init, said.repr, said.eq, said.frozen = True, repr, eq, True
    for name in ["__init__", *["__repr__"] * repr, *["__eq__", "__hash__"] * eq]:
        if name not in written:
            setattr(cls, name, _Deferred(cls, name))
    if not inherits:
        for name, verb in {"__setattr__": "assign to", "__delattr__": "delete"}.items():
            setattr(cls, name, _refusing(cls, name, verb))
    return cls


class _Deferred:
    """Stands for a method until it is first looked up, in whatever way: then it is written and put in this place.
    Threads that ask at once write the same."""

    def __init__(self, cls: type[Any], name: str) -> None:
        self.cls, self.name = cls, name

    def __get__(self, instance: object | None, owner: type[Any] | None = None) -> Method:
        method = METHODS[self.name](self.cls)
        method.__qualname__ = f"{self.cls.__qualname__}.{self.name}"
        setattr(self.cls, self.name, method)
        bound: Method = method.__get__(instance, owner)
        return bound


class _Made:
    """Stands in a signature for what a factory makes."""

    def __repr__(self) -> str:
        return "<factory>"


def _init(cls: type[Any]) -> Method:
    """Sets each field, in their order, to what is given, its default or what its factory makes."""
    parameters, keywords, body = ["self"], list[str](), list[str]()
    known: dict[str, object] = {"_set": object.__setattr__, "_made": _Made()}
    for field in fields(cls):
        name, value, default = field.name, field.name, ""
        if field.default is not MISSING:
            known[f"_default_{name}"], default = field.default, f"=_default_{name}"
        elif field.default_factory is not MISSING:
            known[f"_make_{name}"], default = field.default_factory, "=_made"
            value = f"_make_{name}()" + f" if {name} is _made else {name}" * field.init
        if field.init:
            (keywords if field.kw_only else parameters).append(name + default)
        if field.init or field.default_factory is not MISSING:
            body.append(f"_set(self, {name!r}, {value})")
    if hasattr(cls, "__post_init__"):
        body.append("self.__post_init__()")
    head = ", ".join([*parameters, *["*"] * bool(keywords), *keywords])
    method = _compiled(cls, f"__init__({head})", body or ["pass"], known)
    method.__annotations__ = {field.name: field.type for field in fields(cls) if field.init} | {"return": None}
    return method


def _repr(cls: type[Any]) -> Method:
    told = ", ".join(f"{field.name}={{self.{field.name}!r}}" for field in fields(cls) if field.repr)
    return recursive_repr()(_compiled(cls, "__repr__(self)", [f"return f'{{type(self).__qualname__}}({told})'"]))


def _eq(cls: type[Any]) -> Method:
    names = [field.name for field in fields(cls) if field.compare]
    equal = f"{_tuple('self', names)} == {_tuple('other', names)}"
    return _compiled(
        cls, "__eq__(self, other)", [f"return {equal} if other.__class__ is self.__class__ else NotImplemented"]
    )


def _hash(cls: type[Any]) -> Method:
    names = [field.name for field in fields(cls) if (field.compare if field.hash is None else field.hash)]
    return _compiled(cls, "__hash__(self)", [f"return hash({_tuple('self', names)})"])


METHODS: dict[str, Callable[[type[Any]], Method]] = {
    "__init__": _init,
    "__repr__": _repr,
    "__eq__": _eq,
    "__hash__": _hash,
}


def _tuple(of: str, names: Sequence[str]) -> str:
    return "(" + "".join(f"{of}.{name}, " for name in names) + ")"


def _compiled(cls: type[Any], head: str, body: Sequence[str], known: dict[str, object] | None = None) -> Method:
    """The method of that text, of which nothing but the names of fields comes from the class; it knows `known`."""
    text = "\n ".join([f"def {head}:", *body])
    names = {"__name__": cls.__module__, **(known or {})}  # a traceback tells whose code it is
    exec(text, names)  # noqa: S102
    method: Method = names[head.partition("(")[0]]  # type: ignore[assignment]
    return method


def _refusing(cls: type[Any], name: str, verb: str) -> Method:
    """The method `name`, that leaves alone what is not a field only in a class that inherits and is no dataclass."""
    own = frozenset(field.name for field in fields(cls))

    def refuse(self: object, attribute: str, *value: object) -> None:
        if type(self) is cls or attribute in own:
            raise FrozenInstanceError(f"cannot {verb} field {attribute!r}")
        getattr(super(cls, self), name)(attribute, *value)

    return refuse
