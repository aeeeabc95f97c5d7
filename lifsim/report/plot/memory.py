"""Figures of memory: of a network, and of one that shares its LIF neurons."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from lifsim.config import defaults
from lifsim.model.arch import Arch
from lifsim.model.network import Network
from lifsim.model.sharing import Sharing
from lifsim.report.memory_inputs import MemoryInputs, read_memory_inputs
from lifsim.report.memory_table import memory_rows, phases
from lifsim.report.plot.drawing import Name, checked, checked_beside, drawn
from lifsim.report.plot.study import spike_rates
from lifsim.watch import Watch, unwatched

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure


def fig1(
    workload: Network | Name = defaults.MEMORY_WORKLOAD,
    *,
    arch: Arch | Name = defaults.ARCH,
    overrides: Sequence[str] = (),
    timesteps: int | None = None,
    batch: int = 1,
    out: Name | None = None,
    force: bool = False,
    watch: Watch = unwatched,
) -> Figure:
    """What memory a network takes in inference and in training: weights, LIF membranes, activations.

    arch: its precisions count. timesteps: None is the workload's.
    """
    from lifsim.report.figures import fig1 as figure_1
    from lifsim.report.figures.style import canvas

    target, inputs = checked_beside(
        out, lambda: read_memory_inputs([workload], ["none"], arch, overrides, timesteps, batch), force=force
    )
    table = _table(inputs, figure_1.SHOWN, watch)

    def draw() -> tuple[Figure, pd.DataFrame]:
        figure, (axes,) = canvas(4.2, 2.8)
        figure_1.draw(table, axes)
        return figure, table

    return drawn(draw, target)


def fig7(
    study: Name | None = None,
    *,
    workload: Network | Name = defaults.MEMORY_WORKLOAD,
    sharings: Sequence[Sharing | str] = defaults.FIG7_SHARINGS,
    arch: Arch | Name = defaults.ARCH,
    overrides: Sequence[str] = (),
    timesteps: int | None = None,
    batch: int = 1,
    out: Name | None = None,
    force: bool = False,
    watch: Watch = unwatched,
) -> Figure:
    """Memory in inference (forward) and in training (backward) under each sharing; of a `study`, the folder that
    `lifsim study` wrote, the spike rates of its trained networks instead."""
    if study is not None:
        return spike_rates(Path(study), checked(out, force=force))
    named = list(dict.fromkeys(["none", *map(str, sharings)]))
    target, inputs = checked_beside(
        out, lambda: read_memory_inputs([workload], named, arch, overrides, timesteps, batch), force=force
    )
    table = _table(inputs, tuple(phases()), watch)
    return drawn(lambda: (_by_sharing(table), table), target)


def _table(inputs: MemoryInputs, phases: Sequence[str], watch: Watch) -> pd.DataFrame:
    """The numbers of either figure."""
    from lifsim.report.figures import fig1 as figure_1

    return figure_1.table(memory_rows(inputs.networks, inputs.sharings, inputs.arch, inputs.batch, watch), phases)


def _by_sharing(table: pd.DataFrame) -> Figure:
    from lifsim.report.figures import fig7_memory
    from lifsim.report.figures.style import canvas

    figure, panels = canvas(10.2, 2.9, cols=3)
    fig7_memory.draw(table, panels)
    first = table.iloc[0]
    figure.suptitle(f"{first['workload']}, T={first['timesteps']}, batch {first['batch']}", fontsize=9)
    return figure
