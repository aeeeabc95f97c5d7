"""Standard streams that cannot be written to: closed, on a full disk, or with a reader that has gone."""

from __future__ import annotations

import os
import sys
from typing import TextIO

import click


def open_closed_streams() -> None:
    """Open streams that the shell closed (`>&-`) on the null device: a file opened later must not get their
    descriptors."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest free descriptor is this one
    for name, number, mode in (("stdin", 0, "r"), ("stdout", 1, "w"), ("stderr", 2, "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(number, mode, closefd=False))  # noqa: SIM115


def to_nowhere(stream: TextIO) -> None:
    """Send the rest of the `stream` to the null device, so that the flush at exit does not fail either."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, stream.fileno())
    os.close(null)


def tell(message: str) -> None:
    """Print to stderr. If it cannot be written to, nobody can be told; the work and its exit code do not change."""
    try:
        click.echo(message, err=True)
        sys.stderr.flush()
    except OSError:
        to_nowhere(sys.stderr)
