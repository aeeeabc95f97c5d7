"""`lifsim plot fig9`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from lifsim.cli.inputs import DEFAULT_ARCH, DEFAULT_WORKLOAD, simulation_options
from lifsim.cli.plot.output import figure_options
from lifsim.errors import Fault, InputError

SHARINGS = ("none", "channel2", "channel4")


@click.command(
    epilog="""\b
Examples:
  lifsim plot fig9
  lifsim plot fig9 --trace vgg16.npz --out fig9.svg
  lifsim plot fig9 reports/run-none reports/run-channel2 reports/run-channel4
"""
)
@click.argument("runs", nargs=-1, metavar="[RUN...]", type=click.Path(path_type=Path))
@simulation_options
@figure_options
def fig9(
    runs: tuple[Path, ...],
    arch: str | None,
    workload: str | None,
    trace: Path | None,
    batch: int | None,
    seed: int | None,
    overrides: tuple[str, ...],
    out: Path | None,
    force: bool,
) -> None:
    """Breakdown of computation energy for none, channel2 and channel4, normalised to none.

    RUN are folders that `lifsim run` wrote. Without any, the three runs are made.
    """
    from lifsim.report.figures import fig9_breakdown
    from lifsim.report.figures.files import figure_path, save_figure
    from lifsim.report.figures.style import canvas, house_style
    from lifsim.report.summary import summary
    from lifsim.simulate.inputs import load_inputs
    from lifsim.simulate.pipeline import run_sharings

    target = figure_path(out, "fig9", force=force)
    if runs:
        summaries = _stored(runs)
    else:
        inputs = load_inputs(
            arch or DEFAULT_ARCH,
            workload or DEFAULT_WORKLOAD,
            "none",
            {"batch": batch, "seed": seed, "trace": trace},
            overrides,
        )
        summaries = [summary(result) for result in run_sharings(inputs, SHARINGS)]
    table = fig9_breakdown.table(summaries)
    with house_style():
        figure, (axes,) = canvas(4.2, 2.6)
        fig9_breakdown.draw(table, axes)
        written = save_figure(figure, table, target)
    click.echo("\n".join(map(str, written)))


def _stored(folders: tuple[Path, ...]) -> list[Mapping[str, Any]]:
    found, faults = [], []
    for folder in folders:
        try:
            found.append(json.loads((folder / "summary.json").read_text(encoding="utf-8")))
        except (OSError, ValueError):
            faults.append(Fault("must be the folder of a run, with a summary.json", source=str(folder)))
    if faults:
        raise InputError(faults)
    return found
