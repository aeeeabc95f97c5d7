"""`lifsim explain`: where one layer's cycles and bytes come from."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import click

from lifsim.cli.inputs import (
    DEFAULT_ARCH,
    DEFAULT_SHARING,
    DEFAULT_WORKLOAD,
    schedule_options,
    sharing_option,
    simulation_options,
)
from lifsim.cli.say import say


@click.command(
    epilog="""\b
Examples:
  lifsim explain --layer conv9
  lifsim explain --arch sata128 --sharing layer --schedule timestep --layer conv9
  lifsim explain --workload resnet19_cifar10 --sharing channel4 --layer s2b1_conv2 --format json
"""
)
@click.option("--layer", required=True, help="A weight layer (lifsim workload show).")
@simulation_options
@sharing_option
@schedule_options
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def explain(
    layer: str,
    arch: str | None,
    workload: str | None,
    trace: Path | None,
    batch: int | None,
    seed: int | None,
    overrides: tuple[str, ...],
    sharing: str | None,
    schedule: str | None,
    objective: str | None,
    chunk: int | str | None,
    form: str,
) -> None:
    """Take the cycles and DRAM bytes of one layer of a run apart, in plain arithmetic."""
    from lifsim.cli.watching import watching
    from lifsim.report.explain.layer import explain as explain_layer
    from lifsim.simulate.inputs import load_inputs
    from lifsim.simulate.pipeline import run

    options: dict[str, object] = {"batch": batch, "seed": seed, "trace": trace}
    options |= {"schedule": schedule, "objective": objective, "chunk": chunk}
    names = arch or DEFAULT_ARCH, workload or DEFAULT_WORKLOAD, sharing or DEFAULT_SHARING
    inputs = load_inputs(*names, options, overrides)
    with watching() as watch:
        result = run(inputs.arch, inputs.network, inputs.sharing, inputs.options, watch)
    found = explain_layer(result, layer)
    if form == "json":
        click.echo(json.dumps(asdict(found), indent=2))
    else:
        say(*found.head, "", *(line.text for line in found.lines))
