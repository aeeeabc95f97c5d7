"""--html, with or without a file, and where the report is written."""

from __future__ import annotations

from pathlib import Path

import click

from lifsim.cli.say import say

IN_FOLDER = ""
"""What --html is without a file."""

html_option = click.option(
    "--html", is_flag=False, flag_value=IN_FOLDER, default=None, metavar="[FILE]",
    help="Also write a report: one self-contained HTML file with charts. Default: report.html in the result's folder.",
)  # fmt: skip


def place_html(path: Path, report: bytes, *, replace: bool) -> None:
    """Put it there, and say so. Raises InputError if it cannot be."""
    from lifsim.placing import place_file

    say(str(place_file(path, report, replace=replace)), err=True)
