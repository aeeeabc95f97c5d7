"""`lifsim arch`: the parts of a machine and their prices."""

from __future__ import annotations

import click

from lifsim.cli.completing import archs, drams
from lifsim.cli.shared_options import set_option


@click.group()
def arch() -> None:
    """Inspect architectures.

    \b
    Examples:
      lifsim arch show sata128
      lifsim arch show docs/samples/my_arch.yaml --format csv
    """


@arch.command()
@click.argument("name", shell_complete=archs)
@click.option("--dram", shell_complete=drams, metavar="NAME|FILE", help="Use this DRAM device (lifsim list drams).")
@set_option("Override a key, e.g. array.rows=32.")
@click.option("--format", "form", type=click.Choice(["table", "json", "csv"]), default="table", show_default=True)
def show(name: str, dram: str | None, settings: tuple[str, ...], form: str) -> None:
    """Show architecture NAME: its array, LIF units, buffers and DRAM, and for each the energy of an access, leakage,
    area and the source of the figures.

    Peaks are those of the array (one MAC per PE and cycle) and of the DRAM's pins. Channel sharing needs fewer LIF
    units and membrane registers than shown here; lifsim run reports how many.

    \b
    Examples:
      lifsim arch show sata128
      lifsim arch show eyeriss_like --dram hbm2
      lifsim arch show sata128 --set buffers.weight.size_bytes=64KiB \\
          --format json
    """
    from lifsim.accounting.price_list import PriceList
    from lifsim.simulate.api import chosen_parts, load_arch

    prices = PriceList(load_arch(name, [*chosen_parts(dram, None), *settings]))
    if form == "table":
        from lifsim.report.machine_table import print_machine
        from lifsim.report.terminal import Terminal
        from lifsim.report.width import terminal_columns

        print_machine(prices, Terminal(width=terminal_columns()))
    else:
        from lifsim.report.machine_table import machine_csv, machine_json

        click.echo(machine_json(prices) if form == "json" else machine_csv(prices))
