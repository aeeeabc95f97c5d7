"""`lifsim plot fig6`."""

from __future__ import annotations

from pathlib import Path

import click

from lifsim.cli.family import options_of
from lifsim.cli.plot.output import Output
from lifsim.cli.say import say


@click.command(
    epilog="""\b
Examples:
  lifsim study --workload digits_cnn --out reports/digits
  lifsim plot fig6 reports/digits
"""
)
@click.argument("study", type=click.Path(path_type=Path))
@click.option("--threads", type=click.IntRange(min=1), help="Default: all CPUs.")
@options_of(Output, "output")
def fig6(study: Path, threads: int | None, output: Output) -> None:
    """Accuracy of weights trained under one sharing and run under another, all pairs.

    STUDY is a folder that `lifsim study` wrote.
    """
    from lifsim.cli.plot.study_inputs import counted, read_study
    from lifsim.report.figures import fig6_transfer
    from lifsim.report.figures.files import save_figure
    from lifsim.report.figures.style import canvas, house_style
    from lifsim.snn.training.analysis import transfers
    from lifsim.snn.workers import Workers, available_threads

    target = output.target("fig6")
    trained, network, data = read_study(study)
    sharings = len({trial.sharing for trial in trained.trials})
    runs = transfers(trained, network, data, Workers(threads or available_threads()))
    table = fig6_transfer.table(counted(runs, len(trained.trials) * sharings, "fig6"))
    with house_style():
        figure, (axes,) = canvas(4.6, 3.2)
        fig6_transfer.draw(table, axes)
        figure.suptitle(f"{network.name}, {table['seeds'].min()} seeds", fontsize=9)
        written = save_figure(figure, table, target)
    say(*map(str, written))
