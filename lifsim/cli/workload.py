"""`lifsim workload`: what a network consists of."""

from __future__ import annotations

import click

from lifsim.cli.completing import workloads
from lifsim.cli.shared_options import set_option, sharing_option
from lifsim.cli.where_possible import fitted, say_left, where_possible_option
from lifsim.config.workload import load_workload
from lifsim.model.sharing import Sharing
from lifsim.report.network_table import NetworkTable


@click.group()
def workload() -> None:
    """Inspect workloads.

    \b
    Examples:
      lifsim workload show vgg16_cifar10
      lifsim workload show har_sfcn_ucihar --format json
    """


@workload.command()
@click.argument("name", shell_complete=workloads)
@sharing_option("Sharing under which membranes are shown: it is chosen by a run, not by the workload.", default="layer")
@where_possible_option
@set_option("Override a key, e.g. layers.conv1.out=32.")
@click.option("--format", "form", type=click.Choice(["table", "json", "csv"]), default="table", show_default=True)
def show(name: str, sharing: str, share_where_possible: bool, settings: tuple[str, ...], form: str) -> None:
    """Show the layers of workload NAME: shapes, MACs, weights, LIF neurons and who shares membranes.

    kernel is RxS /stride +padding gGROUPS. MACs are dense, per image and over all rounds; shared membranes
    are counted at the first layer that uses them.

    \b
    Examples:
      lifsim workload show vgg16_cifar10
      lifsim workload show resnet19_shared_cifar10 --sharing layer+channel2
      lifsim workload show docs/samples/my_network.yaml --set timesteps=8 \\
          --format csv
    """
    network, sharing = load_workload(name, settings), fitted(sharing, where_possible=share_where_possible)
    say_left([network], [sharing])
    table = NetworkTable.of(network, Sharing.parse(sharing))
    if form == "table":
        from lifsim.report.terminal import Terminal
        from lifsim.report.width import terminal_columns

        table.print(Terminal(width=terminal_columns()))
    else:
        click.echo(table.to_json() if form == "json" else table.to_csv())
