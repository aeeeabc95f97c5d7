"""`lifsim store`: look at what a sweep has stored, and take it elsewhere."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from lifsim.cli.say import say


@click.group()
def store() -> None:
    """Look at the store of a sweep, and export it. A sweep may be writing it meanwhile.

    \b
    Examples:
      lifsim store show sweeps/x --sort energy_pj.total --top 20
      lifsim store export sweeps/x --format csv
    """


@store.command()
@click.argument("path", metavar="STORE", type=click.Path(path_type=Path))
@click.option("--format", "form", type=click.Choice(["csv", "parquet", "json"]), default="csv", show_default=True)
@click.option(
    "--out", type=click.Path(path_type=Path), help="File to write, - for stdout. Default: STORE.csv and the like."
)
@click.option("--force", is_flag=True, help="Overwrite that file.")
def export(path: Path, form: str, out: Path | None, force: bool) -> None:
    """Write all points of STORE, in the order of the sweep, as one table.

    A file that holds something else stays as it is: that of --out is refused, in the place of STORE.csv comes the next
    free STORE-2.csv, STORE-3.csv.

    \b
    Examples:
      lifsim store export sweeps/x
      lifsim store export sweeps/x --format parquet --out x.parquet
      lifsim store export sweeps/x --out - | column -s, -t
    """
    from lifsim.files import check_targets
    from lifsim.placing import place_file, place_numbered
    from lifsim.sweeps.export import exported, table_of
    from lifsim.sweeps.store import Store

    target = out or path.with_name(f"{path.name}.{form}")
    if target != Path("-"):
        logs = [path.with_name(f"{path.name}{end}") for end in ("-wal", "-shm", "-journal")]
        check_targets([target], [path, *logs], replace=True)
    with Store.read(path) as opened:
        data = exported(table_of(opened), form)
    if target == Path("-"):
        sys.stdout.buffer.write(data)
        return
    numbered = out is None and not force
    say(str(place_numbered(target, data) if numbered else place_file(target, data, replace=force)))


@store.command()
@click.argument("path", metavar="STORE", type=click.Path(path_type=Path))
@click.option("--sort", default="energy_pj.total", show_default=True, help="Column to sort by, the least first.")
@click.option("--descending", is_flag=True, help="The most first.")
@click.option("--top", type=click.IntRange(1), default=20, show_default=True, help="Points to show.")
@click.option("--columns", help="Columns to show beside those that vary, with commas between them.")
def show(path: Path, sort: str, descending: bool, top: int, columns: str | None) -> None:
    """Show the best points of STORE: the settings that vary, and the main figures.

    \b
    Examples:
      lifsim store show sweeps/x
      lifsim store show sweeps/x --sort cycles.total --top 5 --columns time_s,area_mm2
    """
    from lifsim.report.sweep_table import print_table
    from lifsim.sweeps.export import table_of
    from lifsim.sweeps.store import Store

    with Store.read(path) as opened:
        rows = table_of(opened)
    names = None if columns is None else [name.strip() for name in columns.split(",")]
    print_table(rows, sort, descending=descending, top=top, columns=names)
