"""What commands print: lines in which names from files cannot move the cursor, hide text or start new lines."""

from __future__ import annotations

import click

from lifsim.cli.streams import tell
from lifsim.errors import visible


def say_within(*lines: str, indent: int = 4) -> None:
    """Print the `lines` to stdout; those wider than its terminal are wrapped and indented."""
    from lifsim.report.width import terminal_columns, wrapped

    columns = terminal_columns()
    click.echo("\n".join(part for line in lines for part in wrapped(visible(line), columns, indent)))


def say(*lines: str, err: bool = False) -> None:
    """Print the `lines` to stdout, or to stderr."""
    message = "\n".join(map(visible, lines))
    if err:
        tell(message)
    else:
        click.echo(message)
