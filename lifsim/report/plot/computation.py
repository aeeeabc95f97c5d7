"""The figure of computation energy and DRAM accesses under sharing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from lifsim.config import defaults
from lifsim.errors import Fault, InputError, collecting, shown
from lifsim.graph.states import any_shared, states_of
from lifsim.lazy_dataclass import dataclass
from lifsim.model.arch import Arch
from lifsim.model.network import Network
from lifsim.model.sharing import Sharing
from lifsim.report.figures.drawn import Drawn
from lifsim.report.figures.subject import Subject
from lifsim.report.plot.bottom import BottomHalf, fitting, read_bottom
from lifsim.report.plot.drawing import Asked, Name, Out, drawn
from lifsim.simulate.api import read_inputs
from lifsim.simulate.inputs import Inputs
from lifsim.simulate.options import examined_options
from lifsim.simulate.result import Result
from lifsim.sweeps.beside import run_sharings
from lifsim.watch import Watch, parts, unwatched

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Part = Literal["top", "bottom", "all"]
PARTS: tuple[Part, ...] = ("top", "bottom", "all")
TOP_SHARINGS = ("none", "channel2", "channel4")


def fig9(
    runs: Sequence[Result | Name] = (),
    *,
    part: Part = "all",
    arch: Arch | Name | None = None,
    overrides: Sequence[str] = (),
    networks: Sequence[Network | Name] = (),
    mini_batch: int = 16,
    share_where_possible: bool = False,
    out: Out = None,
    force: bool = False,
    style: str = "paper",
    size: str | None = None,
    watch: Watch = unwatched,
) -> Figure:
    """Breakdown of computation (top), and DRAM accesses (bottom).

    Top: computation energy of `runs`, results or the folders that `lifsim run` wrote, one of them without sharing, to
    which all are normalised. None: VGG-16 under none, none with a half and a quarter of the LIF units, channel2 and
    channel4 on `arch` with `overrides`. Idle LIF units toggle on the left, and are clock-gated on the right.

    Bottom: DRAM bytes of `networks` (none: VGG-16 on five datasets) for none and layer sharing, a single image and a
    mini-batch, in four readings of the paper's figure: (A) membranes alone and (B) all bytes if a shared state stays on
    chip between its layers, (S) both timestep by timestep on `arch`, with a curve against its membrane buffer, (D) each
    under its own best schedule. share_where_possible: layers that cannot share keep membranes of their own, instead of
    being a fault.
    """
    from lifsim.report.figures import fig9 as figure_9
    from lifsim.report.figures import fig9_breakdown

    if part not in PARTS:
        raise InputError(Fault(f"{shown(part)} must be one of {', '.join(PARTS)}", path="part"))
    if runs and part == "bottom":
        raise InputError(Fault("runs must stand with part top or all: the bottom half is planned, not read from runs"))
    if runs and part == "top" and (arch is not None or overrides):
        raise InputError(Fault("runs must stand without arch and overrides: they are drawn as they are"))
    machine = defaults.ARCH if arch is None else arch

    def read() -> tuple[Inputs | None, BottomHalf | None]:
        faults: list[Fault] = []
        made = bottom = None
        with collecting(faults):
            if part != "bottom" and not runs:
                made = read_inputs(
                    machine, defaults.WORKLOAD, defaults.SHARING, lambda: examined_options({}), overrides
                )
        with collecting(faults):
            if part != "top":
                bottom = read_bottom(networks, machine, mini_batch, overrides, where_possible=share_where_possible)
        if faults:
            raise InputError(dict.fromkeys(faults))
        return made, bottom

    seen = phases(part, watch, simulated=all(isinstance(run, Result) for run in runs))
    page, (made, bottom) = Asked(out, force, style, size).page_beside(read, files_of(runs))
    names = [str(sharing) for sharing in fitting(TOP_SHARINGS, where_possible=share_where_possible)]
    halves = figure_9.Halves()
    if part != "bottom":
        stored = _summaries(breakdown_runs(made, names, seen.top) if made else runs)
        halves = replace(halves, top=fig9_breakdown.table(stored), of_top=_subject_of(stored))
    if bottom:
        halves = replace(halves, bottom=bottom.table(seen.bottom), of_bottom=bottom.subject)
    watch("drawing", 0, 1)
    return drawn(lambda sheet: Drawn(figure_9.drawn(halves, sheet), figure_9.joined(halves.top, halves.bottom)), page)


@dataclass(frozen=True)
class Phases:
    """Who sees each of the works of the figure."""

    top: Watch
    bottom: tuple[Watch, Watch]


def phases(part: Part, watch: Watch, *, simulated: bool) -> Phases:
    """The phases of `part`, numbered. simulated: whether the runs of the top half are simulated, by whoever calls,
    and not read."""
    first = part != "bottom" and simulated
    watches = [*parts(watch, first + 2 * (part != "top")), watch, watch]
    return Phases(watches[0], (watches[first], watches[first + 1]))


def files_of(runs: Sequence[Result | Name]) -> list[Path]:
    """The tables in those of `runs` that are folders: no figure of them may take their place."""
    return [file for run in runs if not isinstance(run, Result) for file in Path(run).glob("*.csv")]


def breakdown_runs(inputs: Inputs, sharings: Sequence[str] = TOP_SHARINGS, watch: Watch = unwatched) -> list[Result]:
    """The runs of the top half: under each of `sharings`, and, behind the unshared one, without sharing on as few LIF
    units as each channel sharing leaves. Sharings under which nothing of the network shares are left out."""
    made = run_sharings(inputs, sharings, watch=watch)
    runs = [run for run in made if not run.sharing.shares or any_shared(states_of(run.network, run.sharing))]
    few = [_on_units(inputs, run.totals.lif_units) for run in runs if run.sharing.channels > 1]
    unshared = [run_sharings(machine, ["none"], watch=watch)[0] for machine in few]
    first = [run for run in runs if run.sharing == Sharing()]
    return [*first, *unshared, *(run for run in runs if run not in first)]


def _on_units(inputs: Inputs, units: int) -> Inputs:
    lif = inputs.arch.lif.model_copy(update={"units": units})
    return replace(inputs, arch=inputs.arch.model_copy(update={"lif": lif}))


def _summaries(runs: Sequence[Result | Name]) -> list[Mapping[str, Any]]:
    from lifsim.report.stored import read_summaries
    from lifsim.report.summary import summary

    stored = iter(read_summaries([Path(run) for run in runs if not isinstance(run, Result)]))
    return [summary(run) if isinstance(run, Result) else next(stored) for run in runs]


def _subject_of(summaries: Sequence[Mapping[str, Any]]) -> Subject:
    """The subject of runs that are known to have the same network and machine."""
    inputs = summaries[0]["inputs"]
    known = [[int(value)] if value else [] for value in (inputs["workload"].get("timesteps"), inputs["batch"])]
    return Subject([str(inputs["workload"]["name"])], str(inputs["arch"]["name"]), *known)
