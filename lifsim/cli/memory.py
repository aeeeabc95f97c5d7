"""`lifsim memory`: what weights, LIF membranes and activations take, with and without sharing."""

from __future__ import annotations

import json

import click

from lifsim.cli.completing import sharings, workloads
from lifsim.cli.family import FamilyCommand, options_of
from lifsim.cli.memory_options import MemoryOptions
from lifsim.cli.say import say, say_within
from lifsim.cli.usual_sharings import Choice
from lifsim.cli.where_possible import say_left, where_possible_option
from lifsim.config import defaults

ALL_SHARINGS = "none,layer,channel2,channel4,layer+channel2,layer+channel4"


@click.command(
    cls=FamilyCommand,
    epilog="""\b
Examples:
  lifsim memory --workload resnet19_imagenet100 --timesteps 5
  lifsim memory --sharing none,layer+channel2 \\
      --workload resnet19_positions_imagenet100,vgg16_efficientlif_imagenet100
  lifsim memory --arch sata128 --set precision.membrane_bits=16 --batch 128 \\
      --format csv
  lifsim memory --workload vgg16_cifar10 --optimizer adam \\
      --set optimizer.master_weights=true
""",
)
@click.option(
    "--workload", "workloads", shell_complete=workloads, metavar="NAME|FILE,...", default=defaults.MEMORY_WORKLOAD,
    show_default=True, help="Networks (lifsim list workloads).",
)  # fmt: skip
@click.option(
    "--sharing",
    "sharings",
    shell_complete=sharings,
    metavar="SHARING,...",
    show_default=ALL_SHARINGS.replace(",", ", "),
    help="LIF sharings.",
)
@where_possible_option
@options_of(MemoryOptions, "options")
@click.option(
    "--format", "form", type=click.Choice(["table", "json", "csv"]), default="table", show_default=True,
    help="What is printed.",
)  # fmt: skip
def memory(workloads: str, sharings: str | None, share_where_possible: bool, options: MemoryOptions, form: str) -> None:
    """Show the memory that inference (forward) and training (backward) take under each LIF sharing.

    Bytes of LIF membranes, with their ratio to the unshared network's, beside bytes of weights, activations and the
    optimizer's state; for the backward pass with membranes stored, undone or computed again, at 8, 16 and 32 bits.
    docs/model.md has the equations. A sharing that a network cannot have is shown as dashes, with the reason below; one
    that no network can have is refused.
    """
    from lifsim.cli.watching import watching
    from lifsim.csv_text import as_csv
    from lifsim.report.memory_inputs import read_memory_inputs
    from lifsim.report.memory_table import backward_table, flat, memory_rows, memory_table, rows_with_unfit

    names = [name.strip() for name in workloads.split(",")]
    chosen = Choice.of(sharings, ALL_SHARINGS, where_possible=share_where_possible)
    inputs = read_memory_inputs(
        names, chosen.names, options.arch, options.settings, options.timesteps, options.batch,
        spared="some" if chosen.asked else "all",
    )  # fmt: skip
    say_left(inputs.networks, chosen.names if share_where_possible else ())
    with watching() as watch:
        rows = memory_rows(inputs.networks, inputs.sharings, inputs.arch, inputs.batch, watch, but=inputs.unfit)
    reasons = [f"{name} cannot have {sharing}: {fault.message}" for (name, sharing), fault in inputs.unfit.items()]
    for reason in reasons if form != "table" else ():
        say(f"note: left out, {reason}", err=True)
    if form == "json":
        click.echo(json.dumps([row.tree() for row in rows], indent=2))
    elif form == "csv":
        click.echo(as_csv([flat(row.tree()) for row in rows]), nl=False)
    else:
        from lifsim.report.terminal import Terminal
        from lifsim.report.width import terminal_columns

        terminal = Terminal(width=terminal_columns())
        terminal.print_table(memory_table(rows_with_unfit(rows, inputs), inputs), keys=2)
        terminal.print_table(backward_table(rows), keys=3)
        if reasons:
            say_within(*(f"- {reason}" for reason in reasons))
        for row in rows:
            if row.shares_nothing:
                say(f"{row.workload}: {row.sharing} is none here: no LIF layers of this network can share")
            if row.untrainable:
                why = "layers that share run timestep by timestep, its batch norms have statistics of all of them"
                say(f"{row.workload}: {row.sharing} cannot be trained ({why}): it has no backward figures")
