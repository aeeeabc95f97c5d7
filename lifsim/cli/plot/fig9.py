"""`lifsim plot fig9`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from lifsim.cli.completing import workloads
from lifsim.cli.family import FamilyCommand, options_of
from lifsim.cli.inputs import Simulation
from lifsim.cli.option_values import number
from lifsim.cli.plot.output import Output
from lifsim.cli.usual_sharings import usual_sharings
from lifsim.cli.where_possible import fitted, say_left, where_possible_option
from lifsim.config import defaults
from lifsim.errors import Fault, InputError, collecting

if TYPE_CHECKING:
    from lifsim.simulate.inputs import Inputs
    from lifsim.simulate.result import Result
    from lifsim.watch import Watch

PARTS = ("top", "bottom", "all")


@click.command(
    cls=FamilyCommand,
    epilog="""\b
Examples:
  lifsim plot fig9
  lifsim trace make --workload vgg16_cifar10 --seed 9 --out results/nine.npz
  lifsim plot fig9 --part top --workload vgg16_cifar10 \\
      --trace results/nine.npz --out figures/fig9_trace.svg
  lifsim run --workload lenet5_mnist --sharing none --out results/drawn_none
  lifsim run --workload lenet5_mnist --sharing channel2 \\
      --out results/drawn_channel2
  lifsim plot fig9 --part top results/drawn_none results/drawn_channel2 \\
      --out figures/fig9_stored.svg
  lifsim plot fig9 --part bottom --mini-batch 8 \\
      --set buffers.membrane.size_bytes=128KiB --out figures/fig9_bottom.pdf
""",
)
@click.argument("runs", nargs=-1, metavar="[RUN...]", type=click.Path(path_type=Path))
@click.option("--part", type=click.Choice(PARTS), default="all", show_default=True, help="Which half to draw.")
@click.option(
    "--mini-batch",
    metavar="N",
    callback=number,
    default="16",
    show_default=True,
    help="Images of the bottom half's mini-batch.",
)
@click.option(
    "--networks",
    shell_complete=workloads,
    metavar="NAME|FILE,...",
    help="Networks of the bottom half. Default: VGG-16 on the five datasets.",
)
@where_possible_option
@options_of(Simulation, "simulation")
@options_of(Output, "output")
def fig9(
    runs: tuple[Path, ...],
    part: Literal["top", "bottom", "all"],
    mini_batch: int,
    networks: str | None,
    share_where_possible: bool,
    simulation: Simulation,
    output: Output,
) -> None:
    """Breakdown of computation, and DRAM accesses.

    Top: computation energy for none, for channel2 and channel4 if the network's channels allow them, and for none with
    as few LIF units as they need, normalised to none; with idle LIF units that toggle, and with clock-gated ones. RUNs
    are folders that `lifsim run` wrote, which are drawn as they are; without any, the runs are made.

    Bottom: DRAM bytes for none and layer sharing, a single image and a mini-batch, in the readings that the paper's
    caption allows: (A) membranes alone and (B) all bytes, if a shared state stays on chip between its layers; (S) this
    machine, both timestep by timestep, with a curve against its membrane buffer; (D) each under its own best schedule.
    """
    from lifsim.cli.watching import watching
    from lifsim.report.plot import fig9 as figure
    from lifsim.report.plot.bottom import read_bottom
    from lifsim.report.plot.computation import files_of, phases
    from lifsim.report.plot.drawing import Asked

    faults, inputs, target = list[Fault](), None, output.place("fig9")
    asked = [name.strip() for name in networks.split(",")] if networks else []
    arch, settings = (None, ()) if part == "top" else (simulation.arch, simulation.settings)
    with collecting(faults):
        Asked(target, style=output.style, size=output.size).page(files_of(runs))
    with collecting(faults):
        if runs and part != "bottom":
            _refuse_ignored(simulation, part, where_possible=share_where_possible)
        elif part != "bottom":
            inputs = simulation.inputs()
        else:
            _refuse_spikes(simulation)
    with collecting(faults):
        if part != "top":
            half = read_bottom(asked, arch or defaults.ARCH, mini_batch, settings, where_possible=share_where_possible)
            say_left(half.networks, map(str, half.sharings))
    if faults:
        raise InputError(dict.fromkeys(faults))
    with watching() as watch:
        seen = phases(part, watch, simulated=not runs)
        made = [] if inputs is None else _made(inputs, seen.top, where_possible=share_where_possible)
        figure(
            runs or made,
            part=part,
            arch=arch,
            overrides=settings,
            networks=asked,
            mini_batch=mini_batch,
            share_where_possible=share_where_possible,
            out=target,
            style=output.style,
            size=output.size,
            watch=watch,
        )


def _made(inputs: Inputs, watch: Watch, *, where_possible: bool) -> list[Result]:
    from lifsim.report.plot.computation import TOP_SHARINGS, breakdown_runs

    wanted = [fitted(name, where_possible=where_possible) for name in TOP_SHARINGS]
    say_left([inputs.network], wanted)
    return breakdown_runs(inputs, usual_sharings(wanted, [inputs.network]), watch)


def _refuse_ignored(simulation: Simulation, part: str, *, where_possible: bool) -> None:
    """Refuse options of a run beside stored runs, which would be silently ignored."""
    used = () if part == "top" else ("arch",)
    given = [f"--{name.replace('_', '-')}" for name in simulation.given if name not in used]
    if where_possible and part == "top":
        given.append("--share-where-possible")
    if given:
        raise InputError(Fault(f"RUN must stand without {', '.join(given)}"))


def _refuse_spikes(simulation: Simulation) -> None:
    """Refuse options that the bottom half does not read: its bytes follow from schedules, not from spikes, for networks
    and batches of its own."""
    given = [f"--{name}" for name in simulation.given if name not in ("arch", "dram")]
    if given:
        rule = "bytes are the same whatever fires; --networks and --mini-batch say of what"
        raise InputError(Fault(f"--part bottom must stand without {', '.join(given)}: {rule}"))
