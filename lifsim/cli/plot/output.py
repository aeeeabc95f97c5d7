"""Options that every figure has."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import click

F = TypeVar("F", bound=Callable[..., object])

_OUT = click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="File of the figure: .png, .svg or .pdf; its numbers go beside it as .csv. Default: reports/<figure>.png.",
)
_FORCE = click.option("--force", is_flag=True, help="Overwrite --out.")


def figure_options(command: F) -> F:
    """Add --out and --force."""
    return _OUT(_FORCE(command))
