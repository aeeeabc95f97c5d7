"""`lifsim validate`: LIFSim beside other tools' figures."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from lifsim.errors import Fault, InputError
from lifsim.files import write_text
from lifsim.report.validation.comparison import Verdict
from lifsim.report.validation.document import SECTIONS, markdown, section, summary, table

EXIT_DEVIATES = 1


@click.command()
@click.option(
    "--reference",
    required=True,
    envvar="LIFSIM_REFERENCE",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="The folder of reference figures (or $LIFSIM_REFERENCE).",
)
@click.option("--section", "names", multiple=True, type=click.Choice(SECTIONS), help="Only this one; may be repeated.")
@click.option("--all", "show_all", is_flag=True, help="Print every figure, not only those that deviate too much.")
@click.option("--write", type=click.Path(path_type=Path), metavar="FILE", help="Write all figures as Markdown.")
def validate(reference: Path, names: tuple[str, ...], show_all: bool, write: Path | None) -> int:
    """Compare LIFSim with other tools' figures. Exit code 1 if one deviates more than it may.

    \b
    Examples:
      lifsim validate --reference ../shared/reference
      lifsim validate --reference ../shared/reference --section satasim --all
      lifsim validate --reference ../shared/reference --write docs/validation.md
    """
    from rich.console import Console

    if not reference.is_dir():
        raise InputError(Fault("must be a folder of reference figures", source=str(reference)))
    verdicts = [Verdict.of(section(name), reference) for name in SECTIONS if not names or name in names]
    console = Console(width=None if sys.stdout.isatty() else 200)
    for verdict in verdicts:
        shown = verdict.comparisons if show_all else verdict.beyond
        if shown:
            console.print(table(verdict, shown))
        click.echo(f"{verdict.title}: {summary(verdict)}")
    if write is not None:
        write_text(write, markdown(verdicts))
        click.echo(f"wrote {write}", err=True)
    return EXIT_DEVIATES if any(verdict.beyond for verdict in verdicts) else 0
