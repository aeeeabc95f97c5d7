"""`lifsim plot fig8`."""

from __future__ import annotations

from pathlib import Path

import click

from lifsim.cli.family import options_of
from lifsim.cli.inputs import DEFAULT_ARCH
from lifsim.cli.plot.output import Output
from lifsim.cli.say import say
from lifsim.errors import Fault, InputError

SHARES = "0,0.2,0.4,0.6,0.7,0.8,0.9,0.95"


@click.command(
    epilog="""\b
Examples:
  lifsim study --workload digits_cnn --out reports/digits
  lifsim plot fig8 reports/digits
  lifsim plot fig8 reports/digits --shares 0,0.5,0.9 --out fig8.svg
"""
)
@click.argument("study", type=click.Path(path_type=Path))
@click.option("--shares", default=SHARES, show_default=True, help="Shares of the weights to prune, with commas.")
@click.option("--arch", default=DEFAULT_ARCH, show_default=True, help="Bits per weight and membrane.")
@click.option("--threads", type=click.IntRange(min=1), help="Default: all CPUs.")
@options_of(Output, "output")
def fig8(study: Path, shares: str, arch: str, threads: int | None, output: Output) -> None:
    """Neurons that fire, accuracy, weight bytes and LIF bytes under magnitude pruning.

    STUDY is a folder that `lifsim study` wrote. Weights are pruned over all layers together, without training again.
    """
    from lifsim.cli.plot.study_inputs import counted, read_study
    from lifsim.config.arch import load_arch
    from lifsim.report.figures import fig8_pruning
    from lifsim.report.figures.files import save_figure
    from lifsim.report.figures.style import canvas, house_style
    from lifsim.snn.training.analysis import prunings
    from lifsim.snn.workers import Workers, available_threads

    target = output.target("fig8")
    wanted = _shares(shares)
    precision = load_arch(arch).precision
    trained, network, data = read_study(study)
    runs = prunings(trained, network, data, wanted, Workers(threads or available_threads()))
    found = counted(runs, len(trained.trials) * len(wanted), "fig8")
    table = fig8_pruning.table(found, precision.weight_bits, precision.membrane_bits)
    with house_style():
        figure, panels = canvas(8.4, 2.6, cols=3)
        fig8_pruning.draw(table, panels)
        figure.suptitle(f"{network.name}, {table['seeds'].min()} seeds", fontsize=9)
        written = save_figure(figure, table, target)
    say(*map(str, written))


def _shares(text: str) -> list[float]:
    try:
        shares = sorted({float(part) for part in text.split(",")})
    except ValueError:
        raise InputError(Fault(f"{text!r} must be numbers with commas, such as 0,0.5,0.9", path="shares")) from None
    faults = [Fault(f"{share} must be >= 0 and < 1", path="shares") for share in shares if not 0 <= share < 1]
    if faults:
        raise InputError(faults)
    return shares
