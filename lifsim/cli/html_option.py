"""--html, with a file or without one, and the place of a report that has one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from lifsim.cli.say import say
from lifsim.errors import Fault, InputError

IN_FOLDER = ""
"""What --html is without a file."""

html_option = click.option(
    "--html", is_flag=False, flag_value=IN_FOLDER, default=None, metavar="[FILE]",
    help="Write a report, too: one HTML file with charts, which needs no network. Default: report.html in the result's "
    "folder.",
)  # fmt: skip


def check_html(path: Path, *, replace: bool, sources: Sequence[Path] = ()) -> None:
    """Refuse before any work what a report cannot be written to. Raises InputError."""
    from lifsim.files import check_targets, check_writable

    if path.suffix.lower() not in (".html", ".htm"):
        raise InputError(Fault(f"{path} must end in .html", path="html"))
    check_targets([path], sources, replace=replace)
    check_writable(path)


def place_html(path: Path, report: bytes, *, replace: bool) -> None:
    """Put it there, and say so. Raises InputError where it cannot be."""
    from lifsim.placing import place_file

    say(str(place_file(path, report, replace=replace)), err=True)
