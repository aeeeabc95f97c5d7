"""Where a figure goes, and how it looks."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import click

from lifsim.cli.say import say
from lifsim.errors import Fault, collecting, did_you_mean
from lifsim.files import named
from lifsim.lazy_dataclass import dataclass

if TYPE_CHECKING:
    from lifsim.report.figures.files import Place

FORMATS = ("png", "svg", "pdf")
STYLES = ("paper", "slides")


@dataclass(frozen=True)
class Output:
    """--out, --format, --style, --size and --force."""

    out: Annotated[
        Path | None,
        click.option(
            "--out",
            type=click.Path(path_type=Path),
            help="File of the figure: .png, .svg or .pdf; its numbers go beside it as .csv. "
            "Default: reports/<figure>.png, numbered if that holds another figure.",
        ),
    ]
    formats: Annotated[
        str | None,
        click.option(
            "--format",
            "formats",
            metavar="png,svg,pdf",
            help="One or several formats, separated by commas. Default: as --out ends, or png.",
        ),
    ]
    style: Annotated[
        str,
        click.option(
            "--style",
            type=click.Choice(STYLES),
            default="paper",
            show_default=True,
            help="paper: sized for a column; slides: larger text, wider lines.",
        ),
    ]
    size: Annotated[
        str | None,
        click.option(
            "--size", metavar="WxH", help="Width and height, e.g. 3.5x2.6in or 89x66mm. Default: the figure's own."
        ),
    ]
    force: Annotated[bool, click.option("--force", is_flag=True, help="Overwrite --out.")]

    def place(self, figure: str) -> Place:
        """The place of `figure`; the code that draws it reports whether it can be written, and faults of these
        options."""
        from lifsim.report.figures.files import Place

        stem = self.out or Path("reports") / figure
        if self.formats is None and self.out is not None:
            return Place((self.out,), self.force, told=_say_written)
        wanted = list(dict.fromkeys(name.strip().lower().lstrip(".") for name in (self.formats or "png").split(",")))
        faults = [
            Fault(f"{name!r} must be one of {', '.join(FORMATS)}{did_you_mean(name, FORMATS)}", path="--format")
            for name in wanted if name not in FORMATS
        ]  # fmt: skip
        with collecting(faults):
            named(stem)
        ending = stem.suffix.lower().lstrip(".")
        if self.out is not None and ending in FORMATS:
            if ending not in wanted:
                faults.append(Fault(f"{stem} must end in one of --format {self.formats}, or in none", path="out"))
            stem = stem.with_suffix("")
        if faults:
            return Place((stem,), wrong=tuple(faults))
        pictures = tuple(stem.with_name(f"{stem.name}.{kind}") for kind in wanted)
        return Place(pictures, self.force, numbered=self.out is None, told=partial(_say_placed, pictures))


def _say_placed(asked: Sequence[Path], written: Sequence[Path], stale: Sequence[Path]) -> None:
    """As `_say_written`; and why the name is not the usual one."""
    _say_written(written, stale)
    if written[0] != asked[0]:
        say(f"note: {asked[0]} holds something else, or its table does", err=True)


def _say_written(written: Sequence[Path], stale: Sequence[Path]) -> None:
    """The files of a figure and that of its numbers."""
    say(*map(str, written))
    for path in stale:
        say(f"note: {path} shows other numbers than {written[-1]} has now", err=True)
