"""`lifsim trace record`: spikes that the network itself fires."""

from __future__ import annotations

from pathlib import Path

import click

from lifsim.cli.completing import images, weights, workloads
from lifsim.cli.family import FamilyCommand, options_of
from lifsim.cli.rate_options import EngineRates
from lifsim.cli.shared_options import set_option, sharing_option
from lifsim.cli.trace.network import workload_files
from lifsim.cli.trace.written import say_written
from lifsim.cli.where_possible import fitted, say_left, where_possible_option


@click.command(cls=FamilyCommand)
@click.option(
    "--workload", shell_complete=workloads, metavar="NAME|FILE", required=True, help="Network (lifsim list workloads)."
)
@sharing_option("Sharing under which the network runs.")
@where_possible_option
@click.option(
    "--weights",
    shell_complete=weights,
    metavar="FILE|calibrated",
    default="calibrated",
    show_default=True,
    help="Weights (lifsim train), or random ones tuned to the rates.",
)
@options_of(EngineRates, "told")
@click.option(
    "--input",
    "images",
    shell_complete=images,
    metavar="FILE|random|DATA",
    default="random",
    show_default=True,
    help="Images: an .npz file, random ones, or test images of digits, basic_motions or watch.",
)
@click.option("--batch", type=click.IntRange(min=1), help="Images. Default: 1, or all of a file.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Same seed, same spikes.")
@click.option("--threads", type=click.IntRange(min=1), help="Default: all CPUs. The spikes do not depend on it.")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="The trace to write.")
@click.option("--membranes", type=click.Path(path_type=Path), help="Also write u' of every LIF call, as .npz.")
@click.option("--force", is_flag=True, help="Replace existing files.")
@set_option("Override a key, e.g. timesteps=8.")
def record(
    workload: str,
    sharing: str,
    share_where_possible: bool,
    weights: str,
    told: EngineRates,
    images: str,
    batch: int | None,
    seed: int,
    threads: int | None,
    out: Path,
    membranes: Path | None,
    force: bool,
    settings: tuple[str, ...],
) -> None:
    """Compute a network's spikes and record the inputs of every layer.

    Calibrated weights are seeded random ones whose layers fire at the rates that the workload or --rate states, within
    1 percentage point: good for the effect of sharing on schedules and traffic at given rates, not for accuracy, nor
    for which neurons fire (docs/model.md).

    \b
    Examples:
      lifsim trace record --workload vgg9_cifar10 --sharing channel4 \\
          --out results/vgg9_channel4.npz
      lifsim train --workload digits_cnn --epochs 2 --out results/to_record.npz
      lifsim trace record --workload digits_cnn --weights results/to_record.npz \\
          --input digits --batch 16 --out results/digits_spikes.npz
    """
    from lifsim.cli.watching import watching
    from lifsim.cpus import available_cpus
    from lifsim.engine.record import Source, record_spikes
    from lifsim.engine.workers import Workers
    from lifsim.files import check_targets
    from lifsim.model.sharing import Sharing

    written = [out] if membranes is None else [out, membranes]
    check_targets(written, [*workload_files(workload), Path(weights), Path(images)], replace=force)
    network = told.network(workload, settings, weights)
    sharing = fitted(sharing, where_possible=share_where_possible)
    say_left([network], [sharing])
    with watching() as watch:
        record_spikes(
            network,
            Sharing.parse(sharing),
            Source(weights, images, batch, seed),
            out,
            membranes=membranes,
            workers=Workers(threads or available_cpus()),
            overwrite=force,
            watch=watch,
        )
    say_written(out)
