"""`lifsim plot fig8`."""

from __future__ import annotations

from pathlib import Path

import click

from lifsim.cli.family import FamilyCommand, options_of
from lifsim.cli.plot.output import Output, say_written
from lifsim.config import defaults
from lifsim.errors import Fault, InputError

SHARES = "0,0.2,0.4,0.6,0.7,0.8,0.9,0.95"


@click.command(
    cls=FamilyCommand,
    epilog="""\b
Examples:
  lifsim study --workload digits_cnn --out reports/digits
  lifsim plot fig8 reports/digits
  lifsim plot fig8 reports/digits --shares 0,0.5,0.9 --out fig8.svg
""",
)
@click.argument("study", type=click.Path(path_type=Path))
@click.option("--shares", default=SHARES, show_default=True, help="Shares of the weights to prune, with commas.")
@click.option("--arch", default=defaults.ARCH, show_default=True, help="Bits per weight and membrane.")
@click.option("--threads", type=click.IntRange(min=1), help="Default: all CPUs.")
@options_of(Output, "output")
def fig8(study: Path, shares: str, arch: str, threads: int | None, output: Output) -> None:
    """Neurons that fire, accuracy, weight bytes and LIF bytes under magnitude pruning.

    STUDY is a folder that `lifsim study` wrote. Weights are pruned over all layers together, without training again.
    """
    from lifsim.cli.watching import watching
    from lifsim.report.plot import fig8 as figure

    target = output.target("fig8")
    with watching() as watch:
        figure(
            study, shares=_shares(shares), arch=arch, threads=threads, out=target, force=output.replaces, watch=watch
        )
    say_written(target)


def _shares(text: str) -> list[float]:
    try:
        return [float(part) for part in text.split(",")]
    except ValueError:
        raise InputError(Fault(f"{text!r} must be numbers with commas, such as 0,0.5,0.9", path="shares")) from None
