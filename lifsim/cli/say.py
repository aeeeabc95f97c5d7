"""What commands say: lines in which names from files cannot move the cursor, hide text or make lines of their own."""

from __future__ import annotations

import click

from lifsim.errors import visible


def say(*lines: str, err: bool = False) -> None:
    """Print the `lines` to stdout, or to stderr."""
    click.echo("\n".join(map(visible, lines)), err=err)
