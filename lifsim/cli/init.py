"""`lifsim init`: files to start from, which explain every key and run as they are."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import click

from lifsim.cli.say import say

if TYPE_CHECKING:
    from lifsim.config.resolve import Kind

_SUFFIX = ".yaml"

_force = click.option("--force", is_flag=True, help="Overwrite the file.")


@click.group()
def init() -> None:
    """Write a commented file to start from.

    \b
    Examples:
      lifsim init arch results/my_arch
      lifsim init workload results/my_network
      lifsim run --arch results/my_arch.yaml \\
          --workload results/my_network.yaml
    """


@init.command()
@click.argument("name", default="my_arch", type=click.Path(path_type=Path))
@_force
def arch(name: Path, force: bool) -> None:
    """Write the architecture NAME.yaml (NAME may be a path; default: my_arch): what each key does, in which unit, and
    where its figures come from. It runs as it is.

    \b
    Examples:
      lifsim init arch results/mine
      lifsim arch show results/mine.yaml
    """
    file = shlex.quote(str(_written("arch", name, force=force)))
    _and_then(f"lifsim arch show {file}", f"lifsim run --arch {file}")


@init.command()
@click.argument("name", default="my_network", type=click.Path(path_type=Path))
@_force
def workload(name: Path, force: bool) -> None:
    """Write the workload NAME.yaml (NAME may be a path; default: my_network): what each key does, and where spikes come
    from. It runs as it is.

    \b
    Examples:
      lifsim init workload results/mine_too
      lifsim workload show results/mine_too.yaml
    """
    file = shlex.quote(str(_written("workload", name, force=force)))
    _and_then(f"lifsim workload show {file}", f"lifsim run --workload {file}")


def _written(kind: Kind, name: Path, *, force: bool) -> Path:
    """The file that was written. Raises InputError if it exists and must not be overwritten."""
    from lifsim.config.templates import template
    from lifsim.files import check_targets, named
    from lifsim.interchange.satasim import unique_names
    from lifsim.placing import place_file

    asked = named(name, "name")
    target = asked if asked.suffix in (_SUFFIX, ".yml") else asked.with_name(asked.name + _SUFFIX)
    check_targets([target], [], replace=True)
    placed = place_file(target, template(kind, unique_names([target.stem])[0]).encode(), replace=force)
    say(str(placed))
    return target


def _and_then(*commands: str) -> None:
    """Print the file and the commands that take it."""
    say("next:", *(f"  {command}" for command in commands), err=True)
