"""`lifsim validate`: LIFSim's figures against those of other tools."""

from __future__ import annotations

from pathlib import Path

import click

from lifsim.cli.say import say
from lifsim.cli.watching import watching
from lifsim.files import write_text
from lifsim.interchange.text import read_text
from lifsim.report.validation.comparison import Verdict
from lifsim.report.validation.document import SECTIONS, left_out, markdown, section, summary, table
from lifsim.report.validation.references import References

EXIT_DEVIATES = 1


@click.command()
@click.option(
    "--reference",
    envvar="LIFSIM_REFERENCE",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Folder of reference figures that are too large to ship (or $LIFSIM_REFERENCE); its files replace shipped "
    "ones of the same name.",
)
@click.option("--section", "names", multiple=True, type=click.Choice(SECTIONS), help="Only this one; may be repeated.")
@click.option("--all", "show_all", is_flag=True, help="Print every figure, not only those that deviate too much.")
@click.option(
    "--write",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write all figures to FILE as Markdown; text around them in an existing file stays.",
)
def validate(reference: Path | None, names: tuple[str, ...], show_all: bool, write: Path | None) -> int:
    """Compare LIFSim's figures with those of other tools. Exit code 1 if one deviates more than it may.

    \b
    Examples:
      lifsim validate
      lifsim validate --section satasim --all
      lifsim validate --write results/validation.md
    """
    from lifsim.report.terminal import Terminal
    from lifsim.report.width import terminal_columns

    references = References(reference)
    wanted = [name for name in SECTIONS if not names or name in names]
    verdicts = []
    with watching() as watch:
        for done, name in enumerate(wanted):
            watch(f"comparing {name}", done, len(wanted))
            verdicts.append(Verdict.of(section(name), references))
    console = Terminal(width=terminal_columns())
    for verdict in verdicts:
        shown = verdict.comparisons if show_all else verdict.beyond
        if shown:
            console.print_table(table(verdict, shown))
        say(f"{verdict.title}: {summary(verdict)}")
        if verdict.left_out:
            say(f"  {left_out(verdict)} (--reference DIR)")
    if write is not None:
        write_text(write, markdown(verdicts, read_text(write) if write.exists() else ""), parents=True)
        say(f"wrote {write}", err=True)
    return EXIT_DEVIATES if any(verdict.beyond for verdict in verdicts) else 0
