"""`lifsim plot fig9`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lifsim.cli.inputs import DEFAULT_ARCH, DEFAULT_WORKLOAD, simulation_options
from lifsim.cli.plot.output import figure_options
from lifsim.cli.say import say
from lifsim.cli.usual_sharings import usual_sharings
from lifsim.cli.watching import watching
from lifsim.errors import Fault, InputError, collecting

if TYPE_CHECKING:
    import pandas as pd

    from lifsim.watch import Watch

SHARINGS = ("none", "channel2", "channel4")


PARTS = ("top", "bottom", "all")


@click.command(
    epilog="""\b
Examples:
  lifsim plot fig9
  lifsim plot fig9 --part top --trace vgg16.npz --out fig9_top.svg
  lifsim plot fig9 --part top reports/run-none reports/run-channel2 reports/run-channel4
  lifsim plot fig9 --part bottom --mini-batch 8 --set buffers.membrane.size_bytes=128KiB --out fig9_bottom.pdf
"""
)
@click.argument("runs", nargs=-1, metavar="[RUN...]", type=click.Path(path_type=Path))
@click.option("--part", type=click.Choice(PARTS), default="all", show_default=True, help="Which half.")
@click.option("--mini-batch", type=int, default=16, show_default=True, help="Images of the bottom half's mini-batch.")
@click.option("--networks", metavar="NAME|FILE,...", help="The bottom half's. Default: VGG-16 on the five datasets.")
@simulation_options
@figure_options
def fig9(
    runs: tuple[Path, ...],
    part: str,
    mini_batch: int,
    networks: str | None,
    arch: str | None,
    workload: str | None,
    trace: Path | None,
    batch: int | None,
    seed: int | None,
    overrides: tuple[str, ...],
    out: Path | None,
    force: bool,
) -> None:
    """Breakdown of computation, and DRAM accesses.

    Top: computation energy for none, channel2 and channel4 where the network has channels for them, normalised to
    none. RUN are folders that `lifsim run` wrote, which are drawn as they are; without any, the runs are made.

    Bottom: DRAM bytes for none and layer sharing, a single image and a mini-batch, both timestep-major and each under
    its own best schedule.
    """
    from lifsim.report.figures import fig9 as figure_9
    from lifsim.report.figures.files import figure_path, save_figure
    from lifsim.report.figures.style import house_style

    results = [file for run in runs for file in run.glob("*.csv")]
    target = figure_path(out, "fig9", force=force, sources=results)
    options = {"batch": batch, "seed": seed, "trace": trace}
    if runs and part == "bottom":
        raise InputError(Fault("RUN must stand with --part top or all: the bottom half is planned, not read from runs"))
    if runs:
        _refuse_ignored({"workload": workload, **options} | ({"arch": arch} if part == "top" else {}))
    machine = DEFAULT_ARCH if arch is None else arch
    network = DEFAULT_WORKLOAD if workload is None else workload
    with watching() as watch:
        top = _top(runs, machine, network, options, overrides, watch) if part != "bottom" else None
        bottom = _bottom(networks, machine, mini_batch, overrides, watch) if part != "top" else None
    with house_style():
        written = save_figure(figure_9.drawn(top, bottom), figure_9.joined(top, bottom), target)
    say(*map(str, written))


def _refuse_ignored(options: Mapping[str, object]) -> None:
    """Stored runs are what they are: options of a run beside them would be silently ignored."""
    if given := [f"--{name}" for name, value in options.items() if value is not None]:
        raise InputError(Fault(f"RUN must stand without {', '.join(given)}"))


def _top(
    runs: tuple[Path, ...],
    arch: str,
    workload: str,
    options: Mapping[str, Any],
    overrides: tuple[str, ...],
    watch: Watch,
) -> pd.DataFrame:
    from lifsim.report.figures import fig9_breakdown
    from lifsim.report.stored import read_summaries
    from lifsim.report.summary import summary
    from lifsim.simulate.inputs import load_inputs
    from lifsim.simulate.pipeline import run_sharings

    if runs:
        return fig9_breakdown.table(read_summaries(runs))
    inputs = load_inputs(arch, workload, "none", options, overrides)
    sharings = usual_sharings(SHARINGS, [inputs.network])
    return fig9_breakdown.table([summary(result) for result in run_sharings(inputs, sharings, watch=watch)])


def _bottom(networks: str | None, arch: str, mini_batch: int, overrides: tuple[str, ...], watch: Watch) -> pd.DataFrame:
    from lifsim.config.sharing import Sharing
    from lifsim.report.dram_table import dram_rows
    from lifsim.report.figures import fig9_dram
    from lifsim.simulate.inputs import load_inputs

    faults: list[Fault] = []
    loaded = []
    for name in networks.split(",") if networks else fig9_dram.DATASETS:
        with collecting(faults):
            loaded.append(load_inputs(arch, name.strip(), "none", {"batch": mini_batch}, overrides))
    if faults:
        raise InputError(dict.fromkeys(faults))
    sharings = [Sharing.parse(name) for name in fig9_dram.SHARINGS]
    batches = sorted({1, mini_batch})
    found = [inputs.network for inputs in loaded]
    rows = dram_rows(found, sharings, list(fig9_dram.VARIANTS), batches, loaded[0].arch, watch)
    return fig9_dram.table(rows)
