"""Families of options: a frozen dataclass whose fields are the options, which a command gets as one argument."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from typing import Any, TypeVar, get_args, get_type_hints

import click

Callback = TypeVar("Callback", bound=Callable[..., object])

_FAMILIES = "__families__"
"""Where a callback keeps them until click makes a command of it, as click itself does with options."""


def options_of(family: type, name: str) -> Callable[[Callback], Callback]:
    """Adds the options of the dataclass `family` to a `FamilyCommand`, which gets them as its argument `name`.

    Each field is annotated with the click option (or argument) that fills it: ``Annotated[int | None,
    click.option("--seed", type=int)]``; --help lists them in their order.
    """
    options = {key: get_args(hint)[1] for key, hint in get_type_hints(family, include_extras=True).items()}
    names = [field.name for field in fields(family)]

    def add(callback: Callback) -> Callback:
        for key in reversed(names):
            options[key](callback)
        setattr(callback, _FAMILIES, {**getattr(callback, _FAMILIES, {}), name: family})
        return callback

    return add


class FamilyCommand(click.Command):
    """Hands each family over as one argument: no wrapper stands between click and the callback."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Raises what a family refuses."""
        rest = super().parse_args(ctx, args)
        families: dict[str, Any] = getattr(self.callback, _FAMILIES, {})
        if not ctx.resilient_parsing:  # else a shell asks about a command that is not whole yet
            for name, family in families.items():
                ctx.params[name] = family(**{field.name: ctx.params.pop(field.name) for field in fields(family)})
        return rest
