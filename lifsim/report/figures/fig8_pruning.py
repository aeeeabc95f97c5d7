"""fig8, left: neurons that fire, accuracy, and bytes of weights and membranes under magnitude pruning.

After figure 8 of EfficientLIF-Net (Kim et al., Front. Neurosci. 2023), on a network that the engine trained.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from lifsim.engine.training.pruned_study import Pruned
from lifsim.graph.states import states_of
from lifsim.model.network import Network
from lifsim.model.sharing import Sharing
from lifsim.report.study_table import pruned_rows, seeds_text
from lifsim.units import counted

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

PANELS = 3
_PERCENT = (("active_share", "neurons that ever fire [%]"), ("accuracy", "test accuracy [%]"))
_KB = 1000


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


def title(frame: pd.DataFrame) -> str:
    """What is drawn."""
    first = frame.iloc[0]
    epochs = int(first["retrain_epochs"])
    after = f"trained for {counted(epochs, 'epoch')} after each cut" if epochs else "not trained again"
    seeds = seeds_text(frame["seeds"].tolist())
    return f"{first['workload']}, {seeds}: the smallest weights of all layers pruned, {after}"


def draw(frame: pd.DataFrame, panels: Sequence[Axes]) -> None:
    """Firing neurons, accuracy, and bytes against the share of pruned weights, a line a sharing; whiskers of one
    standard deviation where there are several seeds."""
    from lifsim.report.figures.style import COLOURS

    names = list(dict.fromkeys(frame["sharing"]))
    for index, (sharing, colour) in enumerate(zip(names, COLOURS, strict=False)):
        rows = frame[frame["sharing"] == sharing]
        shares = (100 * rows["share"]).tolist()
        for (column, _), axes in zip(_PERCENT, panels, strict=False):
            spread = (100 * rows[f"{column}_std"]).tolist() if rows["seeds"].min() > 1 else None
            means = (100 * rows[f"{column}_mean"]).tolist()
            axes.errorbar(
                shares, means, spread, fmt="o-", color=colour, markersize=3, linewidth=1, capsize=2, label=sharing
            )
        width = len(names) - index  # those of equally many bytes lie on one another
        panels[2].plot(shares, (rows["lif_bytes"] / _KB).tolist(), "-", color=colour, linewidth=width, label=sharing)
        weights = (rows["weight_bytes"] / _KB).tolist()
    panels[2].plot(shares, weights, "k--", label="weights")
    for (_, label), axes in zip(_PERCENT, panels, strict=False):
        axes.set_ylabel(label)
        axes.set_ylim(0, 105)
    first = frame.iloc[0]
    panels[2].set_ylabel("memory of one image [kB]")
    panels[2].set_yscale("log")
    panels[2].set_title(
        f"membranes (lines) of {counted(int(first['membrane_bits']), 'bit')}; weights that are left\n"
        f"(dashed) of {counted(int(first['weight_bits']), 'bit')}, without indices",
        fontsize=8,
    )
    for axes in panels:
        axes.set_xlabel("weights pruned [%]")
        axes.set_xticks(range(0, 101, 20))
