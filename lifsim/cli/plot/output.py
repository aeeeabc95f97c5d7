"""Where a figure goes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import click

from lifsim.cli.say import say


@dataclass(frozen=True)
class Output:
    """--out and --force."""

    out: Annotated[
        Path | None,
        click.option(
            "--out",
            type=click.Path(path_type=Path),
            help="File of the figure: .png, .svg or .pdf; its numbers go beside it as .csv. "
            "Default: reports/<figure>.png.",
        ),
    ]
    force: Annotated[bool, click.option("--force", is_flag=True, help="Overwrite --out.")]

    def target(self, figure: str, sources: Iterable[Path] = ()) -> Path:
        """The file of `figure`, which is drawn from the files `sources`. Raises InputError where it would be
        overwritten, or one of these would, or it is no picture."""
        from lifsim.report.figures.files import figure_path

        return figure_path(self.out, figure, force=self.force, sources=sources)


def say_written(target: Path) -> None:
    """The file of a figure and that of its numbers."""
    say(str(target), str(target.with_suffix(".csv")))
