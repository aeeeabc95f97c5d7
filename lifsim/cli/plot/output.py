"""Where a figure goes."""

from __future__ import annotations

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

    def target(self, figure: str) -> Path:
        """The file of `figure`; whoever draws it tells whether it can be written."""
        return self.out or Path("reports") / f"{figure}.png"

    @property
    def replaces(self) -> bool:
        """Whether a file that is there may be overwritten: those of the default place are LIFSim's own."""
        return self.force or self.out is None


def say_written(target: Path) -> None:
    """The file of a figure and that of its numbers."""
    say(str(target), str(target.with_suffix(".csv")))
