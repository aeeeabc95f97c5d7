"""`lifsim plot sweep`."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import click

from lifsim.cli.family import FamilyCommand, options_of
from lifsim.cli.plot.output import Output
from lifsim.cli.say import say
from lifsim.errors import Fault, InputError


@click.command(
    cls=FamilyCommand,
    epilog="""\b
Examples:
  lifsim sweep --workload vgg9_cifar10 --sharing none,layer \\
      --schedule timestep --vary array.rows=8,16 \\
      --vary buffers.membrane.size_bytes=4KiB:64KiB:x2 --out sweeps/drawn
  lifsim plot sweep sweeps/drawn --x buffers.membrane.size_bytes \\
      --y dram_bytes.total --by sharing --where array.rows=8 \\
      --out figures/sweep_lines.png
  lifsim plot sweep sweeps/drawn --pareto energy_pj.total,cycles.total \\
      --by sharing --out figures/sweep_pareto.pdf
  lifsim plot sweep sweeps/drawn \\
      --heat array.rows,buffers.membrane.size_bytes --y dram_bytes.total \\
      --where sharing=none --out figures/sweep_heat.png
""",
)
@click.argument("store", type=click.Path(path_type=Path))
@click.option("--x", metavar="AXIS", help="Axis of the sweep on the horizontal axis.")
@click.option("--y", metavar="FIGURE", help="Figure to draw. [default: energy_pj.total]")
@click.option("--by", metavar="AXIS", help="Axis of the sweep that colours distinguish.")
@click.option("--heat", metavar="AXIS,AXIS", help="A map over two axes of the sweep, instead of lines.")
@click.option("--pareto", metavar="FIGURE,FIGURE", help="All points in the plane of two figures, instead of lines.")
@click.option("--where", metavar="KEY=VALUES", multiple=True, help="Draw only points with these values, as for --vary.")
@options_of(Output, "output")
def sweep(
    store: Path,
    x: str | None,
    y: str | None,
    by: str | None,
    heat: str | None,
    pareto: str | None,
    where: tuple[str, ...],
    output: Output,
) -> None:
    """Lines, a map or a Pareto front from the STORE of a sweep.

    If points differ in settings that are not drawn, the lowest of them is shown, and lines have a band up to the
    highest.
    """
    from lifsim.report.figures.sweep_figure import Swept
    from lifsim.report.plot.drawing import Asked, drawn
    from lifsim.report.plot.space import Drawing, refuse_unless_one, timesteps_of
    from lifsim.report.sweep_table import across_nodes
    from lifsim.sweeps.points import Points
    from lifsim.sweeps.store import Store

    refuse_unless_one({"--x": x, "--heat": heat, "--pareto": pareto})
    drawing = Drawing(x, y, by, _two(heat, "--heat"), _two(pareto, "--pareto"))
    drawing.check()
    page = Asked(output.place("sweep"), style=output.style, size=output.size).page([store])
    with Store.read(store) as opened:
        found = Swept(Points.stored(opened), timesteps_of(opened.description), where)
        drawn(partial(drawing.of, found), page)
    across = across_nodes(found.nodes)
    if across:
        say(f"note: {across}", err=True)


def _two(text: str | None, option: str) -> tuple[str, str] | None:
    if text is None:
        return None
    names = [name.strip() for name in text.split(",")]
    if len(names) != 2:
        raise InputError(Fault(f"{text!r} must be two names with a comma between them", path=option))
    return names[0], names[1]
