"""`lifsim trace import`: a plain archive of spikes into a trace."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click

from lifsim.cli.completing import workloads
from lifsim.cli.shared_options import sharing_option
from lifsim.cli.trace.network import network_for_trace, workload_files
from lifsim.cli.trace.written import say_written
from lifsim.cli.watching import watching
from lifsim.cli.where_possible import fitted, where_possible_option
from lifsim.files import check_targets
from lifsim.graph.states import states_of
from lifsim.model.network import Network
from lifsim.model.sharing import Sharing
from lifsim.trace.archive import Archive
from lifsim.trace.fit import fit
from lifsim.trace.opening import MAX_ARRAYS
from lifsim.trace.packed import HEADER
from lifsim.trace.plain import LAYOUTS, read_plain
from lifsim.trace.source import Trace
from lifsim.trace.writer import save


@click.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--out", required=True, type=click.Path(path_type=Path), help="The trace to write.")
@click.option(
    "--workload", shell_complete=workloads, metavar="NAME|FILE", help="Network that the spikes must fit. Default: any."
)
@click.option(
    "--timesteps",
    type=click.IntRange(min=1),
    help="T. Default: the leading axis; of one image where no axis is of images.",
)
@click.option(
    "--layout",
    type=click.Choice(LAYOUTS, case_sensitive=False),
    default="TB",
    show_default=True,
    help="How the leading axis, or axes, hold T timesteps of B images: timesteps outer, or images outer.",
)
@sharing_option("Sharing under which the spikes were recorded.")
@where_possible_option
@click.option("--source", default="", help="Where the spikes come from, in words; kept in the trace.")
@click.option("--force", is_flag=True, help="Replace an existing --out.")
def import_trace(
    file: Path,
    out: Path,
    workload: str | None,
    timesteps: int | None,
    layout: str,
    sharing: str,
    share_where_possible: bool,
    source: str,
    force: bool,
) -> None:
    """Pack the .npz archive FILE into a trace.

    FILE holds one array of 0 and 1 per layer, its input spikes, in network order: [T, C, H, W], or [T, F] for a
    linear layer, or T x B for T; or [T, B, C, H, W] and [T, B, F]. A layer may have 1 for T: the analogue image under
    direct encoding, or a mean over time. With --workload, layers are matched by name, else by order, and take the
    workload's names.

    \b
    Examples:
      lifsim trace import tests/reference/spike_traces/lenet5_mnist.npz \\
          --workload lenet5_mnist --out results/lenet5.npz
      lifsim trace import tests/reference/spike_traces/lenet5_mnist.npz \\
          --timesteps 8 --layout BT --out results/four_images.npz
    """
    sharings = Sharing.parse(fitted(sharing, where_possible=share_where_possible))
    check_targets([out], [file, *workload_files(workload)], replace=True)
    network = network_for_trace(workload, timesteps) if workload is not None else None
    if network is not None:
        states_of(network, sharings)
    archive = Archive(file, MAX_ARRAYS)
    with archive, _imported(archive, network, timesteps, layout.upper()) as trace, watching() as watch:
        provenance = ": ".join(part for part in (source, trace.provenance) if part)
        save(replace(trace, sharing=str(sharings), provenance=provenance), out, overwrite=force, watch=watch)
    say_written(out)


def _imported(archive: Archive, network: Network | None, timesteps: int | None, layout: str) -> Trace:
    if HEADER in archive.arrays:
        raise archive.fault("is a trace already: nothing to import")
    trace = read_plain(archive, timesteps, layout)
    return trace if network is None else fit(trace, network, str(archive.path))
