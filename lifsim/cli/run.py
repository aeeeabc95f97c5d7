"""`lifsim run`: one architecture, one workload, one sharing."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from lifsim.cli.family import FamilyCommand, options_of
from lifsim.cli.html_option import IN_FOLDER, html_option, place_html
from lifsim.cli.say import say
from lifsim.cli.whole_simulation import WholeSimulation
from lifsim.errors import Fault, InputError, collecting

if TYPE_CHECKING:
    from lifsim.report.summary import Around
    from lifsim.simulate.result import Result


class RunCommand(FamilyCommand):
    """Tells of options that belong to lifsim compare that they do: with several sharings, lifsim run is a
    comparison."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Raises what is refused."""
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            from lifsim.cli.compare import compare

            if any(error.option_name in option.opts for option in compare.params):
                rule = "must go with lifsim compare, which lifsim run is with several sharings: lifsim compare"
                raise InputError(
                    Fault(f"{rule} --sharing A,B {error.option_name} ...", path=error.option_name)
                ) from None
            raise


@click.command(
    cls=RunCommand,
    epilog="""\b
Examples:
  lifsim run --arch sata128.yaml --sharing channel4
  lifsim run --sharing layer --layers
  lifsim run --sharing channel2 --full
  lifsim run \\
      --config reports/vgg16_cifar10-sata128-channel4/config.resolved.yaml \\
      --set array.rows=32
  lifsim run --set buffers.weight.size_bytes=64KiB --set array.sparsity=skip \\
      --set array.dataflow=os
  lifsim run --workload lenet5_mnist --sharing channel2 --spikes engine \\
      --batch 2
  lifsim run --sharing layer --schedule timestep --batch 4 --chunk auto
  lifsim run --schedule timestep --exit-steps 1:0.6,2:0.3,4:0.1 --batch 10
  lifsim run --mode training --bptt reversed --sharing layer+channel2 \\
      --batch 4
  lifsim trace make --workload vgg16_cifar10 --seed 7 --out results/seven.npz
  lifsim run --workload vgg16_cifar10 --trace results/seven.npz \\
      --sharing channel2
  lifsim run --workload lenet5_mnist --rate 0.15 --rate conv2=0.3
  lifsim run --workload resnet19_imagenet100 --batch 4 --format json \\
      --out results/resnet
  lifsim run --workload lenet5_mnist --sharing none,layer,channel2
  lifsim run --workload lenet5_mnist --html results/lenet5.html
""",
)
@options_of(WholeSimulation, "simulation")
@click.option(
    "--config", type=click.Path(path_type=Path), help="Run a config.resolved.yaml again, instead of --arch ..."
)
@click.option(
    "--out", type=click.Path(path_type=Path),
    help="Folder of the result. Default: a folder in reports/, named after the inputs and the options that differ from "
    "their defaults.",
)  # fmt: skip
@click.option("--force", is_flag=True, help="Replace another result in that folder.")
@click.option(
    "--format", "form", type=click.Choice(["table", "json", "csv"]), default="table", show_default=True,
    help="What is printed: the table, summary.json or layers.csv.",
)  # fmt: skip
@click.option("--layers", is_flag=True, help="Also print a table of the layers.")
@click.option("--full", is_flag=True, help="Print all figures and notes instead of the first screen.")
@html_option
@click.option("--timeline", is_flag=True, help="Also write timeline.json: trace events for ui.perfetto.dev.")
@click.option(
    "--dram-trace", type=click.Choice(["dramsim3", "ramulator"]),
    help="Also write dram.trace: every DRAM request as text, in that simulator's format.",
)  # fmt: skip
def run(
    simulation: WholeSimulation,
    config: Path | None,
    out: Path | None,
    force: bool,
    form: str,
    layers: bool,
    full: bool,
    html: str | None,
    timeline: bool,
    dram_trace: Literal["dramsim3", "ramulator"] | None,
) -> None:
    """Simulate one network on one architecture under one LIF sharing.

    Prints cycles, energy, traffic, what bounds the run and what would help; for a shared run, also which part of the
    change against none is due to sharing itself. --layers adds the layers, --full prints everything. Writes
    summary.json, layers.csv, timesteps.csv and config.resolved.yaml; with --html also a report with charts. A folder
    that holds another result is replaced only with --force: otherwise it is refused as --out, and instead of the
    default folder the next free NAME-2, NAME-3 is used. Several sharings, separated by commas, make it lifsim compare.
    """
    if config is None and "," in (simulation.sharing or ""):
        own = {"--timeline": timeline, "--dram-trace": dram_trace, "--layers": layers, "--full": full}
        if asked := next((option for option, given in own.items() if given), ""):
            raise InputError(Fault(f"{asked} must go with one sharing: each run has its own", path="--sharing"))
        from lifsim.cli.compare import Making, View, compare_runs, wanted

        compare_runs((), wanted(simulation), View(form=form), Making(out, force, html=html))
        if out is None and html is None:
            say("nothing is written: --out FOLDER keeps the comparison and its runs", err=True)
        return
    from lifsim.cli.watching import watching
    from lifsim.placing import check_page
    from lifsim.report.around import Surroundings
    from lifsim.report.folder_name import default_folder
    from lifsim.report.save import HTML, Extras, check_extras, check_target, save
    from lifsim.simulate.inputs import load_config
    from lifsim.sweeps.beside import run_beside_baseline

    if config is not None and simulation.given:
        clash = ", ".join(f"--{name.replace('_', '-')}" for name in simulation.given)
        raise InputError(Fault(f"--config must stand without {clash}; use --set to change a key"))
    extras, faults, inputs = Extras(timeline, dram_trace, html == IN_FOLDER), list[Fault](), None
    with collecting(faults):
        inputs = simulation.inputs() if config is None else load_config(config, simulation.overrides)
        check_extras(extras, inputs.arch)
    with collecting(faults):
        if out is not None:
            check_target(out, replace=force, inputs=inputs)
    with collecting(faults):
        if html:
            check_page(Path(html), "html", replace=force)
    if form != "table" and (layers or full):
        asked = "--full" if full else "--layers"
        faults.append(Fault(f"{asked} must stand without --format {form}, which has all figures"))
    if faults or inputs is None:
        raise InputError(faults)
    with watching() as watch:
        others = Surroundings(inputs, watch)
        result, comparison = run_beside_baseline(inputs, watch, others.parts, others.seen)
        around = others.around(result, comparison)
        folder = out if out is not None else default_folder(result, simulation.said(config))
        watch("writing the result", 0, 0)
        saved = save(result, folder, replace=force, number=out is None and not force, extras=extras, around=around)
    if form == "table":
        from lifsim.report.console import print_result

        print_result(result, around, full=full, layers=layers)
    else:
        _print(result, around, form)
    say(str(saved), err=True)
    if html == IN_FOLDER:
        say(f"the report is {saved.path / HTML}", err=True)
    elif html is not None:
        from lifsim.report.html.write import report_of

        place_html(Path(html), report_of(result, around), replace=force)


def _print(result: Result, around: Around, form: str) -> None:
    if form == "json":
        import json

        from lifsim.report.summary import summary

        click.echo(json.dumps(summary(result, around), indent=2))
    else:
        from lifsim.csv_text import as_csv

        click.echo(as_csv(result.layer_rows), nl=False)
