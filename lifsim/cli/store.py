"""`lifsim store`: look at what a sweep has stored, and take it elsewhere."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from tempfile import TemporaryFile

import click

from lifsim.cli.completing import columns
from lifsim.cli.say import say
from lifsim.cli.watching import watching


@click.group()
def store() -> None:
    """Inspect and export the store of a sweep, even while the sweep is still running.

    \b
    Examples:
      lifsim sweep --workload lenet5_mnist --vary array.rows=8,16,32 \\
          --out sweeps/rows
      lifsim store show sweeps/rows --sort cycles.total
      lifsim store export sweeps/rows --format json
    """


@store.command()
@click.argument("path", metavar="STORE", type=click.Path(path_type=Path))
@click.option("--format", "form", type=click.Choice(["csv", "parquet", "json"]), default="csv", show_default=True)
@click.option(
    "--out", type=click.Path(path_type=Path), help="File to write, - for stdout. Default: STORE.csv and the like."
)
@click.option("--force", is_flag=True, help="Overwrite that file.")
def export(path: Path, form: str, out: Path | None, force: bool) -> None:
    """Write all points of STORE, in the order of the sweep, as one table. A file that holds something else is replaced
    only with --force: otherwise it is refused as --out, and instead of STORE.csv the next free STORE-2.csv, STORE-3.csv
    is written.

    \b
    Examples:
      lifsim sweep --workload lenet5_mnist --vary array.cols=4,8,16 \\
          --out sweeps/columns
      lifsim store export sweeps/columns
      lifsim store export sweeps/columns --format parquet \\
          --out results/columns.parquet
      lifsim store export sweeps/columns --out -
    """
    from lifsim.files import check_targets, scratch_beside, writing
    from lifsim.placing import place_file, place_numbered
    from lifsim.sweeps.export import export as write_table
    from lifsim.sweeps.store import Store

    target = out or path.with_name(f"{path.name}.{form}")
    if target != Path("-"):
        logs = [path.with_name(f"{path.name}{end}") for end in ("-wal", "-shm", "-journal")]
        check_targets([target], [path, *logs], replace=True)
    if target == Path("-"):
        with TemporaryFile() as file:  # nothing is told of a table that cannot be read to its end
            with Store.read(path) as opened, watching() as watch:
                write_table(opened, form, file, watch)
            file.seek(0)
            shutil.copyfileobj(file, sys.stdout.buffer)
        return
    with Store.read(path) as opened, scratch_beside(target, parents=True) as scratch:
        made = scratch / target.name
        with writing(target), watching() as watch, made.open("wb") as file:
            write_table(opened, form, file, watch)
        numbered = out is None and not force
        say(str(place_numbered(target, made) if numbered else place_file(target, made, replace=force)))


@store.command()
@click.argument("path", metavar="STORE", type=click.Path(path_type=Path))
@click.option(
    "--where", metavar="CONDITION", multiple=True,
    help="Only points that meet it: comparisons of columns with values (< <= > >= = !=), and, or, not, parentheses.",
)  # fmt: skip
@click.option("--top", type=click.IntRange(1), help="Only the N best points, by --by.")
@click.option("--by", shell_complete=columns, metavar="COLUMN", help="Column that --top ranks by. Default: --sort.")
@click.option(
    "--sort",
    shell_complete=columns,
    metavar="COLUMN",
    default="energy_pj.total",
    show_default=True,
    help="Column to sort by, lowest first.",
)
@click.option("--descending", is_flag=True, help="Highest first, also for --top.")
@click.option("--limit", metavar="N", type=click.IntRange(1), default=20, show_default=True, help="Points to print.")
@click.option(
    "--columns", shell_complete=columns, metavar="COLUMN,...", help="Figures to show, beside the settings that vary."
)
def show(
    path: Path,
    where: tuple[str, ...],
    top: int | None,
    by: str | None,
    sort: str,
    descending: bool,
    limit: int,
    columns: str | None,
) -> None:
    """Show the best points of STORE: the settings that vary, and the main figures, with units.

    A value of --where may have the unit of its column: 64KiB, 400MHz, 1.5mJ, 20us. `store export` has all points and
    columns, raw.

    \b
    Examples:
      lifsim sweep --workload lenet5_mnist --sharing none,channel2 \\
          --vary buffers.weight.size_bytes=8KiB:64KiB:x2 --out sweeps/shown
      lifsim store show sweeps/shown
      lifsim store show sweeps/shown \\
          --where 'area_mm2 < 2 and sharing = channel2' --top 3 \\
          --by energy_pj.total.work
      lifsim store show sweeps/shown \\
          --where 'buffers.weight.size_bytes >= 16KiB' --sort cycles.total \\
          --columns time_s
    """
    from lifsim.report.sweep_table import Selection, print_table, selected
    from lifsim.sweeps.points import Points
    from lifsim.sweeps.store import Store

    names = None if columns is None else [name.strip() for name in columns.split(",")]
    selection = Selection(where, top, by, sort, descending, limit, names)
    with Store.read(path) as opened, watching() as watch:
        found = selected(Points.stored(opened, watch), selection)
    print_table(found)
