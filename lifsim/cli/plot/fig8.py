"""`lifsim plot fig8`."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path

import click

from lifsim.cli.completing import archs, sharings, workloads
from lifsim.cli.cuts import SHARES, shares_of
from lifsim.cli.family import FamilyCommand, options_of
from lifsim.cli.plot.output import Output
from lifsim.cli.say import say
from lifsim.cli.stopping import kept_when_stopped
from lifsim.config import defaults
from lifsim.units import counted
from lifsim.watch import Watch

NETWORKS = ",".join(defaults.FIG8_NETWORKS)
SHARINGS = ",".join(defaults.FIG7_SHARINGS)


@click.command(
    cls=FamilyCommand,
    epilog="""\b
Examples:
  lifsim plot fig8
  lifsim study --workload digits_cnn --epochs 2 --seeds 1 \\
      --sharing none,channel2 --out reports/small_study
  lifsim plot fig8 reports/small_study --retrain-epochs 0 --shares 0,0.5,0.9 \\
      --out figures/fig8_study.svg
""",
)
@click.argument("study", required=False, type=click.Path(path_type=Path))
@click.option("--shares", default=SHARES, show_default=True, help="Shares of the weights to prune, with commas.")
@click.option(
    "--retrain-epochs", type=click.IntRange(min=0), default=defaults.RETRAIN_EPOCHS, show_default=True,
    help="Training after each cut.",
)  # fmt: skip
@click.option(
    "--arch",
    shell_complete=archs,
    default=defaults.ARCH,
    show_default=True,
    help="Bits per weight and membrane of the study's network.",
)
@click.option("--jobs", type=click.IntRange(min=1), help="Networks pruned at a time. Default: all CPUs.")
@click.option(
    "--networks",
    shell_complete=workloads,
    metavar="NAME|FILE,...",
    default=NETWORKS,
    show_default=NETWORKS.replace(",", ", "),
    help="Networks of the right half, separated by commas.",
)
@click.option(
    "--sharing",
    "sharings",
    shell_complete=sharings,
    metavar="SHARING,...",
    default=SHARINGS,
    show_default=True,
    help="Sharings of the right half.",
)
@click.option(
    "--pruned",
    type=float,
    default=defaults.FIG8_PRUNED,
    show_default=True,
    help="Share of weights pruned in the right half.",
)
@click.option(
    "--bits", type=int, default=defaults.FIG8_BITS, show_default=True,
    help="Bits per weight and membrane in the right half.",
)  # fmt: skip
@options_of(Output, "output")
def fig8(
    study: Path | None,
    shares: str,
    retrain_epochs: int,
    arch: str,
    jobs: int | None,
    networks: str,
    sharings: str,
    pruned: float,
    bits: int,
    output: Output,
) -> None:
    """Pruned networks: neurons that fire, accuracy, weight bytes and LIF bytes.

    Left: the networks of STUDY, a folder that `lifsim study` wrote. The smallest weights over all layers are pruned,
    one share after the other, and the network is trained after each cut.

    That takes minutes; STUDY keeps the results, so that the figure is drawn at once the next time. Right: LIF membranes
    of ResNet-19 in inference, beside its pruned weights. Without STUDY only the right half is drawn.
    """
    from lifsim.cli.watching import watching
    from lifsim.report.plot import fig8 as figure

    target = output.place("fig8")
    kept = f"{study} keeps the networks that were pruned; the same command goes on"
    with kept_when_stopped(kept) if study else nullcontext(), watching() as watch:
        figure(
            study,
            shares=shares_of(shares),
            retrain_epochs=retrain_epochs,
            arch=arch,
            networks=[name.strip() for name in networks.split(",")],
            sharings=[name.strip() for name in sharings.split(",")],
            pruned=pruned,
            bits=bits,
            jobs=jobs,
            out=target,
            style=output.style,
            size=output.size,
            watch=_announced(watch, retrain_epochs),
        )


def _announced(watch: Watch, retrain_epochs: int) -> Watch:
    """`watch`, which says before the first network is pruned that it will take minutes."""
    from lifsim.report.plot.pruning import PRUNING

    def told(work: str, done: int, total: int) -> None:
        if (work, done) == (PRUNING, 0) and total and retrain_epochs:
            epochs = counted(retrain_epochs, "epoch")
            say(f"{counted(total, 'network')} to prune, with {epochs} of training after each cut: minutes", err=True)
        watch(work, done, total)

    return told
