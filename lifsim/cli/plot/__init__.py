"""`lifsim plot`: one file per figure."""

from __future__ import annotations

import click

from lifsim.cli.lazy import LazyGroup

FIGURES = {
    "fig9": ("lifsim.cli.plot.fig9:fig9", "Breakdown of computation under channel sharing."),
}


@click.group(
    cls=LazyGroup,
    table=FIGURES,
    epilog="""\b
Examples:
  lifsim plot fig9
  lifsim plot fig9 reports/run-none reports/run-channel2 reports/run-channel4 --out fig9.pdf
""",
)
def plot() -> None:
    """Draw a figure; its numbers are written beside it as CSV."""
