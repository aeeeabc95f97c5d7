"""--set KEY=VALUE, as often as wanted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from lifsim.cli.completing import settings

Command = TypeVar("Command", bound=Callable[..., Any])


def set_option(words: str, name: str = "settings") -> Callable[[Command], Command]:
    """The texts arrive as the argument `name`. words: its line in --help, such as which keys it changes."""
    return click.option("--set", name, shell_complete=settings, metavar="KEY=VALUE", multiple=True, help=words)
