"""The standard streams of the process where nobody reads or takes them: closed, full, or a reader that has gone."""

from __future__ import annotations

import os
import sys
from typing import TextIO

import click


def open_closed_streams() -> None:
    """What a shell closed (`>&-`) goes nowhere: its descriptor must not become that of a file which is opened later."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest free descriptor is this one
    for name, number, mode in (("stdin", 0, "r"), ("stdout", 1, "w"), ("stderr", 2, "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(number, mode, closefd=False))  # noqa: SIM115


def to_nowhere(stream: TextIO) -> None:
    """What is left of the `stream` goes nowhere: the flush at the end must not complain either."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, stream.fileno())
    os.close(null)


def tell(message: str) -> None:
    """Print to stderr. Where it takes no more, nobody can be told: the work and its exit code stay what they are."""
    try:
        click.echo(message, err=True)
        sys.stderr.flush()
    except OSError:
        to_nowhere(sys.stderr)
