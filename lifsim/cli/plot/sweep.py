"""`lifsim plot sweep`."""

from __future__ import annotations

from pathlib import Path

import click

from lifsim.cli.plot.output import figure_options
from lifsim.cli.say import say
from lifsim.errors import Fault, InputError


@click.command(
    epilog="""\b
Examples:
  lifsim plot sweep sweeps/x --x buffers.membrane.size_bytes --y dram_bytes.total --by sharing
  lifsim plot sweep sweeps/x --x array.rows --y cycles.total --where array.cols=8
  lifsim plot sweep sweeps/x --pareto energy_pj.total,cycles.total --by sharing --out pareto.pdf
  lifsim plot sweep sweeps/x --heat buffers.weight.size_bytes,buffers.membrane.size_bytes --y dram_bytes.total
"""
)
@click.argument("store", type=click.Path(path_type=Path))
@click.option("--x", metavar="AXIS", help="Axis of the sweep along which lines go.")
@click.option("--y", metavar="FIGURE", help="What is drawn.  [default: energy_pj.total]")
@click.option("--by", metavar="AXIS", help="Axis of the sweep that colours tell apart.")
@click.option("--heat", metavar="AXIS,AXIS", help="A map over two axes of the sweep, instead of lines.")
@click.option("--pareto", metavar="FIGURE,FIGURE", help="All points in the plane of two figures, instead of lines.")
@click.option("--where", metavar="KEY=VALUES", multiple=True, help="Draw only points with these values, as for --vary.")
@figure_options
def sweep(
    store: Path,
    x: str | None,
    y: str | None,
    by: str | None,
    heat: str | None,
    pareto: str | None,
    where: tuple[str, ...],
    out: Path | None,
    force: bool,
) -> None:
    """Lines, a map or a Pareto front from the STORE of a sweep.

    Where points differ in more settings than are drawn, the least of them is, and lines have a band up to the most.
    """
    from lifsim.report.figures import sweep_figure
    from lifsim.report.figures.files import figure_path, save_figure
    from lifsim.report.figures.style import house_style
    from lifsim.sweep.export import table_of
    from lifsim.sweep.store import Store

    given = [name for name, value in (("--x", x), ("--heat", heat), ("--pareto", pareto)) if value is not None]
    if len(given) != 1:
        raise InputError(Fault(f"one of --x, --heat and --pareto must be given, got {', '.join(given) or 'none'}"))
    if (pareto and y) or (heat and by):
        raise InputError("--pareto must stand without --y, and --heat without --by")
    target = figure_path(out, "sweep", force=force, sources=[store])
    with Store.read(store) as opened:
        rows = table_of(opened)
    figure_of = y or "energy_pj.total"
    with house_style():
        if pareto is not None:
            figure, table = sweep_figure.pareto(rows, *_two(pareto, "--pareto"), by, where)
        elif heat is not None:
            figure, table = sweep_figure.heat(rows, *_two(heat, "--heat"), figure_of, where)
        else:
            figure, table = sweep_figure.lines(rows, str(x), figure_of, by, where)
        written = save_figure(figure, table, target)
    say(*map(str, written))


def _two(text: str, option: str) -> tuple[str, str]:
    names = [name.strip() for name in text.split(",")]
    if len(names) != 2:
        raise InputError(Fault(f"{text!r} must be two names with a comma between them", path=option))
    return names[0], names[1]
