"""Figures of memory: of a network, and of one that shares its LIF neurons."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from lifsim.config import defaults
from lifsim.model.arch import Arch
from lifsim.model.network import Network
from lifsim.model.sharing import Sharing
from lifsim.report.memory_inputs import read_memory_inputs
from lifsim.report.memory_table import MemoryRow, memory_rows, phases
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
    rows = memory_rows(inputs.networks, inputs.sharings, inputs.arch, inputs.batch, watch)
    table = figure_1.table(rows, figure_1.SHOWN)

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
    rows = memory_rows(inputs.networks, inputs.sharings, inputs.arch, inputs.batch, watch)
    return drawn(lambda: _by_sharing(rows, inputs.arch.precision.membrane_bits), target)


def _by_sharing(rows: Sequence[MemoryRow], membrane_bits: int) -> tuple[Figure, pd.DataFrame]:
    """Bars of every phase at the architecture's precisions, and the backward pass's membranes by their bits."""
    import pandas as pd

    from lifsim.report.figures import fig1 as figure_1
    from lifsim.report.figures import fig7_memory
    from lifsim.report.figures.style import canvas

    table = figure_1.table(rows, tuple(phases())).assign(membrane_bits=membrane_bits)
    widths = fig7_memory.by_bits(rows)
    figure, panels = canvas(11.5, 6.0, rows=2, cols=3)
    fig7_memory.draw(table, panels)
    fig7_memory.draw_by_bits(widths, panels[-1])
    first = table.iloc[0]
    said = f"{first['workload']}, T={first['timesteps']}, batch {first['batch']}, membranes of {membrane_bits} bits"
    figure.suptitle(said, fontsize=9)
    frame = pd.concat([table, widths[widths["membrane_bits"] != membrane_bits]], ignore_index=True)
    counts = [name for name in map(str, frame) if name.endswith("_bytes")]
    return figure, frame.astype(dict.fromkeys(counts, "Int64"))
