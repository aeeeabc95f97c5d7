"""`lifsim memory`: what weights, LIF membranes and activations take, with and without sharing."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import click

from lifsim.cli.inputs import DEFAULT_ARCH
from lifsim.errors import Fault, InputError, collecting

if TYPE_CHECKING:
    from lifsim.config.arch import Arch
    from lifsim.config.network import Network
    from lifsim.config.sharing import Sharing

DEFAULT_WORKLOAD = "resnet19_imagenet100"
ALL_SHARINGS = "none,layer,channel2,channel4,layer+channel2,layer+channel4"
PIPE_WIDTH = 160


@click.command(
    epilog="""\b
Examples:
  lifsim memory --workload resnet19_imagenet100 --timesteps 5
  lifsim memory --workload resnet19_positions_imagenet100,vgg16_efficientlif_imagenet100 --sharing none,layer+channel2
  lifsim memory --arch sata128 --set precision.membrane_bits=16 --batch 128 --format csv
"""
)
@click.option(
    "--workload", "workloads", metavar="NAME|FILE,...", default=DEFAULT_WORKLOAD, show_default=True,
    help="Networks (lifsim list workloads).",
)  # fmt: skip
@click.option(
    "--sharing", "sharings", metavar="SHARING,...", default=ALL_SHARINGS, show_default=True, help="LIF sharings."
)
@click.option("--arch", metavar="NAME|FILE", default=DEFAULT_ARCH, show_default=True, help="Whose precisions count.")
@click.option("--set", "overrides", metavar="KEY=VALUE", multiple=True, help="Change a key of the architecture.")
@click.option("--timesteps", type=int, help="T. Default: each workload's.")
@click.option("--batch", type=int, default=1, show_default=True, help="Images.")
@click.option(
    "--format", "form", type=click.Choice(["table", "json", "csv"]), default="table", show_default=True,
    help="What goes to stdout.",
)  # fmt: skip
def memory(
    workloads: str,
    sharings: str,
    arch: str,
    overrides: tuple[str, ...],
    timesteps: int | None,
    batch: int,
    form: str,
) -> None:
    """Memory of inference (forward) and of training (backward) under each LIF sharing.

    Bytes of LIF membranes with their ratio to the unshared network's, beside weights and activations. Shared LIFs with
    soft reset keep their last states only and recompute the others backwards; docs/model.md has the equations.
    """
    from lifsim.report.memory_table import flat, memory_rows, memory_table
    from lifsim.report.rows import as_csv

    networks, parsed, machine = _inputs(workloads, sharings, arch, overrides, timesteps, batch)
    rows = memory_rows(networks, parsed, machine, batch)
    if form == "json":
        click.echo(json.dumps([row.tree() for row in rows], indent=2))
    elif form == "csv":
        click.echo(as_csv([flat(row.tree()) for row in rows]), nl=False)
    else:
        from rich.console import Console

        Console(width=None if sys.stdout.isatty() else PIPE_WIDTH).print(memory_table(rows, machine))


def _inputs(
    workloads: str, sharings: str, arch: str, overrides: tuple[str, ...], timesteps: int | None, batch: int
) -> tuple[list[Network], list[Sharing], Arch]:
    """Everything that is named, read; what is wrong with any of it is told at once."""
    from lifsim.config.arch import load_arch
    from lifsim.config.sharing import Sharing
    from lifsim.config.workload import load_workload

    faults: list[Fault] = []
    networks, parsed = [], []
    # Rates are per timestep and of no concern here.
    settings = [] if timesteps is None else [f"timesteps={timesteps}", "spikes={source: engine}"]
    for name in workloads.split(","):
        with collecting(faults):
            networks.append(load_workload(name.strip(), settings))
    for text in sharings.split(","):
        with collecting(faults):
            parsed.append(Sharing.parse(text))
    with collecting(faults):
        machine = load_arch(arch, overrides)
    if batch < 1:
        faults.append(Fault(f"{batch} must be >= 1", path="batch"))
    if faults:
        raise InputError(faults)
    return networks, parsed, machine
