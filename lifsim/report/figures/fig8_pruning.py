"""fig8, left: neurons that fire, accuracy, and bytes of weights and membranes under magnitude pruning.

After figure 8 of EfficientLIF-Net (Kim et al., Front. Neurosci. 2023), on a network that the engine trained.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from lifsim.engine.training.pruned_study import Pruned
from lifsim.graph.states import states_of
from lifsim.model.network import Network
from lifsim.model.sharing import Sharing
from lifsim.report.figures.scales import tick_in_units
from lifsim.report.figures.subject import Subject
from lifsim.report.figures.together import Line, draw_lines, joined
from lifsim.report.figures.words import Unit, labelled
from lifsim.report.study_table import pruned_rows, seeds_text
from lifsim.units import counted

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.gridspec import SubplotSpec

IN_A_ROW, ROW_IN = 6, 1.35
"""Panels beside each other, and their height on paper."""
_PERCENT = (("active_share", "neurons that\never fire [%]"), ("accuracy", "test\naccuracy [%]"))
_MEMORY = Unit("bytes")


def table(networks: Iterable[Pruned], of: Network, weight_bits: int, membrane_bits: int) -> pd.DataFrame:
    """One row per sharing and share of pruned weights: means and standard deviations over seeds (one has none), and the
    bytes of the weights that are left (without the indices of a sparse format) and of the membranes of one image."""
    import pandas as pd

    out = pd.DataFrame({"workload": of.name} | row for row in pruned_rows(list(networks)))
    elements = {
        name: sum(state.values for state in states_of(of, Sharing.parse(name))) for name in out["sharing"].unique()
    }
    out["lif_elements"] = out["sharing"].map(elements)
    out["weight_bits"], out["membrane_bits"] = weight_bits, membrane_bits
    out["weight_bytes"] = (out["weights"].round() * weight_bits / 8).round().astype(int)
    out["lif_bytes"] = (out["lif_elements"] * membrane_bits + 7) // 8
    return out


def title(frame: pd.DataFrame, subject: Subject) -> str:
    """What is drawn."""
    epochs = int(frame.iloc[0]["retrain_epochs"])
    after = f"trained for {counted(epochs, 'epoch')} after each cut" if epochs else "not trained again"
    seeds = seeds_text(frame["seeds"].tolist())
    return f"{subject.title(seeds)}: the smallest weights of all layers pruned, {after}"


def height_in(frame: pd.DataFrame) -> float:
    """The height of the panels of `draw_percent`, in inches."""
    return 0.7 + ROW_IN * len(_PERCENT) * _blocks(frame)


def _blocks(frame: pd.DataFrame) -> int:
    return -(-frame["sharing"].nunique() // IN_A_ROW)


def draw_percent(frame: pd.DataFrame, place: SubplotSpec) -> None:
    """Firing neurons and accuracy against the share of pruned weights, a column of panels a sharing, the others grey
    behind it; whiskers of one standard deviation where there are several seeds."""
    from lifsim.report.figures.palette import COLOURS
    from lifsim.report.figures.style import MARKERS, points
    from lifsim.report.figures.text_size import short

    names = list(dict.fromkeys(frame["sharing"]))
    in_a_row, several = min(IN_A_ROW, len(names)), frame["seeds"].min() > 1
    cells = place.subgridspec(len(_PERCENT) * _blocks(frame), in_a_row)
    panels = cells.subplots(squeeze=False, sharex=True, sharey="row")
    for axes in panels.flat:
        axes.set_visible(False)
    for index, sharing in enumerate(names):
        block, column = divmod(index, in_a_row)
        for row, (measure, label) in enumerate(_PERCENT):
            axes = panels[block * len(_PERCENT) + row][column]
            axes.set_visible(True)
            for other in names:
                rows = frame[frame["sharing"] == other]
                shares, means = (100 * rows["share"]).tolist(), (100 * rows[f"{measure}_mean"]).tolist()
                if other != sharing:
                    axes.plot(shares, means, color="#cccccc", linewidth=points(0.8))
                    continue
                spread = (100 * rows[f"{measure}_std"]).tolist() if several else None
                axes.errorbar(
                    shares, means, spread, linestyle="-", marker=MARKERS[index % len(MARKERS)],
                    color=COLOURS[index % len(COLOURS)], capsize=points(2), zorder=3,
                )  # fmt: skip
            if row == 0:
                axes.set_title(short(sharing, 18), fontsize="small")
            if column == 0:
                axes.set_ylabel(label)
            axes.set_xticks([0, 50, 100])
            axes.set_xlim(-8, 108)
            axes.tick_params(labelbottom=row == len(_PERCENT) - 1)
    panels[-1][(in_a_row - 1) // 2].set_xlabel("weights pruned [%]")


def draw_bytes(frame: pd.DataFrame, axes: Axes) -> None:
    """Bytes of membranes, a line a sharing (those of equally many are one line of several names), and of the weights
    that are left, dashed."""
    lines = []
    for sharing, rows in frame.groupby("sharing", sort=False):
        shares, kept = (100 * rows["share"]).tolist(), rows["lif_bytes"].tolist()
        lines.append(Line(str(sharing), shares, kept))
    first = frame[frame["sharing"] == frame.iloc[0]["sharing"]]
    axes.plot((100 * first["share"]).tolist(), first["weight_bytes"].tolist(), "k--", label="weights left")
    draw_lines(axes, joined(lines))
    axes.set_yscale("log")
    axes.set_ylabel(labelled("memory of one image", tick_in_units(axes.yaxis, _MEMORY)))
    axes.set_xlabel("weights pruned [%]")
    widths = [counted(int(frame.iloc[0][f"{name}_bits"]), "bit") for name in ("membrane", "weight")]
    axes.set_title(f"LIF membranes of {widths[0]}; weights that are\nleft of {widths[1]}, without indices",
                   fontsize="small")  # fmt: skip
