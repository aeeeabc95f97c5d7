"""`lifsim explain`: where one layer's cycles and bytes come from."""

from __future__ import annotations

import json
from dataclasses import asdict

import click

from lifsim.cli.family import FamilyCommand, options_of
from lifsim.cli.inputs import ScheduledSimulation
from lifsim.cli.say import say


@click.command(
    cls=FamilyCommand,
    epilog="""\b
Examples:
  lifsim explain --layer conv9
  lifsim explain --arch sata128 --sharing layer --schedule timestep --layer conv9
  lifsim explain --workload resnet19_cifar10 --sharing channel4 --layer s2b1_conv2 --format json
""",
)
@click.option("--layer", required=True, help="A weight layer (lifsim workload show).")
@options_of(ScheduledSimulation, "simulation")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def explain(simulation: ScheduledSimulation, layer: str, form: str) -> None:
    """Take the cycles and DRAM bytes of one layer of a run apart, in plain arithmetic."""
    from lifsim.cli.watching import watching
    from lifsim.report.explain.layer import explain as explain_layer
    from lifsim.simulate.pipeline import run

    inputs = simulation.inputs()
    with watching() as watch:
        result = run(inputs.arch, inputs.network, inputs.sharing, inputs.options, watch)
    found = explain_layer(result, layer)
    if form == "json":
        click.echo(json.dumps(asdict(found), indent=2))
    else:
        say(*found.head, "", *(line.text for line in found.lines))
