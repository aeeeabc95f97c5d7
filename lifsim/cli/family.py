"""Families of options: a frozen dataclass whose fields are the options, which a command gets as one argument."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from functools import wraps
from typing import Any, TypeVar, get_args, get_type_hints

Command = TypeVar("Command", bound=Callable[..., object])


def options_of(family: type, name: str) -> Callable[[Command], Command]:
    """Adds the options of the dataclass `family` to a command, which gets them as its argument `name`.

    Each field is annotated with the click option (or argument) that fills it: ``Annotated[int | None,
    click.option("--seed", type=int)]``; --help lists them in their order.
    """
    options = {key: get_args(hint)[1] for key, hint in get_type_hints(family, include_extras=True).items()}
    names = [field.name for field in fields(family)]

    def add(command: Command) -> Command:
        @wraps(command)
        def told(*arguments: Any, **values: Any) -> object:
            chosen = family(**{key: values.pop(key) for key in names})
            return command(*arguments, **{name: chosen}, **values)

        for key in reversed(names):
            options[key](told)
        return told  # type: ignore[return-value]

    return add
