"""`lifsim plot roofline`."""

from __future__ import annotations

from pathlib import Path

import click

from lifsim.cli.inputs import DEFAULT_ARCH, DEFAULT_SHARING, DEFAULT_WORKLOAD, sharing_option, simulation_options
from lifsim.cli.plot.output import figure_options
from lifsim.cli.say import say


@click.command(
    epilog="""\b
Examples:
  lifsim plot roofline
  lifsim plot roofline --arch eyeriss_like --set dram.device=ddr3_1866 --batch 4
  lifsim plot roofline --workload resnet19_imagenet100 --sharing layer --out roofline.pdf
"""
)
@simulation_options
@sharing_option
@figure_options
def roofline(
    arch: str | None,
    workload: str | None,
    trace: Path | None,
    batch: int | None,
    seed: int | None,
    overrides: tuple[str, ...],
    sharing: str | None,
    out: Path | None,
    force: bool,
) -> None:
    """What every layer achieves, and could at most, for its MACs per DRAM byte."""
    from lifsim.report.figures import roofline as figure
    from lifsim.report.figures.files import figure_path, save_figure
    from lifsim.report.figures.style import canvas, house_style
    from lifsim.simulate.inputs import load_inputs
    from lifsim.simulate.pipeline import run

    target = figure_path(out, "roofline", force=force)
    inputs = load_inputs(
        DEFAULT_ARCH if arch is None else arch,
        DEFAULT_WORKLOAD if workload is None else workload,
        DEFAULT_SHARING if sharing is None else sharing,
        {"batch": batch, "seed": seed, "trace": trace},
        overrides,
    )
    frame = figure.table(run(inputs.arch, inputs.network, inputs.sharing, inputs.options))
    with house_style():
        drawing, (axes,) = canvas(width_in=5.0)
        figure.draw(frame, axes)
        written = save_figure(drawing, frame, target)
    say(*map(str, written))
