"""`lifsim plot fig6`."""

from __future__ import annotations

from pathlib import Path

import click

from lifsim.cli.family import FamilyCommand, options_of
from lifsim.cli.plot.output import Output


@click.command(
    cls=FamilyCommand,
    epilog="""\b
Examples:
  lifsim study --workload digits_cnn --epochs 2 --seeds 1 \\
      --sharing none,channel2 --out reports/small_study
  lifsim plot fig6 reports/small_study
""",
)
@click.argument("study", type=click.Path(path_type=Path))
@click.option("--threads", type=click.IntRange(min=1), help="Default: all CPUs.")
@options_of(Output, "output")
def fig6(study: Path, threads: int | None, output: Output) -> None:
    """Accuracy of weights trained under one sharing and run under another, all pairs.

    STUDY is a folder that `lifsim study` wrote.
    """
    from lifsim.cli.watching import watching
    from lifsim.report.plot import fig6 as figure

    target = output.place("fig6")
    with watching() as watch:
        figure(study, threads=threads, out=target, style=output.style, size=output.size, watch=watch)
