"""`lifsim explain`: where one layer's cycles and bytes come from."""

from __future__ import annotations

import json
from dataclasses import asdict

import click

from lifsim.cli.completing import layers
from lifsim.cli.family import FamilyCommand, options_of
from lifsim.cli.say import say, say_within
from lifsim.cli.whole_simulation import WholeSimulation
from lifsim.errors import Fault, InputError, collecting


@click.command(
    cls=FamilyCommand,
    epilog="""\b
Examples:
  lifsim explain --layer conv9
  lifsim explain --arch sata128 --sharing layer --schedule timestep \\
      --layer conv9
  lifsim explain --workload resnet19_cifar10 --sharing channel4 \\
      --layer s2b1_conv2 --format json
  lifsim explain --mode training --bptt recomputed --batch 4 --layer conv9
""",
)
@click.option("--layer", shell_complete=layers, required=True, help="Weight layer to explain (lifsim workload show).")
@options_of(WholeSimulation, "simulation")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def explain(simulation: WholeSimulation, layer: str, form: str) -> None:
    """Show in plain arithmetic where the cycles and DRAM bytes of one layer come from; in training, stage by stage. For
    a shared run, say which part of them sharing causes."""
    from lifsim.cli.watching import watching
    from lifsim.report.explain.beside import beside_head
    from lifsim.report.explain.layer import explain as explain_layer
    from lifsim.report.explain.layer import require_layer
    from lifsim.report.width import terminal_columns
    from lifsim.sweeps.beside import run_beside_baseline

    faults, inputs = list[Fault](), None
    with collecting(faults):
        inputs = simulation.inputs()
    with collecting(faults if inputs else []):  # of a network with faults these are told
        network = inputs.network if inputs else simulation.network()
        with collecting(faults):
            require_layer(network, layer)
    if faults or inputs is None:
        raise InputError(faults)
    with watching() as watch:
        result, comparison = run_beside_baseline(inputs, watch)
    found = explain_layer(result, layer, comparison)
    if form == "json":
        click.echo(json.dumps(asdict(found), indent=2))
        return
    columns = terminal_columns()
    say_within(*found.head, "")
    for stage in found.stages:
        say_within(f"{stage.stage.replace('_', ' ')}: {stage.head[0]}", *(f"    {words}" for words in stage.head[1:]))
        say(*(f"  {part}" for line in stage.lines for part in line.within(columns - 2)), "")
    if found.stages:
        say("all stages")
    say(*(part for line in found.lines for part in line.within(columns)))
    if comparison is not None:
        say_within("", beside_head(comparison), *(f"  {line.text}" for line in found.beside))
